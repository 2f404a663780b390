"""VMs of a vCenter server (or of one ESXi host), over its SOAP API with pyvmomi.

vSphere's tags are out of that API's reach: only the REST API of vCenter has them. What SOAP has is custom attributes,
and those are given as tags.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from pyVmomi import SoapAdapter, vim, vmodl

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

VERSION = "vim.version.version9"
"""API 5.5: all that is read here is in it, and every later server speaks it."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOID = re.compile(r"(vm-)?\d{1,12}")
PROPERTIES = (
    "name", "runtime.powerState", "config.guestId", "config.guestFullName", "guest.guestFamily", "guest.guestFullName",
    "guest.net", "guest.toolsRunningStatus", "customValue", "availableField",
)  # fmt: skip
POWER = {"poweredOn": "running", "poweredOff": "stopped", "suspended": "other"}
FAMILIES = {"linuxGuest": "linux", "windowsGuest": "windows"}
NOT_OF_HARDWARE = -1
"""``deviceConfigId`` of an interface that software in the guest made: a bridge of containers, a VPN."""

PropertyCollector = vmodl.query.PropertyCollector


class Vmware:
    """A vCenter server. Each call logs in, and out again."""

    def __init__(self, access: Access) -> None:
        self._access, self._host = access, urlsplit(access.endpoint).hostname or ""

    def test(self) -> TestOutcome:
        """Log in, and say which server answers."""
        return outcome_of(self._greet)

    def look(self, instance_id: str, *, region: str = "", name: str = "", hints: Mapping[str, str] = {}) -> Seen:
        """Return a VM by its BIOS uuid (Terraform's id), its instance uuid or its managed object id.

        ``name`` tells apart the clones that have kept one BIOS uuid. Raises a ProviderError.
        """
        with self._session() as content:
            vm = _found(content, instance_id.strip().lower(), name)
            return _seen(_properties(content, vm))

    def _greet(self) -> str:
        with self._session() as content:
            about = answers.plain(content.about.fullName) or "a server that does not say which"
            return f"Connected to {self._host}: {about}."

    @contextmanager
    def _session(self) -> Iterator[Any]:
        connection = GuardedConnection(self._access, port=443)
        stub: Any = SoapAdapter.SoapStubAdapter(
            host=self._host, port=connection.port, version=VERSION, acceptCompressedResponses=False
        )
        stub.scheme = lambda host, port: connection
        with _translated(self._host):
            try:
                content: Any = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
                content.sessionManager.Login(self._access.scope["username"], self._access.secret["password"])
                try:
                    yield content
                finally:
                    with suppress(vmodl.MethodFault, OSError, HTTPException):  # it ends by itself when it is idle
                        content.sessionManager.Logout()
            finally:
                stub.DropConnections()
                connection.close()


def _found(content: Any, instance_id: str, name: str) -> Any:
    if MOID.fullmatch(instance_id):
        return vim.VirtualMachine(instance_id, content.searchIndex._stub)
    if not UUID.fullmatch(instance_id):
        raise NotFound(f"{answers.plain(instance_id, 80)} is neither the UUID of a VM nor an id such as vm-123.")
    for of_instance in (False, True):
        found = content.searchIndex.FindAllByUuid(None, instance_id, True, of_instance)
        if len(found) > 1 and name:
            found = [vm for vm in found if _properties(content, vm, ("name",)).get("name") == name]
        if len(found) > 1:
            raise ProviderError(f"{len(found)} VMs have the UUID {instance_id}: give each its own.", "ambiguous")
        if found:
            return found[0]
    raise NotFound(f"vCenter knows no VM with the UUID {instance_id}, or the user may not see it.")


def _properties(content: Any, vm: Any, names: Iterable[str] = PROPERTIES) -> dict[str, object]:
    """Return {path: value} of one VM in one call; what is not set, or may not be read, is not in it."""
    asked = PropertyCollector.FilterSpec(
        objectSet=[PropertyCollector.ObjectSpec(obj=vm)],
        propSet=[PropertyCollector.PropertySpec(type=vim.VirtualMachine, pathSet=list(names))],
    )
    answer = content.propertyCollector.RetrievePropertiesEx([asked], PropertyCollector.RetrieveOptions())
    if answer is None or not answer.objects:
        raise Malformed("vCenter finds the VM, but tells nothing of it.")
    for missing in answer.objects[0].missingSet:
        if isinstance(missing.fault, vim.fault.NoPermission):
            raise Refused(
                f"The user may not read {answers.plain(missing.path)} of this VM; give it the role Read-only."
            )
    return {each.name: each.val for each in answer.objects[0].propSet}


def _seen(vm: Mapping[str, object]) -> Seen:
    power = POWER.get(answers.plain(vm.get("runtime.powerState")), "")
    addresses = answers.fit_addresses(_addresses(vm.get("guest.net"))) if power in ("running", "") else ()
    return answers.seen(
        addresses=addresses,
        os_family=FAMILIES.get(answers.plain(vm.get("guest.guestFamily")), _family(vm)),
        os_name=vm.get("guest.guestFullName") or vm.get("config.guestFullName"),
        power_state=power,
        tags=_custom_attributes(vm.get("customValue"), vm.get("availableField")),
        name=vm.get("name"),
        note="" if addresses else _why_no_address(vm, power),
    )


def _addresses(cards: object) -> Iterator[object]:
    """Yield what the guest tells of its network cards, not of interfaces that software in it made."""
    for card in cards if isinstance(cards, list) else ():
        if isinstance(card, vim.vm.GuestInfo.NicInfo) and card.deviceConfigId != NOT_OF_HARDWARE:
            yield from card.ipAddress


def _why_no_address(vm: Mapping[str, object], power: str) -> str:
    if power == "stopped":
        return "The VM is powered off."
    if power == "other":
        return "The VM is suspended."
    if vm.get("guest.toolsRunningStatus") != "guestToolsRunning":
        return "VMware Tools do not run in the VM yet; without them vCenter knows no address."
    return "VMware Tools run, but tell of no address yet."


def _family(vm: Mapping[str, object]) -> str:
    """Return the family that guest id and name as configured tell; they may differ from what is installed."""
    configured = f"{answers.plain(vm.get('config.guestId'))} {answers.plain(vm.get('config.guestFullName'))}"
    return "windows" if configured.startswith("win") else answers.family_in(configured)


def _custom_attributes(values: object, definitions: object) -> dict[object, object]:
    fields, given = definitions if isinstance(definitions, list) else (), values if isinstance(values, list) else ()
    names = {field.key: field.name for field in fields if isinstance(field, vim.CustomFieldsManager.FieldDef)}
    kept = [value for value in given if isinstance(value, vim.CustomFieldsManager.StringValue)]
    return {names[value.key]: value.value for value in kept if value.key in names}


@contextmanager
def _translated(host: str) -> Iterator[None]:
    """Turn what pyvmomi raises into a ProviderError."""
    try:
        yield
    except ProviderError:
        raise
    except (OSError, HTTPException) as error:
        raise broken(host, error) from error
    except vmodl.MethodFault as fault:
        raise _refusal(fault) from fault
    except Exception as error:  # pyvmomi raises errors of any type, bare Exception too, for answers it cannot read
        raise Malformed(f"{host} answers, but not as a vCenter server does.") from error


def _refusal(fault: Any) -> ProviderError:
    words = answers.plain(fault.msg)
    for kind, make in FAULTS:
        if isinstance(fault, kind):
            return make(words)
    return Unreachable(f"vCenter failed: {words or type(fault).__name__}.", "failed")


FAULTS: tuple[tuple[type, Callable[[str], ProviderError]], ...] = (
    (vim.fault.InvalidLogin, lambda words: Refused("vCenter does not take the user name or the password.")),
    (vim.fault.NotAuthenticated, lambda words: Unreachable("vCenter has ended the session.", "session")),
    (vim.fault.NoPermission, lambda words: Refused("The user lacks a permission; give it the role Read-only.")),
    (vmodl.fault.ManagedObjectNotFound, lambda words: NotFound("vCenter knows no such VM; it may be gone.")),
    (vmodl.fault.NotSupported, lambda words: Malformed("The server does not know what it was asked.")),
)
"""In this order: (pyvmomi's fault, what it means here)."""
