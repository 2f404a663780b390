"""The stored form of facts: JSON text to a fact document and back, with section hashes."""

import hashlib
import json
from datetime import datetime
from typing import Any

from templates_app.language.facts import FORMAT, FactDocument, HostOs, Section, SectionStatus


class BrokenFacts(ValueError):
    """A fact file that cannot be read. The text names the place and what is wrong there."""


def dump(document: FactDocument) -> str:
    """Return canonical JSON: the same facts give the same bytes, but for the time of collection."""
    return canonical({
        "format": document.format,
        "collector_version": document.collector_version,
        "plan_sha256": document.plan_sha256,
        "collected_at": document.collected_at.isoformat(),
        "privilege": document.privilege,
        "os": host(document.os),
        "sections": {name: section(one) for name, one in document.sections.items()},
    })  # fmt: skip


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def host(os: HostOs) -> dict[str, Any]:
    return {name: list(value) if isinstance(value := getattr(os, name), tuple) else value for name in HostOs.__slots__}


def section(one: Section) -> dict[str, Any]:
    return {
        "schema": one.schema,
        "status": one.status.value,
        "value": one.value,
        "reason": one.reason,
    }


def section_bytes(one: Section) -> bytes:
    return canonical(section(one)).encode("utf-8", "surrogatepass")


def section_hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def read_section(raw: Any, name: str) -> Section:
    """Return one section. Raises BrokenFacts with its name."""
    try:
        return Section(
            int(raw["schema"]),
            SectionStatus(raw["status"]),
            raw["value"],
            str(raw.get("reason", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenFacts(f"sections.{name}: is no section ({type(error).__name__}: {error})") from None


def read_host(raw: Any) -> HostOs:
    try:
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
        return HostOs(**values)
    except (TypeError, AttributeError) as error:
        raise BrokenFacts(f"os: {error}") from None


def load(text: str) -> FactDocument:
    """Return the document in ``text``. Raises BrokenFacts, naming the place, for anything else."""
    try:
        raw = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BrokenFacts(f"is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise BrokenFacts("is no fact file: wants a JSON object")
    if raw.get("format") != FORMAT:
        raise BrokenFacts(f"format: {raw.get('format')!r} is not known; this version reads format {FORMAT}")
    try:
        collected_at = datetime.fromisoformat(raw["collected_at"])
        if collected_at.tzinfo is None:
            raise BrokenFacts("collected_at: has no time zone")
        sections = raw["sections"]
        if not isinstance(sections, dict):
            raise BrokenFacts("sections: wants an object")
        return FactDocument(
            str(raw["collector_version"]), str(raw["plan_sha256"]), collected_at, str(raw["privilege"]),
            read_host(raw["os"]), {name: read_section(one, name) for name, one in sections.items()},
        )  # fmt: skip
    except KeyError as error:
        raise BrokenFacts(f"{error.args[0]}: is missing") from None
    except (TypeError, ValueError) as error:
        raise BrokenFacts(str(error)) from None
