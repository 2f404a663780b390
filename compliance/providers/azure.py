"""Azure virtual machines, through Microsoft's SDK. An optional extra: requirements/install.sh azure."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    DeserializationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

from compliance.providers.answers import plain, seen
from compliance.providers.base import (
    LONGEST_PAUSE_S,
    MOST_PAGES,
    MOST_TRIES,
    Access,
    Malformed,
    NotFound,
    ProviderError,
    Refused,
    Seen,
    TestOutcome,
    Throttled,
    Unreachable,
    outcome_of,
)
from compliance.providers.sessions import mount, trouble_of

MOST_CARDS = 8
LONGEST_LISTING_S = 60.0
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RESOURCE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[\w().-]{1,90})"
    r"/providers/Microsoft\.(?P<kind>Compute/virtualMachines|Network/networkInterfaces|Network/publicIPAddresses)"
    r"/(?P<name>[\w.-]{1,80})",
    re.IGNORECASE,
)
POWER = {"running": "running", "stopped": "stopped", "deallocated": "stopped"}
RETRIES = {
    "retry_total": MOST_TRIES - 1, "retry_connect": 1, "retry_read": 1, "retry_status": MOST_TRIES - 1,
    "retry_backoff_factor": 0.5, "retry_backoff_max": LONGEST_PAUSE_S,
}  # fmt: skip
CREDENTIAL_WORDS = {
    "AADSTS7000215": "the client secret is wrong; give its value, not its ID",
    "AADSTS7000222": "the client secret has expired; make a new one",
    "AADSTS700016": "the directory knows no such application; check client ID and tenant ID",
    "AADSTS90002": "there is no such tenant; check the tenant ID and the sign-in endpoint",
    "AADSTS900023": "there is no such tenant; check the tenant ID",
    "AADSTS7000229": "the application has no service principal in this directory",
}


class PatientTransport(RequestsTransport):
    """Waits between tries for as long as Azure asks for, up to a limit."""

    def sleep(self, duration: float) -> None:
        """Wait ``duration`` seconds, LONGEST_PAUSE_S at most."""
        time.sleep(min(max(duration, 0.0), LONGEST_PAUSE_S))


class Azure:
    """Looks virtual machines of one subscription up, with an app registration's secret."""

    def __init__(self, access: Access) -> None:
        scope, self._subscription = access.scope, access.scope["subscription_id"]
        self._host = urlsplit(access.endpoint).hostname or ""
        self._authority = urlsplit(scope["authority"]).hostname or ""
        session = mount(requests.Session(), access, access.endpoint, scope["authority"])
        carried: dict[str, Any] = {"transport": PatientTransport(session=session), **RETRIES}
        credential = ClientSecretCredential(
            scope["tenant_id"], scope["client_id"], access.secret["client_secret"], authority=scope["authority"],
            disable_instance_discovery=True, **carried,
        )  # fmt: skip
        carried |= {"base_url": access.endpoint, "credential_scopes": [f"{access.endpoint}/.default"]}
        self._compute: Any = ComputeManagementClient(credential, self._subscription, **carried)
        self._network: Any = NetworkManagementClient(credential, self._subscription, **carried)

    def test(self) -> TestOutcome:
        """Ask for the first page of virtual machines."""

        def ask() -> str:
            with self._failures_told("Microsoft.Compute/virtualMachines/read"):
                next(iter(self._compute.virtual_machines.list_all().by_page()), None)
            return f"Azure takes the client secret, and virtual machines of {self._subscription} can be read."

        return outcome_of(ask)

    def look(self, instance_id: str, *, region: str = "", name: str = "", hints: Mapping[str, str] = {}) -> Seen:
        """Return what Azure tells of the VM with this resource ID or GUID (vmId).

        A resource ID among ``hints`` saves listing the subscription; its VM must then have the GUID.
        """
        guid = instance_id.lower() if GUID.fullmatch(instance_id) else ""
        places = [self._place_of(text, "virtualMachines") for text in (instance_id, *hints.values())]
        place = next((place for place in places if place), None)
        if place is None and guid:
            place = self._listed(guid, name)
        if place is None:
            raise NotFound(
                f"{plain(instance_id, 120)!r} is no VM ID or resource ID of the subscription {self._subscription}."
            )
        with self._failures_told("Microsoft.Compute/virtualMachines/read", f"VM {place[1]} in {place[0]}"):
            machine = self._compute.virtual_machines.get(*place, expand="instanceView")
        if guid and plain(machine.vm_id).lower() != guid:
            raise NotFound(f"{place[1]} in {place[0]} is another VM now; Azure knows none with the ID {guid} there.")
        with self._failures_told("Microsoft.Compute/virtualMachines/read"):
            return self._seen_of(machine)

    def _listed(self, guid: str, name: str) -> tuple[str, str] | None:
        """Return (resource group, name) of the VM with ``guid`` from a list of all. Raises NotFound."""
        until = time.monotonic() + LONGEST_LISTING_S
        with self._failures_told("Microsoft.Compute/virtualMachines/read"):
            for number, page in enumerate(self._compute.virtual_machines.list_all().by_page(), 1):
                for machine in page:
                    if plain(machine.vm_id).lower() == guid:
                        return self._place_of(machine.id, "virtualMachines")
                if number >= MOST_PAGES or time.monotonic() > until:
                    raise Malformed("The list of virtual machines does not end; nothing is concluded from it.")
        raise NotFound(f"Azure knows no VM {name or guid} with the ID {guid} in {self._subscription}.")

    def _place_of(self, text: object, kind: str) -> tuple[str, str] | None:
        """Return (resource group, name) if ``text`` is a resource ID of that kind in the connection's subscription."""
        found = RESOURCE.fullmatch(text) if isinstance(text, str) else None
        if found is None or not found["kind"].lower().endswith(kind.lower()):
            return None
        if found["subscription"].lower() != self._subscription.lower():
            return None
        return found["group"], found["name"]

    def _seen_of(self, machine: Any) -> Seen:
        view, storage = machine.instance_view, machine.storage_profile
        codes = [plain(status.code) for status in (view.statuses or [])] if view else []
        power = next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), "")
        return seen(
            addresses=list(self._addresses_of(machine)),
            os_family=storage.os_disk.os_type if storage and storage.os_disk else "",
            os_name=_os_name_of(view, storage),
            power_state=POWER.get(power, "other" if power else ""),
            tags=machine.tags,
            name=machine.name,
        )

    def _addresses_of(self, machine: Any) -> Iterator[object]:
        cards = (machine.network_profile.network_interfaces or []) if machine.network_profile else []
        for card in cards[:MOST_CARDS]:
            place = self._place_of(card.id, "networkInterfaces")
            if place is None:
                continue
            with self._failures_told("Microsoft.Network/networkInterfaces/read", f"network interface {place[1]}"):
                found = self._network.network_interfaces.get(*place, expand="ipConfigurations/publicIPAddress")
            for configuration in found.ip_configurations or []:
                yield configuration.private_ip_address
                yield self._public_of(configuration.public_ip_address)

    def _public_of(self, public: Any) -> object:
        if public is None or public.ip_address:
            return public and public.ip_address
        place = self._place_of(public.id, "publicIPAddresses")
        if place is None:
            return None
        with self._failures_told("Microsoft.Network/publicIPAddresses/read", f"public IP address {place[1]}"):
            return self._network.public_ip_addresses.get(*place).ip_address

    @contextmanager
    def _failures_told(self, permission: str, which: str = "") -> Iterator[None]:
        try:
            with _readable():
                yield
        except ClientAuthenticationError as error:
            raise self._sign_in_meaning_of(error) from error
        except ResourceNotFoundError as error:
            words = f"Azure knows no {which}." if which else "Azure knows no such subscription; check its ID."
            raise NotFound(words) from error
        except HttpResponseError as error:
            raise self._meaning_of(error, permission) from error
        except (ServiceRequestError, ServiceResponseError) as error:
            raise trouble_of(error, f"{self._host} or {self._authority}") from error
        except AzureError as error:
            raise ProviderError(f"Azure could not be asked: {plain(str(error))}") from error

    def _sign_in_meaning_of(self, error: ClientAuthenticationError) -> ProviderError:
        """Return why there is no token; the SDK wraps whatever happened on the way."""
        cause = error.__cause__
        if isinstance(cause, ProviderError):
            return cause
        if isinstance(cause, requests.RequestException | AzureError) and not isinstance(cause, HttpResponseError):
            return trouble_of(cause, self._authority)
        return Refused(f"Refused: {_credential_words(str(error))}.")

    def _meaning_of(self, error: HttpResponseError, permission: str) -> ProviderError:
        status, code = error.status_code, plain(error.error.code if error.error else "")
        if status == 429:
            return Throttled("Azure wants fewer calls; it is asked again later.")
        if status in (401, 403):
            return Refused(f"The application lacks the permission {permission}; give it the role Reader.")
        if status is not None and status >= 500:
            return Unreachable(f"Azure had trouble of its own ({code or status}).")
        return ProviderError(f"Azure refused the call: {code or status}. {plain(error.message)}")


def _os_name_of(view: Any, storage: Any) -> str:
    if view and view.os_name:
        return f"{plain(view.os_name)} {plain(view.os_version)}".strip()
    image = storage.image_reference if storage else None
    return " ".join(plain(part) for part in (image.publisher, image.offer, image.sku)).strip() if image else ""


def _credential_words(said: str) -> str:
    known = next((words for code, words in CREDENTIAL_WORDS.items() if f"{code}:" in said or f"{code} " in said), None)
    return (
        known or "Azure does not take the credentials; check tenant ID, client ID, client secret and sign-in endpoint"
    )


@contextmanager
def _readable() -> Iterator[None]:
    """Have an answer of another shape than documented be told as Malformed; the SDK checks none."""
    try:
        yield
    except (
        DecodeError,
        DeserializationError,
        RecursionError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise Malformed("The answer of Azure cannot be read.") from error
