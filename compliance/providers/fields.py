"""The fields of each kind of provider connection, and what their values must look like."""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from organizations.lib.pem import ascii_pem

LONGEST_CA = 200_000
LONGEST_VALUE = 20_000


@dataclass(frozen=True)
class Field:
    """One value of a connection. A secret is stored encrypted and never shown; ``pattern`` fits the whole value."""

    name: str
    label: str
    secret: bool = False
    required: bool = False
    help: str = ""
    default: str = ""
    multiline: bool = False
    pattern: str = ""
    example: str = ""


GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
GUID_EXAMPLE = "00000000-0000-0000-0000-000000000000"

KINDS: dict[str, str] = {
    "aws": "AWS", "azure": "Azure", "gcp": "Google Cloud", "vmware": "VMware vCenter", "proxmox": "Proxmox VE",
}  # fmt: skip
"""{kind: what people call it}."""

ENDPOINTS: dict[str, Field] = {
    "azure": Field("endpoint", "Resource Manager endpoint", default="https://management.azure.com",
                   help="Change it for a sovereign cloud, such as https://management.usgovcloudapi.net."),
    "gcp": Field("endpoint", "Compute Engine endpoint", default="https://compute.googleapis.com",
                 help="Change it for a private or regional endpoint."),
    "vmware": Field("endpoint", "vCenter address", required=True, example="https://vcenter.example.com",
                    help="The vCenter server, with its port unless it is 443."),
    "proxmox": Field("endpoint", "Proxmox VE address", required=True, example="https://pve.example.com:8006",
                     help="One node of the cluster, with its port."),
}  # fmt: skip
"""The endpoint of a kind; AWS has none of its own: the region decides it."""

FIELDS: dict[str, tuple[Field, ...]] = {
    "aws": (
        Field("region", "Region", default="us-east-1", required=True, pattern=r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}",
              example="eu-central-1", help="Where a VM is looked for whose own region is not known."),
        Field("access_key_id", "Access key ID", pattern=r"[A-Z0-9]{4,128}", example="AKIAIOSFODNN7EXAMPLE",
              help="Of a user that may ec2:DescribeInstances, or that may assume the role below."),
        Field("secret_access_key", "Secret access key", secret=True),
        Field("role_arn", "Role ARN", pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,500}",
              example="arn:aws:iam::123456789012:role/plumbline",
              help="A role to assume with the keys; it then needs ec2:DescribeInstances."),
        Field("external_id", "External ID", pattern=r"[\w+=,.@:/-]{2,1224}",
              help="What the role's trust policy asks for."),
    ),
    "azure": (
        Field("tenant_id", "Directory (tenant) ID", required=True, pattern=GUID, example=GUID_EXAMPLE),
        Field("subscription_id", "Subscription ID", required=True, pattern=GUID, example=GUID_EXAMPLE),
        Field("client_id", "Application (client) ID", required=True, pattern=GUID, example=GUID_EXAMPLE,
              help="An app registration with the role Reader on the subscription."),
        Field("client_secret", "Client secret", secret=True, required=True, help="The secret's value, not its ID."),
        Field("authority", "Sign-in endpoint", default="https://login.microsoftonline.com",
              help="Change it for a sovereign cloud, such as https://login.microsoftonline.us."),
    ),
    "gcp": (
        Field("project_id", "Project ID", required=True, example="my-project-123456",
              pattern=r"([a-z][a-z0-9.-]{0,60}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"),
        Field("service_account_key", "Service account key", secret=True, required=True, multiline=True,
              help="The JSON key file of a service account with the role Compute Viewer."),
    ),
    "vmware": (
        Field("username", "User name", required=True, example="plumbline@vsphere.local",
              help="A user with the role Read-only on the VMs."),
        Field("password", "Password", secret=True, required=True),
    ),
    "proxmox": (
        Field("token_id", "API token ID", pattern=r"[^\s@!]+@[^\s@!]+![\w.-]+", example="plumbline@pve!gate",
              help="It needs VM.Audit and, to ask guests, VM.Monitor (from version 9: VM.GuestAgent.Audit)."),
        Field("token_secret", "API token secret", secret=True),
        Field("username", "User name", pattern=r"[^\s@!]+@[^\s@!]+", example="plumbline@pve",
              help="With its realm, in the place of a token; not for users with a second factor."),
        Field("password", "Password", secret=True),
    ),
}  # fmt: skip
"""{kind: its fields in the order in which they are asked}."""


def problems_of(
    kind: str, *, endpoint: str, scope: Mapping[str, object], secret: Mapping[str, object], ca_certificate: str = "",
    allow_ambient: bool = False,
) -> dict[str, str]:  # fmt: skip
    """Return {field: what is wrong with it and what to write}; empty when a connection can be made of the values.

    ``allow_ambient``: whether an AWS connection without keys may use the server's own credentials. Calls nothing.
    """
    if kind not in FIELDS:
        return {"kind": f"Choose one of: {', '.join(FIELDS)}."}
    problems: dict[str, str] = {}
    known = {field.name: field for field in FIELDS[kind]}
    for group, given in (("scope", scope), ("secret", secret)):
        for name in given:
            if name not in known or known[name].secret != (group == "secret"):
                problems[group] = f"{name[:60]} is no such field of {KINDS[kind]}."
    for field in FIELDS[kind]:
        if problem := problem_of(field, (secret if field.secret else scope).get(field.name, "")):
            problems[field.name] = problem
    if problem := problem_of_endpoint(kind, endpoint):
        problems["endpoint"] = problem
    if problem := problem_of_ca(ca_certificate):
        problems["ca_certificate"] = problem
    values = {name: value for name, value in {**scope, **secret}.items() if isinstance(value, str)}
    for name, problem in EXTRA.get(kind, lambda values, ambient: {})(values, allow_ambient).items():
        problems.setdefault(name, problem)
    return problems


def problem_of(field: Field, value: object) -> str:
    """Return what is wrong with the value of one field, or an empty text."""
    example = f", such as {field.example}" if field.example else ""
    if not isinstance(value, str):
        return f"Write {field.label} as text{example}."
    if not value.strip():
        return f"Give {field.label}{example}." if field.required and not field.default else ""
    if len(value) > LONGEST_VALUE:
        return f"{field.label} is longer than {LONGEST_VALUE} characters."
    if not field.multiline and any(ord(mark) < 32 or ord(mark) == 127 for mark in value):
        return f"{field.label} has line breaks or control characters; write it on one line."
    if field.pattern and not re.fullmatch(field.pattern, value):
        return f"{field.label} does not look right; write it as the provider shows it{example}."
    return ""


def problem_of_endpoint(kind: str, endpoint: str) -> str:
    """Return what is wrong with the endpoint of a connection of ``kind``, or an empty text."""
    field = ENDPOINTS.get(kind)
    if field is None:
        return "AWS has no endpoint to set: the region decides it; leave it empty." if endpoint else ""
    if not endpoint:
        return f"Give the {field.label}, such as {field.example}." if field.required else ""
    return problem_of_url(endpoint)


def problem_of_url(url: str) -> str:
    """Return what is wrong with the address of a server, https and nothing after host and port, or an empty text."""
    try:
        parts = urlsplit(url)
        odd = parts.port == 0 or parts.username is not None or bool(parts.query or parts.fragment)
    except ValueError:
        return "This is no address; write one such as https://vcenter.example.com."
    if parts.scheme != "https":
        return "Write an address that starts with https://."
    if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", parts.hostname or "") or odd or parts.path not in ("", "/"):
        return "Write the host name and, if needed, the port, such as https://host.example.com:8443, and nothing else."
    return ""


def problem_of_ca(pem: str) -> str:
    """Return what is wrong with the CA certificates in ``pem``, or an empty text; none at all are fine.

    They are read as they are when they are used, so that what is taken here is never refused there.
    """
    if not pem.strip():
        return ""
    if len(pem) > LONGEST_CA:
        return f"The certificates are longer than {LONGEST_CA} characters."
    try:
        ssl.create_default_context(cadata=ascii_pem(pem))
    except (ValueError, ssl.SSLError):
        return "This is no certificate in PEM form; it begins with -----BEGIN CERTIFICATE-----."
    return ""


def _aws_problems(values: Mapping[str, str], allow_ambient: bool) -> dict[str, str]:
    if bool(values.get("access_key_id")) != bool(values.get("secret_access_key")):
        missing = "secret_access_key" if values.get("access_key_id") else "access_key_id"
        return {missing: "Give the access key ID and the secret access key together."}
    if not values.get("access_key_id") and not allow_ambient:
        return {"access_key_id": "Give access keys; this server's own credentials are not for connections."}
    if values.get("external_id") and not values.get("role_arn"):
        return {"role_arn": "Give the role that asks for the external ID, or leave the external ID empty."}
    return {}


def _azure_problems(values: Mapping[str, str], allow_ambient: bool) -> dict[str, str]:
    problem = problem_of_url(values["authority"]) if values.get("authority") else ""
    return {"authority": problem} if problem else {}


def _proxmox_problems(values: Mapping[str, str], allow_ambient: bool) -> dict[str, str]:
    given = [pair for pair in (("token_id", "token_secret"), ("username", "password")) if any(map(values.get, pair))]
    if not given:
        return {"token_id": "Give an API token ID, such as plumbline@pve!gate, and its secret."}
    if len(given) > 1:
        return {"username": "Give an API token, or a user name and password, not both."}
    return {name: "Give both, the name and its secret." for name in given[0] if not values.get(name)}


EXTRA: dict[str, Callable[[Mapping[str, str], bool], dict[str, str]]] = {
    "aws": _aws_problems, "azure": _azure_problems, "proxmox": _proxmox_problems,
}  # fmt: skip
"""What fields of a kind ask of each other."""
