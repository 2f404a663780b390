"""Runs as OCSF: a list of Compliance Findings (class 2003), one to a line. Source: the OCSF schema, version 1.5.

Each resource that fails a check gives one finding, which names every control that fails by it; each control that does
not fail gives one. One fault is so one finding, however many controls of a benchmark rest on the check.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudbench.engine.findings import Status
from cloudbench.lib.benchmarks import CheckText
from cloudbench.reports.run_report import Affected, ControlReport, RunReport
from organizations.reports.characters import visible
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
NEW, RESOLVED = (1, "New"), (4, "Resolved")
AWS_ACCOUNT = 10


@dataclass(frozen=True, slots=True)
class Subject:
    """What one finding is about: controls, and the resource and the check that they fail by, if they fail."""

    controls: Sequence[ControlReport]
    checks: Sequence[CheckText]
    severity: str
    resource: Affected | None = None

    @property
    def first(self) -> ControlReport:
        return self.controls[0]

    @property
    def description(self) -> str:
        return self.checks[0].description if self.resource and self.checks else self.first.description

    @property
    def detail(self) -> str:
        return self.resource.detail if self.resource else self.first.reason


def render(reports: Sequence[RunReport], issue: Issue) -> bytes:
    """Return the list as JSON."""
    lines = ",\n".join(
        visible(json.dumps(finding(report, subject, issue), ensure_ascii=False))
        for report in reports
        for subject in subjects_of(report)
    )
    return f"[\n{lines}\n]\n".encode()


def subjects_of(report: RunReport) -> Iterator[Subject]:
    failing: dict[str, list[ControlReport]] = {}
    for control in report.controls:
        for check in dict.fromkeys(resource.check_id for resource in control.affected):
            failing.setdefault(check, []).append(control)
        if not control.affected:
            yield Subject([control], control.texts, control.severity)
    for check, controls in failing.items():
        texts = [text for text in controls[0].texts if text.id == check]
        severity = gravest(control.severity for control in controls)
        for resource in controls[0].affected:
            if resource.check_id == check:
                yield Subject(controls, texts, severity, resource)


def gravest(severities: Iterator[str]) -> str:
    return max(severities, key=lambda severity: SEVERITIES.get(severity, 0))


def finding(report: RunReport, subject: Subject, issue: Issue) -> dict[str, Any]:
    at = epoch_ms(report.finished_at or issue.generated_at)
    control, resource = subject.first, subject.resource
    life_id, life = RESOLVED if control.status is Status.PASS else NEW
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
        "severity_id": SEVERITIES.get(subject.severity, INFORMATIONAL),
        "severity": subject.severity.capitalize() or "Informational",
        "status_id": life_id,
        "status": life,
        "message": subject.detail or control.title,
        "metadata": {
            "version": VERSION,
            "product": {"name": "Plumbline", "vendor_name": "Plumbline", "version": issue.product_version},
            "log_name": "cloud benchmarks",
            "correlation_uid": issue.report_id,
            "profiles": ["cloud"],
        },
        "cloud": {
            "provider": "AWS",
            "account": {
                "uid": report.account_id,
                "name": report.account_name or report.account_id,
                "type_id": AWS_ACCOUNT,
                "type": "AWS Account",
            },
        },
        "finding_info": {
            "uid": uid(report, subject),
            "title": control.title,
            "desc": subject.description,
            "types": ["Software and Configuration Checks"],
            "created_time": at,
        },
        "compliance": {
            "standards": [f"{report.benchmark_title} {report.benchmark_version}"],
            "control": control.id,
            "requirements": [one.id for one in subject.controls],
            "status_id": status_id,
            "status": status,
            "status_details": [subject.detail] if subject.detail else [],
            "checks": [check_of(text, None if resource is None else Status.FAIL) for text in subject.checks],
        },
        "unmapped": {
            "status": str(control.status),
            "section": control.section,
            "level": control.level,
            "manual": control.manual,
            "run_id": report.id,
            "benchmark": report.benchmark,
            "organization": report.organization,
        },
    }
    if steps := [step for text in subject.checks for step in text.remediation]:
        references = list(dict.fromkeys(text.reference for text in subject.checks if text.reference))
        told["remediation"] = {"desc": "\n".join(steps), "references": references}
    if resource is not None:
        told["resources"] = [resource_of(resource)]
        told["cloud"]["region"] = resource.region
    return told


def check_of(text: CheckText, status: Status | None) -> dict[str, Any]:
    told: dict[str, Any] = {"uid": text.id, "name": text.title, "desc": text.description}
    told |= {"severity_id": SEVERITIES[text.severity], "severity": text.severity.capitalize()}
    if status is not None:
        told["status_id"], told["status"] = STATUSES[status]
    return told


def resource_of(resource: Affected) -> dict[str, Any]:
    parts = resource.arn.split(":", 5)
    is_arn = parts[0] == "arn" and len(parts) == 6
    return {
        "uid": resource.arn,
        "name": resource.name or resource.arn,
        "type": parts[2] if is_arn else "aws",
        "region": resource.region,
        "cloud_partition": parts[1] if is_arn else "aws",
        "data": dict(resource.attributes),
    }


def uid(report: RunReport, subject: Subject) -> str:
    """Return an id that stays the same from run to run, so that a SIEM sees one finding live on."""
    parts = [report.benchmark, report.account_id]
    if subject.resource is None:
        parts += ["control", subject.first.id]
    else:
        parts += ["resource", subject.resource.check_id, subject.resource.region, subject.resource.arn]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def epoch_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
