"""What shell start-up files set: the umask, or a variable such as TMOUT. Nothing is run; the lines are read.

Start-up files branch, and no reader can know which branch a login takes. So every setting counts: each is an item, and
each must be right.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from templates_app.language import files
from templates_app.language.facts import Facts
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

DECLARING = frozenset({"export", "readonly", "declare", "typeset", "local"})
LEADING = frozenset({"then", "else", "do", "if", "elif", "while", "!", "builtin", "command", "time"})
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
SYMBOLIC = re.compile(r"[ugoa]*=[rwx]*")


class ShellEnvProbe(Probe):
    """``name`` is umask or a variable. ``facet`` value: each value set in ``paths`` (globs allowed); attributes: one
    list of what the variable is made there, of readonly and exported.
    """

    paths: list[str]
    name: str
    facet: Literal["value", "attributes"] = "value"


class Setting(NamedTuple):
    """``value`` None: the line only changes attributes."""

    name: str
    value: str | None
    attributes: frozenset[str]
    line: Line


def needs(probe: ShellEnvProbe) -> Iterable[Need]:
    return files.content_needs(probe.paths)


def observe(probe: ShellEnvProbe, facts: Facts) -> Observed:
    lines, present = files.all_lines(facts, probe.paths)
    if not present:
        return Observed(absent=f"none of these files exists: {', '.join(probe.paths)}", evidence=looked(probe.paths))
    found = facts.memo(
        ("shell_env", probe.name, tuple(probe.paths)),
        lambda: [one for line in lines for one in set_by(line, probe.name)],
    )
    absent = f"{probe.name} is not set in {', '.join(present[:3])}"
    if not any(one.value is not None for one in found):
        return Observed(absent=absent, evidence=looked(present))
    if probe.facet == "attributes":
        return Observed((attributes(probe, found),))
    return Observed(tuple(value_item(one) for one in found if one.value is not None))


def looked(paths: list[str]) -> tuple[Evidence, ...]:
    return tuple(Evidence(path, None, "", "searched") for path in paths[:5])


def value_item(one: Setting) -> Item:
    where = f"{one.line.path} line {one.line.number}"
    return Item(
        one.value, f"{one.name} in {where}", (seen(one.line),), f"{one.name} is {one.value or 'empty'} ({where})"
    )


def seen(line: Line) -> Evidence:
    return Evidence(line.path, line.number, clipped(line.text.strip()), "read from the file; no shell was started")


def attributes(probe: ShellEnvProbe, found: list[Setting]) -> Item:
    kept = {attribute: one for one in found for attribute in one.attributes}
    names = tuple(sorted(kept))
    parts = [f"{name} ({kept[name].line.path} line {kept[name].line.number})" for name in names]
    missing = [name for name in ("exported", "readonly") if name not in kept]
    text = f"{probe.name} is " + " and ".join([*parts, *(f"not {name}" for name in missing)])
    return Item(names, probe.name, tuple(seen(one.line) for one in {one.line: one for one in found}.values()), text)


def set_by(line: Line, name: str) -> Iterator[Setting]:
    """Yield what one line sets; lines that never name it cost nothing."""
    if name not in line.text:
        return
    for words in commands(line.text):
        while words and words[0] in LEADING:
            words = words[1:]
        if name == "umask":
            value = umask(words)
            if value is not None:
                yield Setting(name, value, frozenset(), line)
        else:
            yield from variable(words, name, line)


def umask(words: list[str]) -> str | None:
    """Return the mask that a umask command sets, None when it sets none; a symbolic one as octal digits."""
    if not words or words[0] != "umask":
        return None
    given = [word for word in words[1:] if word not in ("-S", "-p", "--")]
    if not given:
        return None
    return octal(given[0]) if "=" in given[0] else given[0]


def octal(symbolic: str) -> str:
    """Return "027" from "u=rwx,g=rx,o="; text that says less than all three classes stays as it is."""
    masks: dict[str, int] = {}
    for clause in symbolic.split(","):
        if not SYMBOLIC.fullmatch(clause):
            return symbolic
        who, _, allowed = clause.partition("=")
        bits = 7 & ~sum({"r": 4, "w": 2, "x": 1}[letter] for letter in set(allowed))
        for one in "ugo" if not who or "a" in who else who:
            masks[one] = bits
    return "".join(str(masks[one]) for one in "ugo") if len(masks) == 3 else symbolic


def variable(words: list[str], name: str, line: Line) -> Iterator[Setting]:
    made: set[str] = set()
    for index, word in enumerate(words):
        if index == 0 and word in DECLARING:
            made |= {"export": {"exported"}, "readonly": {"readonly"}}.get(word, set())
        elif made_by_option(word) and words[0] in DECLARING:
            made |= made_by_option(word)
        else:
            assigned = ASSIGNMENT.fullmatch(word)
            if assigned and assigned[1] == name:
                yield Setting(name, assigned[2], frozenset(made), line)
            elif not assigned and words[0] not in DECLARING:
                return
            elif word == name and made:
                yield Setting(name, None, frozenset(made), line)


def made_by_option(word: str) -> set[str]:
    if not word.startswith("-"):
        return set()
    return {made for letter, made in (("x", "exported"), ("r", "readonly")) if letter in word}


def commands(text: str) -> list[list[str]]:
    """Return the words of each simple command of a line; where quotes do not close, a rough cut at ; & | must do."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|(){}")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        return [part.split() for part in re.split(r"[;&|(){}]+", text.split(" #")[0])]
    found: list[list[str]] = [[]]
    for word in words:
        if word.startswith("#"):
            break
        if set(word) <= set(";&|(){}") and word:
            found.append([])
        else:
            found[-1].append(word)
    return [one for one in found if one]


def describe(probe: ShellEnvProbe) -> str:
    what = probe.name if probe.facet == "value" else f"what {probe.name} is made"
    return f"{what} in {', '.join(probe.paths)}"


register(Kind("shell_env", ShellEnvProbe, needs, observe, describe, "The umask or a variable of shell start-up files"))
