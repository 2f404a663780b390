"""Azure's Resource Manager and its sign-in, as far as VMs are looked up: the documented routes, on loopback.

Routes and texts come from Microsoft's reference, not from recorded answers.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.https import Asked, Reply

TENANT, CLIENT = "10000000-0000-0000-0000-000000000001", "20000000-0000-0000-0000-000000000002"
SUBSCRIPTION, SECRET = "30000000-0000-0000-0000-000000000003", "right-secret"
TOKEN = "azure-token"
PROVIDERS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/web/providers"
PAGE = 5


def guid_of(number: int) -> str:
    return f"40000000-0000-0000-0000-{number:012d}"


def id_of(number: int) -> str:
    return f"{PROVIDERS}/Microsoft.Compute/virtualMachines/vm{number}"


@dataclass
class AzureFake:
    """Twelve VMs: Linux and Windows by turns, every fourth deallocated. Tests change what they need."""

    url: str = ""
    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    throttled: int = 0
    """How many of the next calls are answered with 429."""
    retry_after: str = "0.01"
    refusal: Reply | None = None
    """What every call to Resource Manager is answered with, if set."""
    next_link: str = ""
    """Where the list's next page is said to be, if set."""
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(12):
            self.machines[f"vm{number}"] = machine(number)
            self.cards[f"nic{number}"] = card(number)

    def answer(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        self.asked.append(path)
        if path.endswith("/openid-configuration"):
            return said(self._sign_in(path.split("/")[1]))
        if path.endswith("/oauth2/v2.0/token"):
            return token_for(asked)
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return failed(401, "InvalidAuthenticationToken", "The access token is invalid.")
        if self.throttled:
            self.throttled -= 1
            return failed(429, "TooManyRequests", "The request is being throttled.", {"Retry-After": self.retry_after})
        return self.refusal or self._resource(path, query)

    def _resource(self, path: str, query: dict[str, list[str]]) -> Reply:
        if path == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines":
            return said(self._page(int(query.get("$skiptoken", ["0"])[0]), path))
        name = path.rpartition("/")[2]
        if path.startswith(f"{PROVIDERS}/Microsoft.Compute/virtualMachines/") and name in self.machines:
            found = json.loads(json.dumps(self.machines[name]))
            if query.get("$expand") != ["instanceView"]:
                found["properties"].pop("instanceView", None)
            return said(found)
        if path.startswith(f"{PROVIDERS}/Microsoft.Network/networkInterfaces/") and name in self.cards:
            return said(self.cards[name])
        if path.startswith(f"{PROVIDERS}/Microsoft.Network/publicIPAddresses/"):
            return said({"id": path, "name": name, "properties": {"ipAddress": "198.51.100.200"}})
        return failed(404, "ResourceNotFound", f"The Resource '{path}' was not found.")

    def _page(self, start: int, path: str) -> dict[str, Any]:
        machines = list(self.machines.values())
        page: dict[str, Any] = {"value": machines[start : start + PAGE]}
        if start + PAGE < len(machines):
            page["nextLink"] = self.next_link or f"{self.url}{path}?api-version=2025-04-01&$skiptoken={start + PAGE}"
        return page

    def _sign_in(self, tenant: str) -> dict[str, Any]:
        base = f"{self.url}/{tenant}"
        return {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        }


def machine(number: int) -> dict[str, Any]:
    power = "deallocated" if number % 4 == 3 else "running"
    return {
        "id": id_of(number), "name": f"vm{number}", "type": "Microsoft.Compute/virtualMachines",
        "location": "westeurope", "tags": {"project": "web", "number": str(number)},
        "properties": {
            "vmId": guid_of(number), "provisioningState": "Succeeded",
            "storageProfile": {
                "imageReference": {"publisher": "Debian", "offer": "debian-12", "sku": "12", "version": "latest"},
                "osDisk": {"osType": "Windows" if number % 2 else "Linux", "createOption": "FromImage"},
            },
            "networkProfile": {
                "networkInterfaces": [{"id": f"{PROVIDERS}/Microsoft.Network/networkInterfaces/nic{number}"}]
            },
            "instanceView": {
                "statuses": [{"code": "ProvisioningState/succeeded"}, {"code": f"PowerState/{power}"}],
            },
        },
    }  # fmt: skip


def card(number: int) -> dict[str, Any]:
    public = {"id": f"{PROVIDERS}/Microsoft.Network/publicIPAddresses/ip{number}"}
    if number % 2 == 0:
        public["properties"] = {"ipAddress": f"198.51.100.{number}"}  # type: ignore[assignment]  # JSON
    configuration = {"privateIPAddress": f"10.0.0.{10 + number}", "primary": True, "publicIPAddress": public}
    return {
        "id": f"{PROVIDERS}/Microsoft.Network/networkInterfaces/nic{number}", "name": f"nic{number}",
        "properties": {"ipConfigurations": [{"name": "first", "properties": configuration}]},
    }  # fmt: skip


def token_for(asked: Asked) -> Reply:
    form = parse_qs(asked.body.decode())
    if form.get("client_id") != [CLIENT]:
        return said({"error": "unauthorized_client", "error_description": "AADSTS700016: Application not found."}, 400)
    if form.get("client_secret") != [SECRET]:
        words = "AADSTS7000215: Invalid client secret provided."
        return said({"error": "invalid_client", "error_description": words}, 401)
    return said({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})


def said(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})


def failed(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    return said({"error": {"code": code, "message": message}}, status, headers)
