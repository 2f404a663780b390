"""What reports on scans of provisioned VMs say of their handover and of how the VM is known."""

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from compliance.reports import arf, html, junit, pdf, scan_json
from compliance.reports.scan_report import HandoverReport
from compliance.selectors.scan_reports import scan_report
from compliance.services.handovers import release
from compliance.services.scan_reports import make_report
from tests.compliance.test_reports_arf import CHAIN
from tests.factories.compliance import NOON, HostKeyFactory, completed_scan
from tests.factories.provisioning import ProvisionedVmFactory, ProvisioningRunFactory, handover_settings, vm_scan
from tests.factories.reports import HOSTILE, ISSUE, STARTED, a_report

RELEASED = HandoverReport(
    "shop", "aws", "i-0123456789abcdef0", "aws_instance.web", "run-7", "released", "Ada Example",
    STARTED + timedelta(hours=1), "TICKET-7 follows it.",
)  # fmt: skip
HELD = replace(RELEASED, state="blocked", released_by="", released_at=None, release_reason="")
REASONS = ("3 critical CIS check(s) failed", "Score 62.5 is below the minimum of 70")


def reported(handover: HandoverReport = RELEASED, **fields: object):
    return a_report(
        number=20, scan_type="provision", handover=handover, would_block=True, handover_blocked=True,
        block_reasons=REASONS, **{"first_contact": True} | fields,
    )  # fmt: skip


@pytest.mark.parametrize("page", [lambda report: html.render(report, ISSUE).decode(), lambda r: pdf.document(r, ISSUE)])
def test_pages_tell_project_provider_run_reasons_release_and_identity(page):
    said = page(reported())
    for words in (
        "shop", "Amazon Web Services", "i-0123456789abcdef0", "aws_instance.web", "run-7", *REASONS, "Ada Example",
        "TICKET-7 follows it.", "first contact only", "an admin released this machine",
    ):  # fmt: skip
        assert words in said
    held = page(reported(HELD, first_contact=False))
    assert "Handover is blocked." in held
    assert "Released by" not in held
    assert "A person has confirmed its host key." in held
    assert "provisioned machine" not in page(a_report(number=5))


def test_json_tells_all_of_it_as_values():
    scan = json.loads(scan_json.render(reported(), ISSUE))["scan"]
    assert (scan["identity"], scan["handover_blocked"], scan["block_reasons"]) == ("first_contact", True, [*REASONS])
    assert scan["handover"] == {
        "project": "shop", "provider": "aws", "instance_id": "i-0123456789abcdef0",
        "resource_address": "aws_instance.web",
        "run": "run-7", "state": "released",
        "released": {"by": "Ada Example", "at": "2026-11-21T12:58:03+00:00", "reason": "TICKET-7 follows it."},
    }  # fmt: skip
    assert json.loads(scan_json.render(reported(HELD), ISSUE))["scan"]["handover"]["released"] is None
    plain = json.loads(scan_json.render(a_report(number=5), ISSUE))["scan"]
    assert (plain["identity"], plain["handover"]) == ("pinned", None)
    local = json.loads(scan_json.render(a_report(number=5, connection="local"), ISSUE))["scan"]
    assert local["identity"] == "local"


def test_junit_tells_it_as_properties():
    root = etree.fromstring(junit.render(reported(), ISSUE))
    told = [(one.get("name"), one.get("value")) for one in root.iter("property")]
    for pair in (
        ("identity", "first_contact"), ("handover_project", "shop"), ("handover_instance_id", "i-0123456789abcdef0"),
        ("handover_run", "run-7"), ("would_block", "true"), ("released_by", "Ada Example"),
        ("release_reason", "TICKET-7 follows it."), *(("block_reason", reason) for reason in REASONS),
    ):  # fmt: skip
        assert pair in told


def test_arf_knows_the_machine_by_its_instance_and_says_the_rest_in_remarks():
    root = etree.fromstring(arf.render(reported(), ISSUE))
    synthetic = root.find(f".//{{{arf.AI}}}synthetic-id")
    assert dict(synthetic.attrib) == {"resource": "urn:plumbline:provider:aws", "id": "i-0123456789abcdef0"}
    said = "\n".join(one.text for one in root.iter(f"{{{arf.XCCDF}}}remark"))
    for words in ("first contact only", "Project shop", "run run-7", *REASONS, "Released by Ada Example", "TICKET-7"):
        assert words in said


@pytest.mark.parametrize("handover", [RELEASED, HELD, replace(RELEASED, instance_id="/subscriptions/a b/vm's")])
def test_openscap_accepts_it(tmp_path: Path, handover):
    (tmp_path / "report.arf.xml").write_bytes(arf.render(reported(handover), ISSUE))
    for step in CHAIN:
        done = subprocess.run(["oscap", *step], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), step


def test_hostile_texts_break_no_format():
    hostile = HandoverReport(*[HOSTILE] * 6, HOSTILE, STARTED, HOSTILE)
    report = replace(reported(hostile, host=HOSTILE), block_reasons=(HOSTILE,))
    etree.fromstring(arf.render(report, ISSUE))
    etree.fromstring(junit.render(report, ISSUE))
    json.loads(scan_json.render(report, ISSUE))
    assert "<script>window" not in html.render(report, ISSUE).decode()
    assert "\x1b" not in pdf.document(report, ISSUE)


@pytest.mark.django_db
def test_report_of_a_scan_names_the_run_that_it_followed(organization):
    handover_settings(organization)
    vm = ProvisionedVmFactory(organization=organization)
    vm.runs.add(vm.run)
    HostKeyFactory(host=vm.host, first_contact=True)
    scan = vm_scan(vm, statuses=["fail"], now=NOON + timedelta(hours=1))
    later = ProvisioningRunFactory(organization=organization, registered_at=NOON + timedelta(hours=2))
    vm.runs.add(later)
    report = scan_report(scan)
    assert (report.handover.run, report.handover.state, report.identity) == (vm.run.run_id, "blocked", "first_contact")
    assert report.block_reasons
    assert scan_report(completed_scan(vm.host)).handover is None


@pytest.mark.django_db
def test_report_is_made_anew_after_a_release(organization, admin):
    handover_settings(organization)
    vm = ProvisionedVmFactory(organization=organization)
    scan = vm_scan(vm, statuses=["fail"])
    first = make_report(scan=scan, name="json", actor=admin, now=NOON)
    assert make_report(scan=scan, name="json", actor=admin, now=NOON).pk == first.pk
    release(actor=admin, vm=vm, reason="Accepted.", now=first.created_at + timedelta(microseconds=1))
    second = make_report(scan=scan, name="json", actor=admin, now=NOON)
    assert second.pk != first.pk
    assert json.loads(bytes(second.content))["scan"]["handover"]["released"]["reason"] == "Accepted."
    assert make_report(scan=scan, name="json", actor=admin, now=NOON).pk == second.pk
