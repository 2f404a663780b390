"""The JSON report, which is also what the API and the command line print of a scan."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compliance.reports.scan_report import CheckReport, HandoverReport, ScanReport
from organizations.reports.characters import visible
from organizations.reports.issue import Issue


def scan_values(report: ScanReport) -> dict[str, Any]:
    """Return the scan as plain values, without its results."""
    return {
        "id": report.scan_id,
        "host": report.host,
        "address": report.address,
        "os": report.os_name,
        "organization": report.organization,
        "template": report.template_slug or report.template,
        "template_name": report.template,
        "template_version": report.template_version,
        "template_sha256": report.template_sha256,
        "framework": report.framework,
        "benchmark": report.benchmark,
        "profile": report.profile,
        "scan_type": report.scan_type,
        "status": report.status,
        "privilege": report.privilege,
        "score": report.score,
        "score_without_waivers": report.score_without_waivers,
        "coverage": report.coverage,
        "incomplete": report.incomplete,
        "collected_at": moment(report.collected_at),
        "walked_at": moment(report.walked_at),
        "started_at": moment(report.started_at),
        "finished_at": moment(report.finished_at),
        "handover_blocked": report.handover_blocked,
        "would_block": report.would_block,
        "block_reasons": list(report.block_reasons),
        "identity": report.identity,
        "handover": handover_values(report.handover) if report.handover else None,
        "counts": dict(report.counts),
        "failed_by_severity": dict(report.failed_by_severity),
        "left_out": report.left_out,
        "error": report.error,
    }


def handover_values(handover: HandoverReport) -> dict[str, Any]:
    """Return what a report on a VM says of its handover; ``released`` is None unless an admin let it through."""
    released = {
        "by": handover.released_by,
        "at": moment(handover.released_at),
        "reason": handover.release_reason,
    }
    return {
        "project": handover.project,
        "provider": handover.provider,
        "instance_id": handover.instance_id,
        "resource_address": handover.resource_address,
        "run": handover.run,
        "state": handover.state,
        "released": released if handover.released_at else None,
    }


def result_values(result: CheckReport) -> dict[str, Any]:
    """Return one result as plain values."""
    return {
        "check_id": result.check_id,
        "title": result.title,
        "description": result.description,
        "rationale": result.rationale,
        "severity": result.severity,
        "status": result.status,
        "skip_reason": result.skip_reason,
        "expected": result.expected,
        "actual": result.actual,
        "evidence": [
            {"source": one.source, "line": one.line, "value": one.value, "how": one.how} for one in result.evidence
        ],
        "message": result.message,
        "references": references(result.references),
        "remediation": result.remediation,
    }


def references(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return references by family: {"cis": ["debian12:3.3.1"], "stig": [], "cce": [...], ...}."""
    grouped: dict[str, list[str]] = {"cis": [], "stig": []}
    for name, ids in found.items():
        family, _, benchmark = name.partition("-")
        grouped.setdefault(family, []).extend(f"{benchmark}:{one}" if benchmark else one for one in ids)
    return grouped


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def document(report: ScanReport) -> dict[str, Any]:
    """Return the whole document: {"scan": ..., "results": [...]}."""
    return {"scan": scan_values(report), "results": [result_values(result) for result in report.results]}


def results_sha256(report: ScanReport) -> str:
    """Return the sum by which reports of different formats are known to hold the same results.

    It is taken of the JSON report's ``results``, written with sorted keys, without white space, in ASCII.
    """
    values = [result_values(result) for result in report.results]
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def render(report: ScanReport, issue: Issue) -> bytes:
    """Return the report file.

    What a terminal or a page would obey is escaped: such a character stands in strings only, where its escape is JSON.
    """
    issued = {
        "report_id": issue.report_id,
        "generated_at": moment(issue.generated_at),
        "generated_by": issue.generated_by,
        "product": f"Plumbline {issue.product_version}",
        "results_sha256": results_sha256(report),
    }
    text = json.dumps({"report": issued, **document(report)}, indent=1, ensure_ascii=False)
    return visible(text).encode()
