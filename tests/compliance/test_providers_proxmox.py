"""Proxmox VE through the unmodified proxmoxer, against a fake: routes and texts are from knowledge, not recorded."""

import json
from collections.abc import Iterator

import pytest

from compliance.providers.base import (
    Forbidden,
    Malformed,
    NotFound,
    Provider,
    ProviderError,
    Refused,
    Seen,
    Unreachable,
)
from compliance.providers.registry import open_provider, problems_of
from tests.fakes.https import Reply
from tests.fakes.proxmox import (
    MAC,
    OTHER_MAC,
    PASSWORD,
    TOKEN_ID,
    TOKEN_SECRET,
    USER,
    Cluster,
    Failure,
    interface,
    proxmox,
)
from tests.peers.certificates import Certificate, self_signed

AGENT = "agent/network-get-interfaces"


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed()


@pytest.fixture(scope="module")
def running(certificate: Certificate) -> Iterator[Cluster]:
    with proxmox(certificate) as cluster:
        yield cluster


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    """Give the cluster, without VMs."""
    running.clear()
    return running


@pytest.fixture
def provider(cluster: Cluster, certificate: Certificate) -> Provider:
    return opened(cluster.url, certificate)


def opened(url: str, certificate: Certificate | None, secret: str = TOKEN_SECRET) -> Provider:
    ca = certificate.pem if certificate else ""
    scope = {"token_id": TOKEN_ID}
    return open_provider("proxmox", url, scope, {"token_secret": secret}, ca, allow_loopback=True)


def with_password(url: str, certificate: Certificate, password: str = PASSWORD) -> Provider:
    secret = {"password": password}
    return open_provider("proxmox", url, {"username": USER}, secret, certificate.pem, allow_loopback=True)


@pytest.mark.parametrize("written", ["101", "pve1/101", "pve1/qemu/101", "qemu/101", " 101 "])
def test_a_vm_is_found_by_its_number_however_terraform_writes_it(cluster, provider, written):
    cluster.add(100)
    cluster.add(101, tags="terraform;p1", name="web-1")
    assert provider.look(written) == Seen(
        addresses=("10.99.0.11", "203.0.113.9", "2001:db8::1"),
        os_family="linux",
        os_name="Debian GNU/Linux 12 (bookworm)",
        power_state="running",
        tags={"terraform": "", "p1": ""},
        name="web-1",
    )


def test_a_vm_that_has_moved_is_asked_on_the_node_where_it_is(cluster, provider):
    cluster.add(101, node="pve3")
    assert provider.look("pve1/qemu/101").addresses
    assert f"/nodes/pve3/qemu/101/{AGENT}" in cluster.paths


@pytest.mark.parametrize("name", ["", "web-1", "WEB-1"])
def test_a_vm_of_the_same_number_and_name_is_the_one(cluster, provider, name):
    cluster.add(101, name="Web-1")
    assert provider.look("qemu/101", name=name).addresses


@pytest.mark.parametrize(("found", "words"), [("mail", "its name is mail and not web"), (None, "is not told and not")])
def test_a_vm_of_the_same_number_and_another_name_is_another_one(cluster, provider, found, words):
    cluster.add(101, name=found)
    with pytest.raises(NotFound, match=f"Proxmox has a VM 101, but {words}|{words}"):
        provider.look("qemu/101", region="pve1", name="web")
    assert cluster.paths == ["/cluster/resources?type=vm"]


def test_interfaces_that_are_no_card_of_the_vm_are_left_out(cluster, provider):
    cluster.add(101)
    cluster.answers[AGENT] = {"result": [interface("docker0", OTHER_MAC, "172.17.0.1")]}
    seen = provider.look("101")
    assert (seen.addresses, seen.note) == ((), "The guest tells of no address on its network cards yet.")


def test_a_vm_without_configured_cards_is_taken_at_its_agent_s_word(cluster, provider):
    cluster.add(101)
    cluster.answers["config"] = {"hostpci0": "0000:01:00", "ostype": "l26"}
    cluster.answers[AGENT] = {"result": [interface("eth0", OTHER_MAC, "10.0.0.9")]}
    assert provider.look("101").addresses == ("10.0.0.9",)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("VM 101 is not running", "The guest is not running."),
        ("No QEMU guest agent configured", "is not enabled in the VM's options"),
        ("QEMU guest agent is not running", "does not run in the VM yet"),
        ("Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist", "is it being moved?"),
        ("VM 101 qmp command 'guest-ping' failed - got timeout", "does not answer yet"),
    ],
)
def test_what_the_agent_cannot_tell_yet_is_no_failure(cluster, provider, error, words):
    cluster.add(101)
    cluster.answers[AGENT] = Failure(500, error)
    seen = provider.look("101")
    assert (seen.addresses, seen.power_state, seen.os_family) == ((), "running", "linux")
    assert words in seen.note


def test_without_its_cards_a_guest_s_word_is_not_taken(cluster, provider):
    cluster.add(101)
    cluster.answers["config"] = Failure(403, "Permission check failed (/vms/101, VM.Audit)")
    with pytest.raises(Refused, match=r"VM\.Audit"):
        provider.look("101")


def test_an_agent_that_does_not_tell_the_system_leaves_it_to_the_configuration(cluster, provider):
    cluster.add(101)
    cluster.answers["agent/get-osinfo"] = Failure(500, "Agent error: The command guest-get-osinfo has not been found")
    seen = provider.look("101")
    assert (seen.os_family, seen.os_name, len(seen.addresses)) == ("linux", "", 3)


def test_another_failure_of_the_node_may_pass(cluster, provider):
    cluster.add(101)
    cluster.answers[AGENT] = Failure(595, "No route to host")
    with pytest.raises(Unreachable, match="595 No route to host") as caught:
        provider.look("101")
    assert caught.value.passing


def test_a_token_that_may_not_ask_the_agent_is_told_which_permission_it_lacks(cluster, provider):
    cluster.add(101)
    cluster.answers[AGENT] = Failure(403, "Permission check failed (/vms/101, VM.Monitor)")
    with pytest.raises(Refused, match=r"/vms/101, VM\.Monitor"):
        provider.look("101")


def test_a_stopped_vm_is_not_asked_for_addresses(cluster, provider):
    cluster.add(101, status="stopped")
    seen = provider.look("101")
    assert (seen.addresses, seen.power_state, seen.note) == ((), "stopped", "The guest is not running.")
    assert not [path for path in cluster.paths if "agent" in path]


@pytest.mark.parametrize(
    ("told", "ostype", "family"),
    [
        ({"id": "mswindows", "pretty-name": "Windows Server 2022"}, "win11", "windows"),
        ({"id": "freebsd"}, "other", "bsd"),
        ({"id": "ubuntu"}, "win10", "linux"),
        ({}, "w2k8", "windows"),
        ({}, "l24", "linux"),
        ({}, "other", ""),
        ({"id": ["debian"]}, "wormhole", ""),
    ],
)
def test_the_guest_tells_its_family_else_the_configuration(cluster, provider, told, ostype, family):
    cluster.add(101)
    cluster.answers |= {"agent/get-osinfo": {"result": told}, "config": {"net0": f"virtio={MAC}", "ostype": ostype}}
    assert provider.look("101").os_family == family


def test_a_container_tells_its_addresses_itself(cluster, provider):
    cluster.add(104, type="lxc", tags="lab")
    seen = provider.look("pve1/lxc/104")
    assert seen == Seen(("10.99.0.21",), "linux", "debian", "running", {"lab": ""}, "vm104")


def test_a_container_of_a_newer_version_tells_all_addresses_of_a_card(cluster, provider):
    cluster.add(104, type="lxc")
    more = [{"ip-address": "10.99.0.22", "prefix": "24", "ip-address-type": "inet"}]
    card = {"name": "eth0", "hwaddr": MAC, "hardware-address": MAC, "inet": "10.99.0.21/24", "ip-addresses": more}
    cluster.answers["interfaces"] = [card]
    assert provider.look("104").addresses == ("10.99.0.22", "10.99.0.21")


def test_a_stopped_container_has_none(cluster, provider):
    cluster.add(104, type="lxc", status="stopped")
    cluster.answers["interfaces"] = None
    assert provider.look("104").note == "The guest is not running."


@pytest.mark.parametrize("written", ["", "abc", "101/", "../101", "pve1/qemu/101/config", "101?x", "1" * 20])
def test_what_is_no_id_is_not_asked_for(cluster, provider, written):
    with pytest.raises(NotFound, match="no id of a VM"):
        provider.look(written)
    assert not cluster.asked


def test_a_vm_that_is_not_there_or_not_shown_is_not_found(cluster, provider):
    cluster.add(100)
    with pytest.raises(NotFound, match=r"no VM or container 101.*VM\.Audit"):
        provider.look("101")


def test_a_wrong_token_is_refused(cluster, certificate):
    with pytest.raises(Refused, match="no such token"):
        opened(cluster.url, certificate, "wrong").look("101")


def test_a_user_logs_in_with_a_password_where_there_is_no_token(cluster, certificate):
    cluster.add(101)
    assert with_password(cluster.url, certificate).look("101").addresses
    assert "Authorization" not in cluster.asked[-1].headers


def test_a_wrong_password_is_refused(cluster, certificate):
    outcome = with_password(cluster.url, certificate, "wrong").test()
    assert not outcome.ok
    assert "authentication failure" in outcome.message
    assert "wrong" not in outcome.message


def test_a_second_factor_asks_for_a_token(cluster, certificate):
    cluster.answers["ticket"] = {"ticket": "PVE:!tfa!...", "NeedTFA": 1}
    with pytest.raises(Refused, match="API token"):
        with_password(cluster.url, certificate).look("101")


@pytest.mark.parametrize("ticket", ["a\r\nX-Evil: 1", 7, None, {"a": 1}])
def test_a_ticket_that_is_none_is_not_sent_back(cluster, certificate, ticket):
    cluster.answers["ticket"] = {"ticket": ticket}
    with pytest.raises(Malformed):
        with_password(cluster.url, certificate).look("101")
    assert len(cluster.asked) == 1


def test_the_test_tells_version_and_how_many_vms_can_be_seen(cluster, provider):
    cluster.add(101)
    outcome = provider.test()
    assert outcome.ok
    assert "8.2.4, 1 VMs" in outcome.message


def test_a_token_without_rights_fails_the_test(cluster, provider):
    outcome = provider.test()
    assert not outcome.ok
    assert "VM.Audit" in outcome.message


def test_a_certificate_of_nobody_known_is_not_accepted(cluster):
    with pytest.raises(Unreachable, match="could not be verified") as caught:
        opened(cluster.url, None).look("101")
    assert caught.value.code == "certificate"
    assert not cluster.asked


def test_a_certificate_of_another_authority_is_not_accepted(cluster):
    with pytest.raises(Unreachable, match="could not be verified"):
        opened(cluster.url, self_signed()).look("101")


def test_addresses_of_this_server_are_forbidden_unless_the_operator_allows(cluster, certificate):
    secret = {"token_secret": TOKEN_SECRET}
    with pytest.raises(Forbidden):
        open_provider("proxmox", cluster.url, {"token_id": TOKEN_ID}, secret, certificate.pem).look("101")
    assert not cluster.asked


def test_nobody_listening_is_said(certificate):
    with pytest.raises(Unreachable, match=r"cannot be reached \(Connection refused\)"):
        opened("https://127.0.0.1:1", certificate).look("101")


def test_a_redirect_is_not_followed(cluster, provider):
    cluster.whole = Reply(307, b"", {"Location": f"{cluster.url}/api2/json/version"})
    with pytest.raises(Malformed, match="307"):
        provider.look("101")
    assert len(cluster.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"[]", b"7", b'{"data"', b'{"errors":{}}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "html", "null", "list", "number", "half", "no data", "bytes", "deep"],
)
def test_what_is_no_answer_of_the_api_is_said(cluster, provider, body):
    cluster.whole = Reply(200, body)
    with pytest.raises(Malformed, match="not as the API"):
        provider.look("101")


@pytest.mark.parametrize("data", [None, {}, 7, "x", [None, 7, [], "101"], {"vmid": 101}])
def test_a_listing_of_another_shape_holds_no_vm(cluster, provider, data):
    cluster.whole = Reply(200, json.dumps({"data": data}).encode())
    with pytest.raises(NotFound):
        provider.look("101")


@pytest.mark.parametrize("row", [{"node": "../../access"}, {"node": None}, {"type": "openvz"}, {"node": "a b\r\nX: y"}])
def test_a_row_that_leads_elsewhere_is_not_followed(cluster, provider, row):
    cluster.add(101, **row)
    with pytest.raises(Malformed):
        provider.look("101")
    assert cluster.paths == ["/cluster/resources?type=vm"]


def test_hostile_values_are_cleaned(cluster, provider):
    cluster.add("101", name="web\x1b[31m\u202e1\n", tags="ok;\x00bad\x07", status=["running"])
    cluster.answers |= {
        "config": ["no", "mapping"],
        AGENT: {"result": [interface("eth0", MAC, "10.0.0.1; rm -rf /", "10.0.0.2"), {"ip-addresses": "10.0.0.3"}, 7]},
        "agent/get-osinfo": {"result": {"id": 7, "pretty-name": {"a": 1}}},
    }
    seen = provider.look("101")
    assert seen == Seen(addresses=("10.0.0.2",), name="web[31m1", tags={"ok": "", "bad": ""})


def test_a_flood_is_cut_off(cluster, provider):
    cluster.whole = Reply(200, b'{"data":"' + b"x" * 17_000_000 + b'"}')
    with pytest.raises(Unreachable, match="no whole HTTP answer"):
        provider.look("101")


def test_credentials_come_whole_and_of_one_kind():
    def problems(scope: dict[str, str], secret: dict[str, str]) -> set[str]:
        return set(problems_of("proxmox", endpoint="https://pve.test:8006", scope=scope, secret=secret))

    assert problems({}, {}) == {"token_id"}
    assert problems({"token_id": TOKEN_ID}, {}) == {"token_secret"}
    assert problems({}, {"password": "x"}) == {"username"}
    assert problems({"token_id": TOKEN_ID, "username": USER}, {"token_secret": "x", "password": "y"}) == {"username"}
    assert problems({"username": "root"}, {"password": "y"}) == {"username"}
    assert not problems({"username": USER}, {"password": "y"})


def test_refusals_never_show_the_secret(cluster, certificate):
    cluster.whole = Reply(401, b"", {}, "no")
    with pytest.raises(ProviderError) as caught:
        opened(cluster.url, certificate).look("101")
    assert TOKEN_SECRET not in caught.value.message
