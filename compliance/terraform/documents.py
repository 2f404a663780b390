"""What is read of a Terraform document, and how one is refused."""

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from compliance.terraform.attributes import ATTRIBUTES, GROUPS, OTHER_MACHINES, UNIQUE_WITHIN_STATE
from compliance.terraform.texts import cleaned
from compliance.terraform.vms import LONGEST_ADDRESS, NoIdentity, Vm, awaits_machine, vm_of

MOST_VMS = 20_000
LONGEST_VERSION, LONGEST_LINEAGE = 40, 100
SHORT_BYTES = 1_000_000
"""Documents up to here are parsed whatever they consist of."""
LEAST_BYTES_EACH = 5
"""The length of a part (``parts_in``), on average over a document: 11 to 19 bytes in recorded ones without white space;
1.5 in one of empty lists, which takes up 25 times its length in memory.
"""
ONE_AT_A_TIME = threading.Lock()
"""Held while a document is parsed, when it takes up the most memory; others of the same process wait."""
HOW = "Post what `terraform show -json` or `tofu show -json` writes after the apply."


class BadDocument(ValueError):
    """A document that cannot be used: ``field`` is the place in it, "" for all of it; the text says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Document:
    """An applied state. ``vms`` stand in the order of their addresses, each instance once.

    ``lineage`` and ``serial`` stand only in raw state. ``groups`` are the addresses of what makes machines that the
    state does not tell: scaling groups, whose machines no state lists, and requests that wait for theirs.
    """

    vms: tuple[Vm, ...] = ()
    lineage: str = ""
    serial: int | None = None
    terraform_version: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """One managed resource instance on its way to a Vm; ``place`` is where it stands in the document."""

    place: str
    type: str
    address: str
    attributes: object
    secret: object
    tainted: bool


def parse(body: bytes) -> object:
    """Return the JSON value in ``body``. Raises BadDocument for anything that is no JSON, Terraform code included."""
    if not body.strip():
        raise BadDocument("", f"The body is empty. {HOW}")
    if len(body) > SHORT_BYTES and parts_in(body) * LEAST_BYTES_EACH > len(body):
        raise BadDocument("", f"The document has far more brackets and commas than any of Terraform's. {HOW}")
    try:
        with ONE_AT_A_TIME:
            value: object = json.loads(body.decode("utf-8-sig"))
    except RecursionError:
        raise BadDocument("", f"The document is nested too deep to be one of Terraform's. {HOW}") from None
    except UnicodeDecodeError as error:
        raise BadDocument("", f"The body is not UTF-8 text, at byte {error.start}. {HOW}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadDocument(
            "", f"The body is not JSON ({place}); Terraform code and plan files are not read. {HOW}"
        ) from None
    except ValueError:  # a number of thousands of digits
        raise BadDocument("", f"The body holds a number that is too long to be read. {HOW}") from None
    return value


def parts_in(body: bytes) -> int:
    """Return how much memory the value in ``body`` takes up beside its texts, in some 70 bytes; without parsing it.

    A list or a single value takes up one part, an object three (CPython 3.11, sys.getsizeof).
    """
    return body.count(b"[") + body.count(b",") + 3 * body.count(b"{")


def an_object(document: object) -> Mapping[str, object]:
    """Return ``document`` if it may be a state. Raises BadDocument for plans, code, encrypted state and non-objects."""
    if not isinstance(document, dict):
        raise BadDocument("", f"The document must be a JSON object. {HOW}")
    if not document:
        raise BadDocument("", f"The document is empty. {HOW}")
    if "encrypted_data" in document:
        raise BadDocument("encrypted_data", "This state is encrypted by OpenTofu. Post `tofu show -json` instead.")
    for key in ("planned_values", "resource_changes", "prior_state"):
        if key in document:
            raise BadDocument(key, f"This is a plan: it says what would be made, not what is there. {HOW}")
    for key in ("resource", "variable", "module", "provider", "locals"):
        if key in document:
            raise BadDocument(key, f"This is Terraform code, not the state of what was applied. {HOW}")
    return document


def gathered(
    resources: Iterable[Resource], *, lineage: str = "", serial: int | None = None, terraform_version: object = ""
) -> Document:
    """Return the Document of ``resources``, in whatever order they come. Raises BadDocument."""
    vms: list[Vm] = []
    groups: set[str] = set()
    for resource in resources:
        if resource.type in GROUPS | OTHER_MACHINES or awaits_machine(resource.type, resource.attributes):
            groups.add(cleaned(resource.address, LONGEST_ADDRESS))
        elif vm := machine(resource):
            vms.append(vm)
            if len(vms) > MOST_VMS:
                raise BadDocument("", f"The document holds more than {MOST_VMS} machines. Split it by workspace.")
    return Document(
        vms=each_once(vms),
        lineage=lineage,
        serial=serial,
        terraform_version=cleaned(terraform_version, LONGEST_VERSION),
        groups=tuple(sorted(groups)),
    )


def machine(resource: Resource) -> Vm | None:
    """Return the machine that ``resource`` is, None for other resources. Raises BadDocument."""
    if resource.type not in ATTRIBUTES:
        return None
    if not isinstance(resource.attributes, dict):
        raise BadDocument(resource.place, f"{cleaned(resource.address, 200)} has no attributes. {HOW}")
    try:
        return vm_of(
            type_=resource.type,
            address=resource.address,
            attributes=resource.attributes,
            secret=resource.secret,
            tainted=resource.tainted,
        )
    except NoIdentity as error:
        raise BadDocument(resource.place, f"{error}. Refresh the state (`terraform apply -refresh-only`).") from None


def each_once(vms: Iterable[Vm]) -> tuple[Vm, ...]:
    """Return ``vms`` in the order of their addresses. Of one instance the first address stays, and every taint.

    Raises BadDocument for two of one id where that may well be two machines.
    """
    found: dict[tuple[str, str], Vm] = {}
    for vm in sorted(vms, key=lambda one: (one.resource_address, repr(one))):
        key = (vm.provider, vm.instance_id)
        known = found.setdefault(key, vm)
        if known is not vm and vm.provider in UNIQUE_WITHIN_STATE:
            raise BadDocument("", ambiguous(known, vm))
        if vm.tainted and not known.tainted:
            found[key] = replace(known, tainted=True)
    return tuple(found.values())


def ambiguous(one: Vm, other: Vm) -> str:
    both = f"{one.resource_address} and {other.resource_address} are both {one.instance_id}"
    return (
        f"{both}, and no state tells which cluster a VM is in. Keep one state for each cluster, each in a project"
        " or workspace of its own; if both are one VM, take one out of the state (`terraform state rm`)."
    )


def digest(document: Document) -> str:
    """Return the SHA-256 of the machines that were read, in hex: the same for the same machines in any format."""
    told = [{name: value for name, value in asdict(vm).items() if name != "hardware" or value} for vm in document.vms]
    written = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()


def objects(held: Mapping[str, object], key: str, place: str) -> Iterator[Mapping[str, object]]:
    """Yield the objects of the list at ``key``, which may be left out. Raises BadDocument."""
    entries, here = held.get(key, []), f"{place}.{key}" if place else key
    if not isinstance(entries, list):
        raise BadDocument(here, f"{key} must be a list. {HOW}")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise BadDocument(f"{here}[{index}]", f"Each of {key} must be an object. {HOW}")
        yield entry


def text_at(held: Mapping[str, object], key: str, place: str) -> str:
    """Return the text that must stand at ``key``. Raises BadDocument."""
    value = held.get(key)
    if not isinstance(value, str) or not value:
        raise BadDocument(f"{place}.{key}", f"{key} must be a text that is not empty. {HOW}")
    return value
