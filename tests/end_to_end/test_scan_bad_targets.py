"""Targets that cannot be scanned: every scan ends failed, soon, with a sentence that a person understands."""

from time import monotonic

import pytest
from django.core.management import CommandError
from django.utils import timezone

from compliance.engine.transports import opening
from compliance.engine.transports.base import Limits
from compliance.engine.transports.ssh import SshTransport
from compliance.models import Scan
from compliance.services import scan_runs
from compliance.services.own_scans import operators_organization
from itsm.models import Alert
from tests.end_to_end.scanning import by_key, covered_paths, login, scan_host, stand_inside
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template
from tests.peers.hostile import hostile, listening, says
from tests.peers.ports import free_port
from tests.peers.sshd import SshPeer, running_sshd

__all__ = ["hostile"]
pytestmark = pytest.mark.django_db(transaction=True)
needs_root = pytest.mark.root
SHORT = Limits(connect_s=2, login_s=3, idle_s=1.5, total_s=4, output_bytes=2_000_000)
PATIENT = Limits()
"""For servers that make one wait after a wrong password."""


@pytest.fixture(scope="module")
def peer():
    with running_sshd() as peer:
        yield peer


@pytest.fixture(autouse=True)
def house(transactional_db, monkeypatch):
    """One small template, and limits so short that nobody waits."""
    published_template(slug="house")
    limit(monkeypatch, SHORT)


def limit(monkeypatch: pytest.MonkeyPatch, limits: Limits) -> None:
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", lambda target, _: SshTransport(target, limits))


def failed(*arguments: str, password: str = "") -> Scan:
    """Run scan_host, which must fail soon, and return the scan."""
    started = monotonic()
    with pytest.raises(CommandError) as refused:
        scan_host(*arguments, password=password, template="house")
    assert monotonic() - started < 15
    scan = Scan.objects.select_related("host").latest("pk")
    assert (scan.status, scan.phase, bool(scan.finished_at)) == ("failed", "ended", True)
    assert scan.error == str(refused.value)
    assert scan.error.endswith(".") and " " in scan.error, scan.error
    return scan


@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("flood", "output_flood"), ("flood-errors", "output_flood"), ("flood-first", "output_flood"),
        ("hang", "idle"), ("drip", "deadline"), ("close", "closed_midway"), ("binary", "broken_answer"),
        ("silent", "broken_answer"), ("silent-first", "login_shell_unusable"), ("echo", "login_shell_unusable"),
        ("no-exec", "login_shell_unusable"), ("login-hangs", "login_timeout"),
    ],
)  # fmt: skip
def test_a_server_that_misbehaves_fails_the_scan_with_its_reason(hostile, user, code):
    pin = f"--host-key={hostile.fingerprint.split()[1]}"
    scan = failed(hostile.host, f"--user={user}", f"--port={hostile.port}", pin, "--ask-pass", password="x")
    assert scan.error_code == code, scan.error
    scan.host.refresh_from_db()
    assert scan.host.online


def test_a_host_that_is_not_there_fails_the_scan_and_counts_as_offline():
    scan = failed("127.0.0.1", "--user=root", f"--port={free_port()}")
    assert scan.error_code == "connection_refused"
    assert "check the port" in scan.error
    scan.host.refresh_from_db()
    assert not scan.host.online
    assert failed("no-such-host.invalid", "--user=root").error_code == "name_not_found"


def test_what_is_no_ssh_server_fails_the_scan():
    with listening(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert failed("127.0.0.1", "--user=root", f"--port={port}").error_code == "not_ssh"


@needs_root
def test_a_refused_login_names_the_user_and_what_was_tried(peer, tmp_path, monkeypatch):
    limit(monkeypatch, PATIENT)
    with running_sshd() as other:
        (tmp_path / "other-key").write_text(other.key)
    wrong_key = failed(*login(peer, "ops", f"--key={tmp_path / 'other-key'}"))
    assert (wrong_key.error_code, "refused the login of ops with this key" in wrong_key.error) == (
        "authentication_refused", True,
    )  # fmt: skip
    wrong_password = failed(*login(peer, "ops", "--ask-pass"), password="guessed")
    assert wrong_password.error_code == "authentication_refused"
    assert "guessed" not in wrong_password.error


@needs_root
@pytest.mark.parametrize(
    ("user", "options", "password", "code"),
    [
        ("opspw", ["--sudo"], "", "sudo_needs_password"),
        ("opspw", ["--sudo", "--ask-pass"], "wrong", "sudo_password_wrong"),
        ("onlytrue", ["--sudo"], "", "sudo_needs_password"),
        ("plain", ["--sudo"], "", "sudo_needs_password"),
        ("needtty", ["--sudo"], "", "sudo_requires_tty"),
        ("nologin", [], "", "login_shell_unusable"),
        ("forced", [], "", "login_shell_unusable"),
    ],
)
def test_sudo_and_login_shells_that_refuse_are_named(peer, monkeypatch, user, options, password, code):
    limit(monkeypatch, PATIENT)
    assert failed(*by_key(peer, user, *options), password=password).error_code == code


@needs_root
def test_a_menu_as_login_shell_is_quoted(peer):
    scan = failed(*by_key(peer, "fishy"))
    assert (scan.error_code, "unknown choice" in scan.error or "status" in scan.error) == ("login_shell_unusable", True)


@needs_root
def test_a_changed_host_key_stops_the_scan_until_somebody_accepts_the_new_one(api, enqueued):
    api.force_authenticate(member(operators_organization(), role="admin"))
    with running_sshd() as peer:
        host = stored_host(api, peer)
        assert drained(api, host)["status"] == "completed"
        peer.restart_with_new_host_key()
        refused = drained(api, host)
        assert (refused["status"], refused["error_code"]) == ("failed", "host_key_changed"), refused
        alert = Alert.objects.get(kind="host_key_changed")
        assert (alert.severity, alert.subject_id, alert.status) == ("critical", str(host["id"]), "open")
        drained(api, host)
        assert Alert.objects.get(kind="host_key_changed").occurrences == 2
        keys = api.get(f"/api/v1/hosts/{host['id']}/host-keys/").json()
        assert sorted(key["state"] for key in keys) == ["offered", "pinned"]
        offered = next(key for key in keys if key["state"] == "offered")
        assert offered["fingerprint"] in refused["error"], refused["error"]
        assert offered["fingerprint"] == peer.fingerprints[offered["type"]]
        accepted = api.post(f"/api/v1/hosts/{host['id']}/host-keys/", {"fingerprint": offered["fingerprint"]})
        assert accepted.status_code == 200
        assert drained(api, host)["status"] == "completed"


def stored_host(api, peer: SshPeer) -> dict:
    organization = operators_organization().pk
    credential = api.post(
        "/api/v1/credentials/",
        {"organization": organization, "name": "root", "username": "root", "private_key": peer.key},
    ).json()
    values = {"organization": organization, "hostname": "web1", "address": peer.host, "port": peer.port,
              "os_type": "linux", "credential": credential["id"]}  # fmt: skip
    return api.post("/api/v1/hosts/", values).json()


def drained(api, host: dict) -> dict:
    """Ask for a scan of ``host`` through the API, perform it as a worker does, and return it."""
    template = api.get("/api/v1/templates/?search=House").json()[0]
    asked = api.post("/api/v1/scans/", {"host": host["id"], "template": template["id"]})
    assert asked.status_code == 201, asked.json()
    assert scan_runs.drain(clock=timezone.now) == 1
    return api.get(f"/api/v1/scans/{asked.json()['id']}/").json()


@needs_root
@pytest.mark.parametrize(("said", "name"), [("FreeBSD", "FreeBSD"), ("OpenBSD", "OpenBSD"), ("", "unknown")])
def test_another_system_than_was_entered_is_named_and_not_asked_further(peer, monkeypatch, said, name):
    stand_inside(monkeypatch, peer.inside)
    with covered_paths(peer, {"/usr/bin/uname": f"#!/bin/sh\necho {said}\n"}):
        scan = failed("localhost")
    assert (scan.error_code, name in scan.error) == ("wrong_os_type", True), scan.error


@needs_root
def test_a_distribution_without_content_fails_and_names_what_is_covered(peer, monkeypatch):
    stand_inside(monkeypatch, peer.inside)
    with covered_paths(peer, {"/usr/lib/os-release": 'ID=arch\nPRETTY_NAME="Arch Linux"\n'}):
        scan = failed("localhost")
    assert (scan.error_code, "Arch Linux" in scan.error, "Debian 12" in scan.error) == ("unsupported_os", True, True)


@needs_root
@pytest.mark.parametrize("tool", ["awk", "sed", "grep", "sort", "stat", "find", "tr", "cut", "head"])
def test_a_basic_tool_that_says_nothing_and_exits_0_fails_the_scan_and_is_named(peer, monkeypatch, tool):
    stand_inside(monkeypatch, peer.inside)
    path = {"awk": "/usr/bin/mawk"}.get(tool, f"/usr/bin/{tool}")
    with covered_paths(peer, {path: "#!/bin/sh\nexit 0\n"}):
        scan = failed("localhost")
    assert scan.error_code == "broken_answer"
    assert tool in scan.error or "did not say what it is" in scan.error, scan.error


@needs_root
def test_a_template_that_no_longer_means_anything_fails_its_scan_only(peer):
    lost = a_check("linux_lost", probe={"kind": "a_kind_of_last_year", "key": "x"})
    published_template([lost], slug="lost")
    assert scan_host(*by_key(peer, "root"), template="house").scan["status"] == "completed"
    with pytest.raises(CommandError, match=r"another version of Plumbline and cannot be used: probe\.kind"):
        scan_host(*by_key(peer, "root"), template="lost")
    assert Scan.objects.latest("pk").error_code == "template_unusable"
