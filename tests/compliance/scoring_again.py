"""Hosts with stored facts, so that they can be scored again: one check, which fails where packets are forwarded."""

from datetime import datetime, timedelta

from compliance.models import Host, Scan, Stream
from compliance.services import scan_outcomes, scan_requests, scan_runs
from compliance.services.evaluation import evaluation_of
from compliance.services.snapshots import store_snapshot
from templates_app.language.facts import FactDocument, HostOs, Section, SectionStatus
from templates_app.models import Template
from tests.factories.compliance import NOON, a_scan

OS = HostOs("linux", "debian", "12", pretty_name="Debian GNU/Linux 12 (bookworm)")
FORWARDS, KEEPS = "1", "0"


def facts_of(forward: str, at: datetime = NOON) -> FactDocument:
    value = {"net.ipv4.ip_forward": {"running": forward, "persistent": [[forward, "/etc/sysctl.d/0.conf", 1]]}}
    return FactDocument("1", "0" * 64, at, "root", OS, {"sysctl": Section(1, SectionStatus.OK, value)})


def scanned(
    host: Host,
    template: Template,
    forward: str = FORWARDS,
    *,
    now: datetime = NOON,
    stream: Stream | None = None,
    scan_type: Scan.Type = Scan.Type.ON_DEMAND,
) -> Scan:
    """Return a completed scan of ``host`` with facts that are stored, made by the product's own services."""
    stream = stream or scan_requests.stream_of(host, template, "server")
    scan = a_scan(
        host, template, status=Scan.Status.RUNNING, lease_owner="tests", started_at=now, created_at=now, stream=stream,
        policy=stream.policy, scan_type=scan_type,
    )  # fmt: skip
    found = evaluation_of(scan, facts_of(forward, now))
    return scan_outcomes.complete(
        scan=scan, snapshot=store_snapshot(host=host, facts=facts_of(forward, now), walked_at=None),
        results=found.results, severities=found.severities, left_out=0, benchmark=found.benchmark, now=now,
    )  # fmt: skip


def work(now: datetime = NOON + timedelta(minutes=1)) -> int:
    """Perform what waits, as a worker does at ``now``."""
    return scan_runs.drain(clock=lambda: now)


def statuses(stream: Stream) -> dict[str, str]:
    """Return the current {check id: status} of ``stream``."""
    return dict(stream.states.filter(valid_to=None).values_list("check_id", "status"))
