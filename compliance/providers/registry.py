"""Opens providers by kind. Modules and SDKs are imported when they are used: they are slow, and two are optional."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from compliance.providers.base import Access, Provider, ProviderError, SdkMissing
from compliance.providers.fields import ENDPOINTS as ENDPOINTS
from compliance.providers.fields import FIELDS as FIELDS
from compliance.providers.fields import KINDS as KINDS
from compliance.providers.fields import problems_of as problems_of

PLACES: dict[str, tuple[str, str]] = {
    "aws": ("compliance.providers.aws", "Aws"),
    "azure": ("compliance.providers.azure", "Azure"),
    "gcp": ("compliance.providers.gcp", "Gcp"),
    "vmware": ("compliance.providers.vmware", "Vmware"),
    "proxmox": ("compliance.providers.proxmox", "Proxmox"),
}
"""{kind: (module, class)}; the class takes one Access."""
EXTRAS: dict[str, str] = {"azure": "azure", "gcp": "gcp"}
"""{kind: the argument of requirements/install.sh that installs its SDK}; the others come with the product."""


def open_provider(
    kind: str, endpoint: str = "", scope: Mapping[str, str] = {}, secret: Mapping[str, str] = {},
    ca_certificate: str = "", *, allow_loopback: bool = False, allow_ambient: bool = False, aws_endpoint: str = "",
) -> Provider:  # fmt: skip
    """Return a connection to a provider, without a call. Raises SdkMissing, or ProviderError for unfit values.

    ``allow_loopback``: the endpoint may be an address of this server; ``allow_ambient``: AWS may use the server's own
    credentials; ``aws_endpoint``: what the operator has put in the place of AWS. Who may, the caller decides.
    """
    problems = problems_of(
        kind, endpoint=endpoint, scope=scope, secret=secret, ca_certificate=ca_certificate, allow_ambient=allow_ambient
    )
    if problems:
        raise ProviderError(" ".join(problems.values()), "unfit")
    defaults = {field.name: field.default for field in FIELDS[kind] if field.default and not scope.get(field.name)}
    usual = ENDPOINTS[kind].default if kind in ENDPOINTS else ""
    access = Access(
        endpoint=(endpoint or usual).rstrip("/"), scope={**scope, **defaults}, secret=dict(secret),
        ca_certificate=ca_certificate, allow_loopback=allow_loopback, allow_ambient=allow_ambient,
        aws_endpoint=aws_endpoint,
    )  # fmt: skip
    return _maker_of(kind)(access)


def _maker_of(kind: str) -> Callable[[Access], Provider]:
    module, name = PLACES[kind]
    try:
        return cast(Callable[[Access], Provider], getattr(import_module(module), name))
    except ImportError as error:
        if error.name is None or error.name.startswith("compliance."):
            raise
        command = f"requirements/install.sh {EXTRAS.get(kind, 'base')}"
        raise SdkMissing(
            f"The SDK of {KINDS[kind]} is not installed on this server ({error.name}); install it with: {command}"
        ) from error
