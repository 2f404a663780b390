"""Raw state, version 4: what `terraform state pull` writes.

Source: hashicorp/terraform, internal/states/statefile/version4.go.
"""

from collections.abc import Iterator, Mapping

from compliance.terraform.documents import (
    HOW,
    LONGEST_LINEAGE,
    BadDocument,
    Document,
    Resource,
    an_object,
    gathered,
    objects,
    text_at,
)
from compliance.terraform.texts import cleaned

ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
DEEPEST_PATH = 20


def read(document: object) -> Document:
    """Return the machines of ``document``, a parsed JSON value. Raises BadDocument."""
    top = an_object(document)
    version = top.get("version")
    if isinstance(version, bool) or version != 4:
        raise BadDocument("version", f"Only state of version 4 is read (Terraform 0.12 and newer, OpenTofu). {HOW}")
    if not isinstance(top.get("resources"), list):
        raise BadDocument("resources", f"resources must be a list. {HOW}")
    serial = top.get("serial")
    return gathered(
        managed(top),
        lineage=cleaned(top.get("lineage"), LONGEST_LINEAGE),
        serial=serial if isinstance(serial, int) and not isinstance(serial, bool) and 0 <= serial < 2**63 else None,
        terraform_version=top.get("terraform_version"),
    )


def managed(top: Mapping[str, object]) -> Iterator[Resource]:
    """Yield each instance of what is managed. Raises BadDocument."""
    for index, entry in enumerate(objects(top, "resources", "")):
        place = f"resources[{index}]"
        mode, type_ = text_at(entry, "mode", place), text_at(entry, "type", place)
        if mode != "managed":
            continue
        module = entry.get("module")
        base = f"{type_}.{text_at(entry, 'name', place)}"
        base = f"{module}.{base}" if isinstance(module, str) and module else base
        for number, instance in enumerate(objects(entry, "instances", place)):
            if not instance.get("deposed"):
                yield one(instance, f"{place}.instances[{number}]", type_, base)


def one(instance: Mapping[str, object], place: str, type_: str, base: str) -> Resource:
    return Resource(
        place=place,
        type=type_,
        address=base + index_text(instance.get("index_key")),
        attributes=instance.get("attributes"),
        secret=secret_tree(instance.get("sensitive_attributes")),
        tainted=instance.get("status") == "tainted",
    )


def index_text(key: object) -> str:
    """Return ``key`` as Terraform writes it behind an address: [0], ["web"], or nothing without count and for_each."""
    if isinstance(key, bool) or not isinstance(key, int | str):
        return ""
    if isinstance(key, int):
        return f"[{cleaned(key, 30)}]"
    text = "".join(ESCAPES.get(character, character) for character in key)
    return '["' + text.replace("${", "$${").replace("%{", "%%{") + '"]'


def secret_tree(paths: object) -> object:
    """Return sensitive_attributes, a list of paths, in the shape of sensitive_values."""
    tree: dict[object, object] = {}
    for path in paths if isinstance(paths, list) else ():
        keys = [step_key(step) for step in path[:DEEPEST_PATH]] if isinstance(path, list) else []
        branch = tree
        for key in keys[:-1]:
            inner = branch.setdefault(key, {})
            if not isinstance(inner, dict):
                break  # all of it is secret already
            branch = inner
        else:
            if keys:
                branch[keys[-1]] = True
    return tree


def step_key(step: object) -> object:
    """Return the name or index of one step: {"type": "get_attr", "value": "tags"}, or {"value": {"value": 0}}."""
    value = step.get("value") if isinstance(step, Mapping) else None
    value = value.get("value") if isinstance(value, Mapping) else value
    return value if isinstance(value, int | str) else None
