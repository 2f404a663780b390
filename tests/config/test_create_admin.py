import io
import stat

import pytest
from django.core.management import CommandError, call_command

from organizations.models.organizations import Organization
from organizations.models.users import User


def created(**options: object) -> str:
    out = io.StringIO()
    call_command("create_admin", stdout=out, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _own_data(tmp_path, settings):
    settings.DATA_DIR = tmp_path


def test_first_admin_gets_a_password_printed_and_kept(db, tmp_path):
    printed = created(if_none=True)
    password = (tmp_path / "admin-password").read_text().strip()
    assert password in printed
    assert stat.S_IMODE((tmp_path / "admin-password").stat().st_mode) == 0o600
    assert User.objects.get(username="admin").check_password(password)
    assert Organization.objects.filter(is_operator=True).count() == 1


def test_second_run_changes_nothing_and_says_where_it_is(db, tmp_path):
    created(if_none=True)
    before = User.objects.get().password
    assert str(tmp_path / "admin-password") in created(if_none=True)
    assert User.objects.get().password == before


def test_weak_password_and_taken_name_are_refused(db, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda: "12345")
    with pytest.raises(CommandError, match="too short"):
        created(password_stdin=True)
    assert not User.objects.exists()
    created()
    with pytest.raises(CommandError, match="already exists"):
        created()
