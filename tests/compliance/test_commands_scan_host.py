"""manage.py scan_host and collect: what they print and write, and with which status they end."""

import io
import json
import stat
import sys

import pytest
from django.core.management import CommandError, call_command

from compliance.models import Host, Scan
from templates_app.language import stored_facts
from tests.factories.compliance import HostFactory
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def templates(transactional_db):
    passing = a_check("linux_passing", probe={"kind": "file_stat", "paths": ["/etc/passwd"]}, expect={"exists": True},
                      missing=None)  # fmt: skip
    published_template([passing, a_check("linux_medium", expect={"eq": "never"})], slug="half")
    published_template([passing], slug="fine")
    published_template([a_check(severity="critical", expect={"eq": "never"})], slug="critical")
    published_template([a_check(severity="high", expect={"eq": "never"})], slug="high")


def run(*arguments: str, command: str = "scan_host") -> tuple[int, str, str]:
    """Return the exit status that manage.py would give, what was printed, and what was complained of."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    except CommandError as refused:
        return refused.returncode, out.getvalue(), str(refused)
    return 0, out.getvalue(), err.getvalue()


def test_a_scan_ends_0_though_checks_fail_and_prints_a_table():
    status, printed, _ = run("localhost", "--template=half")
    assert status == 0
    assert "Score 50.0" in printed
    assert "The kernel does not forward" in printed


@pytest.mark.parametrize(
    ("template", "gate", "status"),
    [
        ("half", "--min-score=50", 0), ("half", "--min-score=50.1", 2), ("fine", "--min-score=100", 0),
        ("half", "--fail-on=critical", 0), ("half", "--fail-on=high", 0), ("high", "--fail-on=critical", 0),
        ("high", "--fail-on=high", 2), ("critical", "--fail-on=high", 2), ("critical", "--fail-on=critical", 2),
    ],
)  # fmt: skip
def test_a_gate_that_is_not_met_ends_2_after_the_report_was_printed(template, gate, status):
    ended, printed, said = run("localhost", f"--template={template}", gate, "--format=json")
    assert ended == status
    assert json.loads(printed)["scan"]["status"] == "completed"
    assert bool(said) is (status == 2)


def test_a_gate_is_not_met_by_a_scan_that_could_not_decide():
    undecided = a_check("linux_unknown", probe={"kind": "kv_file", "paths": ["/proc/1"], "key": "x"}, missing="error")
    published_template([undecided], slug="unknown")
    ended, printed, said = run("localhost", "--template=unknown", "--min-score=0", "--format=json")
    assert (ended, json.loads(printed)["scan"]["score"]) == (2, None)
    assert "n/a" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--template=no-such"], "There is no template no-such. Known: critical, fine, half, high"),
        (["unheard-of", "--template=fine"], "There is no host called unheard-of"),
        (["web", "--user=root", "--port=0", "--template=fine"], "--port 0 is no port"),
        (["web", "--user=root", "--port=65536", "--template=fine"], "--port 65536 is no port"),
        (["web", "--user=root", "--key=/no/such/key", "--template=fine"], "--key /no/such/key cannot be read"),
        (["web", "--user=root", "--key=/etc", "--template=fine"], "--key /etc cannot be read"),
        (["localhost", "--template=fine", "--output=/no/such/dir/report"], "/no/such/dir/report cannot be written"),
        (["localhost", "--template=fine", "--output=/"], "/ cannot be written"),
        (["localhost", "--template=fine", "--reports=/dev/null/x"], "/dev/null/x cannot be written"),
    ],
)
def test_what_cannot_be_done_ends_1_with_one_sentence(arguments, words):
    status, _, said = run(*arguments)
    assert status == 1
    assert said.startswith(words), said


def test_a_key_that_is_none_ends_1_and_the_scan_failed(tmp_path):
    (tmp_path / "key").write_text("not a key\n")
    status, _, said = run("127.0.0.1", "--user=root", f"--key={tmp_path / 'key'}", "--template=fine")
    assert (status, "is not a private key" in said) == (1, True)
    assert Scan.objects.get().error_code == "key_unusable"
    (tmp_path / "key").write_bytes(b"\xff\x00\xfe")
    status, _, said = run("127.0.0.1", "--user=root", f"--key={tmp_path / 'key'}", "--template=fine")
    assert (status, said.startswith("--key ")) == (1, True)


def test_a_retired_host_and_one_that_is_being_scanned_are_refused():
    host = HostFactory(hostname="old", retired_at="2026-01-01T00:00:00Z")
    assert run("old", "--template=fine")[0] == 1
    assert Scan.objects.filter(host=host).count() == 0
    run("localhost", "--template=fine")
    local = Host.objects.get(hostname="localhost")
    Scan.objects.create(
        organization=local.organization, host=local, template=Scan.objects.get().template, template_sha256="x",
        status="running", lease_owner="another", not_before="2026-01-01T00:00:00Z",
    )  # fmt: skip
    status, _, said = run("localhost", "--template=fine")
    assert (status, "is running" in said) == (1, True)


def test_the_report_goes_to_a_file_that_only_its_owner_may_read(tmp_path):
    for name in ("json", "html", "arf", "junit"):
        assert run("localhost", "--template=half", f"--format={name}", f"--output={tmp_path / name}")[0] == 0
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert json.loads((tmp_path / "json").read_text())["scan"]["template"] == "half"


def test_the_two_halves_give_what_the_whole_gives(tmp_path):
    status, _, said = run("localhost", f"--output={tmp_path / 'facts'}", command="collect")
    assert (status, "sections of localhost written" in said) == (0, True)
    assert stat.S_IMODE((tmp_path / "facts").stat().st_mode) == 0o600
    assert stored_facts.load((tmp_path / "facts").read_text()).privilege in ("root", "user")
    _, apart, _ = run(f"--facts={tmp_path / 'facts'}", "--template=half", command="evaluate")
    _, whole, _ = run("localhost", "--template=half", "--format=json")
    assert json.loads(apart)["results"] == json.loads(whole)["results"]
    assert run("localhost", "--output=/no/such/file", command="collect")[0] == 1


def test_the_password_is_read_from_standard_input_and_shown_nowhere(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdin", io.StringIO("a secret word\n"))
    status, printed, said = run("127.0.0.1", "--user=root", "--port=1", "--ask-pass", "--template=fine")
    assert status == 1
    everything = printed + said + "".join(capfd.readouterr()) + json.dumps(list(Scan.objects.values()), default=str)
    assert "a secret word" not in everything
