"""Reports of runs as values: small ones with one control of each kind, and whole benchmarks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cloudbench.engine.findings import Finding, Status
from cloudbench.engine.scoring import CheckSummary, control_result
from cloudbench.lib.benchmarks import Benchmark, Control, Counts, Level, Section
from cloudbench.lib.content import read_content
from cloudbench.reports.run_report import RunReport, control_reports, figures
from organizations.reports.issue import Issue

AT = datetime(2026, 11, 21, 11, 58, 3, tzinfo=UTC)
ISSUE = Issue(
    report_id="5f0c6d1e9b7a4f2c8d3e1a0b9c8d7e6f",
    generated_at=AT + timedelta(minutes=4),
    generated_by="Ada Example",
    product_version="0.1.0",
    verify_url="https://plumbline.example.com/verify/",
)
VERSIONING, ENCRYPTION, LIFECYCLE, PUBLIC = (
    "s3_bucket_versioning", "s3_bucket_default_encryption", "s3_bucket_lifecycle", "s3_block_public_access_full",
)  # fmt: skip
MANUAL = Control("1.6", "1", "Contacts are current", "manual", ("L2",), guidance="Ask who answers the telephone.")
CONTROLS = (
    Control("1.1", "1", "Buckets keep old versions", "auto", ("L1",), "", (VERSIONING,)),
    Control("1.2", "1", "Buckets are kept well", "manual", ("L2",), "critical", (VERSIONING, LIFECYCLE), "Look twice."),
    Control("2.1", "2", "Buckets are encrypted", "auto", ("L1",), "high", (ENCRYPTION,)),
    Control("2.2", "2", "Nothing is public", "auto", ("L1",), "high", ("s3_account_public_access",)),
    Control("2.3", "2", "Databases are encrypted", "auto", ("L1",), "low", ("rds_encrypted",)),
    MANUAL,
)
BENCHMARK = Benchmark(
    slug="small", title="Small Benchmark", publisher="Example Institute", version="1.2.0", cadence="yearly",
    content_date=date(2026, 11, 1), source="https://example.com/", published=Counts(6, 4, 2),
    sections=(Section("1", "Keeping"), Section("2", "Hiding")), controls=CONTROLS, levels_name="Profile level",
    levels=(Level("L1", "Level 1"), Level("L2", "Level 2", ("L1",))),
)  # fmt: skip


def failing(check: str, *names: str, detail: str = "Versions are not kept.", **attributes: Any) -> tuple[Finding, ...]:
    return tuple(
        Finding(f"arn:aws:s3:::{name}", "eu-central-1", False, detail, name, attributes or {"Versioning": "Off"})
        for name in names
    )


def summary_of(check: str, findings: Sequence[Finding]) -> CheckSummary:
    failed = frozenset((one.arn, one.region) for one in findings if not one.passed)
    status = Status.FAIL if failed else Status.PASS if findings else Status.SKIP
    reason = "" if findings else "Nothing to evaluate: there is no such resource."
    return CheckSummary(check, status, reason, frozenset((one.arn, one.region) for one in findings), failed)


def a_report(
    benchmark: Benchmark = BENCHMARK, findings: Mapping[str, tuple[Finding, ...]] | None = None, **fields: Any
) -> RunReport:
    """Return a report; by default 1.1 and 1.2 fail on two buckets, 2.1 passes, 2.2 is an error, 2.3 has nothing."""
    if findings is None:
        fine = (Finding("arn:aws:s3:::fine", "eu-central-1", True, "It is encrypted.", "fine"),)
        findings = {VERSIONING: failing(VERSIONING, "lost", "found"), LIFECYCLE: fine, ENCRYPTION: fine}
    said = {check: summary_of(check, findings.get(check, ())) for check in benchmark.checks}
    if benchmark is BENCHMARK:
        words = "s3:GetAccountPublicAccessBlock is not permitted."
        said["s3_account_public_access"] = CheckSummary("s3_account_public_access", Status.ERROR, words)
    results = {
        control.id: control_result([said[check] for check in control.checks])
        for control in benchmark.controls
        if control.checks
    }
    controls = control_reports(benchmark, results, lambda check: findings.get(check, ()), read_content().texts)
    report = RunReport(
        id=17, organization="Example AG", time_zone="Europe/Berlin", account_name="production",
        account_id="123456789012", benchmark=benchmark.slug, benchmark_title=benchmark.title,
        benchmark_version=benchmark.version, publisher=benchmark.publisher, benchmark_sha256=benchmark.sha256,
        content_date=benchmark.content_date.isoformat(), level="", status="completed", error="", trend=2.25,
        api_calls=4711, throttles=3, seconds=48.25, resources=902, regions=("eu-central-1", "us-east-1"),
        closed_regions={"me-south-1": "The region me-south-1 is not enabled in this account."},
        started_at=AT, finished_at=AT + timedelta(seconds=50), controls=controls, definition=benchmark,
        requested_by="Bo Requester", collected_at=AT, **figures(controls),
    )  # fmt: skip
    return replace(report, **fields)
