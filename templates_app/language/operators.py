"""Operators: the closed list of ways in which an observed value can be held against an expectation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import re2

from templates_app.language.observations import FileMode, Value
from templates_app.language.versions import at_least, parted

Operand = str | int | float | bool | list[str] | list[int] | dict[str, object] | None
Judge = Callable[[Value], bool]


class Unfit(ValueError):
    """An operand that the operator cannot work with, or a value that it cannot read."""


class Operator(NamedTuple):
    """``prepare`` checks an operand and returns the judge of values; ``words`` tells the expectation."""

    prepare: Callable[[Operand], Judge]
    words: Callable[[Operand], str]


@dataclass(frozen=True, slots=True)
class Bounds:
    low: float
    high: float


def number(value: Value | Operand) -> float:
    """Return a number from 14, "14", "10m" is refused. Raises Unfit for anything that is not a plain number."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(int(value.strip(), 10))
        except ValueError:
            try:
                return float(value.strip())
            except ValueError:
                raise Unfit(f"{value!r} is not a number") from None
    raise Unfit(f"{value!r} is not a number")


def text(value: Value | Operand) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


def mode(value: Operand | Value) -> int:
    """Return permission bits from "0640", "640" or an integer that is already bits."""
    if isinstance(value, FileMode):
        return value.mode
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value and len(value) <= 5 and all(c in "01234567" for c in value):
        return int(value, 8)
    raise Unfit(f"{value!r} is not an octal mode such as 0640")


def listed(operand: Operand) -> list[str]:
    if not isinstance(operand, list) or not operand:
        raise Unfit("expects a list with at least one entry")
    return [text(entry) for entry in operand]


def many(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (text(value),)


def said(operand: Operand) -> str:
    return ", ".join(text(entry) for entry in operand) if isinstance(operand, list) else text(operand)


def _eq(operand: Operand) -> Judge:
    if isinstance(operand, list):
        raise Unfit("expects one value, not a list")
    wanted = text(operand)
    return lambda value: text(value) == wanted


def _ne(operand: Operand) -> Judge:
    equal = _eq(operand)
    return lambda value: not equal(value)


def _ieq(operand: Operand) -> Judge:
    wanted = text(operand).lower()
    return lambda value: text(value).lower() == wanted


def _in(operand: Operand) -> Judge:
    wanted = frozenset(listed(operand))
    return lambda value: all(entry in wanted for entry in many(value))


def _iin(operand: Operand) -> Judge:
    wanted = frozenset(entry.lower() for entry in listed(operand))
    return lambda value: all(entry.lower() in wanted for entry in many(value))


def _not_in(operand: Operand) -> Judge:
    refused = frozenset(listed(operand))
    return lambda value: not any(entry in refused for entry in many(value))


def _compare(better: Callable[[float, float], bool]) -> Callable[[Operand], Judge]:
    def prepare(operand: Operand) -> Judge:
        bound = number(operand)
        return lambda value: better(number(value), bound)

    return prepare


def _range(operand: Operand) -> Judge:
    if not isinstance(operand, list) or len(operand) != 2:
        raise Unfit("expects [lowest, highest]")
    low, high = number(operand[0]), number(operand[1])
    if low > high:
        raise Unfit("the lowest value stands above the highest")
    return lambda value: low <= number(value) <= high


def _match(operand: Operand) -> Judge:
    try:
        pattern = re2.compile(text(operand))
    except re2.error as error:
        raise Unfit(f"is not a regular expression: {error}") from None
    return lambda value: all(pattern.search(entry) is not None for entry in many(value))


def _not_match(operand: Operand) -> Judge:
    try:
        pattern = re2.compile(text(operand))
    except re2.error as error:
        raise Unfit(f"is not a regular expression: {error}") from None
    return lambda value: not any(pattern.search(entry) is not None for entry in many(value))


def _superset(operand: Operand) -> Judge:
    wanted = frozenset(listed(operand))
    return lambda value: wanted <= frozenset(many(value))


def _subset(operand: Operand) -> Judge:
    allowed = frozenset(listed(operand)) if operand != [] else frozenset()
    return lambda value: frozenset(many(value)) <= allowed


def _set_eq(operand: Operand) -> Judge:
    wanted = frozenset(listed(operand))
    return lambda value: frozenset(many(value)) == wanted


def _flag(operand: Operand) -> bool:
    if operand is not True:
        raise Unfit("expects true")
    return True


def _nonempty(operand: Operand) -> Judge:
    _flag(operand)
    return lambda value: value not in ("", ()) and value is not None


def _unique(operand: Operand) -> Judge:
    _flag(operand)
    return lambda value: len(set(many(value))) == len(many(value))


def _mode_max(operand: Operand) -> Judge:
    allowed = mode(text(operand))
    return lambda value: not mode(value) & ~allowed & 0o7777


def _no_bits(operand: Operand) -> Judge:
    refused = mode(text(operand))
    return lambda value: not mode(value) & refused


def umask_bits(value: Value) -> int:
    """Return the bits of a umask of at most four octal digits; "027022" is not one."""
    if isinstance(value, str) and 1 <= len(value) <= 4 and all(c in "01234567" for c in value):
        return int(value, 8)
    raise Unfit(f"{value!r} is not a umask")


def _umask_min(operand: Operand) -> Judge:
    wanted = umask_bits(text(operand))
    return lambda value: umask_bits(value) & wanted == wanted


def _names(operand: Operand, key: str) -> frozenset[str] | None:
    if not isinstance(operand, dict) or key not in operand:
        return None
    names = operand[key]
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset([str(names)])


def _stat_max(operand: Operand) -> Judge:
    """Accept a file whose mode is at most ``mode`` and whose owner and group are among those named."""
    if not isinstance(operand, dict) or not operand or set(operand) - {"mode", "owner", "group"}:
        raise Unfit("expects mode, owner and group, or some of them")
    allowed = mode(str(operand["mode"])) if "mode" in operand else None
    owners, groups = _names(operand, "owner"), _names(operand, "group")

    def judge(value: Value) -> bool:
        if not isinstance(value, FileMode):
            raise Unfit("is not a file's permissions")
        return (
            (allowed is None or not value.mode & ~allowed & 0o7777)
            and (owners is None or value.owner in owners or str(value.uid) in owners)
            and (groups is None or value.group in groups or str(value.gid) in groups)
        )

    return judge


def _stat_words(operand: Operand) -> str:
    if not isinstance(operand, dict):
        return ""
    parts = [f"mode {operand['mode']} or stricter"] if "mode" in operand else []
    parts += [f"{key} {said_names(operand[key])}" for key in ("owner", "group") if key in operand]
    return "has " + ", ".join(parts)


def said_names(names: object) -> str:
    return names if isinstance(names, str) else " or ".join(str(name) for name in names)  # type: ignore[attr-defined]


def _stat_any(operand: Operand) -> Judge:
    """Accept a file that fits any one of several owner, group and mode sets."""
    if not isinstance(operand, list) or not operand:
        raise Unfit("expects a list of mode, owner and group")
    judges = [_stat_max(entry) for entry in operand]
    return lambda value: any(judge(value) for judge in judges)


def _stat_any_words(operand: Operand) -> str:
    return " or ".join(_stat_words(entry) for entry in operand) if isinstance(operand, list) else ""


def startups(value: Operand | Value) -> list[float]:
    parts = text(value).split(":")
    if len(parts) != 3:
        raise Unfit(f"{value!r} is not three numbers such as 10:30:60")
    return [number(part) for part in parts]


def _startups_le(operand: Operand) -> Judge:
    bounds = startups(operand)
    return lambda value: all(part <= bound for part, bound in zip(startups(value), bounds, strict=True))


def _version_ge(operand: Operand) -> Judge:
    bound = text(operand)
    try:
        parted(bound)
    except ValueError as error:
        raise Unfit(str(error)) from None

    def judge(value: Value) -> bool:
        try:
            return at_least(text(value), bound)
        except ValueError as error:
            raise Unfit(str(error)) from None

    return judge


def _plain(phrase: str) -> Callable[[Operand], str]:
    return lambda operand: phrase.format(said(operand))


def _range_words(operand: Operand) -> str:
    return f"is from {operand[0]} to {operand[1]}" if isinstance(operand, list) else ""


OPERATORS: dict[str, Operator] = {
    "eq": Operator(_eq, _plain("is {}")),
    "ieq": Operator(_ieq, _plain("is {}")),
    "ne": Operator(_ne, _plain("is not {}")),
    "in": Operator(_in, _plain("is one of {}")),
    "iin": Operator(_iin, _plain("is one of {}")),
    "not_in": Operator(_not_in, _plain("is none of {}")),
    "none_in": Operator(_not_in, _plain("holds none of {}")),
    "lt": Operator(_compare(float.__lt__), _plain("is below {}")),
    "le": Operator(_compare(float.__le__), _plain("is at most {}")),
    "gt": Operator(_compare(float.__gt__), _plain("is above {}")),
    "ge": Operator(_compare(float.__ge__), _plain("is at least {}")),
    "range": Operator(_range, _range_words),
    "match": Operator(_match, _plain("matches {}")),
    "not_match": Operator(_not_match, _plain("does not match {}")),
    "superset": Operator(_superset, _plain("holds all of {}")),
    "subset": Operator(_subset, _plain("holds nothing but {}")),
    "set_eq": Operator(_set_eq, _plain("is exactly {}")),
    "nonempty": Operator(_nonempty, _plain("is not empty")),
    "unique": Operator(_unique, _plain("holds no duplicates")),
    "mode_max": Operator(_mode_max, _plain("has mode {} or stricter")),
    "no_bits": Operator(_no_bits, _plain("has none of the permission bits {}")),
    "umask_min": Operator(_umask_min, _plain("is umask {} or stricter")),
    "stat_max": Operator(_stat_max, _stat_words),
    "stat_any": Operator(_stat_any, _stat_any_words),
    "startups_le": Operator(_startups_le, _plain("is at most {}, number by number")),
    "version_ge": Operator(_version_ge, _plain("is version {} or later")),
}
