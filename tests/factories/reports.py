"""Scan reports as values: realistic ones of any size, made from the shipped checks, and one of a hostile host."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle, islice
from zoneinfo import ZoneInfo

from compliance.reports.scan_report import CheckReport, ScanReport
from organizations.reports.issue import Issue
from templates_app.language.checks import Check
from templates_app.language.observations import Evidence
from templates_app.services.content import read_content

STARTED = datetime(2026, 11, 21, 11, 58, 3, tzinfo=UTC)
ISSUE = Issue(
    report_id="5f0c6d1e9b7a4f2c8d3e1a0b9c8d7e6f",
    generated_at=STARTED + timedelta(minutes=4),
    generated_by="Ada Example",
    product_version="0.1.0",
    verify_url="https://plumbline.example.com/verify/",
)
STATUSES = (
    ("pass", ""), ("pass", ""), ("pass", ""), ("fail", ""), ("pass", ""), ("pass", ""), ("fail", ""),
    ("skip", "not_applicable"), ("pass", ""), ("pass", ""), ("fail", ""), ("pass", ""), ("skip", "manual"),
    ("pass", ""), ("error", ""), ("pass", ""), ("waived", ""), ("fail", ""), ("skip", "disabled"), ("pass", ""),
)  # fmt: skip
SEVERITIES = ("medium", "high", "low", "medium", "critical", "medium", "high")
WORDS = {
    "pass": ("is 0, as it should be", "net.ipv4.conf.all.accept_redirects = 0", ""),
    "fail": ("is 1, running and persistent", "net.ipv4.conf.all.accept_redirects = 1", ""),
    "error": ("could not be read", "", "needs root: /etc/shadow may not be read by this user"),
    "waived": ("is 1, running and persistent", "X11Forwarding yes", "waived by EX-12 (Bo Approver) until 2027-01-31"),
    "not_applicable": ("not looked at", "", "does not apply: the host is a container"),
    "manual": ("not looked at", "", "needs a person's judgement: who may use this host"),
    "disabled": ("not looked at", "", "switched off in the template"),
}


@cache
def shipped_checks() -> tuple[Check, ...]:
    return tuple(read_content().checks.values())


def check_reports(number: int) -> Iterator[CheckReport]:
    """Yield ``number`` results in a fixed mix of statuses, with the texts of the shipped checks."""
    mixed = zip(cycle(STATUSES), cycle(SEVERITIES), islice(cycle(shipped_checks()), number), strict=False)
    for index, ((status, reason), severity, check) in enumerate(mixed):
        actual, value, message = WORDS[reason or status]
        source = f"/etc/sysctl.d/{index % 90:02}-hardening.conf"
        evidence = (
            Evidence(source, 4 + index % 7, value, "the last one wins"),
            Evidence("/proc/sys/net/ipv4/conf/all/accept_redirects", None, value[-1:], "running"),
        )
        yield CheckReport(
            check_id=check.id if index < len(shipped_checks()) else f"{check.id}_{index}",
            title=check.title,
            description=check.description,
            rationale=check.rationale,
            remediation=check.remediation,
            severity=severity,
            status=status,
            skip_reason=reason,
            expected="net.ipv4.conf.all.accept_redirects is 0, running and persistent",
            actual=f"net.ipv4.conf.all.accept_redirects {actual}",
            evidence=evidence if value else (),
            message=message,
            references=check.references,
            sections=tuple(check.references.get("cis-debian12", ())),
        )


def a_report(results: tuple[CheckReport, ...] | None = None, number: int = 12, **fields: object) -> ScanReport:
    """Return the report of a completed scan with ``number`` results, or with ``results``, but for ``fields``."""
    found = tuple(check_reports(number)) if results is None else results
    by_status = Counter(one.status for one in found)
    decided = by_status["pass"] + by_status["fail"]
    counts = {
        "total": len(found), "passed": by_status["pass"], "failed": by_status["fail"], "error": by_status["error"],
        "skipped": by_status["skip"], "waived": by_status["waived"],
        "not_applicable": sum(one.skip_reason == "not_applicable" for one in found),
    }  # fmt: skip
    failed = Counter(one.severity for one in found if one.status == "fail")
    report = ScanReport(
        scan_id=4711,
        host="web-1.example.com",
        address="192.0.2.10",
        os_name="Debian GNU/Linux 12 (bookworm)",
        organization="Example Hosting Ltd",
        zone=ZoneInfo("Europe/Berlin"),
        template="CIS Level 1 Linux",
        template_slug="cis-l1-linux",
        template_version=3,
        template_sha256="9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab",
        framework="CIS",
        benchmark="debian12",
        profile="server",
        scan_type="on_demand",
        status="completed",
        connection="ssh",
        privilege="sudo",
        collector_version="1",
        collected_at=STARTED + timedelta(seconds=2),
        walked_at=STARTED + timedelta(seconds=3),
        started_at=STARTED,
        finished_at=STARTED + timedelta(seconds=4),
        requested_by="Ada Example",
        score=100 * by_status["pass"] / decided if decided else None,
        score_without_waivers=100 * by_status["pass"] / (decided + by_status["waived"]) if decided else None,
        coverage=(decided + by_status["waived"]) / max(len(found) - by_status["skip"], 1),
        incomplete=False,
        counts=counts,
        failed_by_severity={severity: failed[severity] for severity in ("critical", "high", "medium", "low")},
        left_out=105,
        handover_blocked=False,
        would_block=False,
        block_reasons=(),
        first_contact=False,
        error="",
        results=found,
    )
    return replace(report, **fields)


HOSTILE = (
    "<script>window.hacked=1</script><img src=x onerror=window.hacked=2>\"&'</style></title>]]>{{ 7 }}{% now 'Y' %}"
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x00\x08\r\u202egnp.exe\u2066\udfff\ud800\ufffe\n=cmd|'/C calc'!A1\t@SUM(1)"
)
"""One text with what a target may send to hurt a browser, a terminal, an XML parser or a spreadsheet."""

LONG = "A" * 10_000 + "<b>" + "\u202e" * 100


def hostile_report() -> ScanReport:
    """Return a report in which everything that a target can influence is hostile, for each status and skip reason."""
    texts = {"expected": HOSTILE, "actual": HOSTILE + LONG, "message": HOSTILE}
    evidence = (Evidence(HOSTILE, 1, HOSTILE, HOSTILE), Evidence("/etc/x", None, LONG, "\x1b[31m"), Evidence("", None))
    results = tuple(replace(one, evidence=evidence, **texts) for one in check_reports(len(STATUSES)))
    return a_report(
        results, host=HOSTILE[:200], address=HOSTILE, os_name=HOSTILE, organization=HOSTILE, requested_by=HOSTILE,
        privilege=HOSTILE, collector_version=HOSTILE, template=HOSTILE, block_reasons=(HOSTILE,), first_contact=True,
    )  # fmt: skip
