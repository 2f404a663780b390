"""What the reports for people show: the values of a scan in order, in words, and with nothing left to be obeyed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from compliance.reports.scan_json import results_sha256
from compliance.reports.scan_report import CheckReport, HandoverReport, ScanReport
from organizations.reports.characters import clipped, one_line, visible
from organizations.reports.issue import Issue
from organizations.reports.presentation import Segment, number, ring, segments, share, stamp
from templates_app.language.observations import Evidence

ORDER = {"fail": 0, "error": 1, "waived": 2, "pass": 3, "skip": 4}
SEVERITIES = ("critical", "high", "medium", "low")
SKIPS = {
    "not_applicable": "Not applicable",
    "manual": "For a person to judge",
    "disabled": "Switched off",
    "exempted": "Exempted",
    "prerequisite": "Prerequisite missing",
}
STATUSES = (
    ("fail", "Failed", "#cf3339"),
    ("error", "Errors", "#a35bae"),
    ("waived", "Waived", "#3a85c6"),
    ("pass", "Passed", "#2e9e5f"),
    ("skip", "Skipped", "#a3acb8"),
)
GROUPS = (
    ("fail", "Failed checks", "Failed", "Failed", ""),
    ("error", "Checks that could not be decided", "Errors", "Error", "They count neither as passed nor as failed."),
    (
        "waived",
        "Waived failures",
        "Waived",
        "Waived",
        "These fail, and were accepted by decision; the score leaves them out.",
    ),
    ("manual", "Checks for a person to judge", "Manual", "Manual", "No command can decide these."),
    ("pass", "Passed checks", "Passed", "Passed", ""),
    ("skip", "Checks that were not evaluated", "Skipped", "Skipped", ""),
)
PRIVILEGES = {
    "root": "as root",
    "sudo": "with root's rights through sudo",
    "user": "without root's rights, so that some checks could not be decided",
}
METHODS = {"ssh": "over SSH", "local": "on the machine itself"}
BENCHMARKS = {"debian12": "Debian 12", "ubuntu2204": "Ubuntu 22.04", "rhel9": "Red Hat Enterprise Linux 9"}
PROVIDERS = {
    "aws": "Amazon Web Services", "azure": "Microsoft Azure", "gcp": "Google Cloud", "vmware": "VMware vCenter",
    "proxmox": "Proxmox VE",
}  # fmt: skip
FAMILIES = {"cis": "CIS", "stig": "STIG", "cce": "CCE", "nist": "NIST", "pci": "PCI DSS", "iso": "ISO 27001"}
NOT_SHOWN = ("cac",)
LAST = (10**6,)
LONGEST = {"title": 300, "expected": 1500, "actual": 1500, "message": 600}
EVIDENCE_SHOWN = 8


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """The results that stand together under one heading; ``word`` is what each of them is called."""

    key: str
    label: str
    short: str
    word: str
    lead: str
    results: list[CheckReport]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The results of one top-level section of the benchmark, as numbers and as a bar."""

    name: str
    total: int
    numbers: tuple[int, ...]
    bar: tuple[Segment, ...]


def context_of(report: ScanReport, issue: Issue) -> dict[str, object]:
    """Return what the templates of the HTML and the PDF report show."""
    shown = harmless(report)
    results = sorted(shown.results, key=rank)
    bar = segments(Counter(one.status for one in results), STATUSES)
    return {
        "report": shown,
        "page_subject": shown.host,
        "page_standard": f"{shown.template} v{report.template_version}",
        "issue": replace(issue, generated_by=one_line(issue.generated_by)),
        "results": results,
        "groups": [ResultGroup(*words, having(results, words[0])) for words in GROUPS],
        **{words[0]: having(results, words[0]) for words in GROUPS},
        "segments": bar,
        "chapters": list(chapters(results)),
        **ring(report.score),
        "score_without_waivers": number(report.score_without_waivers),
        "coverage": share(report.coverage),
        "severities": [(severity, report.failed_by_severity[severity]) for severity in SEVERITIES],
        "issued": stamp(issue.generated_at, report.zone),
        "times": times(report, issue),
        "skips": SKIPS,
        "privilege": PRIVILEGES.get(report.privilege, shown.privilege),
        "method": METHODS.get(report.connection, shown.connection),
        "benchmark": BENCHMARKS.get(report.benchmark, shown.benchmark),
        "results_sha256": results_sha256(report),
        "handover": handover_rows(shown.handover, report.zone) if shown.handover else [],
        "verdict": handover_verdict(shown),
    }


def harmless(report: ScanReport) -> ScanReport:
    """Return ``report`` with every text visible and of bounded length."""
    changed: dict[str, Any] = {
        one.name: one_line(value) for one in fields(report) if isinstance(value := getattr(report, one.name), str)
    }
    changed["template_slug"] = report.template_slug
    if report.handover is not None:
        changed["handover"] = harmless_handover(report.handover)
    results = tuple(harmless_result(result, report.benchmark) for result in report.results)
    return replace(report, **changed, block_reasons=tuple(map(visible, report.block_reasons)), results=results)


def harmless_handover(handover: HandoverReport) -> HandoverReport:
    texts: dict[str, Any] = {
        one.name: clipped(one_line(value), 1000)
        for one in fields(handover)
        if isinstance(value := getattr(handover, one.name), str)
    }
    return replace(handover, **texts)


def handover_rows(handover: HandoverReport, zone: ZoneInfo) -> list[tuple[str, str]]:
    """Return what a report on a VM tells of its handover, as labels and words."""
    rows = [
        ("Project", handover.project),
        ("Provider", PROVIDERS.get(handover.provider, handover.provider)),
        ("Instance id", handover.instance_id),
        ("Terraform resource", handover.resource_address),
        ("Applied by run", handover.run),
        ("Gate, when this report was issued", handover.state.capitalize()),
    ]
    if handover.released_at is not None:
        rows += [
            ("Released by", handover.released_by),
            ("Released at", stamp(handover.released_at, zone)),
            ("Reason of the release", handover.release_reason),
        ]
    return rows


def handover_verdict(report: ScanReport) -> str:
    """Return in a sentence what enforcement made of this scan; empty where it has nothing to say."""
    if report.handover is not None and report.handover.released_at is not None and report.would_block:
        return "The handover rules are not met; an admin released this machine all the same."
    if report.handover_blocked:
        return "Handover is blocked."
    return "Block mode would hold this machine back." if report.would_block else ""


def harmless_result(result: CheckReport, benchmark: str) -> CheckReport:
    texts: dict[str, Any] = {name: clipped(visible(getattr(result, name)), most) for name, most in LONGEST.items()}
    evidence = tuple(
        Evidence(one_line(one.source), one.line, clipped(one_line(one.value), 400), clipped(one_line(one.how), 200))
        for one in result.evidence[:EVIDENCE_SHOWN]
    )
    if len(result.evidence) > EVIDENCE_SHOWN:
        evidence += (Evidence(f"{len(result.evidence) - EVIDENCE_SHOWN} more, in the JSON report"),)
    return replace(result, evidence=evidence, references=named_references(result.references, benchmark), **texts)


def named_references(references: Mapping[str, list[str]], benchmark: str) -> dict[str, list[str]]:
    """Return references by name as people write them, without those of other systems' benchmarks."""
    named = {}
    for name, ids in references.items():
        family, _, of = name.partition("-")
        if family not in NOT_SHOWN and of in ("", benchmark):
            named[f"{FAMILIES.get(family, family)} {BENCHMARKS.get(of, of)}".strip()] = ids
    return named


def having(results: Iterable[CheckReport], group: str) -> list[CheckReport]:
    """Return the results of a status; of the skipped ones, those for a person to judge are a group of their own."""
    return [one for one in results if group == ("manual" if one.skip_reason == "manual" else one.status)]


def rank(result: CheckReport) -> tuple[int, int, tuple[int, ...], str]:
    """Order by status; what is not as it should be by severity; then by section."""
    severity = SEVERITIES.index(result.severity) if result.status in ("fail", "error", "waived") else 0
    return ORDER[result.status], severity, section_numbers(result), result.check_id


def section_numbers(result: CheckReport) -> tuple[int, ...]:
    first = result.sections[0] if result.sections else ""
    return tuple(int(part) for part in first.split(".") if part.isascii() and part.isdigit()) or LAST


def chapters(results: Sequence[CheckReport]) -> Iterator[Chapter]:
    """Yield the top-level sections in order; what has no section comes last. Nothing when there is only one."""
    by_chapter: dict[int, Counter[str]] = {}
    for result in results:
        first = section_numbers(result)
        by_chapter.setdefault(first[0], Counter())[result.status] += 1
    if len(by_chapter) < 2:
        return
    for chapter, counts in sorted(by_chapter.items()):
        name = "Others" if chapter == LAST[0] else f"Section {chapter}"
        numbers = tuple(counts[status] for status, _, _ in STATUSES)
        yield Chapter(name, sum(numbers), numbers, segments(counts, STATUSES))


def times(report: ScanReport, issue: Issue) -> list[tuple[str, str]]:
    rows: Iterable[tuple[str, datetime | None]] = (
        ("Scan started", report.started_at),
        ("Facts collected", report.collected_at),
        ("File systems walked", report.walked_at),
        ("Scan finished", report.finished_at),
        ("Report issued", issue.generated_at),
    )
    return [(label, stamp(at, report.zone)) for label, at in rows if at is not None]
