"""What all kinds of providers share: fields, lazy opening, missing SDKs, where they may be called, cleaning."""

import subprocess
import sys

import pytest

from compliance.providers import outbound
from compliance.providers.answers import MOST_ADDRESSES, MOST_TAGS, seen
from compliance.providers.base import Forbidden, ProviderError, Unreachable
from compliance.providers.fields import ENDPOINTS, FIELDS, KINDS, problems_of
from compliance.providers.registry import EXTRAS, PLACES, open_provider
from tests.peers.certificates import self_signed

GUID = "00000000-0000-0000-0000-000000000001"
GOOD: dict[str, dict[str, dict[str, str] | str]] = {
    "aws": {
        "scope": {"region": "eu-central-1", "access_key_id": "AKIATESTS"}, "secret": {"secret_access_key": "x"},
    },
    "azure": {
        "scope": {"tenant_id": GUID, "subscription_id": GUID, "client_id": GUID}, "secret": {"client_secret": "x"},
    },
    "gcp": {"scope": {"project_id": "web-project-1"}, "secret": {"service_account_key": "{}"}},
    "vmware": {
        "endpoint": "https://vcenter.example.com", "scope": {"username": "reader"}, "secret": {"password": "x"},
    },
    "proxmox": {
        "endpoint": "https://pve.example.com:8006", "scope": {"token_id": "a@pve!b"}, "secret": {"token_secret": "x"},
    },
}  # fmt: skip


def problems(kind: str, **other: object) -> dict[str, str]:
    return problems_of(kind, **{"endpoint": "", **GOOD[kind], **other})  # type: ignore[arg-type]  # also unfit ones


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_fields_and_a_place(kind):
    assert FIELDS[kind]
    assert kind in PLACES
    assert any(field.secret for field in FIELDS[kind])
    assert all(field.label for field in FIELDS[kind])
    assert problems(kind) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_required_field_that_is_empty_is_named(kind):
    for field in FIELDS[kind]:
        if field.required and not field.default:
            group = "secret" if field.secret else "scope"
            assert field.name in problems(kind, **{group: {**GOOD[kind][group], field.name: " "}})  # type: ignore[dict-item]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [5, None, ["x"], {}, True, "a\nb", "\x00", "x" * 50_000])
def test_values_of_another_shape_are_named_and_never_break(kind, value):
    for field in FIELDS[kind]:
        if field.multiline and isinstance(value, str) and len(value) < 100:
            continue
        group = "secret" if field.secret else "scope"
        assert field.name in problems(kind, **{group: {**GOOD[kind][group], field.name: value}})  # type: ignore[dict-item]


def test_unknown_fields_and_kinds_are_refused():
    assert "kind" in problems_of("vultr", endpoint="", scope={}, secret={})
    assert "scope" in problems("gcp", scope={"project_id": "web-project-1", "colour": "red"})
    assert "scope" in problems("gcp", scope={"project_id": "web-project-1", "service_account_key": "{}"})
    assert "secret" in problems("gcp", secret={"service_account_key": "{}", "project_id": "web-project-1"})


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://vcenter.example.com", "vcenter.example.com", "https://", "https://a b", "https://user@host",
        "https://host/path", "https://host?x=1", "https://host#x", "https://host:99999", "https://[::1", "file:///etc",
        "https://host\\@evil", "https://host:0",
    ],
)  # fmt: skip
def test_an_endpoint_is_https_and_a_host(endpoint):
    assert "endpoint" in problems("vmware", endpoint=endpoint)
    assert "endpoint" in problems("azure", endpoint=endpoint)


def test_aws_has_no_endpoint_of_its_own():
    assert "endpoint" in problems("aws", endpoint="https://evil.example.com")
    assert "aws" not in ENDPOINTS


def test_certificates_are_in_pem_form():
    assert problems("vmware", ca_certificate=self_signed().pem) == {}
    assert "ca_certificate" in problems("vmware", ca_certificate="-----BEGIN CERTIFICATE-----\nAAAA\n")
    assert "ca_certificate" in problems("vmware", ca_certificate="x" * 300_000)


@pytest.mark.parametrize("comment", ["# Zürich root", "# корень", "# \ud800", "é" * 1000])
def test_comments_around_certificates_may_be_in_any_language(comment):
    pem = f"{comment}\n{self_signed().pem}{comment}\n{self_signed().pem}"
    assert problems("vmware", ca_certificate=pem) == {}


@pytest.mark.parametrize("broken", ["é", "AAAA", "AAAAé"])
def test_one_broken_certificate_of_several_is_named(broken):
    block = f"-----BEGIN CERTIFICATE-----\n{broken}\n-----END CERTIFICATE-----\n"
    assert "ca_certificate" in problems("vmware", ca_certificate=self_signed().pem + block)


def test_aws_keys_come_together_and_an_external_id_with_a_role():
    assert "secret_access_key" in problems("aws", secret={})
    assert "access_key_id" in problems("aws", scope={"region": "eu-central-1"}, secret={})
    assert problems("aws", scope={"region": "eu-central-1"}, secret={}, allow_ambient=True) == {}
    assert "role_arn" in problems("aws", scope={**GOOD["aws"]["scope"], "external_id": "abc"})  # type: ignore[dict-item]


@pytest.mark.parametrize("kind", ["aws", "azure", "vmware", "proxmox"])
def test_opening_makes_no_call(kind, monkeypatch):
    def refused(*arguments: object, **more: object) -> None:
        raise AssertionError("a call was made")

    monkeypatch.setattr("socket.socket.connect", refused)
    monkeypatch.setattr("socket.getaddrinfo", refused)
    assert open_provider(kind, **GOOD[kind])  # type: ignore[arg-type]


def test_unfit_values_open_nothing():
    with pytest.raises(ProviderError, match="Give Project ID"):
        open_provider("gcp", secret={"service_account_key": "{}"})


@pytest.mark.parametrize(("kind", "sdk"), [("azure", "azure"), ("gcp", "google")])
def test_a_missing_sdk_names_the_command_that_installs_it(kind, sdk):
    """In a process of its own, where the SDK cannot be imported; all other kinds open there."""
    program = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "{sdk}" or name.startswith("{sdk}."):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from compliance.providers.base import SdkMissing
from compliance.providers.registry import open_provider

good = {GOOD!r}
for kind in ("aws", "vmware", "proxmox"):
    open_provider(kind, **good[kind])
try:
    open_provider("{kind}", **good["{kind}"])
except SdkMissing as error:
    print(error.code, error.message)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert said.stdout.startswith("sdk_missing"), said.stderr
    assert f"requirements/install.sh {EXTRAS[kind]}" in said.stdout


def test_no_sdk_is_imported_before_it_is_used():
    program = "import sys, compliance.providers.registry; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.split())
    assert "compliance.providers.registry" in loaded
    assert not loaded & {"boto3", "botocore", "azure", "google.cloud", "pyVmomi", "proxmoxer"}


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1",
                "::ffff:169.254.169.254", "fd00:ec2::254", "168.63.129.16"],
)  # fmt: skip
def test_addresses_of_this_server_its_link_and_its_cloud_are_refused(address):
    with pytest.raises(Forbidden):
        outbound.permit_address(address, "host", allow_loopback=False)


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "fd00:ec2::254", "::ffff:169.254.169.254"])
def test_an_operator_may_use_loopback_and_nothing_else_of_them(address):
    outbound.permit_address("127.0.0.1", "host", allow_loopback=True)
    outbound.permit_address("10.0.0.1", "host", allow_loopback=False)
    with pytest.raises(Forbidden):
        outbound.permit_address(address, "host", allow_loopback=True)


def test_a_url_leads_to_permitted_addresses_only():
    with pytest.raises(Forbidden, match="https"):
        outbound.permit_url("http://example.com", allow_loopback=True)
    with pytest.raises(Forbidden, match="this server"):
        outbound.permit_url("https://localhost", allow_loopback=False)
    with pytest.raises(Unreachable, match="no address"):
        outbound.permit_url("https://nobody.invalid", allow_loopback=False)


def test_addresses_are_sorted_cleaned_and_counted():
    odd = [None, 5, "", "x", "10.0.0.1 ", "127.0.0.1", "::1", "fe80::1%eth0", "169.254.1.1", "0.0.0.0", "224.0.0.1"]
    found = seen(addresses=[*odd, "2001:db8:1::1", "198.51.100.1", "fd00::1", "10.0.0.2/24", "10.0.0.2"])
    assert found.addresses == ("10.0.0.2", "fd00::1", "198.51.100.1", "2001:db8:1::1")
    assert len(seen(addresses=[f"10.0.{n}.1" for n in range(100)]).addresses) == MOST_ADDRESSES


def test_texts_and_tags_of_any_shape_are_cleaned():
    found = seen(addresses=[], os_family=["linux"], power_state="on", tags={1: "a", "b": 2, "c\x1b": "d\r\ne", "": "f"})
    assert (found.os_family, found.power_state, found.tags) == ("", "", {"c": "d e"})
    assert seen(addresses=[], tags=["x"]).tags == {}
    assert len(seen(addresses=[], tags={f"t{n}": "x" for n in range(1000)}).tags) == MOST_TAGS
    assert seen(addresses=[], name="\u202eabc\u200b" + "x" * 900).name == "abc" + "x" * 197
