"""`terraform show -json` and `tofu show -json` of an applied state.

Source: Terraform's "JSON Output Format" 1.0; readers take 0.1 and newer, below 2.0 (hashicorp/terraform-json).
"""

import re
from collections.abc import Iterator, Mapping

from compliance.terraform.documents import HOW, BadDocument, Document, Resource, an_object, gathered, objects, text_at

VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]{1,4})?\Z")
DEEPEST = 100
"""Modules within modules."""
WITHOUT_VALUES = {"format_version", "terraform_version", "checks"}
"""What a state that holds nothing consists of; with another key it is another document, and no empty state."""


def read(document: object) -> Document:
    """Return the machines of ``document``, a parsed JSON value. Raises BadDocument."""
    top = an_object(document)
    refuse_version(top.get("format_version"))
    if "values" not in top:
        if other := sorted(set(map(str, top)) - WITHOUT_VALUES):
            raise BadDocument("values", f"This is no state: values is missing, and {other[0][:60]!r} is there. {HOW}")
        return gathered((), terraform_version=top.get("terraform_version"))
    values = top["values"]
    if not isinstance(values, dict) or not isinstance(values.get("root_module"), dict):
        raise BadDocument("values.root_module", f"values.root_module must be an object. {HOW}")
    return gathered(managed(values["root_module"]), terraform_version=top.get("terraform_version"))


def refuse_version(version: object) -> None:
    """Raise BadDocument unless ``version`` is at least 0.1 and below 2.0."""
    match = VERSION.match(version) if isinstance(version, str) else None
    if not match:
        raise BadDocument("format_version", f"format_version must be a text like '1.0'. {HOW}")
    major, minor = int(match[1]), int(match[2])
    if major >= 2 or (major, minor) < (0, 1):
        raise BadDocument("format_version", f"Format {match[0]} is not known here; 0.1 and newer, below 2.0, is read.")


def managed(root: Mapping[str, object]) -> Iterator[Resource]:
    """Yield what is managed in ``root`` and the modules within it. Raises BadDocument."""
    waiting: list[tuple[Mapping[str, object], str, int]] = [(root, "values.root_module", 0)]
    while waiting:
        module, place, depth = waiting.pop()
        if depth > DEEPEST:
            raise BadDocument("values.root_module", f"Modules are nested more than {DEEPEST} levels deep.")
        inside = module.get("address") if depth else ""
        for index, entry in enumerate(objects(module, "resources", place)):
            here = f"{place}.resources[{index}]"
            if resource := one(entry, here, inside if isinstance(inside, str) else ""):
                yield resource
        for index, child in enumerate(objects(module, "child_modules", place)):
            waiting.append((child, f"{place}.child_modules[{index}]" if depth < 4 else place, depth + 1))


def one(entry: Mapping[str, object], place: str, inside: str) -> Resource | None:
    """Return ``entry`` unless it is a data source, or an object that is about to be destroyed. Raises BadDocument."""
    mode, type_ = text_at(entry, "mode", place), text_at(entry, "type", place)
    if mode != "managed" or entry.get("deposed_key"):
        return None
    address = entry.get("address")
    if not isinstance(address, str) or not address:
        name = text_at(entry, "name", place)
        address = f"{inside}.{type_}.{name}" if inside else f"{type_}.{name}"
    return Resource(
        place=place,
        type=type_,
        address=address,
        attributes=entry.get("values"),
        secret=entry.get("sensitive_values", False),
        tainted=entry.get("tainted") is True,
    )
