"""Conditions: when a check applies. Each leaf is a named question to the facts; all, any and not join them."""

from collections.abc import Callable, Mapping
from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.kinds import KINDS
from templates_app.language.registry import Need

Answer = tuple[bool, str]
Condition = Callable[[Facts], Answer]
Compiled = tuple[Condition, tuple[Need, ...]]

KIND_LEAVES = {
    "package": (
        "package",
        "name",
        "package {arg} is installed",
        "package {arg} is not installed",
    ),
    "mount": (
        "mount",
        "path",
        "{arg} is a mount point",
        "{arg} is no file system of its own",
    ),
}
HOST_LEAVES: dict[str, tuple[str, str]] = {
    "container": ("the host is a container", "the host is no container"),
    "ipv6": ("IPv6 is available", "IPv6 is switched off in the kernel"),
    "grub2": ("GRUB 2 is installed", "GRUB 2 is not installed"),
    "uefi": ("the host started through UEFI", "the host did not start through UEFI"),
    "wireless": ("a wireless interface is present", "no wireless interface is present"),
}


def compile_condition(tree: Mapping[str, Any], values: Mapping[str, Any], error: type[ValueError]) -> Compiled:
    """Return a question to the facts and what it needs. Raises ``error`` with the place of what is wrong."""
    return _compile(tree, values, error, "applies_when")


def _compile(tree: Any, values: Mapping[str, Any], error: type[ValueError], place: str) -> Compiled:
    if not isinstance(tree, dict) or len(tree) != 1:
        raise error(f"{place}: wants exactly one condition; join several with all, any or not")
    (name, arg) = next(iter(tree.items()))
    place = f"{place}.{name}"
    if name in ("all", "any"):
        if not isinstance(arg, list) or not arg:
            raise error(f"{place}: wants a list of conditions")
        parts = [_compile(part, values, error, f"{place}[{index}]") for index, part in enumerate(arg)]
        return _join([part[0] for part in parts], every=name == "all"), tuple(n for part in parts for n in part[1])
    if name == "not":
        question, needs = _compile(arg, values, error, place)
        return _negate(question), needs
    if name in KIND_LEAVES:
        return _kind_leaf(name, arg, error, place)
    if name == "service_enabled":
        return _service_leaf(arg, error, place)
    if name in HOST_LEAVES:
        return _host_leaf(name, arg, error, place)
    if name == "arch":
        return _arch_leaf(arg, error, place)
    if name == "distribution":
        return _distribution_leaf(arg, error, place)
    if name == "choice":
        return _choice_leaf(arg, values, error, place)
    known = ", ".join(
        [
            *KIND_LEAVES,
            "service_enabled",
            *HOST_LEAVES,
            "arch",
            "distribution",
            "choice",
            "all",
            "any",
            "not",
        ]
    )
    raise error(f"{place}: is no condition; known: {known}")


def _join(questions: list[Condition], *, every: bool) -> Condition:
    """Ask in turn; the first answer that settles it decides, before anything unknown."""

    def ask(facts: Facts) -> Answer:
        unknown: Unknown | None = None
        reasons = []
        for question in questions:
            try:
                holds, why = question(facts)
            except Unknown as caught:
                unknown = unknown or caught
                continue
            if holds is not every:
                return holds, why
            reasons.append(why)
        if unknown is not None:
            raise unknown
        return every, " and ".join(reasons)

    return ask


def _negate(question: Condition) -> Condition:
    def ask(facts: Facts) -> Answer:
        holds, why = question(facts)
        return not holds, why

    return ask


def _kind_leaf(name: str, arg: Any, error: type[ValueError], place: str) -> Compiled:
    kind_name, key, yes, no = KIND_LEAVES[name]
    if not isinstance(arg, str):
        raise error(f"{place}: wants a text")
    kind = KINDS[kind_name]
    probe = kind.probe(**{key: arg})
    return (
        lambda facts: (True, yes.format(arg=arg)) if kind.observe(probe, facts).items else (False, no.format(arg=arg)),
        tuple(kind.needs(probe)),
    )


def _service_leaf(arg: Any, error: type[ValueError], place: str) -> Compiled:
    if not isinstance(arg, str):
        raise error(f"{place}: wants a unit's name")
    kind = KINDS["service"]
    probe = kind.probe(unit=arg, facet="enabled")

    def ask(facts: Facts) -> Answer:
        items = kind.observe(probe, facts).items
        on = bool(items) and items[0].value == "enabled"
        return on, f"{arg} is {'enabled' if on else 'not enabled'}"

    return ask, tuple(kind.needs(probe))


def _host_leaf(name: str, arg: Any, error: type[ValueError], place: str) -> Compiled:
    if not isinstance(arg, bool):
        raise error(f"{place}: wants true or false")
    yes, no = HOST_LEAVES[name]

    def ask(facts: Facts) -> Answer:
        has = bool(getattr(facts.os, name))
        return has is arg, yes if has else no

    return ask, ()


def _arch_leaf(arg: Any, error: type[ValueError], place: str) -> Compiled:
    if not isinstance(arg, list) or not all(isinstance(entry, str) for entry in arg):
        raise error(f"{place}: wants a list of architectures as uname -m prints them")
    return lambda facts: (
        facts.os.arch in arg,
        f"the machine is {facts.os.arch or 'of unknown architecture'}",
    ), ()


def _distribution_leaf(arg: Any, error: type[ValueError], place: str) -> Compiled:
    if not isinstance(arg, list) or not all(isinstance(entry, str) for entry in arg):
        raise error(f"{place}: wants a list of ids as os-release writes them under ID and ID_LIKE")
    return lambda facts: (
        not {facts.os.id, *facts.os.id_like}.isdisjoint(arg),
        f"the host runs {facts.os.pretty_name or facts.os.id or 'an unknown distribution'}",
    ), ()


def _choice_leaf(arg: Any, values: Mapping[str, Any], error: type[ValueError], place: str) -> Compiled:
    if not isinstance(arg, dict) or len(arg) != 1:
        raise error(f"{place}: wants one variable and its value")
    (name, wanted) = next(iter(arg.items()))
    if name not in values:
        raise error(f"{place}: no variable is called {name!r}")
    chosen = values[name]
    return lambda facts: (
        chosen == wanted,
        f"{name} is set to {chosen} for this template",
    ), ()
