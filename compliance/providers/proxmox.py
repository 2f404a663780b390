"""VMs and containers of a Proxmox VE cluster, with proxmoxer.

proxmoxer builds the calls and reads the errors; they go over a connection of our own, for its HTTPS backend follows
redirects with the credentials in hand, reads answers of any size, and takes no CA but from a file.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from proxmoxer.core import ProxmoxResource, ResourceException

from compliance.providers import answers
from compliance.providers.base import (
    Access,
    Malformed,
    NotFound,
    ProviderError,
    Refused,
    Seen,
    TestOutcome,
    Unreachable,
    outcome_of,
)
from compliance.providers.guarded import GuardedConnection, broken

ID = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}/)?(?:(?:qemu|lxc)/)?(\d{1,9})")
"""101, node/101, qemu/101 or node/qemu/101; a VM may have moved to another node, so that the number and name count."""
LONGEST_NAME = 255
NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
POWER = {"running": "running", "stopped": "stopped", "paused": "other", "suspended": "other", "prelaunch": "other"}
NO_ADDRESS_YET = (
    (r"VM \d+ is not running", "The guest is not running."),
    (r"No QEMU guest agent configured", "The QEMU guest agent is not enabled in the VM's options (agent: 1)."),
    (r"QEMU guest agent is not running", "The QEMU guest agent does not run in the VM yet; is it installed?"),
    (r"Configuration file .* does not exist", "The node has no configuration of the VM yet; is it being moved?"),
    (r"guest-(ping|sync\S*|network-get-interfaces)' failed", "The QEMU guest agent does not answer yet."),
)
"""(what Proxmox answers with status 500, what it means); the guest may well have an address a little later."""
WINDOWS, LINUX = ("win", "w2k", "wxp", "wvista"), ("l24", "l26")


class Proxmox:
    """A Proxmox VE cluster, asked through one of its nodes."""

    def __init__(self, access: Access) -> None:
        self._access, self._host = access, urlsplit(access.endpoint).hostname or ""

    def test(self) -> TestOutcome:
        """Ask for the version, and whether any VM can be seen."""
        return outcome_of(self._greet)

    def look(self, instance_id: str, *, region: str = "", name: str = "", hints: Mapping[str, str] = {}) -> Seen:
        """Return a VM or container by its number, alone or as in node/qemu/101. Raises a ProviderError.

        It must also have ``name``, if that is known: another cluster has a VM of the same number.
        """
        match = ID.fullmatch(instance_id.strip())
        if match is None:
            raise NotFound(f"{answers.plain(instance_id, 80)} is no id of a VM, such as 101 or pve1/101.")
        with self._session() as api:
            entry = _entry(_vms(api), int(match[1]))
            _refuse_other(entry, name)
            guest = api.nodes(entry["node"])(entry["type"])(int(match[1]))
            return _seen(guest, entry)

    def _greet(self) -> str:
        with self._session() as api:
            version = answers.plain(_mapping(api.version.get()).get("version")) or "of unknown version"
            count = len(_vms(api))
        if not count:
            raise Refused(f"Proxmox VE {version} answers, but shows no VM: give the token or user VM.Audit on /vms.")
        return f"Connected to {self._host}: Proxmox VE {version}, {count} VMs and containers can be seen."

    @contextmanager
    def _session(self) -> Iterator[Any]:
        with _translated(self._host), closing(GuardedConnection(self._access, port=8006)) as connection:
            session = _Session(connection)
            path = f"https://{connection.host}/api2/json"
            api = ProxmoxResource(base_url=path, session=session, serializer=_Json)
            session.headers = _credentials(api, self._access)
            yield api


@dataclass(frozen=True)
class _Answer:
    """As proxmoxer reads it of requests."""

    status_code: int
    reason: str
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


class _Session:
    """What proxmoxer needs of a session, over one connection."""

    def __init__(self, connection: GuardedConnection) -> None:
        self._connection, self.headers = connection, dict[str, str]()

    def request(self, method: str, url: str, data: Any = None, params: Any = None) -> _Answer:
        path = quote(urlsplit(url).path, safe="/") + (f"?{urlencode(params)}" if params else "")
        form = {"Content-Type": "application/x-www-form-urlencoded"} if data else {}
        self._connection.request(method, path, urlencode(data) if data else None, {**self.headers, **form})
        response = self._connection.getresponse()
        if not (200 <= response.status < 300 or response.status >= 400):
            raise Malformed(f"{self._connection.host} answers {response.status} in the place of an answer of the API.")
        return _Answer(response.status, answers.plain(response.reason, 500), response.read())


class _Json:
    """Reads answers for proxmoxer."""

    @staticmethod
    def loads(response: _Answer) -> object:
        return json.loads(response.content)["data"]

    @staticmethod
    def loads_errors(response: _Answer) -> object:
        try:
            return json.loads(response.content).get("errors")
        except (ValueError, AttributeError):  # a proxy's page in HTML, say; the status tells
            return None


def _credentials(api: Any, access: Access) -> dict[str, str]:
    """Return the headers that prove who asks: of a token, or of a ticket got with user name and password."""
    if access.scope.get("token_id"):
        return {"Authorization": f"PVEAPIToken={access.scope['token_id']}={access.secret['token_secret']}"}
    ticket = _mapping(api.access.ticket.post(username=access.scope["username"], password=access.secret["password"]))
    if ticket.get("NeedTFA"):
        raise Refused("The user has a second factor; give an API token in its place.")
    value = ticket["ticket"]
    if not isinstance(value, str) or not value.isprintable():
        raise Malformed("Proxmox gives a ticket that cannot be used.")
    return {"Cookie": f"PVEAuthCookie={quote(value, safe='')}"}


def _vms(api: Any) -> list[dict[str, Any]]:
    listed = api.cluster.resources.get(type="vm")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _entry(vms: list[dict[str, Any]], vmid: int) -> dict[str, Any]:
    for entry in vms:
        if entry.get("vmid") in (vmid, str(vmid)):
            if entry.get("type") not in ("qemu", "lxc") or not NODE.fullmatch(answers.plain(entry.get("node"), 300)):
                raise Malformed(f"Proxmox describes VM {vmid} in a way that cannot be read.")
            return entry
    raise NotFound(f"Proxmox knows no VM or container {vmid}, or the token or user lacks VM.Audit on it.")


def _refuse_other(entry: Mapping[str, Any], name: str) -> None:
    """Raise NotFound where ``name`` is known and ``entry`` has another one; capitals are all the same to host names."""
    found, wanted = answers.plain(entry.get("name"), LONGEST_NAME), answers.plain(name, LONGEST_NAME)
    if wanted and found.casefold() != wanted.casefold():
        words = f"Proxmox has a VM {entry['vmid']}, but its name is {found or 'not told'} and not {wanted}"
        raise NotFound(f"{words}: it is the VM of another cluster, or was renamed; apply again where it was.")


def _seen(guest: Any, entry: Mapping[str, Any]) -> Seen:
    config, found, note = dict[str, Any](), tuple[str, ...](), "The guest is not running."
    try:
        config = _mapping(guest.config.get())
        if _runs(entry):
            found = _addresses(guest, entry, config)
            note = "" if found else "The guest tells of no address on its network cards yet."
    except ResourceException as error:
        note = _why_not_yet(error)
    system = _system(guest, entry, config) if found else {}
    ostype = "l26" if entry["type"] == "lxc" else answers.plain(config.get("ostype"))
    return answers.seen(
        addresses=found,
        os_family=_family(answers.plain(system.get("id")), ostype),
        os_name=system.get("pretty-name"),
        power_state=_power(entry),
        tags=_tags(entry.get("tags")),
        name=entry.get("name"),
        note=note,
    )


def _addresses(guest: Any, entry: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a container's node, or a VM's agent, tells of its own network cards."""
    if entry["type"] == "lxc":
        told, mac = guest.interfaces.get(), "hwaddr"
    else:
        told, mac = _mapping(guest.agent("network-get-interfaces").get()).get("result"), "hardware-address"
    cards = _of_cards(_mappings(told), config, mac)
    return answers.fit_addresses(address for card in cards for address in _told_of(card))


def _why_not_yet(error: ResourceException) -> str:
    """Return why there is no address yet. Raises ``error`` when it is not one that says so."""
    for pattern, words in NO_ADDRESS_YET:
        if re.search(pattern, str(error.content)):
            return words
    raise error


def _system(guest: Any, entry: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"id", "pretty-name"} of the guest's system; nothing when its agent does not tell."""
    if entry["type"] == "lxc":
        return {"pretty-name": config.get("ostype")}
    try:
        return _mapping(_mapping(guest.agent("get-osinfo").get()).get("result"))
    except ResourceException:
        return {}


def _of_cards(interfaces: Iterable[dict[str, Any]], config: Mapping[str, Any], mac: str) -> Iterator[dict[str, Any]]:
    """Yield those of ``interfaces`` that are cards of the configuration, not made by software in the guest.

    All of them where no card is configured: the guest then has one of the host's.
    """
    cards = {found for key, value in config.items() if re.fullmatch(r"net\d+", key) for found in _macs(value)}
    return (each for each in interfaces if not cards or str(each.get(mac)).lower() in cards)


def _told_of(interface: Mapping[str, Any]) -> list[object]:
    """Return the addresses of an interface: of a VM's agent, or of a container, which newer versions tell both ways."""
    listed = [address.get("ip-address") for address in _mappings(interface.get("ip-addresses"))]
    return [*listed, interface.get("inet"), interface.get("inet6")]


def _runs(entry: Mapping[str, Any]) -> bool:
    return _power(entry) in ("running", "")


def _power(entry: Mapping[str, Any]) -> str:
    return POWER.get(answers.plain(entry.get("status")), "")


def _macs(card: object) -> list[str]:
    return [mac.lower() for mac in re.findall(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", str(card)[:1000])]


def _family(system: str, ostype: str) -> str:
    if system == "mswindows" or (not system and ostype.startswith(WINDOWS)):
        return "windows"
    if system.endswith("bsd"):
        return "bsd"
    return answers.family_in(system) or ("linux" if ostype in LINUX else "")


def _tags(text: object) -> dict[str, str]:
    """Return {tag: ""}: a tag of Proxmox is one word."""
    return dict.fromkeys(re.split(r"[;, ]+", answers.plain(text, 4000).strip(";, ")), "") if text else {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> Iterable[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


@contextmanager
def _translated(host: str) -> Iterator[None]:
    """Turn what the connection, proxmoxer and the reading of answers raise into a ProviderError."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise broken(host, error) from error
    except ResourceException as error:
        raise _refusal(error) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Malformed(f"{host} answers, but not as the API of Proxmox VE does.") from error


def _refusal(error: ResourceException) -> ProviderError:
    words = answers.plain(error.content, 200)
    if error.status_code == 401:
        return Refused(f"Proxmox does not take the credentials ({words or 'status 401'}); check them and the realm.")
    if error.status_code == 403:
        return Refused(f"The token or user lacks a permission: {words or 'Proxmox does not say which'}.")
    return Unreachable(f"Proxmox failed: {error.status_code} {words}.", "failed")
