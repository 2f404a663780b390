"""The client of HCP Terraform, against a server on loopback that plays it: states, tokens, callbacks, bad answers."""
# ruff: noqa: E501 - a case is a line

import json
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from time import monotonic

import pytest

from compliance.terraform import notification, run_task
from compliance.terraform.hcp import Code, HcpClient, HcpError, NotYet, TokenOwner
from compliance.terraform.outcomes import FailedRule, callback
from compliance.terraform.signature import signed
from organizations.lib import pinned_https
from organizations.lib.pinned_https import Limits
from tests.peers.certificates import self_signed
from tests.peers.hcp import ORGANIZATION, READS_STATE, HcpPeer, running_hcp
from tests.peers.hcp_answers import BROKEN
from tests.peers.ports import free_port

pytest_plugins = ("tests.peers.hcp",)

SHOWN = {"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {"resources": []}}}
RAW = {"version": 4, "serial": 7, "lineage": "a-b", "resources": []}
QUICK = Limits(total_s=0.4, most_bytes=1_000_000)


def anywhere(address: object) -> bool:
    return True


def client(peer: HcpPeer, *rights: str, **fields: object) -> HcpClient:
    given = {"token": peer.token(*rights), "ca_certificate": peer.ca_certificate, "permit": anywhere, **fields}
    return HcpClient(**{"host": peer.host, **given})


def refusal(call, *arguments) -> HcpError:
    with pytest.raises(HcpError) as caught:
        call(*arguments)
    assert caught.value.message.endswith(".")
    return caught.value


def answer(status="running", message="Scanning 2 machines.", **attributes) -> dict[str, object]:
    return {"data": {"type": "task-results", "attributes": {"status": status, "message": message, **attributes}}}


# whose token it is


def test_the_test_tells_whose_token_it_is(hcp):
    assert client(hcp).test() == TokenOwner("ada", service_account=False)
    assert client(hcp, ORGANIZATION).test() == TokenOwner("api-org-acme-1", service_account=True)


@pytest.mark.parametrize(
    ("told", "shown"), [("a\ud800", "a"), ("a\x00b\n\u202ec", "a b c"), ("x" * 900_000, "x" * 119 + "…")]
)
def test_the_owners_name_is_one_line_and_short_whatever_the_host_says(hcp, told, shown):
    hcp.person = told
    assert client(hcp).test().username == shown


@pytest.mark.parametrize("told", ["", "\x00", None, ["ada"]])
def test_a_host_that_names_no_owner_is_no_terraform(hcp, told):
    hcp.person = told
    assert "does not say whose token this is" in refusal(client(hcp).test).message


def test_a_wrong_token_is_refused_with_what_to_do(hcp):
    found = refusal(client(hcp, token="revoked").test)
    assert (found.code, found.passing) == (Code.TOKEN_REFUSED, False)
    assert "make a new one" in found.message


def test_a_certificate_with_a_comment_in_any_language_is_used(hcp):
    assert client(hcp, ca_certificate=f"# Zürich root\n{hcp.ca_certificate}").test().username == "ada"


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak: x", "ключ"])
def test_what_is_no_token_is_never_sent(hcp, token):
    found = refusal(client(hcp, token=token).test)
    assert found.code == Code.BAD_TOKEN
    assert not token or token not in found.message
    assert hcp.asked == []


# the state of a run


def test_the_json_of_a_state_comes_by_the_archive_which_never_sees_the_token(hcp):
    hcp.put_state("ws-1", "run-1", SHOWN, raw=RAW)
    state = client(hcp, READS_STATE).current_state("ws-1", "run-1")
    assert (state.format, state.run_id, state.serial, state.terraform_version) == ("show-json", "run-1", 1, "1.9.8")
    assert json.loads(state.body) == SHOWN
    at_archive = [one for one in hcp.asked if one.server == "archive"]
    assert [one.authorization for one in at_archive] == [""]
    assert all(one.authorization.startswith("Bearer ") for one in hcp.asked if one.server == "api")


@pytest.mark.parametrize(("more", "download"), [({}, "direct"), ({}, "redirect"), ({"shown": True}, "no-json")])
def test_without_json_for_integrations_the_raw_state_is_taken(hcp, more, download):
    hcp.put_state("ws-1", "run-1", SHOWN if more else RAW, raw=RAW, download=download)
    state = client(hcp, READS_STATE).current_state("ws-1", "run-1")
    assert (state.format, json.loads(state.body)) == ("state", RAW)


@pytest.mark.parametrize(
    ("run_id", "fields"),
    [
        ("run-0", {}),
        (None, {}),
        ("run-1", {"processed": False}),
        ("run-1", {"status": "pending"}),
        ("run-1", {"status": "backing_up"}),
    ],
)
def test_a_state_that_is_not_the_runs_or_not_ready_is_not_downloaded(hcp, run_id, fields):
    hcp.put_state("ws-1", run_id, SHOWN, **fields)
    with pytest.raises(NotYet, match="asked for again") as caught:
        client(hcp, READS_STATE).current_state("ws-1", "run-1")
    assert caught.value.passing
    assert len(hcp.asked) == 1


def test_the_state_comes_once_the_run_has_left_it(hcp):
    own = client(hcp, READS_STATE)
    hcp.put_state("ws-1", "run-0", SHOWN)
    with pytest.raises(NotYet):
        own.current_state("ws-1", "run-1")
    hcp.put_state("ws-1", "run-1", SHOWN)
    assert own.current_state("ws-1", "run-1").serial == 2


def test_a_workspace_without_state_or_rights_says_so(hcp):
    assert refusal(client(hcp, READS_STATE).current_state, "ws-1", "run-1").code == Code.NO_STATE
    hcp.put_state("ws-1", "run-1", SHOWN)
    found = refusal(client(hcp).current_state, "ws-1", "run-1")
    assert (found.code, found.passing) == (Code.NO_STATE, False)
    assert "let its team read" in found.message


@pytest.mark.parametrize("workspace_id", ["", "../../account/details?", "ws-1/../x", "ws 1", "ws-1\r\nX: y", "a" * 101])
def test_an_id_that_is_none_is_not_asked_for(hcp, workspace_id):
    assert refusal(client(hcp, READS_STATE).current_state, workspace_id, "run-1").code == Code.BAD_ID
    assert hcp.asked == []


def test_a_state_that_terraform_no_longer_keeps_is_final(hcp):
    hcp.put_state("ws-1", "run-1", SHOWN, status="backing_data_soft_deleted")
    found = refusal(client(hcp, READS_STATE).current_state, "ws-1", "run-1")
    assert (found.code, found.passing) == (Code.STATE_GONE, False)


@pytest.mark.parametrize(
    ("download", "code"),
    [
        ("loop", Code.REDIRECT_REFUSED),
        ("plain-http", Code.REDIRECT_REFUSED),
        ("no-address", Code.REDIRECT_REFUSED),
        ("gone", Code.NO_STATE),
        ("oversized", Code.TOO_LARGE),
        ("endless", Code.TOO_LARGE),
        ("cut", Code.UNREACHABLE),
    ],
)
def test_a_bad_download_is_refused_and_says_why(hcp, download, code):
    hcp.put_state("ws-1", "run-1", SHOWN, download=download)
    limits = Limits(total_s=10, most_bytes=64 * 1024 * 1024 if download != "endless" else 500_000)
    found = refusal(client(hcp, READS_STATE, long=limits).current_state, "ws-1", "run-1")
    assert found.code == code
    assert "/v1/object/" not in found.message


def test_a_download_that_drips_ends_at_its_limit(hcp):
    hcp.put_state("ws-1", "run-1", SHOWN, download="drip")
    limits, before = Limits(total_s=0.5, most_bytes=5000), monotonic()
    found = refusal(client(hcp, READS_STATE, long=limits).current_state, "ws-1", "run-1")
    assert (found.code, found.passing) == (Code.TOO_SLOW, True)
    assert monotonic() - before < 3


def test_both_forms_of_a_state_have_one_limit_of_time(hcp):
    hcp.put_state("ws-1", "run-1", SHOWN, raw=RAW, download="late-no-json")
    limits, before = Limits(total_s=0.5, most_bytes=5000), monotonic()
    assert refusal(client(hcp, READS_STATE, long=limits).current_state, "ws-1", "run-1").code == Code.TOO_SLOW
    assert monotonic() - before < 0.8


def test_the_name_of_another_host_is_quoted_in_part(hcp):
    hcp.put_state("ws-1", "run-1", SHOWN, download="long-name")
    with pytest.raises(HcpError) as caught:
        client(hcp, READS_STATE).current_state("ws-1", "run-1")
    assert caught.value.message == str(caught.value)
    assert (len(caught.value.message), caught.value.message[-1]) == (1000, "…")


@pytest.mark.parametrize("serial", [2**63, 10**30, -1, True, "7", None])
def test_a_serial_that_cannot_be_stored_is_none(hcp, serial):
    hcp.put_state("ws-1", "run-1", SHOWN, serial=serial)
    assert client(hcp, READS_STATE).current_state("ws-1", "run-1").serial is None


# answers that are none


EXPECTED = {
    "busy": Code.BUSY, "forbidden": Code.NOT_ALLOWED, "failing": Code.SERVER_ERROR, "moved": Code.REDIRECT_REFUSED,
    "html": Code.UNEXPECTED, "nested": Code.UNEXPECTED, "list": Code.UNEXPECTED, "large": Code.TOO_LARGE,
    "garbage": Code.UNEXPECTED, "drip": Code.TOO_SLOW, "slow-headers": Code.TOO_SLOW, "cut": Code.UNREACHABLE,
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_server_is_told_from_a_wrong_token(hcp, broken):
    hcp.broken = broken
    own, before = client(hcp, short=QUICK), monotonic()
    found = refusal(own.test)
    assert found.code == EXPECTED[broken]
    assert found.passing == (found.code in (Code.BUSY, Code.SERVER_ERROR, Code.TOO_SLOW, Code.UNREACHABLE))
    assert own.token not in found.message
    assert monotonic() - before < 2
    assert {one.server for one in hcp.asked} == {"api"}


def test_nobody_listens():
    host = f"127.0.0.1:{free_port()}"
    found = refusal(HcpClient(host, "token", "", anywhere).test)
    assert (found.code, found.passing) == (Code.UNREACHABLE, True)
    assert host in found.message


def test_a_server_that_accepts_and_says_nothing_is_left_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, before = f"127.0.0.1:{silent.getsockname()[1]}", monotonic()
        assert refusal(HcpClient(host, "token", "", anywhere, short=QUICK).test).code == Code.TOO_SLOW
        assert monotonic() - before < 2


@pytest.mark.parametrize(
    "host", ["", "https://app.terraform.io", "app.terraform.io/x", "me@host", "host:port", "two words", "host:99999", "hö"]
)  # fmt: skip
def test_a_host_that_is_none_is_refused(host):
    assert refusal(HcpClient(host, "token", "", anywhere).test).code == Code.BAD_HOST


# where it connects to


def test_an_address_that_is_not_permitted_is_never_connected_to(hcp):
    seen = []
    own = client(hcp, permit=lambda address: seen.append(address))
    found = refusal(own.test)
    assert (found.code, seen) == (Code.NOT_PERMITTED, [ip_address("127.0.0.1")])
    assert hcp.asked == []


def test_the_archive_must_be_permitted_too(hcp):
    hcp.put_state("ws-1", "run-1", SHOWN)
    judged = iter([True, True, False])  # state version, its download, the archive
    found = refusal(client(hcp, READS_STATE, permit=lambda _: next(judged)).current_state, "ws-1", "run-1")
    assert found.code == Code.NOT_PERMITTED
    assert {one.server for one in hcp.asked} == {"api"}


def resolver(monkeypatch, *answers: str) -> None:
    """Let the name service give each of ``answers`` (addresses, separated by spaces), the last one ever after."""
    left = list(answers)

    def getaddrinfo(host: str, port: int, *args: object, **named: object) -> list[tuple]:
        if host.replace(".", "").isdigit():  # the connection itself, to an address
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found.split()]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_the_connection_goes_to_the_address_that_was_judged(hcp, monkeypatch):
    """A name that points elsewhere the second time is not asked for a second time."""
    port = hcp.host.split(":")[1]
    resolver(monkeypatch, "127.0.0.1", "192.0.2.1")
    assert client(hcp, host=f"localhost:{port}").test().username == "ada"


def test_the_next_address_is_tried_when_one_does_not_answer(hcp, monkeypatch):
    resolver(monkeypatch, "127.0.0.2 127.0.0.1")  # the peer listens on the second
    assert client(hcp, host=f"localhost:{hcp.host.split(':')[1]}").test().username == "ada"


def test_one_address_that_is_not_permitted_is_enough_to_refuse(hcp, monkeypatch):
    resolver(monkeypatch, "127.0.0.1 169.254.169.254")
    own = client(hcp, host="localhost:1", permit=lambda address: not address.is_link_local)
    assert refusal(own.test).code == Code.NOT_PERMITTED


def test_an_ipv4_address_in_ipv6_form_is_judged_as_what_it_is(hcp):
    own = client(
        hcp, host="[::ffff:127.0.0.1]:443", permit=lambda address: not address.is_loopback or address.version == 6
    )
    assert "127.0.0.1, an address" in refusal(own.test).message


def test_a_name_that_nobody_knows(monkeypatch):
    def getaddrinfo(*args: object, **named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    found = refusal(HcpClient("tfe.example.com", "token", "", anywhere).test)
    assert (found.code, found.passing) == (Code.NAME_NOT_FOUND, True)


@pytest.mark.parametrize("ca_certificate", ["", self_signed().pem])
def test_a_certificate_of_nobody_is_refused_before_the_token_is_sent(hcp, ca_certificate):
    found = refusal(client(hcp, ca_certificate=ca_certificate).test)
    assert (found.code, found.passing) == (Code.CERTIFICATE, False)
    assert hcp.asked == []


def test_a_certificate_for_another_name_is_refused(hcp, monkeypatch):
    resolver(monkeypatch, "127.0.0.1")
    port = hcp.host.split(":")[1]
    assert refusal(client(hcp, host=f"tfe.example.com:{port}").test).code == Code.CERTIFICATE
    assert hcp.asked == []


def test_a_ca_certificate_that_is_none_is_named(hcp):
    assert refusal(client(hcp, ca_certificate="not PEM").test).code == Code.BAD_CA_CERTIFICATE


def test_a_proxy_of_the_environment_is_not_used(hcp, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    assert client(hcp).test().username == "ada"


# run tasks


def task(peer: HcpPeer) -> dict[str, str]:
    return json.loads(peer.run_task("key").body)


def test_a_run_task_is_answered_until_its_verdict(hcp):
    own, given = client(hcp), task(hcp)
    url, token = given["task_result_callback_url"], given["access_token"]
    outcome = {
        "outcome-id": "ssh-1",
        "description": "Root may log in",
        "tags": {"Severity": [{"label": "High", "level": "error"}]},
    }
    failed = answer("failed", "1 machine is blocked.", url="https://plumbline.example.com/provisioning/")
    failed["data"]["relationships"] = {"outcomes": {"data": [{"type": "task-result-outcomes", "attributes": outcome}]}}
    own.answer(url, token, answer())
    own.answer(url, token, answer())
    own.answer(url, token, failed)
    assert [told.status for told in hcp.told] == [200, 200, 200]
    assert hcp.told[-1].attributes["status"] == "failed"
    assert len(hcp.told[-1].outcomes) == 1
    assert "already" in refusal(own.answer, url, token, answer()).message
    assert all(own.token not in one.authorization for one in hcp.asked)


def test_what_is_made_of_many_failed_rules_is_taken(hcp):
    given = task(hcp)
    rules = [FailedRule(f"linux_rule_{one}", "Root may log in", "high", "web-1", "Set `no`.") for one in range(300)]
    body = callback(status="failed", message="x" * 2000, url="https://a.example/", failed=rules, accepts_outcomes=True)
    client(hcp).answer(given["task_result_callback_url"], given["access_token"], body)
    assert len(hcp.told[-1].outcomes) == 250


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (answer("errored"), "status must be one of running, passed, failed"),
        (answer(message=""), "1 to 1000"),
        (answer(message="x" * 1001), "1 to 1000"),
        (answer(url="https://a.example/" + "x" * 500), "500 characters"),
        (answer(url="/relative"), "URI"),
        ({"data": {"type": "runs", "attributes": {"status": "passed", "message": "x"}}}, "task-results"),
        ({"data": {"type": "task-results"}}, "malformed"),
        ({"data": {**answer()["data"], "relationships": {"outcomes": {"data": []}}}}, "1 to 250"),
    ],
)
def test_an_answer_that_terraform_does_not_take_says_what_is_wrong(hcp, body, words):
    given = task(hcp)
    found = refusal(client(hcp).answer, given["task_result_callback_url"], given["access_token"], body)
    assert (found.code, found.passing) == (Code.ANSWER_REFUSED, False)
    assert words in found.message
    assert hcp.told[-1].status == 422


def test_an_access_token_ends_after_ten_minutes():
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with running_hcp(now=lambda: moment) as peer:
        own, given = client(peer), task(peer)
        moment += timedelta(minutes=9, seconds=59)
        own.answer(given["task_result_callback_url"], given["access_token"], answer())
        moment += timedelta(seconds=1)
        found = refusal(own.answer, given["task_result_callback_url"], given["access_token"], answer("passed"))
    assert (found.code, found.passing) == (Code.TOKEN_REFUSED, False)
    assert "ten minutes" in found.message


def test_another_tasks_token_is_refused_and_an_unknown_task_is_gone(hcp):
    own, given, other = client(hcp), task(hcp), task(hcp)
    assert (
        refusal(own.answer, given["task_result_callback_url"], other["access_token"], answer()).code
        == Code.TOKEN_REFUSED
    )
    assert (
        refusal(own.answer, hcp.callback_url("taskrs-none"), given["access_token"], answer()).code == Code.CALLBACK_GONE
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/callback", "http://{host}/callback", "https://{host}@evil.example.com/", "file:///etc/passwd",
        "https://{host}.evil.example.com/", "https://user:pw@{host}/callback", "https://127.0.0.1/callback", "//{host}/x", "",
        "https://{host}/a b", "https://{host}/\r\nX: y", "https://{archive}/callback", "https://[::1", "https://{host}\\@evil.example/",
    ],
)  # fmt: skip
def test_a_callback_elsewhere_is_never_called(hcp, url):
    url = url.format(host=hcp.host, archive=hcp.archive_host)
    assert refusal(client(hcp).answer, url, "token", answer()).code == Code.CALLBACK_REFUSED
    assert hcp.asked == []


def test_a_callback_that_redirects_is_not_followed(hcp):
    given, hcp.broken = task(hcp), "moved"
    found = refusal(client(hcp).answer, given["task_result_callback_url"], given["access_token"], answer())
    assert found.code == Code.REDIRECT_REFUSED
    assert [one.server for one in hcp.asked] == ["api"]


# what the peer sends


@pytest.mark.parametrize(
    ("name", "header", "read"),
    [
        ("run_task", "X-TFC-Task-Signature", run_task.read),
        ("run_task_verification", "X-TFC-Task-Signature", run_task.read),
        ("notification", "X-TFE-Notification-Signature", notification.read),
        ("notification_verification", "X-TFE-Notification-Signature", notification.read),
        ("drift", "X-TFE-Notification-Signature", notification.read),
    ],
)
def test_what_the_peer_sends_is_signed_and_can_be_read(hcp, name, header, read):
    delivery = getattr(hcp, name)("a key")
    assert signed(delivery.body, "a key", delivery.headers[header])
    assert not signed(delivery.body + b" ", "a key", delivery.headers[header])
    assert read(json.loads(delivery.body))


# secrets


def test_nothing_that_is_printed_shows_a_secret(hcp):
    hcp.put_state("ws-1", "run-1", SHOWN)
    own = client(hcp, READS_STATE)
    assert own.token not in repr(own)
    assert "format_version" not in repr(own.current_state("ws-1", "run-1"))
    request = pinned_https.Request("GET", hcp.url, {"Authorization": own.token}, b"secret")
    assert own.token not in repr(request)
    assert "secret" not in repr(request)
