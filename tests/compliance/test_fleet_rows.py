"""The bulk twin of the write path, which the benchmarks of large fleets stand on, writes what the services write."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from compliance.models import CheckState, CheckTally, DailyScore, Movement, Scan, ScanTally, Stream
from compliance.services import ledgers, roll_ups
from compliance.services.scan_outcomes import complete
from compliance.services.snapshots import store_snapshot
from compliance.services.streams import assign_policy
from tests.bench.fleet_rows import Fleet, Plan
from tests.factories.compliance import NOON, HostFactory, a_scan, some_facts
from tests.factories.organizations import OrganizationFactory
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

PLAN = Plan(hosts=5, checks=20, days=30, end=NOON)
FIGURES = (
    "total", "passed", "failed", "errors", "skipped", "waived", "not_applicable", "failed_critical", "failed_high",
    "failed_medium", "failed_low", "score", "score_without_waivers", "coverage", "incomplete",
)  # fmt: skip
FACTS = (*FIGURES, "status", "scan_type", "phase", "privilege", "benchmark", "profile", "attempts")


def scanned_by_services(policy, plan):
    """Have the services do what ``plan`` says, in the order of time."""
    hosts = [
        HostFactory(organization=policy.organization, hostname=f"bench-{number:06}.example.com", last_seen_at=plan.end)
        for number in range(plan.hosts)
    ]
    assign_policy(policy=policy, now=plan.end - timedelta(days=plan.days))
    days = [(at, number, statuses) for number in range(plan.hosts) for at, statuses in plan.days_of(number)]
    for at, number, statuses in sorted(days):
        host = hosts[number]
        stream = Stream.objects.primary().get(host=host)
        scan = a_scan(
            host, policy.template, status="running", lease_owner="tests", attempts=1, started_at=at, created_at=at,
            not_before=at, stream=stream, policy=policy, scan_type="scheduled",
        )  # fmt: skip
        complete(
            scan=scan, snapshot=store_snapshot(host=host, facts=some_facts(), walked_at=None),
            results=plan.results(statuses), severities=plan.severities, left_out=0, benchmark="debian12", now=at,
        )  # fmt: skip
    for number in range(plan.days + 1):
        day = (plan.end - timedelta(days=plan.days)).date() + timedelta(days=number)
        roll_ups.roll_up_day(policy, day, plan.end)
    ledgers.compact()


def a_fleets_policy():
    checks = [a_check(one, severity=severity) for one, severity in PLAN.severities.items()]
    return a_policy(OrganizationFactory(time_zone="America/New_York"), published_template(checks))


def told(policy):
    """Return all that posture is made of, without ids."""
    of = {"organization": policy.organization}
    scan_fields = [
        *FACTS,
        "host__hostname",
        "finished_at",
        "started_at",
        "created_at",
        "template__name",
        "policy__os_type",
    ]
    stream_fields = [*FIGURES[2:], "host__hostname", "role", "scanned_at", "counted_score", "latest__finished_at"]
    stream_fields = [name for name in stream_fields if name not in ("total", "skipped", "not_applicable")]
    state_fields = [
        "stream__host__hostname",
        "check_id",
        "status",
        "severity",
        "valid_from",
        "valid_to",
        "scan__finished_at",
    ]
    return {
        "scans": sorted(Scan.objects.filter(**of).values_list(*scan_fields), key=repr),
        "streams": sorted(Stream.objects.filter(**of).values_list(*stream_fields), key=repr),
        "results": sorted(Stream.objects.filter(**of).values_list("host__hostname", "latest__results__sha256")),
        "states": sorted(CheckState.objects.filter(**of).values_list(*state_fields), key=repr),
        "tallies": sorted(CheckTally.objects.filter(**of).values_list("check_id", "severity", "status", "hosts")),
        "ended": list(ScanTally.objects.filter(**of).values_list("status", "scan_type", "scans")),
        "days": [
            (day, hosts, incomplete, close(average), minimum, maximum, close(total), standing)
            for day, hosts, incomplete, average, minimum, maximum, total, standing in DailyScore.objects.filter(**of)
            .order_by("day")
            .values_list(
                "day", "hosts", "incomplete", "average", "minimum", "maximum", "posture_sum", "posture_hosts"
            )
        ],
        "moves": {
            (day, cause, check_id): (close(points), hosts, changes)
            for day, cause, check_id, points, hosts, changes in Movement.objects.filter(**of)
            .values_list("day", "cause", "check_id")
            .annotate(p=Sum("points"), h=Sum("hosts"), c=Sum("changes"))
        },
    }  # fmt: skip


def close(number):
    return None if number is None else round(number, 6)


def test_bulk_rows_are_those_of_the_services():
    by_services, in_bulk = a_fleets_policy(), a_fleets_policy()
    scanned_by_services(by_services, PLAN)
    Fleet(PLAN, in_bulk, some_facts()).build()
    expected, found = told(by_services), told(in_bulk)
    assert len(expected["scans"]) == PLAN.hosts * PLAN.days
    assert len(expected["moves"]) > PLAN.hosts
    for part, rows in expected.items():
        assert found[part] == rows, part
