"""Values from outside, before anything reads them: bounded, and fit to be stored as text and as JSON."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

DEEPEST = 30
"""Levels of nesting; a check of ours has at most 12."""
MOST_VALUES = 100_000
LONGEST_TEXT = 20_000


def plain_problems(value: Any) -> dict[str, str]:
    """Return what keeps ``value`` from being used, by dotted place; at most twenty problems."""
    problems: dict[str, str] = {}
    for number, (place, wrong) in enumerate(_walk(value)):
        if number >= MOST_VALUES:
            return {"": f"holds more than {MOST_VALUES} values"}
        if wrong:
            problems[place] = wrong
        if len(problems) >= 20:
            break
    return problems


def _walk(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (place, what is wrong or "") of every value within ``value``, without recursion."""
    waiting: list[tuple[str, int, Any]] = [("", 0, value)]
    while waiting:
        place, depth, one = waiting.pop()
        if depth > DEEPEST:
            yield place, f"is nested more than {DEEPEST} levels deep"
            continue
        yield place, _wrong(one)
        if isinstance(one, Mapping):
            for key, inner in one.items():
                if not isinstance(key, str) or _wrong(key):
                    yield place, "has a name that is no plain text"
                    continue
                waiting.append((f"{place}.{key}" if place else key, depth + 1, inner))
        elif isinstance(one, list):
            waiting += [
                (f"{place}.{index}" if place else str(index), depth + 1, inner) for index, inner in enumerate(one)
            ]


def _wrong(value: Any) -> str:
    if isinstance(value, str):
        if "\0" in value:
            return "holds a NUL character, which no database can store"
        if any("\ud800" <= character <= "\udfff" for character in value):
            return "holds half of a character (a lone surrogate)"
        if len(value) > LONGEST_TEXT:
            return f"is longer than {LONGEST_TEXT} characters"
    elif isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return "is larger than every program can read exactly"
    elif not isinstance(value, bool | int | float | Mapping | list | None):
        return f"is a {type(value).__name__}, which JSON does not have"
    return ""
