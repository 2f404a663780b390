"""Microsoft's SDK, unmodified, against a small HTTPS server that speaks the documented routes."""

import json
from collections.abc import Callable, Iterator

import pytest

from compliance.providers.base import (
    Forbidden,
    Malformed,
    NotFound,
    Provider,
    ProviderError,
    Refused,
    Seen,
    Throttled,
    Unreachable,
)
from compliance.providers.registry import open_provider
from tests.fakes.azure import CLIENT, PROVIDERS, SECRET, SUBSCRIPTION, TENANT, AzureFake, failed, guid_of, id_of, said
from tests.fakes.https import Reply, https_server
from tests.peers.certificates import Certificate, self_signed
from tests.peers.ports import free_port

DEEP = "[" * 100_000
Connect = Callable[..., Provider]


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed()


@pytest.fixture
def azure(certificate: Certificate) -> Iterator[AzureFake]:
    fake = AzureFake()
    with https_server(certificate, fake.answer) as url:
        fake.url = url
        yield fake


@pytest.fixture
def connect(azure: AzureFake, certificate: Certificate) -> Connect:
    def connected(
        *, secret: str = SECRET, client: str = CLIENT, endpoint: str = "", ca: str | None = None, loopback: bool = True
    ) -> Provider:
        scope = {
            "tenant_id": TENANT, "subscription_id": SUBSCRIPTION, "client_id": client, "authority": azure.url,
        }  # fmt: skip
        return open_provider(
            "azure", endpoint or azure.url, scope, {"client_secret": secret},
            certificate.pem if ca is None else ca, allow_loopback=loopback,
        )  # fmt: skip

    return connected


def looked(provider: Provider) -> Seen | ProviderError:
    try:
        return provider.look(id_of(1))
    except ProviderError as error:
        return error


def test_a_vm_is_looked_up_by_its_resource_id(connect):
    found = connect().look(id_of(2))
    assert found.addresses == ("10.0.0.12", "198.51.100.2")
    assert (found.os_family, found.os_name, found.power_state) == ("linux", "Debian debian-12 12", "running")
    assert (found.name, found.tags) == ("vm2", {"project": "web", "number": "2"})


def test_a_vm_is_found_by_its_guid_on_a_later_page(connect, azure):
    found = connect().look(guid_of(11))
    assert (found.name, found.os_family, found.power_state) == ("vm11", "windows", "stopped")
    assert found.addresses == ("10.0.0.21", "198.51.100.200")  # the public one was asked for apart
    assert len([path for path in azure.asked if path.endswith("/providers/Microsoft.Compute/virtualMachines")]) == 3


def test_a_resource_id_beside_the_guid_saves_the_list(connect, azure):
    assert connect().look(guid_of(3), hints={"resource_id": id_of(3)}).name == "vm3"
    assert not any(path.endswith("/virtualMachines") for path in azure.asked)


def test_another_vm_of_the_same_name_is_not_taken_for_it(connect):
    with pytest.raises(NotFound, match="another VM now"):
        connect().look(guid_of(4), hints={"resource_id": id_of(5)})


@pytest.mark.parametrize("instance", [id_of(99), guid_of(99), id_of(1).replace(SUBSCRIPTION, TENANT), "../../x", ""])
def test_an_unknown_vm_is_not_found(connect, instance):
    with pytest.raises(NotFound):
        connect().look(instance)


def test_the_test_says_that_it_works(connect):
    outcome = connect().test()
    assert outcome.ok
    assert SUBSCRIPTION in outcome.message


def test_a_wrong_secret_is_named(connect):
    outcome = connect(secret="wrong").test()
    assert not outcome.ok
    assert "client secret is wrong" in outcome.message


def test_an_unknown_application_is_named(connect):
    assert "no such application" in connect(client=TENANT).test().message


def test_a_missing_permission_is_named(connect, azure):
    azure.refusal = failed(403, "AuthorizationFailed", "The client does not have authorization.")
    with pytest.raises(Refused, match=r"Microsoft\.Compute/virtualMachines/read"):
        connect().look(id_of(1))


def test_throttling_is_waited_out_for_a_while(connect, azure):
    azure.throttled = 2
    assert connect().look(id_of(1)).name == "vm1"


def test_throttling_that_goes_on_is_told(connect, azure):
    azure.throttled = 100
    with pytest.raises(Throttled):
        connect().look(id_of(1))
    assert 100 - azure.throttled == 3


def test_a_pause_that_azure_asks_for_has_a_limit(connect, azure, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("compliance.providers.azure.time.sleep", pauses.append)
    azure.throttled, azure.retry_after = 1, "86400"
    assert connect().look(id_of(1)).name == "vm1"
    assert pauses == [10]


def test_trouble_of_azure_itself_passes(connect, azure, monkeypatch):
    monkeypatch.setattr("compliance.providers.azure.time.sleep", lambda seconds: None)
    azure.refusal = failed(503, "ServerBusy", "Busy.")
    with pytest.raises(Unreachable, match="ServerBusy") as refused:
        connect().look(id_of(1))
    assert refused.value.passing


def test_a_next_page_elsewhere_is_not_followed(connect, azure):
    azure.next_link = "https://169.254.169.254/latest/meta-data"
    with pytest.raises(Forbidden, match=r"169\.254\.169\.254"):
        connect().look(guid_of(11))


def test_a_refusal_of_another_shape_is_told(connect, azure):
    provider = connect()
    for body in (b"", b"<html>", b"[]", b'{"error": 5}', b'{"error": {"code": {}, "message": []}}'):
        azure.refusal = Reply(400, body, {"Content-Type": "application/json"})
        assert isinstance(looked(provider), ProviderError), body


def test_a_redirect_elsewhere_is_not_followed(connect, azure):
    azure.refusal = Reply(307, b"", {"Location": "https://localhost:1/steal"})
    with pytest.raises(Forbidden, match="localhost"):
        connect().look(id_of(1))


def test_pages_without_end_are_no_absence(connect, azure, monkeypatch):
    monkeypatch.setattr("compliance.providers.azure.MOST_PAGES", 4)
    azure.next_link = f"{azure.url}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines?x=1"
    with pytest.raises(Malformed, match="does not end"):
        connect().look(guid_of(99))


def test_loopback_is_refused_unless_it_is_allowed(connect, azure):
    with pytest.raises(Forbidden, match="never connected to"):
        connect(loopback=False).look(id_of(1))
    assert azure.asked == []


@pytest.mark.parametrize("ca", ["", self_signed("another-ca.test").pem], ids=["usual roots", "another"])
def test_a_certificate_of_another_ca_is_refused(connect, ca):
    with pytest.raises(Unreachable, match="certificate") as refused:
        connect(ca=ca).look(id_of(1))
    assert refused.value.code == "certificate"


def test_a_server_that_is_not_there_is_unreachable(connect):
    with pytest.raises(Unreachable, match="cannot be reached"):
        connect(endpoint=f"https://127.0.0.1:{free_port()}").look(id_of(1))


def test_hostile_texts_are_cleaned(connect, azure):
    machine, card = azure.machines["vm1"], azure.cards["nic1"]
    machine["name"] = "vm1\x1b[31m\n<b>" + "x" * 500
    machine["tags"] = {"a\x00b": "c\x07d"}
    configuration = card["properties"]["ipConfigurations"][0]["properties"]
    configuration |= {"privateIPAddress": "169.254.169.254", "publicIPAddress": {"properties": {"ipAddress": "; rm"}}}
    found = connect().look(id_of(1))
    assert found.addresses == ()
    assert found.name.startswith("vm1[31m <b>xxx")
    assert len(found.name) == 200
    assert found.tags == {"ab": "cd"}


def test_an_answer_of_another_shape_is_told_or_empty(connect, azure):
    provider = connect()
    for answer in (
        "",
        "[]",
        "null",
        '"text"',
        "{",
        "<html>",
        DEEP,
        '{"properties": 5}',
        '{"properties": {"vmId": {}}}',
    ):
        azure.refusal = Reply(200, answer.encode(), {"Content-Type": "application/json"})
        found = looked(provider)
        assert isinstance(found, Malformed) or (found.addresses, found.power_state) == ((), ""), answer


@pytest.mark.parametrize("field", ["storageProfile", "networkProfile", "instanceView"])
def test_fields_of_another_shape_never_break(connect, azure, field):
    provider = connect()
    for value in (5, "text", [], [1], {"networkInterfaces": "x", "statuses": 7, "osDisk": []}):
        azure.machines["vm1"]["properties"][field] = value
        assert isinstance(looked(provider), Malformed | Seen), value


def test_a_network_interface_of_another_subscription_is_left_alone(connect, azure):
    stranger = PROVIDERS.replace(SUBSCRIPTION, TENANT) + "/Microsoft.Network/networkInterfaces/nic1"
    azure.machines["vm1"]["properties"]["networkProfile"]["networkInterfaces"] = [{"id": stranger}]
    assert connect().look(id_of(1)).addresses == ()
    assert stranger not in azure.asked


def test_an_answer_that_is_too_large_is_refused(connect, azure, monkeypatch):
    monkeypatch.setattr("compliance.providers.sessions.MOST_BYTES", 10_000)
    azure.refusal = said({"name": "x" * 20_000})
    with pytest.raises(Malformed, match="larger"):
        connect().look(id_of(1))


def test_secrets_are_in_no_message(connect):
    provider = connect(secret="do-not-tell")
    assert "do-not-tell" not in json.dumps([provider.test().message, repr(provider)])
