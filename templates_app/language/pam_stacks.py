"""PAM's files: the lines of a service's stack as PAM puts them together, @include, include and substack followed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from templates_app.language import authselect, files
from templates_app.language.facts import Facts
from templates_app.language.files import Line

DIRECTORY = "/etc/pam.d"
PAM_FILES = f"{DIRECTORY}/*"
LEFT_OVERS = (".dpkg-dist", ".dpkg-new", ".dpkg-old", ".rpmnew", ".rpmsave", ".bak", "~")


@dataclass(frozen=True, slots=True)
class Entry:
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
    """Return the lines that stand in the service's file itself, includes among them left out."""
    path = path_of(service)
    if path not in files.expand(facts, "file_content", PAM_FILES):
        return None
    lines = files.lines_of(facts, path)
    return None if lines is None else [entry for entry in parse(lines) if entry.control not in FOLLOWED]


INCLUDE = "@include"
FOLLOWED = frozenset({INCLUDE, "include", "substack"})


def followed(facts: Facts, service: str, only: str, above: tuple[str, ...]) -> list[Entry] | None:
    path = path_of(service)
    if path not in files.expand(facts, "file_content", PAM_FILES):
        return None
    lines = files.lines_of(facts, path)
    if lines is None or path in above:
        return None
    found: list[Entry] = []
    for entry in parse(lines):
        if only and entry.type and entry.type != only:
            continue
        if entry.control in FOLLOWED:
            found += followed(facts, entry.module, entry.type or only, (*above, path)) or []
        else:
            found.append(entry)
    return found


LINE = re.compile(r"-?(auth|account|password|session)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)", re.IGNORECASE)


def parse(lines: list[Line]) -> Iterator[Entry]:
    """Yield the entries of a file; a line that PAM itself could not read is passed over, as PAM does."""
    for line in joined(lines):
        text = line.text.partition("#")[0].strip()
        if text.startswith(INCLUDE):
            yield Entry("", INCLUDE, text[len(INCLUDE) :].strip(), (), line)
            continue
        found = LINE.match(text)
        if found is not None:
            args = tuple(re.findall(r"\[(?:[^\]\\]|\\.)*\]|[^\s\[\]]+", found[4]))
            control = found[2].lower() if found[2][0] != "[" else " ".join(found[2].split())
            module = found[3] if control in FOLLOWED else found[3].rsplit("/", 1)[-1]
            yield Entry(found[1].lower(), control, module, tuple(arg.strip("[]") for arg in args), line)


def joined(lines: list[Line]) -> Iterator[Line]:
    kept: Line | None = None
    for line in lines:
        text = f"{kept.text} {line.text.lstrip()}" if kept else line.text
        number = kept.number if kept else line.number
        if text.endswith("\\"):
            kept = Line(line.path, number, text[:-1])
        else:
            kept = None
            yield Line(line.path, number, text)
