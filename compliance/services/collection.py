"""Collection: from a host to its stored snapshot, with a file-system walk when the last one is too old."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from compliance.engine.collectors import ingest
from compliance.engine.collectors.collect import Collected, Progress, collect, with_walk
from compliance.engine.collectors.plan import Plan
from compliance.engine.transports.base import Limits, Target, Transport, TransportError
from compliance.engine.transports.opening import open_transport
from compliance.models import Host, Scan, Snapshot
from compliance.selectors.snapshots import load_snapshot
from compliance.services.host_keys import pin_first_contact
from compliance.services.scan_outcomes import ScanFailed
from templates_app.language.facts import FactDocument, Section, SectionStatus

WALK_EVERY = timedelta(days=7)
LIMITS = Limits(idle_s=60, total_s=120)
"""Of the connection and the fast facts, in seconds."""
WALK_LIMITS = Limits(idle_s=330, total_s=330)
"""Of the walk, which says nothing until it is done and bounds itself to 300 s."""

Report = Callable[[str, Progress], None]
"""Hears the phase and how far it is; may raise to stop."""


@dataclass(frozen=True)
class Gathered:
    """The facts of a host, and when its file systems were walked for them (None: never)."""

    facts: FactDocument
    walked_at: datetime | None


def gather(
    *, host: Host, transport: Transport, plan: Plan, now: datetime, walk_age: timedelta, report: Report
) -> Gathered:
    """Collect the facts of ``host`` through the open ``transport``.

    The walk of its file systems is taken from its last snapshot unless that is older than ``walk_age``.
    Raises TransportError, ingest.Broken, or ScanFailed when it is no Linux host.
    """
    fast = collect(transport, plan, now=now, report=lambda progress: report(Scan.Phase.COLLECTING, progress))
    refuse_other_system(host, fast.facts)
    note_contact(host, fast, now)
    if not plan.count(slow=True):
        return Gathered(fast.facts, None)
    if kept := recent_walk(host, plan, now - walk_age):
        walked_at, sections = kept
        return Gathered(replace(fast.facts, sections={**fast.facts.sections, **sections}), walked_at)
    return Gathered(walked(transport, plan, fast.facts, now, report), now)


def walked(transport: Transport, plan: Plan, fast: FactDocument, now: datetime, report: Report) -> FactDocument:
    """Return ``fast`` with the walk's sections; a walk that breaks off leaves them unknown, with the reason."""
    report(Scan.Phase.WALKING, Progress(0, plan.count(slow=True), ""))
    try:
        slow = collect(
            transport, plan, now=now, slow=True, report=lambda progress: report(Scan.Phase.WALKING, progress),
            limits=WALK_LIMITS,
        )  # fmt: skip
    except (TransportError, ingest.Broken) as error:
        reason = f"the file systems could not be walked: {error}"
        unknown = {
            collector.section: Section(collector.schema, SectionStatus.TIMEOUT, None, reason)
            for collector, _ in plan.stage(slow=True)
        }
        return replace(fast, sections={**fast.sections, **unknown})
    return with_walk(fast, slow.facts)


def recent_walk(host: Host, plan: Plan, oldest: datetime) -> tuple[datetime, Mapping[str, Section]] | None:
    """Return when the last good walk was, and its sections; None when it is older than ``oldest`` or lacks one."""
    snapshot = (
        Snapshot.objects.filter(host=host, walked_at__gte=oldest)
        .select_related("manifest", "organization")
        .order_by("-walked_at")
        .first()
    )
    if snapshot is None or snapshot.walked_at is None:
        return None
    wanted = [collector.section for collector, _ in plan.stage(slow=True)]
    sections = load_snapshot(snapshot).sections
    if not all(name in sections and sections[name].status is SectionStatus.OK for name in wanted):
        return None
    return snapshot.walked_at, {name: sections[name] for name in wanted}


def refuse_other_system(host: Host, facts: FactDocument) -> None:
    if facts.os.family != host.os_type:
        found = {"freebsd": "FreeBSD", "openbsd": "OpenBSD", "netbsd": "NetBSD", "darwin": "macOS"}.get(
            facts.os.family, facts.os.family or "something unknown"
        )
        message = f"{host} is entered as {host.get_os_type_display()}, but it is {found}; correct its OS type."
        raise ScanFailed("wrong_os_type", message)


def note_contact(host: Host, collected: Collected, now: datetime) -> None:
    """Keep what a good contact says of ``host``: seen now, reachable, its system, its key when it is the first."""
    os = collected.facts.os
    name = os.pretty_name or f"{os.id} {os.version_id}".strip()
    Host.objects.filter(pk=host.pk).update(last_seen_at=now, unreachable_since=None, os_name=name[:200])
    if collected.host_key is not None:
        pin_first_contact(host=host, key=collected.host_key, now=now)


def opened(host: Host, target: Target) -> Transport:
    return open_transport(host.connection, target, LIMITS)
