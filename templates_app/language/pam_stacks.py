"""PAM's files: the lines of a service's stack as PAM puts them together, @include, include and substack followed."""

import re
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from templates_app.language import authselect, files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.files import Line

DIRECTORY = "/etc/pam.d"
PAM_FILES = f"{DIRECTORY}/*"
MOST_INCLUDES = 1000
LEFT_OVERS = (".dpkg-dist", ".dpkg-new", ".dpkg-old", ".rpmnew", ".rpmsave", ".bak", "~")


class Entry(NamedTuple):
    """One line of a stack."""

    type: str
    control: str
    module: str
    args: tuple[str, ...]
    line: Line


def profile_entries(facts: Facts, service: str) -> list[Entry] | None:
    lines = authselect.lines(facts, service)
    return None if lines is None else list(parse(lines))


def every_file(facts: Facts) -> list[str]:
    paths = files.expand(facts, "file_content", PAM_FILES)
    return [path.rsplit("/", 1)[-1] for path in paths if not path.endswith(LEFT_OVERS)]


def path_of(service: str) -> str:
    return service if service.startswith("/") else f"{DIRECTORY}/{service}"


def own(facts: Facts, service: str) -> list[Entry] | None:
    """Return the lines that stand in the service's file itself, includes among them left out; None without the file."""
    entries = entries_of(facts, path_of(service))
    return None if entries is None else [entry for entry in entries if entry.control not in FOLLOWED]


INCLUDE = "@include"
FOLLOWED = frozenset({INCLUDE, "include", "substack"})


def entries_of(facts: Facts, path: str) -> list[Entry] | None:
    """Return what stands in one file, includes as entries; None when it does not exist."""

    def build() -> list[Entry] | None:
        if path not in files.expand(facts, "file_content", PAM_FILES):
            return None
        lines = files.lines_of(facts, path)
        return None if lines is None else list(parse(lines))

    return facts.memo(("pam", "file", path), build)


def followed(facts: Facts, service: str) -> list[Entry] | None:
    """Return the whole stack of ``service``; None when it has no file. A file that includes itself is cut off.

    Raises Unknown where files include each other so often that PAM could not read them to the end.
    """
    return inlined(facts, path_of(service), "", (), count())


def inlined(facts: Facts, path: str, only: str, above: tuple[str, ...], steps: Iterator[int]) -> list[Entry] | None:
    """Return the entries of one file with includes in their places; ``only`` limits them to one type."""
    if next(steps) > MOST_INCLUDES:
        raise Unknown(f"the files of {path} include each other without end")
    entries = entries_of(facts, path)
    if entries is None or path in above:
        return None
    found: list[Entry] = []
    for entry in entries:
        if only and entry.type and entry.type != only:
            continue
        if entry.control in FOLLOWED:
            found += inlined(facts, path_of(entry.module), entry.type or only, (*above, path), steps) or []
        else:
            found.append(entry)
    return found


TYPES = frozenset({"auth", "account", "password", "session"})
WORD = re.compile(r"\[(?:[^\]\\]|\\.)*\]|[^\s\[\]]+")


def parse(lines: list[Line]) -> Iterator[Entry]:
    """Yield the entries of a file; a line that PAM itself could not read is passed over, as PAM does."""
    for line in joined(lines):
        text = line.text.partition("#")[0].strip()
        if text.startswith(INCLUDE):
            yield Entry("", INCLUDE, text[len(INCLUDE) :].strip(), (), line)
            continue
        words = WORD.findall(text) if "[" in text else text.split()
        kind = words[0].lstrip("-").lower() if len(words) > 2 else ""
        if kind in TYPES:
            control = " ".join(words[1].split()).lower()
            module = words[2] if control in FOLLOWED else words[2].rsplit("/", 1)[-1]
            yield Entry(kind, control, module, tuple(word.strip("[]") for word in words[3:]), line)


def joined(lines: list[Line]) -> Iterator[Line]:
    kept: Line | None = None
    for line in lines:
        if kept is None and not line.text.endswith("\\"):
            yield line
            continue
        text = f"{kept.text} {line.text.lstrip()}" if kept else line.text
        number = kept.number if kept else line.number
        if text.endswith("\\"):
            kept = Line(line.path, number, text[:-1])
        else:
            kept = None
            yield Line(line.path, number, text)
