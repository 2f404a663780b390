"""The ARF 1.1 report: benchmark, asset and XCCDF 1.2 results in one XML document.

A waived failure stays a failure with the role unscored, what does not apply is notapplicable, what a person must judge
is notchecked, what is switched off is notselected. XCCDF knows no severity above high: a critical check is exported as
high, and its own severity stands in a message. An override would turn the verdict itself; none is used.

The asset has an address only if it is one, and a host name only if it is one by the schema's pattern; with neither it
is known by the scan. A provisioned VM is known by its provider's id as well. Characters that XML cannot hold, and those
that a viewer would obey, are written as \\uXXXX.
The document is valid ARF 1.1 and its parts are valid XCCDF 1.2 and SCAP 1.2 data streams by OpenSCAP; it is not SCAP
content in NIST's sense, for its checks are evaluated by our own collector and refer to the fact bundle.
"""

import ipaddress
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree

from compliance.reports.scan_json import results_sha256
from compliance.reports.scan_report import CheckReport, ScanReport
from organizations.reports.characters import one_line, visible
from organizations.reports.issue import Issue

ARF = "http://scap.nist.gov/schema/asset-reporting-format/1.1"
CORE = "http://scap.nist.gov/schema/reporting-core/1.1"
AI = "http://scap.nist.gov/schema/asset-identification/1.1"
DS = "http://scap.nist.gov/schema/scap/source/1.2"
XLINK = "http://www.w3.org/1999/xlink"
XCCDF = "http://checklists.nist.gov/xccdf/1.2"
OVAL = "http://oval.mitre.org/XMLSchema/oval-definitions-5"
OVAL_COMMON = "http://oval.mitre.org/XMLSchema/oval-common-5"
OVAL_INDEPENDENT = "http://oval.mitre.org/XMLSchema/oval-definitions-5#independent"
VOCABULARY = "http://scap.nist.gov/specifications/arf/vocabulary/relationships/1.0#"
NAMESPACES = {"arf": ARF, "core": CORE, "ai": AI, "ds": DS, "xlink": XLINK, "xccdf": XCCDF}

OWNER = "io.plumbline"
COLLECTOR = "urn:plumbline:collector:1"
NOT_A_NAME = re.compile(r"[^A-Za-z0-9.-]")
HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")  # the schema's \w has no underscore

RESULTS = {"pass": "pass", "fail": "fail", "error": "error", "waived": "fail"}
SKIPPED = {"not_applicable": "notapplicable", "manual": "notchecked", "prerequisite": "notchecked"}
CIDENT = {"cce": "http://cce.mitre.org"}


def render(report: ScanReport, issue: Issue) -> bytes:
    """Return the report file."""
    root = etree.Element(q(ARF, "asset-report-collection"), nsmap=NAMESPACES)
    relationships = sub(root, CORE, "relationships", nsmap={"arfvocab": VOCABULARY})
    for kind, subject, ref in (("createdFor", "xccdf1", "collection1"), ("isAbout", "xccdf1", "asset0")):
        relationship = sub(relationships, CORE, "relationship", type=f"arfvocab:{kind}", subject=subject)
        sub(relationship, CORE, "ref", ref)
    request = sub(sub(root, ARF, "report-requests"), ARF, "report-request", id="collection1")
    data_stream(sub(request, ARF, "content"), report, issue)
    asset = sub(sub(root, ARF, "assets"), ARF, "asset", id="asset0")
    computing_device(asset, report)
    content = sub(sub(sub(root, ARF, "reports"), ARF, "report", id="xccdf1"), ARF, "content")
    test_result(content, report, issue)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def q(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}"


def sub(
    parent: etree._Element, namespace: str, tag: str, text: str | None = None, /,
    nsmap: dict[str, str] | None = None, **attributes: str,
) -> etree._Element:  # fmt: skip
    """Append an element with ``text``; characters that XML cannot hold become visible ones."""
    child = etree.SubElement(parent, q(namespace, tag), nsmap=nsmap)
    for key, value in attributes.items():
        child.set(key.rstrip("_").replace("_", "-"), visible(value))
    if text is not None:
        child.text = visible(text)
    return child


def slug(report: ScanReport) -> str:
    return slug_of(report.template_slug or report.template_sha256[:12])


def slug_of(text: str) -> str:
    return NOT_A_NAME.sub("-", text)


def stamp(at: datetime | None, fallback: datetime) -> str:
    return (at or fallback).astimezone(UTC).isoformat(timespec="seconds")


def xid(kind: str, name: str) -> str:
    return f"xccdf_{OWNER}_{kind}_{name}"


def data_stream(content: etree._Element, report: ScanReport, issue: Issue) -> None:
    made = stamp(report.finished_at, issue.generated_at).removesuffix("+00:00")
    collection = sub(
        content, DS, "data-stream-collection", id=f"scap_{OWNER}_collection_{slug(report)}", schematron_version="1.2"
    )
    stream = sub(
        collection, DS, "data-stream", id=f"scap_{OWNER}_datastream_{slug(report)}", scap_version="1.2",
        timestamp=made, use_case="OTHER",
    )  # fmt: skip
    for holder, name in (("checklists", "xccdf"), ("checks", "oval")):
        ref = sub(sub(stream, DS, holder), DS, "component-ref", id=f"scap_{OWNER}_cref_{name}")
        ref.set(q(XLINK, "href"), f"#scap_{OWNER}_comp_{name}")
    benchmark(sub(collection, DS, "component", id=f"scap_{OWNER}_comp_xccdf", timestamp=made), report, issue)
    oval_stub(sub(collection, DS, "component", id=f"scap_{OWNER}_comp_oval", timestamp=made), made)


def benchmark(component: etree._Element, report: ScanReport, issue: Issue) -> None:
    root = sub(component, XCCDF, "Benchmark", id=xid("benchmark", slug(report)), resolved="1")
    root.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    sub(root, XCCDF, "status", "accepted", date=stamp(report.finished_at, issue.generated_at)[:10])
    sub(root, XCCDF, "title", report.template)
    sub(root, XCCDF, "version", str(report.template_version))
    sub(root, XCCDF, "model", system="urn:xccdf:scoring:flat-unweighted")
    profile = sub(root, XCCDF, "Profile", id=xid("profile", report.profile))
    sub(profile, XCCDF, "title", f"{report.template}, {report.profile}")
    for result in report.results:
        sub(
            profile, XCCDF, "select", idref=xid("rule", result.check_id),
            selected="false" if result.skip_reason == "disabled" else "true",
        )  # fmt: skip
    for result in report.results:
        rule(root, result)


def rule(parent: etree._Element, result: CheckReport) -> None:
    element = sub(
        parent, XCCDF, "Rule", id=xid("rule", result.check_id), selected="true", severity=severity(result.severity)
    )
    sub(element, XCCDF, "title", result.title)
    sub(element, XCCDF, "description", result.description)
    for name, ids in sorted(result.references.items()):
        for one in ids:
            sub(element, XCCDF, "reference", f"{name}:{one}", href=f"urn:plumbline:reference:{name}")
    sub(element, XCCDF, "rationale", result.rationale)
    for one in result.references.get("cce", ()):
        sub(element, XCCDF, "ident", one, system=CIDENT["cce"])
    sub(element, XCCDF, "fixtext", result.remediation)
    reference(element, result)


def reference(parent: etree._Element, result: CheckReport) -> None:
    check = sub(parent, XCCDF, "check", system=COLLECTOR)
    sub(check, XCCDF, "check-content-ref", href="facts.json", name=result.check_id)


def severity(ours: str) -> str:
    return "high" if ours == "critical" else ours


def oval_stub(component: etree._Element, made: str) -> None:
    """Write the one OVAL definition that a data stream must have; our collector evaluates, OVAL does not."""
    root = etree.SubElement(
        component,
        q(OVAL, "oval_definitions"),
        nsmap={
            None: OVAL,  # type: ignore[dict-item]  # the stubs know no default namespace
            "oval": OVAL_COMMON,
            "ind": OVAL_INDEPENDENT,
        },
    )
    generator = sub(root, OVAL, "generator")
    sub(generator, OVAL_COMMON, "schema_version", "5.11")
    sub(generator, OVAL_COMMON, "timestamp", made)
    definition = sub(
        sub(root, OVAL, "definitions"), OVAL, "definition", class_="compliance", id=f"oval:{OWNER}:def:1", version="1"
    )
    metadata = sub(definition, OVAL, "metadata")
    sub(metadata, OVAL, "title", "Evaluated by Plumbline")
    sub(metadata, OVAL, "description", "The facts were collected and evaluated by Plumbline itself.")
    sub(sub(definition, OVAL, "criteria"), OVAL, "criterion").set("test_ref", f"oval:{OWNER}:tst:1")
    sub(
        sub(root, OVAL, "tests"), OVAL_INDEPENDENT, "unknown_test", id=f"oval:{OWNER}:tst:1", version="1",
        check="all", comment="evaluated by Plumbline",
    )  # fmt: skip


def computing_device(asset: etree._Element, report: ScanReport) -> None:
    device = sub(asset, AI, "computing-device")
    address = ip(report.address) or ip(report.host)
    named = address is None or str(address) != report.host
    name = report.host if named and HOST_NAME.fullmatch(report.host) else ""
    if report.handover is not None:
        sub(
            device, AI, "synthetic-id", resource=f"urn:plumbline:provider:{slug_of(report.handover.provider)}",
            id=one_line(report.handover.instance_id),
        )  # fmt: skip
    elif not address and not name:
        sub(device, AI, "synthetic-id", resource="urn:plumbline:scan", id=str(report.scan_id))
    if address:
        connection = sub(sub(device, AI, "connections"), AI, "connection")
        sub(sub(connection, AI, "ip-address"), AI, f"ip-v{address.version}", address.exploded)
    if "." in name:
        sub(device, AI, "fqdn", name)
    if name:
        sub(device, AI, "hostname", name.split(".")[0])


def ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``text`` is, without the zone of a link-local one; None when it is none."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def test_result(content: etree._Element, report: ScanReport, issue: Issue) -> None:
    root = sub(
        content, XCCDF, "TestResult", id=xid("testresult", f"scan-{report.scan_id}"),
        start_time=stamp(report.started_at, issue.generated_at), end_time=stamp(report.finished_at, issue.generated_at),
        version=str(report.template_version), test_system=f"cpe:/a:plumbline:plumbline:{issue.product_version}",
    )  # fmt: skip
    sub(root, XCCDF, "benchmark", href=f"#scap_{OWNER}_comp_xccdf", id=xid("benchmark", slug(report)))
    sub(root, XCCDF, "title", f"{report.template} v{report.template_version} on {report.host}")
    sub(root, XCCDF, "remark", f"Report {issue.report_id}, template SHA-256 {report.template_sha256}")
    sub(root, XCCDF, "remark", f"Results SHA-256 {results_sha256(report)}")
    for remark in handover_remarks(report):
        sub(root, XCCDF, "remark", one_line(remark))
    sub(root, XCCDF, "organization", report.organization)
    privileged = report.privilege in ("root", "sudo")
    sub(root, XCCDF, "identity", report.privilege, authenticated="true", privileged=str(privileged).lower())
    sub(root, XCCDF, "profile", idref=xid("profile", report.profile))
    sub(root, XCCDF, "target", one_line(report.host))
    if address := ip(report.address):
        sub(root, XCCDF, "target-address", str(address))
    facts = sub(root, XCCDF, "target-facts")
    for name, value in target_facts(report):
        sub(facts, XCCDF, "fact", value, name=name, type="string")
    at = stamp(report.collected_at, issue.generated_at)
    for result in report.results:
        rule_result(root, result, at)
    scores(root, report)


def handover_remarks(report: ScanReport) -> Iterator[str]:
    """Yield what there is to say of the machine's identity and handover, a sentence each."""
    if report.identity == "first_contact":
        yield "Identity: the host is known by its first contact only; nobody has confirmed the key that it showed."
    if (handover := report.handover) is None:
        return
    yield (
        f"Handover: {handover.state}. Project {handover.project}, {handover.provider} instance {handover.instance_id}, "
        f"resource {handover.resource_address}, run {handover.run}."
    )
    word = "Blocked" if report.handover_blocked else "Block mode would say"
    yield from (f"{word}: {reason}" for reason in report.block_reasons)
    if handover.released_at is not None:
        at = handover.released_at.astimezone(UTC).isoformat(timespec="seconds")
        yield f"Released by {handover.released_by} at {at}: {handover.release_reason}"


def target_facts(report: ScanReport) -> list[tuple[str, str]]:
    return [
        ("urn:xccdf:fact:asset:identifier:host_name", report.host),
        ("urn:plumbline:fact:operating_system", report.os_name),
        ("urn:plumbline:fact:collector_version", report.collector_version),
    ]


def rule_result(parent: etree._Element, result: CheckReport, at: str) -> None:
    element = sub(
        parent, XCCDF, "rule-result", idref=xid("rule", result.check_id),
        role="unscored" if result.status == "waived" else "full", time=at, severity=severity(result.severity),
        weight="1.0",
    )  # fmt: skip
    verdict = RESULTS.get(result.status) or SKIPPED.get(result.skip_reason, "notselected")
    sub(element, XCCDF, "result", verdict)
    for one in result.references.get("cce", ()):
        sub(element, XCCDF, "ident", one, system=CIDENT["cce"])
    for kind, text in messages(result):
        sub(element, XCCDF, "message", text, severity=kind)
    reference(element, result)


def messages(result: CheckReport) -> list[tuple[str, str]]:
    found = [("info", f"Expected: {result.expected}"), ("info", f"Found: {result.actual}")]
    if result.message:
        found.append(("error" if result.status == "error" else "info", result.message))
    if result.severity == "critical":
        found.append(("info", "Severity: critical"))
    for one in result.evidence:
        place = f"{one.source} line {one.line}" if one.line else one.source
        found.append(("info", f"Evidence: {place}: {one.value} ({one.how})".replace(":  (", ": (")))
    return found


def scores(parent: etree._Element, report: ScanReport) -> None:
    counted = report.counts["passed"] + report.counts["failed"] + report.counts["error"]
    sub(
        parent, XCCDF, "score", f"{report.counts['passed']:.1f}", system="urn:xccdf:scoring:flat-unweighted",
        maximum=f"{max(counted, 1):.1f}",
    )  # fmt: skip
    for value, system in (
        (report.score, "urn:plumbline:scoring:1"),
        (report.score_without_waivers, "urn:plumbline:scoring-without-exceptions:1"),
    ):
        if value is not None:
            sub(parent, XCCDF, "score", f"{value:.6f}", system=system, maximum="100.0")
