"""Settings in key/value files: one key, read from a main file and its drop-ins in the order in which they count."""

from collections.abc import Iterable
from typing import Literal

from templates_app.language import files
from templates_app.language.facts import Facts
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Paths, Probe, register


class KvFileProbe(Probe):
    """``paths`` (globs allowed) are read in this order; ``wins`` says which of several settings of ``key`` counts.

    ``separator`` equals: "key = value", space: "key value", colon: "key: value", limits: "domain type item value",
    where the key is "domain type item" and the type "-" stands for hard and soft. ``section`` limits it to an [ini]
    section. A key without a value counts as set to "". Quotes around a value are dropped. ``dropins`` true: the files
    after the first path's are drop-ins as systemd reads them, by file name over all directories; of one name the last
    directory's counts.
    """

    paths: Paths
    key: str
    section: str = ""
    separator: Literal["equals", "space", "colon", "limits"] = "equals"
    wins: Literal["last", "first", "all"] = "last"
    ignore_case: bool = False
    dropins: bool = False
    comment: str = "#"


def needs(probe: KvFileProbe) -> Iterable[Need]:
    return files.content_needs(probe.paths)


def observe(probe: KvFileProbe, facts: Facts) -> Observed:
    lines, present = files.all_lines(facts, with_dropins(probe.paths, facts) if probe.dropins else probe.paths)
    if not present:
        return files.none_of(probe.paths)
    wanted = normal(probe.key, probe)
    found = [
        (line, value)
        for line, section, key, value in settings(lines, probe, facts)
        if key == wanted and (not probe.section or section == probe.section.lower())
    ]
    if not found:
        looked = tuple(Evidence(path, None, "", f"does not set {probe.key}") for path in present[:3])
        return Observed(absent=f"{probe.key} is not set in {', '.join(present[:3])}", evidence=looked)
    kept = {"last": found[-1:], "first": found[:1], "all": found}[probe.wins]
    return Observed(tuple(setting_item(probe, line, value) for line, value in kept))


def with_dropins(paths: list[str], facts: Facts) -> list[str]:
    """Return the first path and the drop-ins of the others, in the order in which systemd applies them."""
    by_name = {
        path.rsplit("/", 1)[-1]: path for glob in paths[1:] for path in files.expand(facts, "file_content", glob)
    }
    return [paths[0], *(by_name[name] for name in sorted(by_name))]


def setting_item(probe: KvFileProbe, line: Line, value: str) -> Item:
    evidence = Evidence(line.path, line.number, clipped(line.text.strip()), "read from the file")
    return Item(value, f"{probe.key} in {line.path} line {line.number}", (evidence,))


def settings(lines: list[Line], probe: KvFileProbe, facts: Facts) -> list[tuple[Line, str, str, str]]:
    """Return (line, section, key, value) of each setting; parsed once for each set of files."""
    how = (tuple(probe.paths), probe.dropins, probe.separator, probe.comment, probe.ignore_case)
    return facts.memo(("kv", how), lambda: list(parse(lines, probe)))


def parse(lines: list[Line], probe: KvFileProbe) -> Iterable[tuple[Line, str, str, str]]:
    section, path = "", ""
    for line in lines:
        if line.path != path:
            section, path = "", line.path
        text = line.text.strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1].strip().lower()
            continue
        if text.startswith((probe.comment, ";")):
            continue
        key, value = split(text, probe.separator, probe.comment)
        for named in both_limits(key) if probe.separator == "limits" else [key]:
            if named:
                yield line, section, normal(named, probe), value


def both_limits(key: str) -> list[str]:
    """Return what a line of limits.conf sets: "* - core" sets the hard and the soft limit."""
    domain, kind, item = key.split() if key else ("", "", "")
    return [f"{domain} {one} {item}" for one in ("hard", "soft")] if kind == "-" else [key]


def split(text: str, separator: str, comment: str) -> tuple[str, str]:
    """Return key and value of one line; the value without a trailing comment and without quotes."""
    if separator == "limits":
        words = text.split(comment)[0].split()
        return (" ".join(words[:3]), words[3]) if len(words) == 4 else ("", "")
    if separator == "space":
        key, _, value = text.partition(" ") if "\t" not in text else _first_word(text)
    else:
        key, _, value = text.partition("=" if separator == "equals" else ":")
    value = value.split(f" {comment}")[0].split(f"\t{comment}")[0].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return key.strip(), value


def _first_word(text: str) -> tuple[str, str, str]:
    words = text.split(None, 1)
    return words[0], " ", words[1] if len(words) > 1 else ""


def normal(key: str, probe: KvFileProbe) -> str:
    joined = " ".join(key.split())
    return joined.lower() if probe.ignore_case else joined


def describe(probe: KvFileProbe) -> str:
    where = f"{probe.paths[0]} and its drop-ins" if probe.dropins else ", ".join(probe.paths)
    return f"setting {probe.key} in {'[' + probe.section + '] of ' if probe.section else ''}{where}"


register(
    Kind(
        "kv_file",
        KvFileProbe,
        needs,
        observe,
        describe,
        "A setting in key/value files, with drop-ins",
    )
)
