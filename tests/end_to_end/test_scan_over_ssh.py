"""The same scan, of the same machine, by every way of logging in: only the user's rights may change a verdict."""

import json

import pytest
from django.utils import timezone

from compliance.models import Scan, Snapshot
from compliance.services import scan_runs
from compliance.services.own_scans import operators_organization
from tests.end_to_end.scanning import by_key, count_as_full_host, login, scan_host, stand_inside, within
from tests.factories.content import system_templates
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template
from tests.peers.sshd import running_sshd

pytestmark = [pytest.mark.root, pytest.mark.django_db(transaction=True)]
WAYS = {
    "key of root": ("root", [], False),
    "key, sudo without password": ("ops", ["--sudo"], False),
    "key, sudo with password": ("opspw", ["--sudo", "--ask-pass"], False),
    "password, sudo with password": ("opspw", ["--sudo", "--ask-pass"], True),
    "password, sudo as it comes": ("ops", ["--ask-pass"], True),
}


@pytest.fixture(scope="module")
def peer():
    with running_sshd() as peer:
        count_as_full_host(peer)
        yield peer


@pytest.fixture(autouse=True)
def templates(transactional_db):
    return system_templates()


def sections(snapshot: Snapshot) -> dict[str, str]:
    """Return {section: hash} without the open ports, which other tests' servers change at any time."""
    found = json.loads(snapshot.manifest.unpacked())["sections"]
    return {name: sha256 for name, sha256 in found.items() if name != "listen"}


def test_every_login_with_roots_rights_gives_the_verdicts_of_the_local_scan_byte_by_byte(peer, monkeypatch):
    stand_inside(monkeypatch, peer.inside)
    here = scan_host("localhost")
    assert here.scan["counts"]["passed"] > 50 and here.scan["counts"]["failed"] > 20, here.scan
    for way, (user, options, by_password) in WAYS.items():
        arguments = (login if by_password else by_key)(peer, user, *options)
        there = scan_host(*arguments, password=peer.passwords.get(user, ""))
        assert there.told == here.told, way
        assert there.scan["privilege"] == ("root" if user == "root" else "sudo"), way
    local, *others = [sections(snapshot) for snapshot in Snapshot.objects.order_by("pk")]
    assert len(others) == len(WAYS)
    for way, other in zip(WAYS, others, strict=True):
        assert {name for name in local if other[name] != local[name]} == set(), way


def test_without_root_what_needs_root_is_an_error_and_nothing_else_changes(peer, monkeypatch):
    stand_inside(monkeypatch, peer.inside)
    plain, root = scan_host(*by_key(peer, "plain")), scan_host("localhost")
    assert plain.scan["privilege"] == "user"
    assert len(plain.of("error")) > 10
    differing = {check for check in root.verdicts if plain.verdicts[check] != root.verdicts[check]}
    assert differing == plain.of("error") - root.of("error")
    for check in plain.of("error"):
        status, actual, message = plain.told[check]
        assert message.startswith("needs root: "), (check, message)
        assert actual == "unknown"
    counts = plain.scan["counts"]
    decided = counts["passed"] + counts["failed"]
    assert plain.scan["coverage"] == pytest.approx(decided / (decided + counts["error"]))
    assert plain.scan["incomplete"] is (plain.scan["coverage"] < 0.8)


def test_a_scan_that_could_decide_too_little_is_incomplete_and_meets_no_gate(peer):
    closed = [
        a_check(f"linux_closed_{number}", probe={"kind": "sudoers", "default": "use_pty"}, expect={"eq": "on"})
        for number in range(3)
    ]
    published_template([*closed, a_check()], slug="closed")
    scanned = scan_host(*by_key(peer, "plain"), template="closed")
    assert (scanned.scan["incomplete"], scanned.scan["coverage"], len(scanned.of("error"))) == (True, 0.25, 3)
    with pytest.raises(SystemExit) as ended:
        scan_host(*by_key(peer, "plain"), "--min-score=0", template="closed")
    assert ended.value.code == 2


def test_a_stored_host_is_scanned_by_a_worker_with_its_credential_as_the_command_scans_it(peer, api_of_operator):
    api, key = api_of_operator, peer.fingerprints["ssh-ed25519"]
    organization = operators_organization().pk
    login_data = {"organization": organization, "name": "ops", "username": "opspw", "sudo": "password",
                  "private_key": peer.key, "sudo_password": peer.passwords["opspw"]}  # fmt: skip
    credential = api.post("/api/v1/credentials/", login_data).json()
    assert not {"private_key", "sudo_password"} & credential.keys(), credential
    host = api.post(
        "/api/v1/hosts/",
        {"organization": organization, "hostname": "web1", "address": peer.host, "port": peer.port,
         "os_type": "linux", "credential": credential["id"]},
    ).json()  # fmt: skip
    accepted = api.post(f"/api/v1/hosts/{host['id']}/host-keys/", {"fingerprint": key})
    assert accepted.status_code == 200, accepted.json()
    tested = api.post(f"/api/v1/hosts/{host['id']}/test-connection/").json()
    assert (tested["ok"], tested["privilege"]) == (True, "sudo"), tested
    asked = api.post("/api/v1/scans/", {"host": host["id"]})
    assert (asked.status_code, asked.json()["status"]) == (201, "pending"), asked.json()
    assert scan_runs.drain(clock=timezone.now) == 1
    by_worker = api.get(f"/api/v1/scans/{asked.json()['id']}/results/").json()
    assert by_worker["scan"]["status"] == "completed", by_worker["scan"]
    by_command = scan_host(*by_key(peer, "root"), template="cis-l1-linux")
    verdicts = {result["check_id"]: (result["status"], result["actual"]) for result in by_worker["results"]}
    assert verdicts == {check: told[:2] for check, told in by_command.told.items()}


@pytest.fixture
def api_of_operator(api, enqueued):
    api.force_authenticate(member(operators_organization(), role="admin"))
    return api


def test_an_unchanged_repeat_and_every_shell_give_the_same_facts_to_the_byte(peer, monkeypatch):
    for shell in ("/bin/dash", "/bin/bash", "/bin/busybox sh", "/bin/dash"):
        stand_inside(monkeypatch, peer.inside, shell)
        scan_host("localhost", template="cis-l1-linux")
    first, *others = [sections(snapshot) for snapshot in Snapshot.objects.order_by("pk")]
    assert len(others) == 3
    for other in others:
        assert {name for name in first if other[name] != first[name]} == set()


def test_a_host_that_changes_gives_other_facts_and_the_verdict_follows(peer, monkeypatch):
    stand_inside(monkeypatch, peer.inside)
    check = "linux_sshd_max_auth_tries"
    assert scan_host("localhost").verdicts[check] == "fail"
    within(peer, "echo MaxAuthTries 4 >>/etc/ssh/sshd_config")
    after = scan_host("localhost")
    assert after.verdicts[check] == "pass", after.told[check]
    assert "/etc/ssh/sshd_config" in after.told[check][1]
    assert Scan.objects.filter(status="completed").count() == 2
