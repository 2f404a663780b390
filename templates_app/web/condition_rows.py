"""When a check applies, as rows that a person fills in; a tree that is more than such rows is edited as YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from organizations.lib.yaml_lines import load_yaml
from templates_app.web.definitions import as_block_yaml

TEXT_LEAVES = {
    "package": ("The package is installed", "openssh-server"),
    "mount": ("The path is a mount point", "/home"),
    "service_enabled": ("The unit starts with the system", "cron.service"),
}
LIST_LEAVES = {
    "distribution": ("The distribution is one of", "debian, ubuntu"),
    "arch": ("The machine is one of", "x86_64, aarch64"),
}
FLAG_LEAVES = {
    "container": "The host is a container",
    "ipv6": "The kernel has IPv6",
    "grub2": "GRUB 2 is installed",
    "uefi": "The host started through UEFI",
    "wireless": "It has a wireless interface",
}
CHOICE = ("choice", "A variable of the template has the value", "firewall = ufw")
LEAVES = [
    *((name, label, example) for name, (label, example) in TEXT_LEAVES.items()),
    *((name, label, example) for name, (label, example) in LIST_LEAVES.items()),
    *((name, label, "") for name, label in FLAG_LEAVES.items()),
    CHOICE,
]
MOST_ROWS = 20


@dataclass
class ConditionRow:
    """One question to the facts: its name, what it is asked of, and whether it must not hold."""

    name: str = "package"
    arg: str = ""
    negated: bool = False

    @property
    def flag(self) -> bool:
        return self.name in FLAG_LEAVES

    @property
    def example(self) -> str:
        return next((example for name, _, example in LEAVES if name == self.name), "")


@dataclass
class ConditionRows:
    """All or any of ``rows`` must hold; ``text`` is the YAML of a tree that rows cannot show."""

    join: str = "all"
    rows: list[ConditionRow] = field(default_factory=list)
    text: str = ""


def rows_of(tree: Any) -> ConditionRows:
    """Return the rows that show ``tree``, or its YAML."""
    if not tree:
        return ConditionRows()
    if isinstance(tree, Mapping) and len(tree) == 1:
        name, arg = next(iter(tree.items()))
        join, parts = (name, arg) if name in ("all", "any") and isinstance(arg, list) else ("all", [tree])
        rows = [row_of(part) for part in parts]
        if all(rows) and len(rows) <= MOST_ROWS:
            return ConditionRows(join, [row for row in rows if row is not None])
    return ConditionRows(text=as_block_yaml(tree) if isinstance(tree, Mapping) else str(tree))


def row_of(tree: Any) -> ConditionRow | None:
    """Return the row of one question; None when it is more than that."""
    if not isinstance(tree, Mapping) or len(tree) != 1:
        return None
    name, arg = next(iter(tree.items()))
    if name == "not":
        inner = row_of(arg)
        return ConditionRow(inner.name, inner.arg, not inner.negated) if inner else None
    if name in TEXT_LEAVES and isinstance(arg, str):
        return ConditionRow(name, arg)
    if name in FLAG_LEAVES and isinstance(arg, bool):
        return ConditionRow(name, "", not arg)
    if name in LIST_LEAVES and isinstance(arg, list):
        return ConditionRow(name, ", ".join(str(one) for one in arg))
    if name == "choice" and isinstance(arg, Mapping) and len(arg) == 1:
        variable, value = next(iter(arg.items()))
        return ConditionRow(name, f"{variable} = {value}")
    return None


def rows_posted(data: QueryDict) -> ConditionRows:
    """Return what a browser sent, with the row that a button adds or takes away."""
    names, args = data.getlist("condition"), data.getlist("condition_arg")
    negated = data.getlist("condition_holds")
    rows = [
        ConditionRow(name if name in {one for one, _, _ in LEAVES} else "package", arg.strip(), holds == "not")
        for name, arg, holds in zip(names, args, negated, strict=False)
    ][:MOST_ROWS]
    do = data.get("do", "")
    if do == "add_condition" and len(rows) < MOST_ROWS:
        rows.append(ConditionRow())
    if do.startswith("drop_condition_") and do.removeprefix("drop_condition_").isdigit():
        rows = [row for index, row in enumerate(rows) if index != int(do.removeprefix("drop_condition_")[:4])]
    join = "any" if data.get("condition_join") == "any" else "all"
    return ConditionRows(join, rows, data.get("applies_yaml", ""))


def tree_of(conditions: ConditionRows) -> dict[str, Any] | None:
    """Return the tree that the rows write; None when there is no condition. Raises ValueError in words."""
    if conditions.text.strip():
        value, problems = load_yaml(conditions.text, "")
        if problems:
            raise ValueError(f"line {problems[0].line}: {problems[0].text}")
        if not isinstance(value, Mapping):
            raise ValueError("write one condition: package: openssh-server")
        return dict(value)
    leaves = [leaf_of(row) for row in conditions.rows]
    if not leaves:
        return None
    return leaves[0] if len(leaves) == 1 else {conditions.join: leaves}


def leaf_of(row: ConditionRow) -> dict[str, Any]:
    if row.name in FLAG_LEAVES:
        return {row.name: not row.negated}
    if not row.arg:
        raise ValueError(f"a condition is not filled in; write for example {row.example}")
    leaf: dict[str, Any] = {row.name: row.arg}
    if row.name in LIST_LEAVES:
        leaf = {row.name: [one.strip() for one in row.arg.split(",") if one.strip()]}
    elif row.name == "choice":
        variable, equals, value = row.arg.partition("=")
        if not equals or not variable.strip() or not value.strip():
            raise ValueError("write a variable and its value: firewall = ufw")
        leaf = {"choice": {variable.strip(): value.strip()}}
    return {"not": leaf} if row.negated else leaf
