"""Virtual machines as a Terraform document tells them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from compliance.terraform.addresses import usable_addresses
from compliance.terraform.attributes import ATTRIBUTES, LINUX, WINDOWS, Pick, ResourceType
from compliance.terraform.paths import marked, values_at
from compliance.terraform.texts import cleaned, host_name

LONGEST_ID = 400
"""Characters; the longest real one, an id of Azure's resource manager, has about 300."""
LONGEST_NAME, LONGEST_ADDRESS, LONGEST_HINT, LONGEST_WORD, LONGEST_STATE = 255, 500, 300, 120, 20
MOST_TAGS, LONGEST_TAG_KEY, LONGEST_TAG_VALUE = 50, 128, 256
MOST_NAMES = 8
SEPARATORS = re.compile(r"[;,]")


@dataclass(frozen=True, slots=True)
class Vm:
    """One machine of an applied state; only what is needed to find it, name it and choose its template.

    ``provider`` is aws, azure, gcp, vmware or proxmox. ``instance_id`` is the provider's own id, for Proxmox
    "qemu/number", which is another VM in another cluster (UNIQUE_WITHIN_STATE); ``locator`` is what the provider's API
    takes instead, where it differs (the resource id of Azure, the path of GCP, the ARN of AWS, the managed object id of
    vCenter, "node/qemu/number" of Proxmox), or "". ``hostnames`` and ``addresses`` stand in the order in which they are
    worth a try; both may be empty. ``os_family`` is linux, windows or "".
    ``hardware`` are the addresses of its network cards, where another machine may get its id.
    """

    provider: str
    resource_type: str
    resource_address: str
    instance_id: str
    name: str
    hostnames: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    os_family: str = ""
    os_hint: str = ""
    region: str = ""
    power_state: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    ssh_user_hint: str = ""
    tainted: bool = False
    locator: str = ""
    hardware: tuple[str, ...] = ()


class NoIdentity(ValueError):
    """A machine that stands in the state without a usable id."""


def vm_of(*, type_: str, address: str, attributes: object, secret: object, tainted: bool) -> Vm | None:
    """Return the machine that a managed resource is; None when it is not made yet, or is a template of machines.

    ``type_`` is a key of ATTRIBUTES, ``secret`` marks what Terraform holds for sensitive: that is left out, except
    for the id. Raises NoIdentity for a made machine without an id.
    """
    kind = ATTRIBUTES[type_]
    instance_id = first(kind.instance_id, attributes, False, LONGEST_ID + 1)
    if is_template(kind, attributes) or (not instance_id and (tainted or kind.late_id)):
        return None
    if not instance_id or len(instance_id) > LONGEST_ID:
        raise NoIdentity(f"{cleaned(address, LONGEST_ADDRESS)} has no id that can be used")
    secret = with_tags_alike(kind, secret)
    names = [text for pick in kind.names for text in texts(pick, attributes, secret, LONGEST_NAME)]
    hint = first(kind.os_hint, attributes, secret, LONGEST_HINT)
    return Vm(
        provider=kind.provider,
        resource_type=type_,
        resource_address=cleaned(address, LONGEST_ADDRESS),
        instance_id=instance_id,
        name=names[0] if names else cleaned(address, LONGEST_NAME),
        hostnames=tuple(dict.fromkeys(filter(None, map(host_name, names))))[:MOST_NAMES],
        addresses=usable_addresses(
            text for pick in kind.addresses for text in texts(pick, attributes, secret, LONGEST_HINT)
        ),
        os_family=os_family(kind, hint, attributes),
        os_hint=hint,
        region=first(kind.region, attributes, secret, LONGEST_WORD),
        power_state=first(kind.power_state, attributes, secret, LONGEST_STATE).lower(),
        tags=next(filter(None, (tags_at(name, attributes, secret) for name in kind.tags)), {}),
        ssh_user_hint=first(kind.ssh_user, attributes, secret, LONGEST_WORD),
        tainted=tainted,
        locator=first(kind.locator, attributes, secret, LONGEST_ID),
        hardware=tuple(
            sorted({text.lower() for pick in kind.hardware for text in texts(pick, attributes, secret, LONGEST_WORD)})
        )[:MOST_NAMES],
    )


def is_template(kind: ResourceType, attributes: object) -> bool:
    return bool(kind.template) and isinstance(attributes, dict) and attributes.get(kind.template) is True


def awaits_machine(type_: str, attributes: object) -> bool:
    """Tell whether a managed resource is a request whose machine has no id yet, and may have one a minute later."""
    kind = ATTRIBUTES.get(type_)
    return kind is not None and kind.late_id and not first(kind.instance_id, attributes, False, LONGEST_ID)


def first(picks: Sequence[Pick], attributes: object, secret: object, most: int) -> str:
    """Return the first text that ``picks`` find, or ""."""
    return next((text for pick in picks for text in texts(pick, attributes, secret, most)), "")


def texts(pick: Pick, attributes: object, secret: object, most: int) -> Iterator[str]:
    """Yield the cleaned, non-empty texts of one pick."""
    found: Iterable[str]
    if len(pick.paths) == 1:
        values = (cleaned(value, most) for value in values_at(attributes, secret, pick.paths[0]))
        found = (pick.form.format(value) for value in values if value)
    else:
        parts = [cleaned(next(values_at(attributes, secret, path), None), most) for path in pick.paths]
        found = [pick.form.format(*parts)] if all(parts) else []
    for text in found:
        if pick.pattern:
            yield from filter(None, pick.pattern.findall(text))
        else:
            yield text


def os_family(kind: ResourceType, hint: str, attributes: object) -> str:
    """Return linux, windows, or "" when the document does not tell."""
    if kind.os_family:
        return kind.os_family
    for name, family in kind.signs:
        if isinstance(attributes, dict) and attributes.get(name):
            return family
    if WINDOWS.search(hint):
        return "windows"
    return "linux" if LINUX.search(hint) else ""


def with_tags_alike(kind: ResourceType, secret: object) -> object:
    """Return ``secret`` with the marks of each place of tags in the others: providers copy them without the marks."""
    if not isinstance(secret, dict) or not any(secret.get(name) for name in kind.tags):
        return secret
    hidden: dict[str, object] = {}
    for name in kind.tags:
        marks = secret.get(name)
        if marks is True:
            return {**secret, **dict.fromkeys(kind.tags, True)}
        hidden |= {key: True for key, mark in marks.items() if mark is True} if isinstance(marks, dict) else {}
    return {**secret, **dict.fromkeys(kind.tags, hidden)}


def tags_at(name: str, attributes: object, secret: object) -> dict[str, str]:
    """Return the tags in ``name`` by key; a plain list, or a text like "web;prod", becomes keys without values."""
    held = attributes.get(name) if isinstance(attributes, dict) else None
    hidden = marked(secret, name)
    pairs: list[tuple[str, object]]
    if isinstance(held, dict):
        pairs = [(str(key), value) for key, value in held.items() if marked(hidden, str(key)) is not True]
    else:
        words = [value for value in values_at(attributes, secret, (name,)) if isinstance(value, str)]
        pairs = [(word, "") for value in words for word in SEPARATORS.split(value)]
    pairs.sort(key=itemgetter(0))
    tags = {cleaned(key, LONGEST_TAG_KEY): cleaned(value, LONGEST_TAG_VALUE) for key, value in pairs}
    return {key: tags[key] for key in sorted(filter(None, tags))[:MOST_TAGS]}
