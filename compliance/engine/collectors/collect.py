"""One collection: the plan's script through an open transport, its answer as facts."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from compliance.engine.collectors import ingest
from compliance.engine.collectors.plan import Plan
from compliance.engine.transports.base import HostKey, Limits, Output, Transport
from templates_app.language.facts import FactDocument

NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a collection stands: ``done`` of ``total`` sections read, ``section`` the last of them."""

    done: int
    total: int
    section: str


@dataclass(frozen=True, slots=True)
class Collected:
    """The facts of one stage, and how they were reached. ``raw`` is the answer as it came, for failed scans."""

    facts: FactDocument
    host_key: HostKey | None
    address: str
    seconds: float
    raw_bytes: int


Report = Callable[[Progress], None]


def collect(
    transport: Transport,
    plan: Plan,
    *,
    now: datetime,
    slow: bool = False,
    report: Report | None = None,
    limits: Limits | None = None,
) -> Collected:
    """Run the fast or the slow stage of ``plan`` and return its facts; ``now`` becomes their time.

    ``report`` hears of each section as it ends and may raise to stop. Raises TransportError, or ingest.Broken.
    """
    nonce = f"@@{secrets.token_hex(NONCE_BYTES)}"
    script = plan.script(nonce=nonce, slow=slow)
    on_line = _listener(nonce, plan.count(slow=slow), report) if report else None
    output = transport.run(script.encode(), on_line=on_line, limits=limits)
    return Collected(
        _facts(plan, output, nonce, slow, now), output.host_key, output.address, output.seconds, len(output.data)
    )


def _facts(plan: Plan, output: Output, nonce: str, slow: bool, now: datetime) -> FactDocument:
    frames = ingest.split(output.data, nonce=nonce, args=dict(plan.sections))
    return ingest.document(plan, frames, slow=slow, privilege=output.privilege.value, collected_at=now)


def _listener(nonce: str, total: int, report: Report) -> Callable[[bytes], None]:
    mark, done = f"{nonce} end ".encode(), 0

    def hear(line: bytes) -> None:
        nonlocal done
        if line.startswith(mark):
            done += 1
            report(Progress(done, total, line[len(mark) :].strip().decode("ascii", "replace")))

    return hear


def with_walk(fast: FactDocument, slow: FactDocument) -> FactDocument:
    """Return ``fast`` with the sections of a later ``slow`` stage of the same plan."""
    return replace(fast, sections={**fast.sections, **slow.sections})
