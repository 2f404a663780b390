"""Lines of files that match a regular expression. The items are the matching lines."""

from collections.abc import Iterable
from functools import lru_cache

import re2

from templates_app.language import files
from templates_app.language.facts import Facts
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Paths, Pattern, Probe, register


class FileRegexProbe(Probe):
    """``pattern`` is searched in each line (RE2) of ``paths`` (globs allowed); comment lines were left out, but in
    /etc/motd, /etc/issue and /etc/issue.net. ``called`` names what such a line is, for people who read no patterns.
    """

    paths: Paths
    pattern: Pattern
    ignore_case: bool = False
    called: str = ""


def needs(probe: FileRegexProbe) -> Iterable[Need]:
    return files.content_needs(probe.paths)


def observe(probe: FileRegexProbe, facts: Facts) -> Observed:
    lines, present = files.all_lines(facts, probe.paths)
    if not present:
        return files.none_of(probe.paths)
    pattern = compiled(probe.pattern, probe.ignore_case)
    matching = tuple(
        Item(
            clipped(line.text.strip()),
            f"{line.path} line {line.number}",
            (
                Evidence(
                    line.path,
                    line.number,
                    clipped(line.text.strip()),
                    "line of the file",
                ),
            ),
        )
        for line in lines
        if pattern.search(line.text) is not None
    )
    looked = tuple(Evidence(path, None, "", "searched") for path in present[:3])
    return Observed(
        matching,
        absent=f"no {probe.called or 'matching line'} in {', '.join(present[:3])}",
        evidence=looked,
    )


@lru_cache(maxsize=512)
def compiled(pattern: str, ignore_case: bool) -> "re2._Regexp":
    return re2.compile(f"(?i){pattern}" if ignore_case else pattern)


def describe(probe: FileRegexProbe) -> str:
    return f"{probe.called or f'a line matching {probe.pattern}'} in {', '.join(probe.paths)}"


register(
    Kind(
        "file_regex",
        FileRegexProbe,
        needs,
        observe,
        describe,
        "Lines of files that match a pattern",
    )
)
