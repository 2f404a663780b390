"""Previews: what a draft would say of a fleet equals what it says when it is evaluated; only what differs is asked."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import zstandard
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.engine import scoring
from compliance.models import Blob, Policy, PolicySecondary, Preview, PreviewHost, Scan, Waiver
from compliance.selectors import previews as seen
from compliance.selectors.previews import last_seen, preview_hosts
from compliance.services import previews, scan_outcomes, scan_requests
from compliance.services.previews import cancel_preview, drain, flips, request_preview, sweep
from compliance.services.snapshots import store_snapshot
from compliance.services.trials import Bench, storable
from organizations.errors import Conflict, Invalid
from templates_app.language import stored_facts
from templates_app.language.evaluate import evaluate_one
from templates_app.language.facts import FactDocument, Facts
from templates_app.language.templates import FrozenCheck, TemplateDocument, compile_template
from templates_app.models import Template
from templates_app.services import content
from templates_app.services.templates import copy_template, delete_template, publish_template
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, a_scan
from tests.factories.content import shipped
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import a_check, published_template

DATA = Path(__file__).parents[1] / "data" / "hosts"


@cache
def recorded(name: str) -> FactDocument:
    raw = zstandard.ZstdDecompressor().decompress((DATA / f"debian12-{name}.facts.zst").read_bytes())
    return stored_facts.load(raw.decode())


def template_of(document: TemplateDocument, organization=None) -> Template:
    variables = {name: one.model_dump() for name, one in document.variables.items()}
    return published_template(
        [one.check for one in document.checks], organization, slug=document.slug, variables=variables
    )


def scanned(template: Template, facts: FactDocument, host=None) -> Scan:
    """Return a scan of a host that was evaluated for real on ``facts``."""
    host = host or HostFactory()
    document = TemplateDocument.model_validate_json(template.document)
    compiled = compile_template(document, "debian12", "server")
    scan = a_scan(
        host, template, status="running", lease_owner="tests", started_at=NOON,
        stream=scan_requests.stream_of(host, template, "server"),
    )  # fmt: skip
    return scan_outcomes.complete(
        scan=scan, snapshot=store_snapshot(host=host, facts=facts, walked_at=None),
        results=compiled.evaluate(Facts(facts)),
        severities={one.check.id: one.check.severity for one in document.checks},
        left_out=0, benchmark="debian12", now=NOON,
    )  # fmt: skip


def sysctls(**wanted: str) -> list:
    return [
        a_check(
            f"linux_{name}", title=f"{name} holds", probe={"kind": "sysctl", "key": KEYS[name]}, expect={"eq": value}
        )
        for name, value in wanted.items()
    ]


KEYS = {
    "forward": "net.ipv4.ip_forward",
    "redirects": "net.ipv4.conf.all.accept_redirects",
    "aslr": "kernel.randomize_va_space",
}


PASSING = a_check("linux_known", expect={"match": "^[0-9]+$"})


@pytest.fixture
def template(organization):
    return published_template(
        [*sysctls(forward="0", redirects="0", aslr="2"), PASSING], organization, name="House rules"
    )


@pytest.fixture
def fleet(organization, template):
    """Return a scanned open host, a scanned hardened one, and one that was never scanned."""
    hosts = [
        HostFactory(organization=organization, hostname=f"{name}.example.com") for name in ("open", "hardened", "new")
    ]
    for host in hosts[:2]:
        scanned(template, recorded(host.hostname.split(".")[0]), host)
    return hosts


@pytest.fixture
def draft(admin, template, organization):
    return copy_template(actor=admin, template=template, organization=organization, name="Stricter rules")


def made(draft, admin) -> Preview:
    preview = request_preview(actor=admin, template=draft)
    assert drain(clock=lambda: NOON) == 1
    preview.refresh_from_db()
    assert preview.status == Preview.Status.COMPLETED, preview.error
    return preview


def change(draft, check_id: str, **fields) -> None:
    row = draft.checks.get(check_id=check_id)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


def test_an_unchanged_copy_changes_no_host(draft, fleet, admin):
    preview = made(draft, admin)
    assert preview.hosts_done == preview.hosts_total == 3
    summary = preview.summary
    assert (summary["changed"], summary["tried"], summary["compared"]) == (0, 2, 2)
    assert summary["average_before"] == summary["average_then"]
    assert summary["not_tried"] == [{"reason": "No facts were collected yet; scan it first.", "hosts": 1}]
    assert preview_hosts(preview).count() == 0
    assert preview_hosts(preview, "all").count() == 3


def test_a_check_that_is_switched_off_leaves_the_score(draft, fleet, admin):
    change(draft, "linux_redirects", enabled=False)
    preview = made(draft, admin)
    row = preview_hosts(preview).get(host=fleet[0])
    assert row.changes == [["linux_redirects", "fail", "skip", "Switched off in this template."]]
    assert row.score_then > row.score_before
    assert preview.summary["checks"][0]["check_id"] == "linux_redirects"


def test_another_expectation_is_evaluated_on_the_stored_facts(draft, fleet, admin):
    definition = draft.checks.get(check_id="linux_aslr").definition
    change(draft, "linux_aslr", definition={**definition, "expect": {"eq": "7"}})
    preview = made(draft, admin)
    changed = {row.host_id: row.changes for row in preview_hosts(preview)}
    assert changed[fleet[1].pk][0][:3] == ["linux_aslr", "pass", "fail"]
    assert "running: 2" in changed[fleet[1].pk][0][3]
    assert preview.summary["checks"][0]["newly_failing"] == len(changed)


def test_only_the_sections_that_changed_checks_need_are_read(draft, fleet, admin, monkeypatch):
    definition = draft.checks.get(check_id="linux_aslr").definition
    change(draft, "linux_aslr", definition={**definition, "expect": {"eq": "7"}})
    read = []
    real = seen.stored_facts.read_section
    monkeypatch.setattr(seen.stored_facts, "read_section", lambda raw, name: read.append(name) or real(raw, name))
    made(draft, admin)
    assert set(read) == {"sysctl"}


def test_a_waived_failure_stays_waived_and_a_new_one_is_waived_too(draft, fleet, admin, organization, template):
    approver = member(organization, role="admin")
    Waiver.objects.create(
        organization=organization, check_id="linux_aslr", reason="Old software needs it", created_by=admin,
        requested_by=admin, decided_by=approver, status=Waiver.Status.ACTIVE,
    )  # fmt: skip
    definition = draft.checks.get(check_id="linux_aslr").definition
    change(draft, "linux_aslr", definition={**definition, "expect": {"eq": "7"}})
    preview = made(draft, admin)
    assert preview_hosts(preview).get(host=fleet[1]).changes[0][:3] == ["linux_aslr", "pass", "waived"]


def test_waivers_of_a_group_count_on_its_hosts_only(organization, admin):
    inside, outside = (HostFactory(organization=organization) for _ in range(2))
    group = HostGroupFactory(organization=organization)
    inside.groups.add(group)
    Waiver.objects.create(
        organization=organization, check_id="linux_aslr", reason="A reason", created_by=admin, requested_by=admin,
        decided_by=member(organization), status=Waiver.Status.ACTIVE, host_group=group,
    )  # fmt: skip
    on = seen.WaiversInForce(organization, NOON).on([inside.pk, outside.pk])
    assert list(on(inside.pk)) == ["linux_aslr"]
    assert on(outside.pk) == {}


def test_a_host_that_falls_below_70_and_50_is_counted(organization, admin):
    template = published_template(sysctls(aslr="2"), organization)
    scanned(template, recorded("hardened"), HostFactory(organization=organization))
    draft = copy_template(actor=admin, template=template, organization=organization, name="Stricter")
    definition = draft.checks.get().definition
    change(draft, "linux_aslr", definition={**definition, "expect": {"eq": "7"}})
    summary = made(draft, admin).summary
    assert (summary["falling_below_70"], summary["falling_below_50"], summary["worse"]) == (1, 1, 1)
    assert (summary["average_before"], summary["average_then"]) == (100.0, 0.0)


def test_a_host_with_facts_outside_any_stream_is_scored_but_not_compared(organization, admin, draft):
    host = HostFactory(organization=organization)
    store_snapshot(host=host, facts=recorded("hardened"), walked_at=None)
    preview = made(draft, admin)
    row = preview_hosts(preview, "new").get()
    assert (row.score_before, row.changed) == (None, 0)
    assert row.score_then is not None
    assert preview.summary["not_scored_before"] == 1


def test_damaged_results_and_facts_do_not_end_the_preview(draft, fleet, admin):
    scan = Scan.objects.filter(host=fleet[0]).get()
    Blob.objects.filter(pk=scan.results_id).update(data=b"damaged")
    scan = Scan.objects.filter(host=fleet[1]).get()
    Blob.objects.filter(pk=scan.snapshot.manifest_id).update(data=b"damaged")
    preview = made(draft, admin)
    assert preview_hosts(preview, "not_tried").get(host=fleet[1]).note.startswith("Its stored facts cannot be read")


def test_what_a_hostile_host_sends_can_be_stored():
    assert storable("a\0b\udcffc") == "a\ufffdb?c"


def test_two_requests_for_the_same_content_make_one_preview(draft, fleet, admin):
    first = request_preview(actor=admin, template=draft)
    assert request_preview(actor=admin, template=draft) == first
    change(draft, "linux_aslr", enabled=False)
    assert request_preview(actor=admin, template=draft) != first


def test_an_earlier_preview_goes_when_a_new_one_is_asked_for(draft, fleet, admin):
    first = made(draft, admin)
    made(draft, admin)
    assert not PreviewHost.objects.filter(preview_id=first.pk).exists()
    assert Preview.objects.count() == 1


def test_only_who_manages_compliance_may_ask(draft, organization):
    with pytest.raises(PermissionDenied):
        request_preview(actor=member(organization, "view_compliance"), template=draft)


def test_a_system_template_wants_an_organization_and_a_draft_takes_no_other(draft, admin, other_organization):
    with pytest.raises(Invalid) as refused:
        request_preview(actor=admin, template=published_template())
    assert "organization" in refused.value.errors
    with pytest.raises(Invalid):
        request_preview(actor=admin, template=draft, organization=other_organization)


def test_a_draft_that_cannot_be_evaluated_is_refused_with_the_place(draft, admin):
    definition = draft.checks.get(check_id="linux_aslr").definition
    change(draft, "linux_aslr", definition={**definition, "probe": {"kind": "sysctl"}})
    with pytest.raises(Invalid) as refused:
        request_preview(actor=admin, template=draft)
    assert "checks.linux_aslr.probe.key" in refused.value.errors


def test_pending_previews_are_cancelled_at_once_and_ended_ones_never(draft, fleet, admin):
    preview = cancel_preview(actor=admin, preview=request_preview(actor=admin, template=draft), now=NOON)
    assert preview.status == Preview.Status.CANCELLED
    assert drain(clock=lambda: NOON) == 0
    with pytest.raises(Conflict):
        cancel_preview(actor=admin, preview=preview, now=NOON)


def test_a_running_preview_ends_when_somebody_cancels(draft, fleet, admin):
    preview = request_preview(actor=admin, template=draft)
    claimed = previews.claim_next(owner="tests", now=NOON)
    cancel_preview(actor=admin, preview=preview, now=NOON)
    previews.perform(preview=claimed, clock=lambda: NOON)
    preview.refresh_from_db()
    assert preview.status == Preview.Status.CANCELLED
    assert preview.summary == {}


def test_a_worker_that_lost_its_claim_stores_nothing(draft, fleet, admin):
    preview = request_preview(actor=admin, template=draft)
    claimed = previews.claim_next(owner="first", now=NOON)
    assert sweep(now=NOON + timedelta(minutes=5)) == 1
    assert previews.claim_next(owner="second", now=NOON).pk == preview.pk
    previews.perform(preview=claimed, clock=lambda: NOON)
    preview.refresh_from_db()
    assert (preview.status, preview.lease_owner, preview.summary) == (Preview.Status.RUNNING, "second", {})


def test_a_preview_whose_worker_vanishes_three_times_fails(draft, fleet, admin):
    preview = request_preview(actor=admin, template=draft)
    for attempt in range(3):
        previews.claim_next(owner=f"worker {attempt}", now=NOON)
        sweep(now=NOON + timedelta(minutes=5))
    preview.refresh_from_db()
    assert preview.status == Preview.Status.FAILED
    assert "vanished" in preview.error


def test_hosts_of_other_tenants_are_not_tried(draft, fleet, admin, other_organization, template):
    scanned(published_template(sysctls(forward="0")), recorded("open"), HostFactory(organization=other_organization))
    assert made(draft, admin).hosts_total == 3


def test_the_stream_of_the_same_family_counts_before_any_other(organization, template, admin):
    host = HostFactory(organization=organization)
    mine = scanned(template, recorded("open"), host)
    other = scanned(published_template(sysctls(aslr="2"), organization), recorded("open"), host)
    assert last_seen([host.pk], template.family)[host.pk].stream_id == mine.stream_id
    assert last_seen([host.pk], other.template.family)[host.pk].stream_id == other.stream_id


def test_an_upgrade_lists_what_verdicts_flip(organization, template, fleet):
    checks = [one.check for one in TemplateDocument.model_validate_json(template.document).checks]
    seventh = a_check("linux_aslr", probe={"kind": "sysctl", "key": KEYS["aslr"]}, expect={"eq": "7"})
    stricter = published_template([*checks[:2], seventh], organization, version=2, name="House rules")
    stricter.family = template.family
    found = flips(stricter, now=NOON)
    assert found.hosts == 2
    assert ("linux_aslr", "pass", "fail") in {(one.check_id, one.before, one.then) for one in found.flips}
    assert found.lines()[0] == f"House rules v2: verdicts flip on {found.changed} of 2 hosts at their next evaluation"


def test_an_upgrade_that_says_the_same_flips_nothing(organization, template, fleet):
    template.sha256 = "0" * 64
    assert flips(template, now=NOON).lines() == ["House rules v1: no verdict flips on 2 hosts"]


# --- Equal to a whole evaluation, whatever was changed ----------------------------------------------------------------


@cache
def level_2() -> TemplateDocument:
    return content.document_of(next(one for one in shipped().templates if one.slug == "cis-l2-linux"), shipped(), 1)


FIREWALLS = ("nftables", "ufw", "iptables", "firewalld")


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_preview_equals_a_whole_evaluation(data, recorded_fleet):
    organization, template, hosts = recorded_fleet
    document = TemplateDocument.model_validate_json(template.document)
    checks = list(document.checks)
    switched = data.draw(st.sets(st.integers(0, len(checks) - 1), max_size=10), label="switched off")
    dropped = data.draw(st.sets(st.integers(0, len(checks) - 1), max_size=10), label="dropped")
    turned = data.draw(st.sets(st.integers(0, len(checks) - 1), max_size=10), label="other expectation")
    firewall = data.draw(st.sampled_from(FIREWALLS), label="firewall")
    changed = [
        altered(one, off=index in switched, turn=index in turned)
        for index, one in enumerate(checks)
        if index not in dropped
    ]
    draft = document.model_copy(update={"checks": changed, "values": {"firewall": firewall}})
    draft = TemplateDocument.model_validate(draft.model_dump())
    bench = Bench(organization=organization, family="x", document=draft.canonical(), now=NOON)
    compiled = compile_template(draft, "debian12", "server")
    for trial in bench.tried([host.pk for host in hosts.values()]):
        name = next(name for name, host in hosts.items() if host.pk == trial.host_id)
        results = compiled.evaluate(Facts(recorded(name)))
        assert trial.statuses == {one.check_id: one.status.value for one in results}
        severities = {one.check.id: one.check.severity for one in draft.checks}
        assert trial.then == scoring.score(scoring.count(results, severities))


def altered(frozen: FrozenCheck, *, off: bool, turn: bool) -> FrozenCheck:
    raw = frozen.check.model_dump(exclude_defaults=True)
    if turn and raw.get("expect") in ({"exists": True}, {"absent": True}):
        raw["expect"] = {"absent": True} if "exists" in raw["expect"] else {"exists": True}
    elif turn and "missing" in raw:
        raw["missing"] = {"fail": "pass", "pass": "error", "error": "not_applicable", "not_applicable": "fail"}[
            raw["missing"]
        ]
    return FrozenCheck.model_validate({"check": raw, "enabled": not off, "profiles": frozen.profiles})


@pytest.fixture
def recorded_fleet(db):
    organization = OrganizationFactory(name="Property")
    template = template_of(level_2())
    hosts = {name: HostFactory(organization=organization, hostname=name) for name in ("open", "hardened")}
    for name, host in hosts.items():
        scanned(template, recorded(name), host)
    return organization, template, hosts


@pytest.mark.parametrize("host", ["open", "hardened"])
def test_no_check_reads_a_section_that_it_does_not_name_as_a_need(host):
    """A trial reads the needed sections only: a check that looked further would be decided otherwise there."""
    facts = recorded(host)
    compiled = compile_template(level_2(), "debian12", "server")
    for one in compiled.selected:
        needed = {need.section for need in one.compiled.needs}
        some = FactDocument(
            facts.collector_version, facts.plan_sha256, facts.collected_at, facts.privilege, facts.os,
            {name: section for name, section in facts.sections.items() if name in needed},
        )  # fmt: skip
        assert evaluate_one(one.compiled, Facts(some)) == evaluate_one(one.compiled, Facts(facts)), one.check.id


def test_a_preview_does_not_keep_its_template(draft, fleet, admin, organization):
    made(draft, admin)
    published = publish_template(actor=admin, template=draft, now=NOON)
    delete_template(actor=admin, template=published)
    assert not Template.objects.filter(pk=published.pk).exists()
    assert not Preview.objects.exists()


def test_a_reference_without_a_way_back_keeps_a_template_too(draft, fleet, admin, organization):
    published = publish_template(actor=admin, template=draft, now=NOON)
    policy = Policy.objects.create(organization=organization, os_type="linux", template=published_template())
    PolicySecondary.objects.create(organization=organization, policy=policy, template=published)
    with pytest.raises(Conflict, match="refers to"):
        delete_template(actor=admin, template=published)
