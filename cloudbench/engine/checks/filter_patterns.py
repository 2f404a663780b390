"""CloudWatch Logs filter patterns for JSON events: read into a test that says whether an event matches.

    pattern_test(text)    the test of a pattern like { ($.eventName = "A*") && ($.x NOT EXISTS) }, or None if it is none
    field_of(event, "$.userIdentity.type")    the value at a selector, or MISSING

Source: "Filter pattern syntax for metric filters", Amazon CloudWatch Logs user guide. && binds more closely than ||.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Event = Mapping[str, Any]
Test = Callable[[Event], bool]
MISSING = object()

_TOKEN = re.compile(
    r'\s*(?:(?P<mark>&&|\|\||\(|\)|!=|<=|>=|=|<|>)|"(?P<quoted>(?:\\.|[^"\\])*)"|%(?P<regex>[^%]*)%'
    r"|(?P<word>[^\s()=!<>&|\"]+))"
)
_NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


class _Wrong(Exception):
    """A pattern that cannot be read."""


def pattern_test(text: str) -> Test | None:
    """Return whether events match, as a function; None for a pattern that is not about JSON fields, or is malformed."""
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        return None
    reader = _Reader(_tokens(stripped[1:-1]))
    try:
        test = reader.either()
    except _Wrong:
        return None
    return test if reader.at_end else None


def field_of(event: Event, selector: str) -> Any:
    """Return the value at ``selector`` ("$.a.b", "$['a'].b[0]"), or MISSING."""
    found: Any = event
    for name, index in re.findall(r"(?:\.|\[['\"]|^)([A-Za-z_][\w-]*)|\[(\d+)\]", selector.removeprefix("$")):
        if name and isinstance(found, Mapping) and name in found:
            found = found[name]
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            return MISSING
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            return [("wrong", text[at:])]
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Reader:
    """Reads a pattern by recursive descent: either (||), both (&&), one comparison or a group in parentheses."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def either(self) -> Test:
        tests = [self.both()]
        while self._skips("mark", "||"):
            tests.append(self.both())
        return lambda event: any(test(event) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self._skips("mark", "&&"):
            tests.append(self.one())
        return lambda event: all(test(event) for test in tests)

    def one(self) -> Test:
        if self._skips("mark", "("):
            inner = self.either()
            if not self._skips("mark", ")"):
                raise _Wrong
            return inner
        kind, selector = self._next()
        if kind != "word" or not selector.startswith("$"):
            raise _Wrong
        return self._comparison(selector)

    def _comparison(self, selector: str) -> Test:
        kind, operator = self._next()
        if kind == "word":
            return self._state(selector, operator.upper())
        value_kind, value = self._next()
        if kind != "mark" or value_kind not in ("quoted", "word", "regex") or operator not in ("=", "!=", *_NUMBERS):
            raise _Wrong
        if operator in _NUMBERS:
            return lambda event: _compares(field_of(event, selector), operator, value)
        equal = _equality(value_kind, value)
        wanted = operator == "="
        return lambda event: _is_plain(field_of(event, selector)) and equal(field_of(event, selector)) is wanted

    def _state(self, selector: str, word: str) -> Test:
        if word == "EXISTS":
            return lambda event: field_of(event, selector) is not MISSING
        if word == "NOT" and self._next()[1].upper() == "EXISTS":
            return lambda event: field_of(event, selector) is MISSING
        wanted = {"TRUE": True, "FALSE": False, "NULL": None}.get(self._next()[1].upper(), MISSING)
        if word != "IS" or wanted is MISSING:
            raise _Wrong
        return lambda event: field_of(event, selector) is wanted

    def _next(self) -> tuple[str, str]:
        if self.at_end:
            raise _Wrong
        self._at += 1
        return self._tokens[self._at - 1]

    def _skips(self, *token: str) -> bool:
        if not self.at_end and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False


def _is_plain(value: Any) -> bool:
    return value is not MISSING and not isinstance(value, (Mapping, list))


def _equality(kind: str, value: str) -> Callable[[Any], bool]:
    if kind == "regex":
        try:
            regex = re.compile(value)
        except re.error as error:
            raise _Wrong from error
        return lambda found: regex.search(_text(found)) is not None
    plain = re.sub(r"\\(.)", r"\1", value) if kind == "quoted" else value
    wild = re.compile(".*".join(re.escape(part) for part in plain.split("*")), re.DOTALL)
    return lambda found: wild.fullmatch(_text(found)) is not None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _compares(found: Any, operator: str, value: str) -> bool:
    try:
        return _NUMBERS[operator](float(found), float(value))
    except (TypeError, ValueError):
        return False
