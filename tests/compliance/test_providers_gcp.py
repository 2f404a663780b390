"""Google's SDK, unmodified, against a small HTTPS server that speaks the documented routes."""

import socket
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
from tests.fakes.gcp import PROJECT, ZONE, GcpFake, failed, key_file
from tests.fakes.https import Reply, https_server
from tests.peers.certificates import Certificate, self_signed
from tests.peers.ports import free_port

DEEP = "[" * 100_000
Connect = Callable[..., Provider]
PATH = f"projects/{PROJECT}/zones/{ZONE}/instances"
NUMBER = 7_000_000_000_000_000_000


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed()


@pytest.fixture
def gcp() -> GcpFake:
    return GcpFake()


@pytest.fixture
def connect(gcp: GcpFake, certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    monkeypatch.setattr("compliance.providers.gcp.FIRST_PAUSE_S", 0.01)

    def connected(*, key: str = "", endpoint: str = "", ca: str | None = None, loopback: bool = True) -> Provider:
        return open_provider(
            "gcp", endpoint or url, {"project_id": PROJECT}, {"service_account_key": key or key_file()},
            certificate.pem if ca is None else ca, allow_loopback=loopback,
        )  # fmt: skip

    with https_server(certificate, gcp.answer) as url:
        gcp.url = url
        yield connected


def looked(provider: Provider) -> Seen | ProviderError:
    try:
        return provider.look(f"{PATH}/vm1")
    except ProviderError as error:
        return error


def test_an_instance_is_looked_up_by_its_path(connect):
    found = connect().look(f"{PATH}/vm2")
    assert found.addresses == ("10.1.0.12", "198.51.100.2")
    assert (found.os_family, found.os_name, found.power_state) == ("linux", "debian-12-bookworm", "running")
    assert (found.name, found.tags) == ("vm2", {"project": "web", "number": "2"})


def test_a_self_link_names_it_too(connect):
    assert connect().look(f"https://www.googleapis.com/compute/v1/{PATH}/vm4").name == "vm4"


def test_an_instance_is_found_by_its_number_on_a_later_page(connect, gcp):
    found = connect().look(str(NUMBER + 11))
    assert (found.name, found.os_family, found.power_state) == ("vm11", "windows", "stopped")
    assert len([path for path in gcp.asked if path.endswith("/aggregated/instances")]) == 3


@pytest.mark.parametrize("known", [{"region": ZONE}, {"hints": {"self_link": f"{PATH}/vm3"}}])
def test_a_zone_or_a_path_beside_the_number_saves_the_list(connect, gcp, known):
    assert connect().look(str(NUMBER + 3), **known).name == "vm3"
    assert not any(path.endswith("/aggregated/instances") for path in gcp.asked)


def test_another_instance_of_the_same_name_is_not_taken_for_it(connect):
    with pytest.raises(NotFound, match="another instance now"):
        connect().look(str(NUMBER + 4), hints={"self_link": f"{PATH}/vm5"})


@pytest.mark.parametrize(
    "instance", [f"{PATH}/vm99", str(NUMBER + 99), f"projects/other/zones/{ZONE}/instances/vm1", "../../x", ""]
)
def test_an_unknown_instance_is_not_found(connect, instance):
    with pytest.raises(NotFound):
        connect().look(instance)


def test_the_test_says_that_it_works(connect):
    outcome = connect().test()
    assert outcome.ok, outcome
    assert PROJECT in outcome.message


def test_a_key_that_google_does_not_know_is_told(connect):
    outcome = connect(key=key_file("another")).test()
    assert not outcome.ok
    assert "does not take the key" in outcome.message


@pytest.mark.parametrize(
    "key", ["{", "[]", '{"type": "service_account"}', key_file(type="external_account"), key_file(private_key="x")]
)
def test_only_a_key_file_of_a_service_account_is_taken(connect, key):
    with pytest.raises(Refused, match="service account key"):
        connect(key=key)


def test_no_token_is_fetched_from_where_the_key_file_says(connect, gcp, monkeypatch):
    tried: list[str] = []
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: tried.append(host) or real(host, *rest, **more)
    )
    connect().look(f"{PATH}/vm1")  # the key file's token_uri is a metadata address
    assert gcp.asked == [f"/compute/v1/{PATH}/vm1"]
    assert set(tried) == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Required 'compute.instances.get' permission for 'projects/x'", "compute.instances.get"),
        ("Compute Engine API has not been used in project 1 before or it is disabled.", "not enabled"),
    ],
)
def test_what_is_missing_is_named(connect, gcp, said, told):
    gcp.refusals = [failed(403, "PERMISSION_DENIED", said)]
    with pytest.raises(Refused, match=told):
        connect().look(f"{PATH}/vm1")


def test_throttling_is_waited_out_for_a_while(connect, gcp):
    gcp.refusals = [failed(429, "RESOURCE_EXHAUSTED", "Quota exceeded"), failed(503, "UNAVAILABLE", "Try again")]
    assert connect().look(f"{PATH}/vm1").name == "vm1"


@pytest.mark.parametrize(("status", "kind"), [(429, Throttled), (503, Unreachable)])
def test_trouble_that_goes_on_is_told(connect, gcp, status, kind):
    gcp.refusals = [failed(status, "X", "Later")] * 100
    with pytest.raises(kind) as refused:
        connect().look(f"{PATH}/vm1")
    assert refused.value.passing
    assert len(gcp.refusals) == 97


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 5}', b'{"error": {"message": {}}}'])
def test_a_refusal_of_another_shape_is_told(connect, gcp, body):
    gcp.refusals = [Reply(403, body, {"Content-Type": "application/json"})]
    assert isinstance(looked(connect()), ProviderError)


def test_a_redirect_elsewhere_is_not_followed(connect, gcp):
    gcp.refusals = [Reply(302, b"", {"Location": "https://169.254.169.254/computeMetadata/v1/"})]
    with pytest.raises(Forbidden, match=r"169\.254\.169\.254"):
        connect().look(f"{PATH}/vm1")


def test_pages_without_end_are_no_absence(connect, gcp, monkeypatch):
    monkeypatch.setattr("compliance.providers.gcp.MOST_PAGES", 4)
    gcp.endless = True
    with pytest.raises(Malformed, match="does not end"):
        connect().look(str(NUMBER + 99))


def test_loopback_is_refused_unless_it_is_allowed(connect, gcp):
    with pytest.raises(Forbidden, match="never connected to"):
        connect(loopback=False).look(f"{PATH}/vm1")
    assert gcp.asked == []


@pytest.mark.parametrize("ca", ["", self_signed("another-ca.test").pem], ids=["usual roots", "another"])
def test_a_certificate_of_another_ca_is_refused(connect, ca):
    with pytest.raises(Unreachable, match="certificate") as refused:
        connect(ca=ca).look(f"{PATH}/vm1")
    assert refused.value.code == "certificate"


def test_a_name_that_changes_its_address_meanwhile_is_told_nothing(connect, gcp, monkeypatch):
    """The address that is checked and the one that is connected to come from two questions to the name service."""
    real, answers = socket.getaddrinfo, iter(["198.51.100.7", "127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real(next(answers), *rest, **more))
    with pytest.raises(Forbidden, match=r"localhost is 127\.0\.0\.1"):
        connect(endpoint=gcp.url.replace("127.0.0.1", "localhost"), loopback=False).look(f"{PATH}/vm1")
    assert gcp.asked == []


def test_a_server_that_is_not_there_is_unreachable(connect):
    with pytest.raises(Unreachable, match="cannot be reached"):
        connect(endpoint=f"https://127.0.0.1:{free_port()}").look(f"{PATH}/vm1")


def test_hostile_texts_are_cleaned(connect, gcp):
    gcp.instances["vm1"] |= {
        "name": "vm1\x1b[31m\n<b>", "labels": {"a\x00b": "c\x07d"}, "status": "WEIRD",
        "networkInterfaces": [{"networkIP": "127.0.0.1", "accessConfigs": [{"natIP": "$(id)"}]}],
    }  # fmt: skip
    found = connect().look(f"{PATH}/vm1")
    assert (found.addresses, found.name, found.tags, found.power_state) == ((), "vm1[31m <b>", {"ab": "cd"}, "other")


def test_answers_of_another_shape_are_told_or_empty(connect, gcp):
    provider = connect()
    for answer in (
        "",
        "[]",
        "null",
        '"text"',
        "{",
        "<html>",
        DEEP,
        '{"disks": 5}',
        '{"id": {}}',
        '{"networkInterfaces": 1}',
    ):
        gcp.refusals = [Reply(200, answer.encode(), {"Content-Type": "application/json"})]
        found = looked(provider)
        assert isinstance(found, Malformed) or (found.addresses, found.power_state) == ((), ""), answer
