"""Login banners: lines that tell a stranger what system this is."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import re2

from templates_app.language import files
from templates_app.language.facts import Facts
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

ESCAPES = {
    "m": "the architecture",
    "r": "the kernel's release",
    "s": "the operating system's name",
    "v": "the operating system's version",
    "S": "the distribution",
}
SHOWN = re2.compile(r"\\([mrsvS])")
TELNET = re2.compile(r"(?:^|[^%0-9])%([mrsv])(?:$|[^A-Za-z0-9])")
SHORT_NAME = 3


class BannerProbe(Probe):
    """``paths`` are /etc/motd, /etc/issue or /etc/issue.net. One item for each line that names the system.

    A line does so with an escape (\\m \\r \\s \\v \\S; in issue.net also %m %r %s %v) or in plain words: the name of
    the distribution the host says it is, its version or release name, its kernel's release, or Linux itself.
    Expect {absent: true}.
    """

    paths: list[str]


def needs(probe: BannerProbe) -> Iterable[Need]:
    return files.content_needs(probe.paths)


def observe(probe: BannerProbe, facts: Facts) -> Observed:
    lines, present = files.all_lines(facts, probe.paths)
    if not present:
        where = ", ".join(probe.paths)
        looked = (Evidence(probe.paths[0], None, "", "does not exist"),)
        return Observed(absent=f"no such file: {where}, so that nothing is shown", evidence=looked)
    names = names_of(facts.os.pretty_name, facts.os.id, facts.os.version_id, facts.os.kernel)
    telling = tuple(item(line, reasons) for line in lines if (reasons := reasons_of(line, names)))
    read = f"{len(lines)} lines with text" if len(lines) != 1 else "1 line with text"
    return Observed(
        telling,
        absent=f"{', '.join(present)} does not name the system ({read})",
        evidence=tuple(Evidence(path, None, "", f"searched, {read}") for path in present),
    )


def item(line: Line, reasons: list[str]) -> Item:
    text = clipped(line.text.strip())
    words = f"{line.path} line {line.number} {' and '.join(reasons)}: {text}"
    return Item(text, f"{line.path} line {line.number}", (Evidence(line.path, line.number, text, reasons[0]),), words)


def reasons_of(line: Line, names: "tuple[tuple[re2._Regexp, str], ...]") -> list[str]:
    """Return how ``line`` names the system, in words; empty when it does not."""
    text = line.text.replace("\\\\", "")
    escapes = [f"\\{letter}" for letter in SHOWN.findall(text)]
    if line.path.endswith("issue.net"):
        escapes += [f"%{letter}" for letter in TELNET.findall(text)]
    shown = [f"shows {ESCAPES[escape[1]]} through {escape}" for escape in dict.fromkeys(escapes)]
    return shown + [words for pattern, words in names if pattern.search(text) is not None][:1]


@lru_cache(maxsize=256)
def names_of(pretty_name: str, os_id: str, version_id: str, kernel: str) -> tuple[tuple["re2._Regexp", str], ...]:
    """Return patterns of what would name such a system in plain words, each with how to say so; many hosts share it."""
    return tuple(names(pretty_name, os_id, version_id, kernel))


def names(pretty_name: str, os_id: str, version_id: str, kernel: str) -> Iterator[tuple["re2._Regexp", str]]:
    title, _, rest = pretty_name.partition(version_id) if version_id else (pretty_name, "", "")
    distribution = title.strip().removesuffix("release").strip()
    plain = {distribution, os_id, *(["Red Hat"] if "red hat" in pretty_name.lower() else [])}
    for name in sorted(plain - {""}, key=lambda one: (-len(one), one)):
        end = r"(?:$|[^A-Za-z])" if len(name) <= SHORT_NAME else ""
        yield re2.compile(rf"(?i)(?:^|[^A-Za-z]){re2.escape(name)}{end}"), f"names the distribution ({name})"
    codename = rest.partition("(")[2].partition(")")[0].strip()
    if codename:
        yield re2.compile(rf"(?i)(?:^|[^A-Za-z]){re2.escape(codename)}"), f"names the release ({codename})"
    for version in (version_id if "." in version_id else "", kernel):
        if version:
            yield re2.compile(rf"(?:^|[^0-9.]){re2.escape(version)}(?:$|[^0-9])"), f"names the version ({version})"
    yield re2.compile(r"(?i)(?:^|[^A-Za-z])linux(?:$|[^A-Za-z])"), "names the operating system (Linux)"


def describe(probe: BannerProbe) -> str:
    return f"a line that names the system or its version in {', '.join(probe.paths)}"


PRESENCE = ("is found", "is not found")
register(Kind("banner", BannerProbe, needs, observe, describe, "Lines of login banners that name the system", PRESENCE))
