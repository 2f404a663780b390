import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from compliance.reports import arf
from compliance.reports.scan_report import ScanReport
from tests.factories.reports import ISSUE, a_report, check_reports, hostile_report

NS = {"x": arf.XCCDF, "ai": arf.AI}
CHAIN = (
    ("ds", "rds-validate", "report.arf.xml"),
    ("ds", "rds-split", "report.arf.xml", "parts"),
    ("ds", "sds-validate", "parts/report-request.xml"),
    ("xccdf", "validate", "--skip-schematron", "parts/report.xml"),
    ("xccdf", "generate", "report", "--output", "out.html", "report.arf.xml"),
)


def oscap(directory: Path, *arguments: str) -> None:
    done = subprocess.run(["oscap", *arguments], cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), (arguments, done.stdout)


def parsed(**fields: object) -> etree._Element:
    return etree.fromstring(arf.render(a_report(number=20, **fields), ISSUE))


def rule_results(root: etree._Element) -> dict[str, etree._Element]:
    return {
        one.get("idref").removeprefix("xccdf_io.plumbline_rule_"): one for one in root.iterfind(".//x:rule-result", NS)
    }


def chain(directory: Path, report: ScanReport) -> None:
    (directory / "report.arf.xml").write_bytes(arf.render(report, ISSUE))
    for step in CHAIN:
        oscap(directory, *step)
    assert "<html" in (directory / "out.html").read_text()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"number": 60}, id="usual"),
        pytest.param({"results": ()}, id="no results"),
        pytest.param(
            {"score": None, "privilege": "user", "host": "web_1", "address": "web_1"}, id="underscore in name"
        ),
        pytest.param({"host": "web-1", "address": "web-1"}, id="no address"),
        pytest.param({"host": "2001:db8::7", "address": "2001:db8::7"}, id="address as name"),
        pytest.param({"address": "fe80::1%eth0"}, id="address with zone"),
        pytest.param({"host": "a..b.", "address": ""}, id="name that is none"),
        pytest.param({"template_slug": "", "template": "Ours & <theirs>"}, id="own template"),
    ],
)
def test_openscap_accepts_report_and_its_parts(tmp_path, fields):
    chain(tmp_path, a_report(**fields))


def test_openscap_accepts_what_a_hostile_host_sent(tmp_path):
    chain(tmp_path, hostile_report())


def test_each_status_has_its_word():
    wanted = {
        ("pass", ""): "pass", ("fail", ""): "fail", ("error", ""): "error", ("waived", ""): "fail",
        ("skip", "not_applicable"): "notapplicable", ("skip", "manual"): "notchecked",
        ("skip", "disabled"): "notselected",
    }  # fmt: skip
    found = rule_results(parsed())
    got = {
        (one.status, one.skip_reason): found[one.check_id].findtext("x:result", namespaces=NS)
        for one in check_reports(20)
    }
    assert got == wanted


def test_waived_failure_stays_visible_and_unscored():
    results = rule_results(parsed())
    waived = [results[one.check_id] for one in check_reports(20) if one.status == "waived"]
    assert {one.get("role") for one in waived} == {"unscored"}
    assert all("waived by EX-12" in "".join(one.itertext()) for one in waived)
    assert {one.get("role") for name, one in results.items() if one not in waived} == {"full"}


def test_critical_is_high_and_says_so():
    results = rule_results(parsed())
    critical = [results[one.check_id] for one in check_reports(20) if one.severity == "critical"]
    assert {one.get("severity") for one in critical} == {"high"}
    assert all("Severity: critical" in [m.text for m in one.iterfind("x:message", NS)] for one in critical)


def test_asset_has_what_is_known_of_it():
    def device(**fields: object) -> dict[str, str | None]:
        found = parsed(**fields).find(".//ai:computing-device", NS)
        return {etree.QName(one).localname: one.text for one in found.iter() if not len(one)}

    assert device() == {"ip-v4": "192.0.2.10", "fqdn": "web-1.example.com", "hostname": "web-1"}
    assert device(host="web-1", address="web-1") == {"hostname": "web-1"}
    assert device(host="192.0.2.7", address="192.0.2.7") == {"ip-v4": "192.0.2.7"}
    assert device(host="podman-image://x", address="") == {"synthetic-id": None}


def test_score_is_that_of_openscap():
    root = parsed()
    flat = root.find(".//x:score[@system='urn:xccdf:scoring:flat-unweighted']", NS)
    scored = [one.findtext("x:result", namespaces=NS) for one in root.iterfind(".//x:rule-result[@role='full']", NS)]
    counted = [one for one in scored if one in ("pass", "fail", "error")]
    assert (float(flat.text), float(flat.get("maximum"))) == (counted.count("pass"), len(counted))


def test_privileges_are_told():
    def identity(privilege: str) -> str | None:
        return parsed(privilege=privilege).find(".//x:identity", NS).get("privileged")

    assert [identity(one) for one in ("root", "sudo", "user")] == ["true", "true", "false"]


def test_same_report_gives_same_bytes():
    report = a_report(number=5)
    assert arf.render(report, ISSUE) == arf.render(replace(report), ISSUE)
