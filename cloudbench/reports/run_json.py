"""Runs as JSON, in the form that API.md fixes."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cloudbench.reports.run_report import Affected, ControlReport, RunReport
from organizations.reports.issue import Issue


def render(reports: Sequence[RunReport], issue: Issue) -> bytes:
    """Return ``{"runs": [...], "report": {...}}``, indented."""
    told = {
        "report": {
            "report_id": issue.report_id,
            "generated_at": moment(issue.generated_at),
            "generated_by": issue.generated_by,
            "product_version": issue.product_version,
            "verify_url": issue.verify_url,
        },
        "runs": [run(report, issue.report_id) for report in reports],
    }
    return json.dumps(told, indent=1, ensure_ascii=False).encode()


def run(report: RunReport, report_id: str | None) -> dict[str, Any]:
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
        "started_at": moment(report.started_at),
        "finished_at": moment(report.finished_at),
        "report_id": report_id,
        "controls": [
            {**control(one), "affected": [affected(each) for each in one.affected]} for one in report.controls
        ],
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
