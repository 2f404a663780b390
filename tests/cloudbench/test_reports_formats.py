"""JSON, CSV, OCSF and the table of runs: what they hold, and that nothing in them is obeyed."""

import csv
import hashlib
import io
import json
from dataclasses import replace

import pytest

from cloudbench.engine.findings import Finding
from cloudbench.lib.content import read_content
from cloudbench.reports import ocsf, run_csv, run_json, table
from cloudbench.reports.formats import FORMATS
from cloudbench.reports.run_report import at_level
from tests.cloudbench.reported import AT, BENCHMARK, ISSUE, VERSIONING, a_report, failing

RUN_KEYS = {
    "id", "benchmark", "benchmark_version", "account_id", "status", "score", "coverage", "trend", "critical_failed",
    "high_failed", "counts", "api_calls", "seconds", "started_at", "finished_at", "report_id", "controls",
}  # fmt: skip
CONTROL_KEYS = {
    "id", "title", "section", "level", "severity", "status", "reason", "manual", "description", "rationale",
    "remediation", "reference_url", "affected_count", "affected",
}  # fmt: skip
REQUIRED = {
    "activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata", "finding_info",
    "compliance", "cloud",
}  # fmt: skip
DEPRECATED = {"resource", "comment"}
HOSTILE = '=HYPERLINK("http://x")\x1b[31m\u202e'


def told(*reports) -> dict:
    return json.loads(run_json.render(reports or [a_report()], ISSUE))


def findings(*reports) -> list[dict]:
    return json.loads(ocsf.render(reports or [a_report()], ISSUE))


def rows(*reports) -> list[dict[str, str]]:
    text = run_csv.render(reports or [a_report()], ISSUE).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_has_every_name_that_automation_counts_on():
    (run,) = told()["runs"]
    assert run.keys() >= RUN_KEYS
    assert all(control.keys() >= CONTROL_KEYS for control in run["controls"])
    assert run["counts"] == {"pass": 1, "fail": 2, "skip": 2, "error": 1}
    assert sum(run["counts"].values()) == len(run["controls"]) == 6
    assert (run["score"], run["coverage"], run["trend"]) == (100 / 3, 0.75, 2.25)
    assert (run["critical_failed"], run["high_failed"], run["report_id"]) == (1, 0, ISSUE.report_id)
    assert run["started_at"] == "2026-11-21T11:58:03+00:00"


def test_json_names_failing_resources_only_each_with_its_fault():
    controls = {control["id"]: control for control in told()["runs"][0]["controls"]}
    assert [one["arn"] for one in controls["1.2"]["affected"]] == ["arn:aws:s3:::lost", "arn:aws:s3:::found"]
    first = controls["1.1"]["affected"][0]
    assert first["detail"] == "Versions are not kept."
    assert (first["region"], first["attributes"]) == ("eu-central-1", {"Versioning": "Off"})
    assert all(not controls[other]["affected"] for other in ("2.1", "2.2", "2.3", "1.6"))
    assert (controls["2.2"]["status"], controls["1.6"]["status"]) == ("ERROR", "SKIP")
    assert controls["1.1"]["severity_derived"] is True and controls["1.2"]["severity_derived"] is False
    assert controls["1.2"]["manual"] is True and controls["1.2"]["status"] == "FAIL"


def test_a_reader_of_the_json_can_take_the_sum_of_its_results():
    values = told()
    runs = [{name: value for name, value in run.items() if name != "report_id"} for run in values["runs"]]
    text = json.dumps(runs, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == values["report"]["results_sha256"]


def test_the_sum_changes_with_a_single_detail():
    other = a_report(findings={VERSIONING: failing(VERSIONING, "lost", detail="Versions are kept no more.")})
    assert run_json.results_sha256([a_report()]) != run_json.results_sha256([other])


def test_csv_has_a_row_for_each_control_with_its_arns():
    table_rows = {row["control_id"]: row for row in rows()}
    assert len(table_rows) == 6
    assert table_rows["1.1"]["resource_arns"] == "arn:aws:s3:::lost arn:aws:s3:::found"
    assert {row["status"] for row in table_rows.values()} == {"PASS", "FAIL", "SKIP", "ERROR"}
    assert (table_rows["1.2"]["title"], table_rows["1.2"]["severity"]) == ("Buckets are kept well", "critical")
    assert table_rows["2.1"]["resource_arns"] == ""
    assert {row["report_id"] for row in table_rows.values()} == {ISSUE.report_id}


def test_csv_says_more_arns_than_a_cell_holds_in_further_rows():
    many = a_report(findings={VERSIONING: failing(VERSIONING, *(f"bucket-{n:05}" for n in range(3000)))})
    mine = [row for row in rows(many) if row["control_id"] == "1.1"]
    assert [row["part"] for row in mine] == ["1", "2", "3"]
    assert all(len(row["resource_arns"]) <= run_csv.CELL for row in mine)
    arns = " ".join(row["resource_arns"] for row in mine).split()
    assert len(arns) == len(set(arns)) == 3000


def test_csv_calculates_nothing_that_a_target_said():
    odd = (Finding(HOSTILE, "eu-central-1", False, "odd", "odd"),)
    row = next(row for row in rows(a_report(findings={VERSIONING: odd}, account_id=HOSTILE)))
    assert row["resource_arns"].startswith("'=HYPERLINK")
    assert row["account_id"].startswith("'=")
    assert "\x1b" not in row["resource_arns"] and "\u202e" not in row["resource_arns"]


def test_json_and_ocsf_obey_nothing_that_a_target_said():
    odd = (Finding("arn:x", "eu-central-1", False, HOSTILE, "odd", {"Name": HOSTILE, "half": "\ud800"}),)
    for form in ("json", "ocsf"):
        content = FORMATS[form].render([a_report(findings={VERSIONING: odd})], ISSUE)
        assert b"\x1b" not in content and "\u202e" not in content.decode()
    (run,) = told(a_report(findings={VERSIONING: odd}))["runs"]
    assert run["controls"][0]["affected"][0]["detail"] == HOSTILE


def test_ocsf_findings_have_what_the_class_requires():
    for finding in findings():
        assert finding.keys() >= REQUIRED and not DEPRECATED & finding.keys()
        assert (finding["category_uid"], finding["class_uid"], finding["type_uid"]) == (2, 2003, 200301)
        assert finding["severity_id"] in {1, 2, 3, 4, 5} and finding["status_id"] in {1, 4}
        assert finding["metadata"]["version"] == "1.5.0"
        assert {"name", "vendor_name", "version"} <= finding["metadata"]["product"].keys()
        assert finding["compliance"]["status_id"] in {1, 2, 3}
        assert finding["compliance"]["standards"] == ["Small Benchmark 1.2.0"]
        assert "status_detail" not in finding["compliance"]
        assert finding["time"] == int(AT.timestamp() * 1000) + 50_000
        assert finding.get("remediation", {"desc": "x"})["desc"]


def test_ocsf_tells_a_fault_once_with_every_control_that_it_breaks():
    failed = [one for one in findings() if one["compliance"]["status_id"] == 3]
    assert [one["resources"][0]["uid"] for one in failed] == ["arn:aws:s3:::lost", "arn:aws:s3:::found"]
    assert all(one["compliance"]["requirements"] == ["1.1", "1.2"] for one in failed)
    assert all(one["severity"] == "Critical" for one in failed)
    assert failed[0]["compliance"]["checks"][0]["uid"] == VERSIONING
    assert failed[0]["cloud"]["region"] == "eu-central-1"
    rest = {one["compliance"]["control"]: one["compliance"]["status"] for one in findings() if one not in failed}
    assert rest == {"2.1": "Pass", "2.2": "Warning", "2.3": "Warning", "1.6": "Warning"}


def test_ocsf_findings_keep_their_ids_from_run_to_run():
    later = a_report(id=99, finished_at=AT.replace(year=2027))
    ids = [one["finding_info"]["uid"] for one in findings()]
    assert ids == [one["finding_info"]["uid"] for one in findings(later)]
    other = replace(a_report(), account_id="210987654321")
    assert not set(ids) & {one["finding_info"]["uid"] for one in findings(other)}
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("form", ["json", "csv", "ocsf"])
def test_a_file_holds_several_runs(form):
    both = [a_report(), replace(a_report(), benchmark="other")]
    content = FORMATS[form].render(both, ISSUE)
    if form == "json":
        assert [run["benchmark"] for run in json.loads(content)["runs"]] == ["small", "other"]
    elif form == "ocsf":
        uids = [one["finding_info"]["uid"] for one in json.loads(content)]
        assert len(uids) == len(set(uids)) == 12
    else:
        assert {row["benchmark"] for row in rows(*both)} == {"small", "other"} and len(rows(*both)) == 12


def test_a_level_selects_what_it_includes_and_has_its_own_figures():
    first, second = at_level(a_report(), BENCHMARK, "L1"), at_level(a_report(), BENCHMARK, "L2")
    assert [control.id for control in first.controls] == ["1.1", "2.1", "2.2", "2.3"]
    assert len(second.controls) == 6
    assert (first.score, first.critical_failed, first.trend) == (50.0, 0, None)
    assert sum(first.counts.values()) == 4


def test_the_table_leads_with_what_is_gravest():
    lines = table.render([a_report()]).splitlines()
    shown = [line.split()[:3] for line in lines if line.startswith(("FAIL", "ERROR"))]
    assert [row[2] for row in shown] == ["1.2", "1.1", "2.2"]
    assert "Score 33.3 %  coverage 75 %" in lines[1]
    assert any("me-south-1" in line for line in lines)


def test_every_shipped_benchmark_can_be_told_in_every_quick_format():
    for benchmark in read_content().benchmarks.values():
        report = a_report(benchmark, {check: failing(check, "one") for check in benchmark.checks})
        for form in ("json", "csv", "ocsf"):
            content = FORMATS[form].render([report], ISSUE)
            assert len(content) > 1000
