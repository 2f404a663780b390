"""The form of the settings of provisioning: what is refused comes at once, and nothing that was typed is lost."""

import pytest

from compliance.models import HandoverSettings
from tests.factories.provisioning import handover_settings
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
SETTINGS = "/provisioning/settings/"


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def form(organization):
    published_template([a_check("linux_check_1")], slug="cis-l1-linux")
    stored = handover_settings(organization)
    return {
        "enabled": "on", "cis_profile": "level1_server", "scan_on_provision": "on", "wait_minutes": "30",
        "enforcement_mode": "block", "minimum_score": "70", "block_on_critical": "on", "schedule_cron": "",
        "ssh_user": "ubuntu", "ssh_credential": str(stored.ssh_credential_id),
    }  # fmt: skip


def test_all_complaints_come_at_once(page, form):
    bad = {
        "minimum_score": "101", "wait_minutes": "0", "ssh_user": "two words", "ssh_credential": "",
        "more_rules": "9.9.9", "more_projects": "no such project", "scan_on_schedule": "on",
    }  # fmt: skip
    answer = page.post(SETTINGS, form | bad)
    assert answer.status_code == 400
    found = answer.context["form"].errors
    assert found.keys() == {"minimum_score", "wait_minutes", "ssh_user", "ssh_credential", "schedule_cron"}
    assert [len(words) for words in found.values()] == [1] * 5
    assert answer.context["refused"].keys() == {"exempted_rules", "exempted_projects"}
    assert HandoverSettings.objects.get().ssh_user == "ubuntu"


def test_rules_that_were_typed_stay_in_their_box_when_they_are_refused(page, form):
    sent = form | {"exempted_rules": "linux_check_1", "more_rules": "9.9.9\r\n5.1"}
    shown = page.post(SETTINGS, sent).content.decode()
    assert 'aria-describedby="id_more_rules_help">9.9.9\n5.1</textarea>' in shown
    assert 'value="linux_check_1" checked' in shown
    assert "Not known any more" not in shown
    assert 'value="9.9.9"' not in shown
