"""Runs as OCSF: a list of Compliance Findings (class 2003). Source: the OCSF schema, version 1.5.

A control that fails gives a finding for each failing resource and check; any other control gives one.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from cloudbench.engine.findings import Status
from cloudbench.reports.run_report import Affected, ControlReport, RunReport
from organizations.reports.issue import Issue

VERSION = "1.5.0"
CATEGORY, CLASS, CREATE = 2, 2003, 1
SEVERITIES = {"critical": 5, "high": 4, "medium": 3, "low": 2}
INFORMATIONAL = 1
STATUSES = {
    Status.PASS: (1, "Pass"),
    Status.FAIL: (3, "Fail"),
    Status.ERROR: (2, "Warning"),
    Status.SKIP: (2, "Warning"),
}
NEW, RESOLVED = 1, 4


def render(reports: Sequence[RunReport], issue: Issue) -> bytes:
    """Return the list as JSON."""
    found = [finding for report in reports for finding in findings(report, issue)]
    return json.dumps(found, indent=1, ensure_ascii=False).encode()


def findings(report: RunReport, issue: Issue) -> Iterator[dict[str, Any]]:
    for control in report.controls:
        if control.status is Status.FAIL and control.affected:
            for resource in control.affected:
                yield finding(report, control, issue, resource)
        else:
            yield finding(report, control, issue, None)


def finding(report: RunReport, control: ControlReport, issue: Issue, resource: Affected | None) -> dict[str, Any]:
    at = epoch_ms(report.finished_at or issue.generated_at)
    status_id, status = STATUSES[control.status]
    told: dict[str, Any] = {
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Compliance Finding",
        "type_uid": CLASS * 100 + CREATE,
        "type_name": "Compliance Finding: Create",
        "time": at,
        "severity_id": SEVERITIES.get(control.severity, INFORMATIONAL),
        "severity": control.severity.capitalize() or "Informational",
        "status_id": RESOLVED if control.status is Status.PASS else NEW,
        "status": "Resolved" if control.status is Status.PASS else "New",
        "message": resource.detail if resource else control.reason or control.title,
        "metadata": {
            "version": VERSION,
            "product": {"name": "Plumbline", "vendor_name": "Plumbline", "version": issue.product_version},
            "log_name": "cloud benchmarks",
            "correlation_uid": issue.report_id,
            "profiles": ["cloud"],
        },
        "cloud": {"provider": "AWS", "account": {"uid": report.account_id, "type_id": 10, "type": "AWS Account"}},
        "finding_info": {
            "uid": uid(report, control, resource),
            "title": control.title,
            "desc": control.description,
            "types": ["Software and Configuration Checks"],
            "created_time": at,
        },
        "compliance": {
            "standards": [f"{report.benchmark_title} {report.benchmark_version}"],
            "control": control.id,
            "requirements": [control.id],
            "status_id": status_id,
            "status": status,
            "status_details": [text for text in (resource.detail if resource else control.reason,) if text],
            "checks": [{"uid": check, "name": check} for check in checks_of(control, resource)],
        },
        "unmapped": {"status": str(control.status), "section": control.section, "level": control.level},
    }
    if control.remediation:
        references = [control.reference] if control.reference else []
        told["remediation"] = {"desc": "\n".join(control.remediation), "references": references}
    if resource is not None:
        told["resources"] = [
            {
                "uid": resource.arn,
                "name": resource.name,
                "type": resource.arn.split(":")[2] if resource.arn.count(":") > 2 else "",
                "region": resource.region,
                "cloud_partition": resource.arn.split(":")[1] if ":" in resource.arn else "aws",
                "data": dict(resource.attributes),
            }
        ]
        told["cloud"]["region"] = resource.region
    return told


def checks_of(control: ControlReport, resource: Affected | None) -> Sequence[str]:
    return (resource.check_id,) if resource else control.checks


def uid(report: RunReport, control: ControlReport, resource: Affected | None) -> str:
    """Return an id that stays the same from run to run, so that a SIEM sees one finding live on."""
    parts = [report.benchmark, report.account_id, control.id]
    if resource is not None:
        parts += [resource.check_id, resource.region, resource.arn]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def epoch_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
