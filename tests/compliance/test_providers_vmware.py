"""vCenter through the unmodified pyvmomi: what Debian's vCenter simulator (API 6.5) answered is replayed.

``tests/peers/vcsim/run`` runs the same tests against the simulator itself and can record anew.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

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
from compliance.providers.registry import open_provider
from tests.fakes.https import Reply
from tests.fakes.vcenter import VCenter, passed_on, replayed, vcenter
from tests.peers.certificates import Certificate, self_signed
from tests.peers.vcsim import running_vcsim

BIOS, INSTANCE = "42010000-0000-4000-8000-{:012d}", "50010000-0000-4000-8000-{:012d}"
WEB = Seen(
    addresses=("10.99.0.1", "203.0.113.7", "2001:db8::5"),
    os_family="linux",
    os_name="Debian GNU/Linux 12 (64-bit)",
    power_state="running",
    tags={"owner": "team-web"},
    name="DC0_C0_RP0_VM0",
)


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed()


@pytest.fixture(scope="module")
def running(certificate: Certificate) -> Iterator[VCenter]:
    program, record = os.environ.get("PLUMBLINE_VCSIM"), os.environ.get("PLUMBLINE_VCSIM_RECORD")
    with ExitStack() as stack:
        source = replayed()
        if program:
            url = stack.enter_context(running_vcsim(Path(program), certificate))
            assert opened(url, certificate).look(BIOS.format(0)) == WEB  # with nothing between
            source = passed_on(url, certificate, Path(record) if record else None)
        yield stack.enter_context(vcenter(certificate, source))


@pytest.fixture
def server(running: VCenter) -> VCenter:
    """Give the server, as it is."""
    running.clear()
    return running


@pytest.fixture
def provider(server: VCenter, certificate: Certificate) -> Provider:
    return opened(server.url, certificate)


def opened(url: str, certificate: Certificate | None, password: str = "pass") -> Provider:
    ca = certificate.pem if certificate else ""
    return open_provider("vmware", url, {"username": "user"}, {"password": password}, ca, allow_loopback=True)


@pytest.mark.parametrize(
    "written", [BIOS.format(0), INSTANCE.format(0), BIOS.format(0).upper(), f" {BIOS.format(0)}\n"]
)
def test_a_vm_is_found_by_either_of_its_uuids(provider, written):
    assert provider.look(written) == WEB


def test_a_vm_is_found_by_its_managed_object_id(provider, server):
    assert provider.look("vm-45") == WEB
    assert "FindAllByUuid" not in server.methods


def test_one_look_is_one_search_and_one_reading(provider, server):
    provider.look(BIOS.format(0))
    steps = ["RetrieveServiceContent", "Login", "FindAllByUuid", "RetrievePropertiesEx", "Logout"]
    assert server.methods == steps


def test_a_windows_guest_is_told_by_its_tools(provider):
    seen = provider.look(BIOS.format(1))
    assert (seen.os_family, seen.addresses, seen.note) == ("windows", ("10.99.0.2",), "")


def test_a_vm_that_is_off_has_no_address_whatever_is_left_of_it(provider):
    seen = provider.look(BIOS.format(2))
    assert (seen.addresses, seen.power_state, seen.note) == ((), "stopped", "The VM is powered off.")


def test_without_tools_there_is_no_address_and_the_configured_guest_tells_the_family(provider):
    seen = provider.look(BIOS.format(3))
    assert (seen.addresses, seen.os_family, seen.power_state) == ((), "linux", "running")
    assert seen.note.startswith("VMware Tools do not run in the VM yet")


def test_two_vms_of_one_uuid_are_not_taken_for_each_other(provider):
    with pytest.raises(ProviderError, match=r"2 VMs have the UUID") as caught:
        provider.look(BIOS.format(4))
    assert caught.value.code == "ambiguous"


def test_the_name_tells_clones_apart(provider):
    assert provider.look(BIOS.format(4), name="DC0_C0_RP0_VM5").addresses == ("10.99.0.6",)
    with pytest.raises(ProviderError):
        provider.look(BIOS.format(4), name="another")


@pytest.mark.parametrize("unknown", [BIOS.format(99), "vm-99999"])
def test_a_vm_that_is_not_there_is_not_found(provider, server, unknown):
    with pytest.raises(NotFound, match="vCenter knows no"):
        provider.look(unknown)
    assert server.logins == 0


@pytest.mark.parametrize("written", ["", "web-1", "group-d1", "vm-1/../x", "i-0123456789abcdef0", BIOS.format(0) + "0"])
def test_what_is_no_id_is_not_asked_for(provider, server, written):
    with pytest.raises(NotFound, match="neither the UUID"):
        provider.look(written)
    assert "FindAllByUuid" not in server.methods


def test_a_wrong_password_is_refused(server, certificate):
    with pytest.raises(Refused, match="user name or the password"):
        opened(server.url, certificate, "wrong").look(BIOS.format(0))
    outcome = opened(server.url, certificate, "wrong").test()
    assert (outcome.ok, "wrong" in outcome.message) == (False, False)


def test_the_test_tells_which_server_answers(provider, server):
    outcome = provider.test()
    assert outcome.ok
    assert "VMware vCenter Server 6.5.0" in outcome.message
    assert server.logins == 0


def test_the_session_is_ended_when_a_look_fails(provider, server):
    server.changed["RetrievePropertiesEx"] = lambda body: Reply(200, b"<")
    with pytest.raises(Malformed):
        provider.look(BIOS.format(0))
    assert (server.methods[-1], server.logins) == ("Logout", 0)


def test_a_failing_logout_does_not_hide_what_was_seen(provider, server):
    server.changed["Logout"] = lambda body: Reply(503, b"")
    assert provider.look(BIOS.format(0)) == WEB


def test_a_certificate_of_nobody_known_is_not_accepted(server):
    with pytest.raises(Unreachable, match="could not be verified") as caught:
        opened(server.url, None).look(BIOS.format(0))
    assert (caught.value.code, server.methods) == ("certificate", [])


def test_a_certificate_of_another_authority_is_not_accepted(server):
    with pytest.raises(Unreachable, match="could not be verified"):
        opened(server.url, self_signed()).look(BIOS.format(0))


def test_addresses_of_this_server_are_forbidden_unless_the_operator_allows(server, certificate):
    strict = open_provider("vmware", server.url, {"username": "user"}, {"password": "pass"}, certificate.pem)
    with pytest.raises(Forbidden):
        strict.look(BIOS.format(0))
    assert not server.methods


def test_nobody_listening_is_said(certificate):
    with pytest.raises(Unreachable, match="cannot be reached"):
        opened("https://127.0.0.1:1", certificate).look(BIOS.format(0))


def test_what_the_user_may_not_read_is_named(provider, server):
    missing = (
        "<missingSet><path>guest.net</path><fault>"
        '<fault xsi:type="NoPermission"><object type="VirtualMachine">vm-54</object>'
        "<privilegeId>System.Read</privilegeId></fault><localizedMessage>no</localizedMessage></fault></missingSet>"
        "</objects>"
    )
    server.rewrite("RetrievePropertiesEx", ("</objects>", missing))
    with pytest.raises(Refused, match=r"guest\.net.*Read-only"):
        provider.look(BIOS.format(0))


def test_interfaces_that_software_in_the_guest_made_are_left_out(provider, server):
    server.rewrite(
        "RetrievePropertiesEx", ("<deviceConfigId>0</deviceConfigId>", "<deviceConfigId>-1</deviceConfigId>")
    )
    seen = provider.look(BIOS.format(0))
    assert (seen.addresses, seen.note) == ((), "VMware Tools run, but tell of no address yet.")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>not found</html>", b"{}", b"\xff\xfe\x00", b"<a>" * 5_000],
    ids=["empty", "html", "json", "bytes", "deep"],
)
@pytest.mark.parametrize("method", ["RetrieveServiceContent", "FindAllByUuid", "RetrievePropertiesEx"])
def test_what_is_no_answer_of_vcenter_is_said(provider, server, method, body):
    server.changed[method] = lambda _: Reply(200, body, {"Content-Type": "text/xml"})
    with pytest.raises(Malformed, match=r"not as a vCenter|tells nothing"):
        provider.look(BIOS.format(0))


def test_entities_that_expand_without_end_are_not_followed(provider, server):
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 20}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{layers}]><soapenv:Envelope>&l11;</soapenv:Envelope>'.encode()
    server.changed["RetrieveServiceContent"] = lambda _: Reply(200, bomb)
    with pytest.raises(Malformed):
        provider.look(BIOS.format(0))


@pytest.mark.parametrize("status", [301, 404, 503])
def test_another_status_is_no_answer(provider, server, status):
    server.changed["Login"] = lambda _: Reply(status, b"", {"Location": "https://127.0.0.1:1/"})
    with pytest.raises(Unreachable):
        provider.look(BIOS.format(0))


def test_hostile_values_are_cleaned(provider, server):
    server.rewrite(
        "RetrievePropertiesEx",
        ("DC0_C0_RP0_VM0", "web\u202e-1&#10;second&#9;line"),
        ("10.99.0.1<", "10.99.0.1; reboot<"),
        ("linuxGuest", "evilGuest"),
        ("Debian GNU/Linux 12 (64-bit)", "x" * 1000),
        ("debian12_64Guest", "otherGuest"),
        ("team-web", "team&#127;\u200b"),
        (">poweredOn<", ">suspended<"),
    )
    seen = provider.look(BIOS.format(0))
    assert seen.name == "web-1 second line"
    assert (seen.os_family, seen.os_name, seen.power_state) == ("", "x" * 200, "other")
    assert (seen.addresses, seen.tags, seen.note) == ((), {"owner": "team"}, "The VM is suspended.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type="xsd:string">DC0_C0_RP0_VM0<', 'type="xsd:int">7<'),
        ('type="xsd:string">DC0_C0_RP0_VM0<', 'type="ManagedObjectReference" type="VirtualMachine">vm-1<'),
        ("ArrayOfGuestNicInfo", "ArrayOfString"),
        ("<deviceConfigId>0</deviceConfigId>", "<deviceConfigId>many</deviceConfigId>"),
        ("CustomFieldStringValue", "CustomFieldValue"),
    ],
)
def test_values_of_another_type_are_left_out_or_refused(provider, server, old, new):
    server.rewrite("RetrievePropertiesEx", (old, new))
    try:
        seen = provider.look(BIOS.format(0))
    except Malformed:
        seen = Seen()
    assert (seen.name, seen.tags, seen.addresses) != (WEB.name, WEB.tags, WEB.addresses)


def test_a_flood_is_cut_off(provider, server):
    server.changed["FindAllByUuid"] = lambda _: Reply(200, b"<x>" + b" " * 17_000_000)
    with pytest.raises(Unreachable, match="no whole HTTP answer"):
        provider.look(BIOS.format(0))
