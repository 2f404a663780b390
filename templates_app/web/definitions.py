"""Definitions of checks as people read them: the YAML of their content."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

MEANING = ("os", "applies_when", "probe", "expect", "missing")


def as_yaml(values: Mapping[str, Any]) -> str:
    """Return ``values`` as YAML, in their order."""
    yaml, written = YAML(typ="safe", pure=True), StringIO()
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the stub knows None only
    yaml.width = 110
    yaml.dump(dict(values), written)
    return written.getvalue()


def as_block_yaml(values: Mapping[str, Any]) -> str:
    """Return ``values`` as YAML to be edited: a value to a line, no braces."""
    yaml, written = YAML(typ="safe", pure=True), StringIO()
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the stub knows None only
    yaml.default_flow_style = False
    yaml.width = 100
    yaml.dump(dict(values), written)
    return written.getvalue()


def meaning(definition: Mapping[str, Any]) -> str:
    """Return what a check looks at and expects; empty for one that a person judges."""
    if "probe" not in definition:
        return ""
    return as_yaml({name: definition[name] for name in MEANING if name in definition})


def profile_words(profiles: Sequence[str] | Mapping[str, Sequence[str]]) -> str:
    """Return for whom a check is: "server and workstation", or "rhel9: server" where distributions differ."""
    if isinstance(profiles, Mapping):
        return "; ".join(f"{benchmark}: {' and '.join(names)}" for benchmark, names in profiles.items())
    return " and ".join(profiles)
