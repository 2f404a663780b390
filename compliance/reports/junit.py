"""The JUnit report, for the test page of a CI run: a suite is a host under a template, a test case is a check.

A failing check is a failure of its severity, one that could not be decided an error. Waived, not applicable, manual and
switched-off checks are skipped, and say so: JUnit has no other word. There is no official schema; the form is the one
that testmoapp/junitxml describes and that CI servers read.
"""

from collections.abc import Iterator

from lxml import etree

from compliance.reports.presentation import harmless
from compliance.reports.scan_json import results_sha256
from compliance.reports.scan_report import CheckReport, HandoverReport, ScanReport
from organizations.reports.issue import Issue


def render(report: ScanReport, issue: Issue) -> bytes:
    """Return the report file."""
    seal = results_sha256(report)
    report = harmless(report)
    root = etree.Element("testsuites", {"name": "Plumbline", **numbers(report, issue)})
    suite = etree.SubElement(root, "testsuite", {"name": suite_name(report), **numbers(report, issue)})
    suite.set("hostname", report.host)
    listed = etree.SubElement(suite, "properties")
    for name, value in [*properties(report, issue), ("results_sha256", seal)]:
        etree.SubElement(listed, "property", name=name, value=value)
    for result in report.results:
        test_case(suite, report, result)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def suite_name(report: ScanReport) -> str:
    return f"{report.host}: {report.template} v{report.template_version}"


def numbers(report: ScanReport, issue: Issue) -> dict[str, str]:
    """Return the sums that a suite states about its test cases."""
    skipped = sum(one.status in ("skip", "waived") for one in report.results)
    return {
        "tests": str(len(report.results)),
        "failures": str(sum(one.status == "fail" for one in report.results)),
        "errors": str(sum(one.status == "error" for one in report.results)),
        "skipped": str(skipped),
        "time": f"{duration_s(report):.3f}",
        "timestamp": (report.started_at or issue.generated_at).isoformat(timespec="seconds"),
    }


def duration_s(report: ScanReport) -> float:
    if report.started_at is None or report.finished_at is None:
        return 0.0
    return max((report.finished_at - report.started_at).total_seconds(), 0.0)


def properties(report: ScanReport, issue: Issue) -> Iterator[tuple[str, str]]:
    yield "report_id", issue.report_id
    yield "scan_id", str(report.scan_id)
    yield "organization", report.organization
    yield "os", report.os_name
    yield "template", report.template_slug or report.template
    yield "template_version", str(report.template_version)
    yield "template_sha256", report.template_sha256
    yield "profile", report.profile
    yield "score", "" if report.score is None else repr(report.score)
    without = report.score_without_waivers
    yield "score_without_exceptions", "" if without is None else repr(without)
    yield "coverage", "" if report.coverage is None else repr(report.coverage)
    yield "identity", report.identity
    yield "handover_blocked", str(report.handover_blocked).lower()
    yield "would_block", str(report.would_block).lower()
    for reason in report.block_reasons:
        yield "block_reason", reason
    if report.handover is not None:
        yield from handover_properties(report.handover)


def handover_properties(handover: HandoverReport) -> Iterator[tuple[str, str]]:
    for name in ("project", "provider", "instance_id", "resource_address", "run", "state"):
        yield f"handover_{name}", getattr(handover, name)
    if handover.released_at is not None:
        yield "released_by", handover.released_by
        yield "released_at", handover.released_at.isoformat(timespec="seconds")
        yield "release_reason", handover.release_reason


def test_case(suite: etree._Element, report: ScanReport, result: CheckReport) -> None:
    section = result.sections[0] if result.sections else "other"
    case = etree.SubElement(
        suite, "testcase", name=f"{result.check_id}: {result.title}",
        classname=f"{report.template_slug or 'template'}.{section.replace('.', '_')}", time="0",
    )  # fmt: skip
    if result.status == "fail":
        etree.SubElement(case, "failure", message=first_line(result.actual), type=result.severity).text = story(result)
    elif result.status == "error":
        told = result.message or result.actual
        etree.SubElement(case, "error", message=first_line(told), type="undecided").text = story(result)
    elif result.status == "waived":
        etree.SubElement(case, "skipped", message=first_line(result.message or "waived")).text = story(result)
    elif result.status != "pass":
        etree.SubElement(case, "skipped", message=first_line(result.message or result.skip_reason))


def first_line(text: str) -> str:
    return text.partition("\n")[0][:300]


def story(result: CheckReport) -> str:
    lines = [f"Expected: {result.expected}", f"Found: {result.actual}"]
    seen = (f"Evidence: {one.source}{f':{one.line}' if one.line else ''} {one.value}" for one in result.evidence)
    return "\n".join([*lines, *seen, f"What to do: {result.remediation}"])
