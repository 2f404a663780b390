"""Runs as JSON, in the form that API.md fixes; each control stands on a line of its own."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from cloudbench.reports.run_report import Affected, ControlReport, RunReport
from organizations.reports.characters import visible
from organizations.reports.issue import Issue


def render(reports: Sequence[RunReport], issue: Issue) -> bytes:
    """Return ``{"report": {...}, "runs": [...]}``.

    What a terminal or a page would obey is escaped: such a character stands in strings only, where its escape is JSON.
    """
    issued = {
        "report_id": issue.report_id,
        "generated_at": moment(issue.generated_at),
        "generated_by": issue.generated_by,
        "product_version": issue.product_version,
        "verify_url": issue.verify_url,
        "results_sha256": results_sha256(reports),
    }
    runs = ",\n".join(run_text(report, issue.report_id) for report in reports)
    return f'{{"report": {line_of(issued)},\n"runs": [\n{runs}\n]}}\n'.encode()


def run_text(report: RunReport, report_id: str) -> str:
    controls = ",\n".join(line_of(values) for values in controls_of(report))
    head = line_of(run(report, report_id)).removesuffix("}")
    return f'{head}, "controls": [\n{controls}\n]}}'


def line_of(values: dict[str, Any]) -> str:
    return visible(json.dumps(values, ensure_ascii=False))


def results_sha256(reports: Sequence[RunReport]) -> str:
    """Return the sum by which report files of different formats are known to hold the same results.

    It is taken of the JSON report's ``runs`` without their ``report_id``, written with sorted keys, without white
    space, in ASCII.
    """
    digest = hashlib.sha256()
    for index, report in enumerate(reports):
        digest.update(b"," if index else b"[")
        for text in canonical(report):
            digest.update(text.encode())
    digest.update(b"]")
    return digest.hexdigest()


def canonical(report: RunReport) -> Iterator[str]:
    """Yield one run as canonical JSON in pieces: a report of a large account need not be in memory twice."""
    head = run(report, None)
    del head["report_id"]
    for index, name in enumerate(sorted([*head, "controls"])):
        yield f'{"," if index else "{"}"{name}":'
        if name != "controls":
            yield dense(head[name])
            continue
        yield "["
        for place, values in enumerate(controls_of(report)):
            yield f"{',' if place else ''}{dense(values)}"
        yield "]"
    yield "}"


def dense(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def controls_of(report: RunReport) -> Iterator[dict[str, Any]]:
    for one in report.controls:
        yield {**control(one), "affected": [affected(each) for each in one.affected]}


def run(report: RunReport, report_id: str | None) -> dict[str, Any]:
    """Return a run without its controls."""
    return {
        "id": report.id,
        "organization": report.organization,
        "benchmark": report.benchmark,
        "benchmark_title": report.benchmark_title,
        "benchmark_version": report.benchmark_version,
        "benchmark_sha256": report.benchmark_sha256,
        "level": report.level,
        "account_id": report.account_id,
        "account": report.account_name,
        "status": report.status,
        "error": report.error,
        "score": report.score,
        "coverage": report.coverage,
        "trend": report.trend,
        "critical_failed": report.critical_failed,
        "high_failed": report.high_failed,
        "counts": dict(report.counts),
        "api_calls": report.api_calls,
        "throttles": report.throttles,
        "seconds": round(report.seconds, 3),
        "resources": report.resources,
        "regions": list(report.regions),
        "closed_regions": dict(report.closed_regions),
        "requested_by": report.requested_by,
        "collected_at": moment(report.collected_at),
        "started_at": moment(report.started_at),
        "finished_at": moment(report.finished_at),
        "report_id": report_id,
    }


def control(report: ControlReport) -> dict[str, Any]:
    """Return a control without its resources."""
    return {
        "id": report.id,
        "title": report.title,
        "section": report.section,
        "level": report.level,
        "severity": report.severity or None,
        "severity_derived": report.derived,
        "status": str(report.status),
        "reason": report.reason,
        "manual": report.manual,
        "automated": bool(report.checks),
        "description": report.description,
        "rationale": report.rationale,
        "remediation": "\n".join(f"{n}. {step}" for n, step in enumerate(report.remediation, 1)),
        "remediation_steps": list(report.remediation),
        "guidance": report.guidance,
        "reference_url": report.reference,
        "checks": list(report.checks),
        "affected_count": report.affected_count,
        "evaluated_count": report.evaluated_count,
    }


def affected(resource: Affected) -> dict[str, Any]:
    return {
        "arn": resource.arn,
        "region": resource.region,
        "name": resource.name,
        "detail": resource.detail,
        "attributes": dict(resource.attributes),
        "check": resource.check_id,
    }


def moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
