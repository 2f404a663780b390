"""A fleet with its history, written in bulk: the rows that the product's own services write, many times faster.

tests/compliance/test_fleet_rows.py holds both ways equal on a small fleet. Where they differ: older scans of a host
share the results and the snapshot that its latest one has.
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import zstandard
from django.db import transaction

from compliance.engine import scoring
from compliance.engine.movements import shares
from compliance.models import Blob, CheckState, CheckTally, Host, Movement, Policy, Scan, ScanTally, Snapshot, Stream
from compliance.services import results as stored_results
from compliance.services import roll_ups
from compliance.services.ledgers import TALLIED
from compliance.services.postures import FIGURES
from compliance.services.snapshots import store_snapshot
from templates_app.language.facts import FactDocument
from templates_app.language.observations import Evidence
from templates_app.language.results import Result, SkipReason, Status
from tests.bench.bulk import Writer, unchecked

SEVERITIES = ("low", "medium", "medium", "high", "critical")
WEIGHTS = {"pass": 78, "fail": 14, "error": 2, "skip": 6}
KINDS = 40
"""Hosts of a fleet resemble each other: so many kinds there are, from which each host departs day by day."""
FLIPS = 0.1
"""How often one check of a host changes from one day to the next."""
DAY = timedelta(days=1)

Statuses = tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """``hosts`` scanned once a day for ``days`` days up to ``end``, each for ``checks`` checks."""

    hosts: int
    checks: int
    days: int
    end: datetime
    seed: int = 1

    @cached_property
    def check_ids(self) -> list[str]:
        """The ids of the checks, in the template's order."""
        return [f"linux_bench_{number:03}" for number in range(self.checks)]

    @cached_property
    def severities(self) -> dict[str, str]:
        """{check id: severity}."""
        return {one: SEVERITIES[number % len(SEVERITIES)] for number, one in enumerate(self.check_ids)}

    @cached_property
    def kinds(self) -> list[Statuses]:
        """How each kind of host begins."""
        rng = random.Random(self.seed)
        return [tuple(rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=self.checks)) for _ in range(KINDS)]

    def days_of(self, host: int) -> Iterator[tuple[datetime, Statuses]]:
        """Yield when the host was scanned and what each check came to, oldest first.

        An unchanged outcome is the very same tuple.
        """
        rng = random.Random(self.seed * 1_000_003 + host)
        statuses = self.kinds[host % KINDS]
        scored = [number for number, status in enumerate(statuses) if status in ("pass", "fail")]
        begin = self.end - self.days * DAY + timedelta(hours=20) * host / self.hosts
        for day in range(self.days):
            if day and scored and rng.random() < FLIPS:
                statuses = flipped(statuses, rng.choice(scored))
            yield begin + day * DAY, statuses

    def results(self, statuses: Statuses) -> list[Result]:
        """Return the results that ``statuses`` stand for."""
        return [result_of(one, status) for one, status in zip(self.check_ids, statuses, strict=True)]


def flipped(statuses: Statuses, place: int) -> Statuses:
    return (*statuses[:place], "fail" if statuses[place] == "pass" else "pass", *statuses[place + 1 :])


@cache
def result_of(check_id: str, status: str) -> Result:
    return Result(
        check_id, Status(status), "net.ipv4.ip_forward is 0", f"net.ipv4.ip_forward is {int(status != 'pass')}",
        (Evidence("/etc/sysctl.d/10-net.conf", 3, "net.ipv4.ip_forward = 1", "the last one wins"),),
        SkipReason.NOT_APPLICABLE if status == "skip" else SkipReason.NONE,
        "needs root" if status == "error" else "",
    )  # fmt: skip


class Fleet:
    """The fleet of ``plan`` under ``policy``, in an organization that is empty but for it."""

    def __init__(self, plan: Plan, policy: Policy, facts: FactDocument) -> None:
        """``facts`` is what every snapshot holds."""
        self.plan, self.policy, self.facts = plan, policy, facts
        self.organization = policy.organization
        self.scans, self.streams, self.states = Writer(Scan), Writer(Stream), Writer(CheckState)
        self.snapshots, self.blobs = Writer(Snapshot), Writer(Blob)
        self.tallies: Counter[tuple[str, str]] = Counter()
        self.moves: defaultdict[tuple[date, str, str], list[float]] = defaultdict(lambda: [0.0, 0, 0])
        self.blob_ids: dict[str, int] = {}
        self.figures: dict[Statuses, dict[str, Any]] = {}

    def build(self) -> None:
        """Write all rows."""
        hosts = Host.objects.bulk_create(
            [
                Host(organization=self.organization, hostname=f"bench-{n:06}.example.com", last_seen_at=self.plan.end)
                for n in range(self.plan.hosts)
            ],
            batch_size=2_000,
        )
        self.manifest = store_snapshot(host=hosts[0], facts=self.facts, walked_at=None).manifest_id
        Snapshot.objects.filter(host=hosts[0]).delete()
        self.snapshots.next_id, self.blobs.next_id = Writer(Snapshot).next_id, Writer(Blob).next_id
        with unchecked(), transaction.atomic():
            for number, host in enumerate(hosts):
                self.write_host(number, host)
            for writer in (self.blobs, self.snapshots, self.streams, self.scans, self.states):
                writer.flush()
        self.write_ledgers()
        self.write_days()

    def write_host(self, number: int, host: Host) -> None:
        days = list(self.plan.days_of(number))
        stream, snapshot = self.streams.next_id, self.snapshots.next_id
        last_at, last = days[-1]
        results = self.blob_of(last)
        open_states: dict[str, tuple[str, datetime, int]] = {}
        before: Statuses = ()
        for at, statuses in days:
            scan = self.write_scan(host, stream, snapshot, results, at, statuses)
            if statuses is not before:
                self.move(at, before, statuses)
                self.change(stream, open_states, before, statuses, at, scan)
            before = statuses
        for check_id, (status, since, by) in open_states.items():
            self.write_state(stream, check_id, status, since, None, by)
            self.tallies[check_id, status] += 1
        figures = self.figures_of(last)
        self.streams.write(
            **self.owned(last_at), host_id=host.pk, policy_id=self.policy.pk, role="policy",
            family=self.policy.template.family, profile="server", latest_id=self.scans.next_id - 1,
            template_id=self.policy.template_id, scanned_at=last_at, due_at=last_at + DAY,
            counted_score=None if figures["incomplete"] else figures["score"],
            **{name: figures[name] for name in FIGURES},
        )  # fmt: skip
        self.snapshots.write(
            **self.owned(last_at), host_id=host.pk, collected_at=last_at, privilege="root",
            collector_version=self.facts.collector_version, plan_sha256=self.facts.plan_sha256,
            manifest_id=self.manifest,
        )  # fmt: skip

    def owned(self, at: datetime) -> dict[str, Any]:
        return {"organization_id": self.organization.pk, "created_at": at}

    def write_scan(self, host: Host, stream: int, snapshot: int, results: int, at: datetime, statuses: Statuses) -> int:
        return self.scans.write(
            **self.owned(at), **self.figures_of(statuses), host_id=host.pk, template_id=self.policy.template_id,
            template_sha256=self.policy.template.sha256, profile="server", scan_type="scheduled",
            policy_id=self.policy.pk, stream_id=stream, benchmark="debian12", status="completed", phase="ended",
            attempts=1, lease_owner="tests", not_before=at, started_at=at, finished_at=at, snapshot_id=snapshot,
            results_id=results, privilege="root",
        )  # fmt: skip

    def figures_of(self, statuses: Statuses) -> dict[str, Any]:
        """Return the figures of a scan, by the product's own scoring."""
        if statuses not in self.figures:
            if len(self.figures) > 50_000:
                self.figures.clear()
            counts = scoring.count(self.plan.results(statuses), self.plan.severities)
            self.figures[statuses] = {
                "total": counts.total, "passed": counts.passed, "failed": counts.failed, "errors": counts.error,
                "skipped": counts.skipped, "waived": counts.waived, "not_applicable": counts.not_applicable,
                **{f"failed_{severity}": number for severity, number in counts.failed_by_severity.items()},
                "score": scoring.score(counts), "score_without_waivers": scoring.score_without_waivers(counts),
                "coverage": scoring.coverage(counts), "incomplete": scoring.incomplete(counts),
            }  # fmt: skip
        return self.figures[statuses]

    def blob_of(self, statuses: Statuses) -> int:
        content = stored_results.packed(self.plan.results(statuses))
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 not in self.blob_ids:
            data = zstandard.ZstdCompressor(level=6).compress(content)
            self.blob_ids[sha256] = self.blobs.write(**self.owned(self.plan.end), sha256=sha256, data=data)
        return self.blob_ids[sha256]

    def change(
        self, stream: int, open_states: dict[str, tuple[str, datetime, int]], before: Statuses, after: Statuses,
        at: datetime, scan: int,
    ) -> None:  # fmt: skip
        for place, check_id in enumerate(self.plan.check_ids):
            if before and before[place] == after[place]:
                continue
            if check_id in open_states:
                status, since, by = open_states[check_id]
                self.write_state(stream, check_id, status, since, at, by)
            open_states[check_id] = (after[place], at, scan)

    def write_state(
        self, stream: int, check_id: str, status: str, since: datetime, until: datetime | None, by: int
    ) -> None:
        self.states.write(
            **self.owned(since), stream_id=stream, check_id=check_id, status=status,
            severity=self.plan.severities[check_id], valid_from=since, valid_to=until, scan_id=by,
        )  # fmt: skip

    def move(self, at: datetime, before: Statuses, after: Statuses) -> None:
        """Note why the score moved; coverage does not change in a plan, since only passes and failures flip."""
        day, figures = at.astimezone(self.organization.zone).date(), self.figures_of(after)
        if figures["incomplete"]:
            return
        if not before:
            self.add(day, "host", "", figures["score"], 1)
            return
        changed = {one: place for place, one in enumerate(self.plan.check_ids) if before[place] != after[place]}
        for share in shares(self.named(before), self.named(after)):
            assert share.check_id in changed
            self.add(day, share.cause.value, share.check_id, share.points, 0)

    def named(self, statuses: Sequence[str]) -> Mapping[str, str]:
        return dict(zip(self.plan.check_ids, statuses, strict=True))

    def add(self, day: date, cause: str, check_id: str, points: float, hosts: int) -> None:
        row = self.moves[day, cause, check_id]
        row[0] += points
        row[1] += hosts
        row[2] += 1

    def write_ledgers(self) -> None:
        of_policy = {"organization": self.organization, "policy": self.policy}
        Movement.objects.bulk_create(
            [
                Movement(**of_policy, day=day, cause=cause, check_id=check_id, points=points, hosts=int(hosts),
                         changes=int(changes))
                for (day, cause, check_id), (points, hosts, changes) in self.moves.items()
            ],
            batch_size=2_000,
        )  # fmt: skip
        CheckTally.objects.bulk_create(
            [
                CheckTally(**of_policy, check_id=check_id, severity=self.plan.severities[check_id], status=status,
                           hosts=hosts)
                for (check_id, status), hosts in self.tallies.items()
                if status in TALLIED
            ],
            batch_size=2_000,
        )  # fmt: skip
        total = self.plan.hosts * self.plan.days
        ScanTally.objects.create(**of_policy, status="completed", scan_type="scheduled", scans=total)

    def write_days(self) -> None:
        """Roll the days up as the product does, oldest first."""
        for day in sorted({day for day, *_ in self.moves} | self.scanned_days()):
            roll_ups.roll_up_day(self.policy, day, self.plan.end)
        Policy.objects.filter(pk=self.policy.pk).update(rolled_up_through=self.plan.end)

    def scanned_days(self) -> set[date]:
        first = (self.plan.end - self.plan.days * DAY).astimezone(self.organization.zone).date()
        return {first + number * DAY for number in range(self.plan.days + 1)}
