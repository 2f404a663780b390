"""The gate follows a VM's own scans, the settings and releases, and nothing else."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from compliance.models import CheckTally, HandoverSettings, Movement, ProvisionedVm, Scan, Stream
from compliance.selectors.dashboard import dashboard
from compliance.selectors.results import read_results
from compliance.services import schedule
from compliance.services.handover_settings import settle_rest
from compliance.services.handovers import release
from compliance.services.re_evaluation import re_evaluate
from compliance.services.streams import assign_policy
from compliance.services.vm_scans import give_up
from compliance.services.waivers import approve_waiver, create_waiver
from itsm.models import Alert
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from organizations.models.organizations import Organization
from tests.compliance.scoring_again import FORWARDS, scanned, work
from tests.compliance.terraform_states import posted, shown, values_of
from tests.compliance.test_scan_claims_services import together
from tests.factories.compliance import NOON, WaiverFactory, completed_scan
from tests.factories.compliance import policy_of as a_policy_of
from tests.factories.organizations import SYSTEM, OrganizationFactory, member
from tests.factories.provisioning import (
    ProjectFactory,
    ProvisionedVmFactory,
    handover_settings,
    provision_stream,
    vm_scan,
)
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
State = ProvisionedVm.State
LATER, LAST = NOON + timedelta(hours=1), NOON + timedelta(hours=2)


def settle_all(*, organization: Organization, now: datetime) -> None:
    """Decide on every VM anew, as the worker does after a change of the settings."""
    HandoverSettings.objects.filter(organization=organization).update(settle_from=0)
    settle_rest(clock=lambda: now)


SECTIONS = {"critical": "1.1.1", "high": "5.1.20", "medium": "5.1.2", "low": "5.10"}
CRITICAL, HIGH = "1 critical CIS check(s) failed", "1 high CIS check(s) failed"
LOW = "Score 0.0 is below the minimum of 70"


@pytest.fixture
def template():
    """One check of each severity, in this order, each with a section of the benchmark."""
    checks = [
        a_check(f"linux_{place}_{severity}", severity=severity, references={"cis-debian12": [section]})
        for place, (severity, section) in enumerate(SECTIONS.items())
    ]
    return published_template(checks, slug="cis-l1-linux")


@pytest.fixture
def settings(organization) -> HandoverSettings:
    return handover_settings(organization, block_on_high=True)


@pytest.fixture
def vm(organization, settings) -> ProvisionedVm:
    return ProvisionedVmFactory(organization=organization)


def seen(vm: ProvisionedVm) -> ProvisionedVm:
    return ProvisionedVm.objects.select_related("scan", "host", "organization").get(pk=vm.pk)


def after(vm: ProvisionedVm, template, statuses: Sequence[str], now: datetime = NOON) -> ProvisionedVm:
    """Return ``vm`` as it is after a scan of its own that found ``statuses`` from critical to low."""
    vm_scan(vm, template, statuses=statuses, now=now)
    return seen(vm)


DIRTY, CLEAN = ("fail",) * 4, ("pass",) * 4


# --- Blocking ---------------------------------------------------------------------------------------------------------


def test_a_dirty_scan_blocks_with_every_reason_on_vm_scan_timeline_and_audit_log(vm, template):
    vm = after(vm, template, DIRTY)
    assert (vm.state, vm.reasons, vm.would_block) == (State.BLOCKED, [CRITICAL, HIGH, LOW], [CRITICAL, HIGH, LOW])
    assert (vm.allowed, vm.handed_over_at, vm.state_since) == (False, None, NOON)
    assert (vm.scan.handover_blocked, vm.scan.would_block, vm.scan.block_reasons) == (True, True, vm.reasons)
    assert [(one.kind, one.state) for one in vm.events.all()] == [("scanned", ""), ("decided", "blocked")]
    assert vm.events.last().text == f"{CRITICAL}. {HIGH}. {LOW}."
    event = AuditEvent.objects.get(action="handover.decided")
    assert (event.after["state"], event.after["reasons"], event.actor_label) == ("blocked", vm.reasons, "handover gate")
    assert not Alert.objects.filter(kind="handover_violation").exists()


def test_a_clean_scan_lets_it_through(vm, template):
    vm = after(vm, template, CLEAN)
    assert (vm.state, vm.reasons, vm.handed_over_at) == (State.ALLOWED, [], NOON)
    assert (vm.scan.handover_blocked, vm.scan.would_block, vm.scan.block_reasons) == (False, False, [])


def test_a_later_clean_scan_ends_a_block(vm, template):
    after(vm, template, DIRTY)
    vm = after(vm, template, CLEAN, LATER)
    assert (vm.state, vm.reasons, vm.state_since, vm.handed_over_at) == (State.ALLOWED, [], LATER, LATER)


def test_where_only_admins_end_a_block_no_scan_does(organization, admin, vm, template):
    handover_settings(organization, only_admins_unblock=True)
    after(vm, template, DIRTY)
    after(vm, template, ("error",) * 4, LATER)
    vm = after(vm, template, CLEAN, LAST)
    assert vm.state == State.BLOCKED
    assert vm.reasons == ["It was blocked, and here a later scan does not end that: an admin releases the VM."]
    assert (vm.scan.handover_blocked, vm.scan.would_block, vm.scan.block_reasons) == (True, False, vm.reasons)
    assert release(actor=admin, vm=vm, reason="Repaired.", now=LAST).state == State.RELEASED


@pytest.mark.parametrize("statuses", [("error",) * 4, ("skip",) * 4, ("pass", "error", "error", "error")])
def test_a_scan_that_proves_nothing_leaves_it_unverified(vm, template, statuses):
    vm = after(vm, template, statuses)
    assert (vm.state, bool(vm.reasons), vm.scan.handover_blocked, vm.scan.would_block) == (
        State.UNVERIFIED, True, False, True,
    )  # fmt: skip


def test_a_score_that_just_misses_the_minimum_blocks(organization, vm):
    handover_settings(organization, minimum_score=66.7)
    template = published_template([a_check(f"linux_{one}", severity="low") for one in range(3)], slug="cis-l1-linux")
    vm = after(vm, template, ("pass", "pass", "fail"))
    assert vm.reasons == ["Score 66.6 is below the minimum of 66.7"]


# --- Exceptions and exemptions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "skipped"),
    [
        (["linux_0_critical"], {"linux_0_critical"}),
        (["5.1.20"], {"linux_1_high"}),
        (["5.1"], {"linux_1_high", "linux_2_medium"}),
        (["5"], {"linux_1_high", "linux_2_medium", "linux_3_low"}),
        (["5.1.2"], {"linux_2_medium"}),
        (["1.1", "linux_3_low", "linux_unknown", "9"], {"linux_0_critical", "linux_3_low"}),
    ],
)
def test_exempted_rules_are_skipped_and_do_not_count(organization, vm, template, rules, skipped):
    handover_settings(organization, exempted_rules=rules)
    vm = after(vm, template, DIRTY)
    results = {one.check_id: one for one in read_results(vm.scan.results)}
    assert {one for one, result in results.items() if result.status == "skip"} == skipped
    assert {results[one].skip_reason for one in skipped} == {"exempted"}
    assert (vm.scan.failed, vm.scan.skipped, vm.scan.not_applicable) == (4 - len(skipped), len(skipped), 0)


def test_exemptions_open_the_gate_and_count_in_other_scans_of_the_host_still(organization, vm, template):
    handover_settings(organization, exempted_rules=["1.1.1"])
    found = after(vm, template, ("fail", "pass", "pass", "pass"))
    assert (found.state, found.scan.score) == (State.ALLOWED, 100.0)
    by_hand = completed_scan(vm.host, template, statuses=("fail", "pass", "pass", "pass"))
    assert (by_hand.failed_critical, by_hand.score) == (1, 75.0)


def test_active_exceptions_are_counted_out(organization, admin, vm, template):
    for severity, place in (("critical", 0), ("high", 1)):
        WaiverFactory(
            organization=organization, host=vm.host, check_id=f"linux_{place}_{severity}", status="active",
            decided_at=NOON, decided_by=admin,
        )  # fmt: skip
    vm = after(vm, template, ("fail", "fail", "pass", "pass"))
    assert (vm.state, vm.scan.waived, vm.scan.score) == (State.ALLOWED, 2, 100.0)


def test_later_exceptions_move_the_figures_of_the_stream_and_not_the_gate(organization, vm):
    handover_settings(organization, exempted_rules=["linux_other"])
    template = published_template([a_check(severity="critical"), a_check("linux_other")], slug="cis-l1-linux")
    stream = provision_stream(vm, template)
    scan = scanned_by_itself(vm, template, FORWARDS)
    assert (seen(vm).state, scan.skipped) == (State.BLOCKED, 1)
    waiver = create_waiver(
        actor=member(organization, role="admin"), organization=organization, check_id="linux_sysctl_ip_forward",
        host=vm.host, reason="It is a router.", now=LATER,
    )  # fmt: skip
    approve_waiver(actor=member(organization, role="admin"), waiver=waiver, now=LATER)
    assert work(LATER) == 1
    stream.refresh_from_db()
    assert (stream.waived, stream.failed, stream.latest.skipped) == (1, 0, 1)  # exempted there, too
    assert (seen(vm).state, seen(vm).scan) == (State.BLOCKED, scan)


def scanned_by_itself(vm: ProvisionedVm, template, forward: str, now: datetime = NOON) -> Scan:
    """Return a completed scan of the VM's own whose facts are stored."""
    stream = provision_stream(vm, template)
    return scanned(vm.host, template, forward, now=now, stream=stream, scan_type=Scan.Type.PROVISION)


def test_scans_of_others_and_re_evaluations_never_move_the_gate(organization, admin, vm):
    template = published_template([a_check(severity="critical")], slug="cis-l1-linux")
    own = scanned_by_itself(vm, template, FORWARDS)
    completed_scan(vm.host, template, statuses=("pass",), now=LATER)
    again = re_evaluate(actor=admin, scan=own, template=template, now=LATER)
    assert (again.handover_blocked, again.would_block, again.block_reasons) == (False, False, [])
    assert (seen(vm).state, seen(vm).scan) == (State.BLOCKED, own)


# --- Release ----------------------------------------------------------------------------------------------------------


def test_a_release_says_who_when_and_why(admin, vm, template):
    vm = release(actor=admin, vm=after(vm, template, DIRTY), reason="  A canary,\nwatched. ", now=LATER)
    vm = seen(vm)
    assert (vm.state, vm.allowed, vm.reasons, vm.would_block) == (State.RELEASED, True, [], [CRITICAL, HIGH, LOW])
    assert (vm.released_by, vm.released_at, vm.release_reason) == (admin, LATER, "A canary, watched.")
    assert (vm.handed_over_at, vm.state_since) == (LATER, LATER)
    event = vm.events.last()
    assert (event.kind, event.state, event.text, event.actor) == (
        "released",
        "released",
        "A canary, watched.",
        str(admin),
    )
    logged = AuditEvent.objects.get(action="handover.released")
    assert (logged.actor, logged.before["state"], logged.after["state"]) == (admin, "blocked", "released")
    assert logged.after["release_reason"] == "A canary, watched."


def test_a_second_release_changes_nothing(organization, admin, vm, template):
    first = release(actor=admin, vm=after(vm, template, DIRTY), reason="A canary.", now=LATER)
    again = release(actor=member(organization, role="admin"), vm=first, reason="Another reason.", now=LAST)
    assert (again.released_by, again.released_at, again.release_reason) == (admin, LATER, "A canary.")
    assert AuditEvent.objects.filter(action="handover.released").count() == 1


@pytest.mark.parametrize("role", ["viewer", "user", "provisioner"])
def test_only_admins_release(organization, vm, template, role):
    vm = after(vm, template, DIRTY)
    with pytest.raises(PermissionDenied):
        release(actor=member(organization, role=role), vm=vm, reason="Please.", now=LATER)
    assert seen(vm).state == State.BLOCKED


def test_admins_of_others_do_not_release(other_organization, vm, template):
    with pytest.raises(PermissionDenied):
        release(actor=member(other_organization, role="admin"), vm=after(vm, template, DIRTY), reason="x", now=LATER)


@pytest.mark.parametrize("reason", ["", " \n\t", "x" * 1001])
def test_a_release_needs_a_reason_of_a_fit_length(admin, vm, template, reason):
    with pytest.raises(Invalid) as refused:
        release(actor=admin, vm=after(vm, template, DIRTY), reason=reason, now=LATER)
    assert list(refused.value.errors) == ["reason"]


def test_what_needs_no_release_or_is_gone_is_not_released(admin, vm, template):
    with pytest.raises(Conflict, match="needs no release"):
        release(actor=admin, vm=after(vm, template, CLEAN), reason="x", now=LATER)
    ProvisionedVm.objects.update(retired_at=NOON, state=State.BLOCKED)
    with pytest.raises(Conflict, match="was destroyed"):
        release(actor=admin, vm=vm, reason="x", now=LATER)
    ProvisionedVm.objects.update(retired_at=None)
    with pytest.raises(Conflict, match="Only a person"):
        release(actor=SYSTEM, vm=vm, reason="x", now=LATER)


@pytest.mark.parametrize("state", [State.PENDING, State.UNVERIFIED])
def test_what_waits_or_could_not_be_verified_can_be_released(admin, vm, state):
    ProvisionedVm.objects.update(state=state)
    assert release(actor=admin, vm=vm, reason="Urgent.", now=LATER).state == State.RELEASED


def test_a_dirty_scan_after_a_release_alarms_each_time_and_blocks_never(admin, vm, template):
    release(actor=admin, vm=after(vm, template, DIRTY), reason="A canary.", now=NOON)
    vm = after(vm, template, DIRTY, LATER)
    assert (vm.state, vm.scan.handover_blocked, vm.scan.would_block) == (State.RELEASED, False, True)
    alert = Alert.objects.get(kind="handover_violation")
    assert (alert.subject_id, alert.occurrences) == (str(vm.pk), 1)
    assert "an admin released it" in alert.message
    after(vm, template, DIRTY, LAST)
    alert.refresh_from_db()
    assert (alert.occurrences, vm.events.filter(kind="alerted").count()) == (2, 2)


def test_what_was_handed_over_is_not_blocked_but_alarms(vm, template):
    after(vm, template, CLEAN)
    vm = after(vm, template, DIRTY, LATER)
    assert (vm.state, vm.would_block, vm.handed_over_at) == (State.ALLOWED, [CRITICAL, HIGH, LOW], NOON)
    assert "handed over already" in Alert.objects.get(kind="handover_violation").message


# --- Modes and settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "alerts"), [("audit", 0), ("warn", 1)])
def test_audit_and_warn_let_through_and_store_what_block_would_say(organization, vm, template, mode, alerts):
    handover_settings(organization, enforcement_mode=mode, block_on_high=True)
    vm = after(vm, template, DIRTY)
    assert (vm.state, vm.reasons, vm.would_block) == (State.ALLOWED, [], [CRITICAL, HIGH, LOW])
    assert (vm.scan.handover_blocked, vm.scan.would_block, vm.scan.block_reasons) == (False, True, vm.would_block)
    assert Alert.objects.filter(kind="handover_violation").count() == alerts


def test_switching_from_audit_to_warn_tells_of_what_is_known_once(organization, vm, template):
    handover_settings(organization, enforcement_mode="audit")
    after(vm, template, DIRTY)
    handover_settings(organization, enforcement_mode="warn")
    for _ in range(3):
        settle_all(organization=organization, now=LATER)
    assert Alert.objects.get(kind="handover_violation").occurrences == 1


def test_switching_to_block_holds_what_waits_and_not_what_went_through(organization, template):
    handover_settings(organization, enforcement_mode="audit")
    through = after(ProvisionedVmFactory(organization=organization), template, DIRTY)
    handover_settings(organization, enforcement_mode="block")
    held = after(ProvisionedVmFactory(organization=organization), template, DIRTY)
    settle_all(organization=organization, now=LATER)
    assert (seen(through).state, seen(held).state) == (State.ALLOWED, State.BLOCKED)


def test_a_lenient_moment_hands_nothing_over(organization, template):
    handover_settings(organization)
    never_scanned = ProvisionedVmFactory(organization=organization)
    held = after(ProvisionedVmFactory(organization=organization), template, DIRTY)
    handover_settings(organization, enforcement_mode="audit")
    settle_all(organization=organization, now=LATER)
    assert (seen(held).state, seen(held).handed_over_at) == (State.ALLOWED, None)
    told = held.events.filter(kind="decided").order_by("-pk").first()
    assert told.text == "The settings were changed."
    handover_settings(organization, enforcement_mode="block")
    settle_all(organization=organization, now=LAST)
    assert (seen(held).state, seen(never_scanned).state) == (State.BLOCKED, State.PENDING)


def test_what_is_scanned_while_the_settings_are_lenient_is_handed_over(organization, template):
    handover_settings(organization, enforcement_mode="block")
    vm = after(ProvisionedVmFactory(organization=organization), template, DIRTY)
    handover_settings(organization, enforcement_mode="audit")
    settle_all(organization=organization, now=LATER)
    after(vm, template, DIRTY)
    handover_settings(organization, enforcement_mode="block")
    settle_all(organization=organization, now=LAST)
    assert seen(vm).state == State.ALLOWED


def test_each_setting_counts_at_once_for_vms_that_are_held(organization, vm, template):
    vm = after(vm, template, ("fail", "pass", "pass", "pass"))
    assert vm.reasons == [CRITICAL]
    handover_settings(organization, minimum_score=80)
    settle_all(organization=organization, now=LATER)
    assert seen(vm).reasons == [CRITICAL, "Score 75.0 is below the minimum of 80"]
    handover_settings(organization, minimum_score=75, block_on_critical=False)
    settle_all(organization=organization, now=LATER)
    assert (seen(vm).state, seen(vm).reasons) == (State.ALLOWED, [])


def test_switching_off_and_exempting_a_project_let_through(organization, settings):
    vm = ProvisionedVmFactory(organization=organization, project=ProjectFactory(organization=organization, name="lab"))
    settings.exempted_projects.add(vm.project)
    settle_all(organization=organization, now=NOON)
    assert (seen(vm).state, seen(vm).reasons) == (State.EXEMPT, ["The project lab is exempted in the settings."])
    handover_settings(organization, enabled=False)
    settle_all(organization=organization, now=LATER)
    assert seen(vm).reasons == ["CIS scanning is switched off in the settings."]


def test_settings_of_one_organization_do_not_decide_on_vms_of_another(organization, other_organization, vm, template):
    after(vm, template, DIRTY)
    handover_settings(other_organization, enforcement_mode="audit")
    settle_all(organization=other_organization, now=LATER)
    assert seen(vm).state == State.BLOCKED


def test_settling_many_takes_few_statements(organization, settings, template, django_assert_max_num_queries):
    for _ in range(8):
        after(ProvisionedVmFactory(organization=organization), template, DIRTY)
    handover_settings(organization, block_on_critical=False)
    with django_assert_max_num_queries(22):
        settle_all(organization=organization, now=LATER)
    assert all(vm.reasons == [HIGH, LOW] for vm in ProvisionedVm.objects.all())


def test_a_scan_that_runs_while_settings_change_is_judged_by_the_new_ones(organization, vm, template):
    running = provision_stream(vm, template)
    handover_settings(organization, enforcement_mode="block", exempted_rules=["5", "1"])
    completed_scan(vm.host, template, statuses=DIRTY, scan_type=Scan.Type.PROVISION, stream=running)
    assert seen(vm).state == State.UNVERIFIED  # nothing is left that could be scored


def test_giving_up_is_an_alert_where_the_mode_lets_through(organization, vm):
    handover_settings(organization, enforcement_mode="warn")
    give_up(vm, "The scan failed 3 times: no route.", NOON)
    assert seen(vm).state == State.ALLOWED
    assert "no route" in Alert.objects.get(kind="handover_violation").message


def test_the_database_refuses_a_release_without_who_when_and_why(vm):
    with pytest.raises(IntegrityError), transaction.atomic():
        ProvisionedVm.objects.update(state=State.RELEASED)


# --- Not posture ------------------------------------------------------------------------------------------------------


def test_scans_of_provisioning_are_in_no_figure_of_the_policies(organization, vm, template):
    policy = a_policy_of(organization)
    assign_policy(policy=policy, now=NOON)
    completed_scan(
        vm.host, policy.template, statuses=("pass",), policy=policy, stream=Stream.objects.primary().get(host=vm.host)
    )
    moved = Movement.objects.count()
    after(vm, template, DIRTY, LATER)
    rows = dashboard(Organization.objects.filter(pk=organization.pk))
    assert (rows.posture.average, rows.posture.under_policy, rows.posture.failed_critical) == (100.0, 1, 0)
    assert (rows.failing, [one.score for one in rows.worst]) == ([], [100.0])
    assert (CheckTally.objects.count(), Movement.objects.count()) == (0, moved)
    assert Stream.objects.get(role=Stream.Role.PROVISION).counted_score is None
    assert not Alert.objects.filter(kind__startswith="compliance_").exists()


def test_the_tick_of_the_policies_does_not_scan_for_the_gate(organization, vm, template, enqueued):
    after(vm, template, DIRTY)
    policy = a_policy_of(organization)
    assign_policy(policy=policy, now=NOON)
    schedule.tick(now=NOON + timedelta(days=9))
    assert set(Scan.objects.filter(status="pending").values_list("scan_type", "stream__role")) == {
        ("scheduled", "policy")
    }


# --- At the same moment -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_scan_settings_a_release_and_an_apply_at_once_end_as_one_after_the_other():
    """Whatever comes first: a release stands, a dirty scan without one blocks, and nobody waits for ever."""
    organization = OrganizationFactory()
    handover_settings(organization)
    admin = member(organization, role="admin")
    template = published_template([a_check(severity="critical")], slug="cis-l1-linux")
    body = shown(*map(values_of, range(3)))
    posted(organization, body, run_id="0", actor=admin)
    for turn in range(1, 5):
        everything_at_once(admin, template, body, turn)
    states = [(vm.state, vm.scan is not None) for vm in ProvisionedVm.objects.order_by("pk")]
    assert states == [("blocked", True), ("released", False), ("pending", False)]


def everything_at_once(admin, template, body: bytes, turn: int) -> None:
    organization = Organization.objects.get()
    vms = list(ProvisionedVm.objects.in_service().select_related("host", "organization").order_by("pk"))
    now = NOON + timedelta(hours=turn)
    together(
        lambda: vm_scan(vms[0], template, statuses=("fail",), now=now),
        lambda: settle_all(organization=organization, now=now),
        lambda: release(actor=admin, vm=vms[1], reason="A canary.", now=now),
        lambda: posted(organization, body, run_id=str(turn), actor=admin, now=now),
    )


@pytest.mark.django_db(transaction=True)
def test_two_projects_that_bring_the_same_names_at_once_both_come_in():
    organization = OrganizationFactory()
    handover_settings(organization)
    admin = member(organization, role="admin")
    together(*[
        lambda place=place: posted(
            organization, shown(*[values_of(100 * place + one, tags={"Name": f"web-{one}"}) for one in range(8)]),
            project=f"project {place}", actor=admin,
        )
        for place in range(4)
    ])  # fmt: skip
    assert ProvisionedVm.objects.count() == 32


@pytest.mark.django_db(transaction=True)
def test_the_same_document_four_times_at_once_is_one_run():
    organization = OrganizationFactory()
    handover_settings(organization)
    admin = member(organization, role="admin")
    runs = together(*[lambda: posted(organization, shown(values_of(1)), run_id="r", actor=admin)] * 4)
    assert (len({run.pk for run in runs}), ProvisionedVm.objects.count()) == (1, 1)
