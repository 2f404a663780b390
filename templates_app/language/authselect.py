"""The active authselect profile of Red Hat's family: its files, with the lines that its chosen features leave in."""

import re
from typing import Any

from templates_app.language import files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.files import Line

CONF = "/etc/authselect/authselect.conf"
CUSTOM = "/etc/authselect/custom"
PATHS = (CONF, f"{CUSTOM}/*/system-auth", f"{CUSTOM}/*/password-auth")
RULE = re.compile(r"\{(include if|exclude if|continue if|stop if|imply|if)\s+([^{}]*?)\}")


def path_words(service: str) -> str:
    return f"{service} of the active authselect profile"


def active(facts: Facts) -> tuple[str, frozenset[str]] | None:
    """Return name and features of the active profile, None when authselect has none or it is not a custom one."""
    lines = files.lines_of(facts, CONF)
    if not lines or not lines[0].text.strip().startswith("custom/"):
        return None
    return lines[0].text.strip().removeprefix("custom/"), frozenset(line.text.strip() for line in lines[1:])


def lines(facts: Facts, service: str) -> list[Line] | None:
    """Return the lines of ``service`` in the active custom profile, conditions decided; None without such a profile.

    Raises Unknown for a condition that cannot be read.
    """
    profile = active(facts)
    if profile is None:
        return None
    name, features = profile
    path = f"{CUSTOM}/{name}/{service}"
    value: Any = facts.value("file_content")
    if path not in value["files"]:
        return None
    found = files.lines_of(facts, path)
    return None if found is None else [line for one in found if (line := decided(one, features))]


def decided(line: Line, features: frozenset[str]) -> Line | None:
    """Return ``line`` without its condition, or None when the profile's features leave it out."""
    for word, condition in RULE.findall(line.text):
        if word in ("continue if", "stop if"):
            raise Unknown(f"{line.path} line {line.number}: {word} is not understood")
        if word == "imply":
            return None
        if word in ("include if", "exclude if") and holds(condition, features) is not (word == "include if"):
            return None
    return Line(line.path, line.number, RULE.sub("", line.text).rstrip())


def holds(condition: str, features: frozenset[str]) -> bool:
    """Tell whether a condition such as '"with-faillock" and not "without-nullok"' holds; "and" binds before "or"."""
    return any(
        all(
            (term.removeprefix("not").strip().strip('"') in features) is not term.startswith("not")
            for term in re.split(r"\s+and\s+", part.strip())
        )
        for part in re.split(r"\s+or\s+", condition)
    )
