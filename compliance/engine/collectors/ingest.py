"""Ingest: from what a target printed to typed facts. Everything that comes from a target is hostile until here."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from compliance.engine.collectors.plan import COLLECTOR_VERSION, Plan
from compliance.engine.collectors.registry import (
    COLLECTORS,
    DENIED,
    OVERSIZED,
    TIMED_OUT,
    UNSUPPORTED,
    Denied,
    Partial,
    RawSection,
    Unsupported,
)
from compliance.engine.collectors.script import ALWAYS, SECTION_BYTES
from templates_app.language.facts import (
    FactDocument,
    HostOs,
    Json,
    Section,
    SectionStatus,
    words,
)

# control characters, bidirectional overrides and the like: shown as \uXXXX so that no terminal or page obeys them
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]")

STATUS = re.compile(rb"rc ([0-9]{1,3})")


class Broken(Exception):
    """What came back is no whole answer. The text says what was wrong, for a person."""


@dataclass(frozen=True, slots=True)
class Frames:
    """``lying`` names the tools of a Linux host that do not answer as they should; empty when all of them do."""

    sections: dict[str, RawSection]
    finished: bool
    lying: str = ""


def safe(text: str) -> str:
    """Return ``text`` with control, bidirectional and NUL characters made visible."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def split(data: bytes, *, nonce: str, args: dict[str, tuple[str, ...]]) -> Frames:
    """Split a target's output into raw sections. Raises Broken when it is none of ours, or ends before its end."""
    mark = nonce.encode()
    sections: dict[str, RawSection] = {}
    lines: list[bytes] | None = None
    started = finished = False
    name = lying = ""
    for line in data.split(b"\n"):
        if not line.startswith(mark):
            if lines is not None and line[:1] == b"|":
                lines.append(line[1:])
            continue
        verb, _, rest = line[len(mark) :].strip().decode("ascii", "replace").partition(" ")
        if verb == "start":
            started = True
        elif verb == "lying" and rest.startswith("Linux "):
            lying = rest.removeprefix("Linux ")
        elif verb == "begin":
            name, lines = rest, []
        elif verb == "end" and lines is not None:
            sections[name] = raw_section(name, lines, args.get(name, ()))
            lines = None
        elif verb == "finish":
            finished = True
    if not started:
        raise Broken("The host ran something, but not our script: its answer does not begin as it should.")
    return Frames(sections, finished, safe(lying))


def raw_section(name: str, lines: list[bytes], args: tuple[str, ...]) -> RawSection:
    complete, rc = False, 1
    if lines and (ended := STATUS.fullmatch(lines[-1])):
        complete, rc = True, int(ended[1])
        lines.pop()
    if lines and lines[-1] == b"":
        lines.pop()
    size, kept = 0, []
    for line in lines:
        size += len(line) + 1
        if size > SECTION_BYTES:
            complete = False
            break
        kept.append(safe(line.decode("utf-8", "replace")))
    return RawSection(name, kept, rc, args, complete)


def document(plan: Plan, frames: Frames, *, slow: bool, privilege: str, collected_at: datetime) -> FactDocument:
    """Return the facts of one stage. Raises Broken without the host section."""
    if not frames.finished:
        raise Broken("The host's answer stopped before its end.")
    if frames.lying:
        raise Broken(
            f"Tools of the host do not answer as they should: {frames.lying}. Nothing they say counts; repair them."
        )
    sections = {collector.section: section(collector.section, plan, frames) for collector, _ in plan.stage(slow=slow)}
    host = sections.pop(ALWAYS, None)
    if not slow and (host is None or host.status is not SectionStatus.OK):
        raise Broken("The host did not say what it is.")
    os = host_os(host.value) if host is not None else HostOs("linux", "", "")
    return FactDocument(COLLECTOR_VERSION, plan.sha256, collected_at, privilege, os, sections)


def section(name: str, plan: Plan, frames: Frames) -> Section:
    collector = COLLECTORS[plan.os, name]
    raw = frames.sections.get(name)
    if raw is None:
        return Section(
            collector.schema,
            SectionStatus.MISSING,
            None,
            f"{name} is missing in the host's answer",
        )
    refused = REFUSALS.get(raw.rc)
    if refused is not None:
        return Section(collector.schema, refused, None, TOO_LARGE.format(words(name)) if raw.rc == OVERSIZED else "")
    if not raw.complete and not raw.lines:
        return Section(collector.schema, SectionStatus.TRUNCATED, None)
    return parsed(name, collector.schema, collector.parse, raw)


REFUSALS = {
    DENIED: SectionStatus.DENIED,
    UNSUPPORTED: SectionStatus.UNSUPPORTED,
    OVERSIZED: SectionStatus.TRUNCATED,
    TIMED_OUT: SectionStatus.TIMEOUT,
}
TOO_LARGE = "a file that {} is read from is no regular file, or too large to be one that someone wrote"


def parsed(name: str, schema: int, parse: Callable[[RawSection], Json], raw: RawSection) -> Section:
    try:
        value = parse(raw)
    except Denied as denied:
        return Section(schema, SectionStatus.DENIED, None, str(denied))
    except Unsupported as unsupported:
        return Section(schema, SectionStatus.UNSUPPORTED, None, str(unsupported))
    except Partial as partial:
        return Section(schema, SectionStatus.TRUNCATED, partial.value, partial.reason)
    except (ValueError, IndexError, KeyError) as error:
        reason = f"what the host printed for {name} cannot be read: {type(error).__name__}"
        return Section(schema, SectionStatus.UNSUPPORTED, None, reason)
    if not raw.complete:
        return Section(
            schema,
            SectionStatus.TRUNCATED,
            value,
            f"{name} is larger than what is read of it (1 MB)",
        )
    return Section(schema, SectionStatus.OK, value)


def host_os(value: Any) -> HostOs:
    values: dict[str, Any] = {key: tuple(entry) if isinstance(entry, list) else entry for key, entry in value.items()}
    return HostOs(**values)
