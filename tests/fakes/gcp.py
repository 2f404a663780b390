"""Google's Compute Engine, as far as VMs are looked up: the documented routes, on loopback.

Routes and texts come from Google's reference, not from recorded answers. Tokens are the self-signed ones that the SDK
makes of a service account's key; their signature is checked.
"""

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.fakes.https import Asked, Reply

PROJECT, ZONE = "web-project-1", "europe-west1-b"
EMAIL = f"plumbline@{PROJECT}.iam.gserviceaccount.com"
ZONES = f"/compute/v1/projects/{PROJECT}/zones"
PAGE = 5


@cache
def key_pair(name: str) -> tuple[str, str]:
    """Return a private and a public key in PEM form, the same ones for the same ``name``."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def key_file(name: str = "right", **other: str) -> str:
    """Return a service account's key file; the fake knows the one named right."""
    said = {
        "type": "service_account", "project_id": PROJECT, "private_key_id": name, "private_key": key_pair(name)[0],
        "client_email": EMAIL, "client_id": "1", "token_uri": "https://169.254.169.254/token", **other,
    }  # fmt: skip
    return json.dumps(said)


@dataclass
class GcpFake:
    """Twelve instances in one zone: Linux and Windows by turns, every fourth terminated. Tests change them."""

    url: str = ""
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: list[Reply] = field(default_factory=list)
    """What the next calls are answered with."""
    endless: bool = False
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(12):
            self.instances[f"vm{number}"] = instance(number)

    def answer(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        self.asked.append(path)
        if not signed(asked.headers.get("authorization", "")):
            return failed(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if self.refusals:
            return self.refusals.pop(0)
        if path == f"/compute/v1/projects/{PROJECT}/aggregated/instances":
            return said(self._page(int(query.get("pageToken", ["0"])[0])))
        for name, found in self.instances.items():
            if path in (f"{ZONES}/{ZONE}/instances/{name}", f"{ZONES}/{ZONE}/instances/{found['id']}"):
                return said(found)
        return failed(404, "NOT_FOUND", f"The resource '{path.removeprefix('/compute/v1/')}' was not found")

    def _page(self, start: int) -> dict[str, Any]:
        found = list(self.instances.values())
        page: dict[str, Any] = {
            "kind": "compute#instanceAggregatedList",
            "items": {
                f"zones/{ZONE}": {"instances": found[start : start + PAGE]},
                "zones/us-east1-b": {"warning": {"code": "NO_RESULTS_ON_PAGE"}},
            },
        }
        if self.endless or start + PAGE < len(found):
            page["nextPageToken"] = str(start + PAGE)
        return page


def instance(number: int) -> dict[str, Any]:
    image = (
        "windows-cloud/global/licenses/windows-server-2022-dc"
        if number % 2
        else ("debian-cloud/global/licenses/debian-12-bookworm")
    )
    return {
        "kind": "compute#instance", "id": str(7_000_000_000_000_000_000 + number), "name": f"vm{number}",
        "status": "TERMINATED" if number % 4 == 3 else "RUNNING",
        "zone": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/{ZONE}",
        "labels": {"project": "web", "number": str(number)},
        "disks": [{
            "boot": True, "licenses": [f"https://www.googleapis.com/compute/v1/projects/{image}"],
            "guestOsFeatures": [{"type": "WINDOWS"}] if number % 2 else [{"type": "UEFI_COMPATIBLE"}],
        }],
        "networkInterfaces": [
            {"networkIP": f"10.1.0.{10 + number}", "accessConfigs": [{"natIP": f"198.51.100.{number}"}]}
        ],
    }  # fmt: skip


def signed(authorization: str) -> bool:
    """Tell whether the token was signed with the right key, by the right account, for this service, and is in time."""
    token = authorization.removeprefix("Bearer ")
    try:
        said = jwt.decode(token, certs=key_pair("right")[1], audience="https://compute.googleapis.com/")
    except ValueError:
        return False
    return bool(said["iss"] == EMAIL and said["exp"] > time.time())


def said(document: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json"})


def failed(status: int, word: str, message: str) -> Reply:
    return said({"error": {"code": status, "message": message, "status": word}}, status)
