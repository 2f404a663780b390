"""The life of an exception, and that the posture follows it."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from compliance.models import CheckState, Scan, Stream, Waiver
from compliance.selectors.results import read_results
from compliance.services import waiver_upkeep
from compliance.services.host_groups import delete_group
from compliance.services.hosts import change_host
from compliance.services.waivers import (
    approve_waiver,
    create_waiver,
    reject_waiver,
    revoke_waiver,
    update_waiver,
)
from itsm.models import Alert
from organizations import permissions
from organizations.errors import Conflict, Forbidden, Invalid
from organizations.models.audit import AuditEvent
from tests.compliance.scoring_again import KEEPS, scanned, statuses, work
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, WaiverFactory
from tests.factories.organizations import UserFactory, member
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

CHECK = "linux_sysctl_ip_forward"
LATER = NOON + timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def template():
    return published_template()


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization)


@pytest.fixture
def asker(organization):
    return member(organization, "manage_compliance")


@pytest.fixture
def approver(organization):
    return member(organization, "approve_exception")


def asked(asker, organization, **fields) -> Waiver:
    values = {"check_id": CHECK, "reason": "A firewall stands in front.", "now": NOON}
    return create_waiver(actor=asker, organization=organization, **values | fields)


def actions() -> list[str]:
    events = AuditEvent.objects.filter(subject_kind="compliance.waiver").order_by("pk")
    return list(events.values_list("action", flat=True))


# --- Asking for one ---------------------------------------------------------------------------------------------------


def test_an_exception_that_nobody_approved_waives_nothing(asker, organization, host, template):
    waiver = asked(asker, organization)
    scan = scanned(host, template)
    assert (waiver.status, scan.waived, scan.failed) == ("pending_approval", 0, 1)
    assert actions() == ["waiver.created"]


def test_asking_needs_manage_compliance(organization, template):
    with pytest.raises(PermissionDenied):
        asked(member(organization, "view_compliance", "approve_exception"), organization)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"check_id": "linux_no_such_check"}, "check_id", "No template"),
        ({"reason": "   "}, "reason", "Write why"),
        ({"reason": "x" * 2001}, "reason", "at most 2000"),
        ({"reason": "a\0b"}, "reason", "Null"),
        ({"expires_at": NOON}, "expires_at", "in the future"),
    ],
)
def test_every_wrong_field_is_named(asker, organization, template, fields, field, words):
    with pytest.raises(Invalid, match=words) as refused:
        asked(asker, organization, **fields)
    assert list(refused.value.errors) == [field]
    assert Waiver.objects.count() == 0


def test_a_check_of_another_tenants_template_is_unknown(asker, organization, other_organization):
    published_template([a_check("linux_theirs")], organization=other_organization)
    with pytest.raises(Invalid, match="No template"):
        asked(asker, organization, check_id="linux_theirs")


def test_hosts_and_groups_of_others_are_refused_in_the_same_words(asker, organization, other_organization, template):
    operator = UserFactory(is_superuser=True)
    for field, row in (
        ("host", HostFactory(organization=other_organization)),
        ("host_group", HostGroupFactory(organization=other_organization)),
    ):
        with pytest.raises(Invalid, match="not yours to name") as refused:
            asked(operator, organization, **{field: row})
        assert list(refused.value.errors) == [field]


def test_host_and_group_at_once_are_refused(asker, organization, host, template):
    with pytest.raises(Invalid, match="not both"):
        asked(asker, organization, host=host, host_group=HostGroupFactory(organization=organization))


def test_a_retired_host_gets_no_exception(asker, organization, template):
    with pytest.raises(Invalid, match="is retired"):
        asked(asker, organization, host=HostFactory(organization=organization, retired_at=NOON))


def test_a_second_one_for_the_same_scope_is_refused_and_names_the_first(asker, organization, host, template):
    first = asked(asker, organization, host=host)
    with pytest.raises(Conflict, match=f"{first} covers this check and scope already and is pending approval"):
        asked(asker, organization, host=host)
    assert asked(asker, organization).pk and asked(asker, organization, host=HostFactory(organization=organization)).pk


def test_after_its_end_another_one_can_be_asked_for(asker, organization, template):
    revoke_waiver(actor=asker, waiver=asked(asker, organization), now=NOON)
    soon = asked(asker, organization, expires_at=NOON + DAY)
    assert asked(asker, organization, now=NOON + DAY).pk
    soon.refresh_from_db()
    assert soon.status == "expired"


def test_who_manages_a_host_group_asks_for_its_hosts_and_for_no_others(organization, host, template):
    group = HostGroupFactory(organization=organization)
    host.groups.add(group)
    user = member(organization)
    permissions.grant(user, "manage_compliance", group)
    assert asked(user, organization, host=host).pk and asked(user, organization, host_group=group).pk
    with pytest.raises(PermissionDenied):
        asked(user, organization)
    with pytest.raises(PermissionDenied):
        asked(user, organization, host=HostFactory(organization=organization))


# --- Four eyes --------------------------------------------------------------------------------------------------------


def test_another_user_makes_it_count(asker, approver, organization):
    waiver = approve_waiver(
        actor=approver, waiver=WaiverFactory(organization=organization, created_by=asker), now=LATER
    )
    assert (waiver.status, waiver.decided_by, waiver.decided_at) == ("active", approver, LATER)
    assert actions() == ["waiver.approved"]


@pytest.mark.parametrize("decide", [approve_waiver, reject_waiver])
def test_nobody_decides_on_what_he_asked_for(decide, organization):
    both = member(organization, "manage_compliance", "approve_exception")
    waiver = WaiverFactory(organization=organization, created_by=both)
    with pytest.raises(Forbidden, match="another user must decide"):
        decide(actor=both, waiver=waiver, now=LATER)
    waiver.refresh_from_db()
    assert waiver.status == "pending_approval"


@pytest.mark.parametrize("decide", [approve_waiver, reject_waiver])
def test_deciding_needs_approve_exception(decide, organization):
    with pytest.raises(PermissionDenied):
        decide(
            actor=member(organization, "manage_compliance"), waiver=WaiverFactory(organization=organization), now=LATER
        )  # fmt: skip


@pytest.mark.parametrize("decide", [approve_waiver, reject_waiver])
@pytest.mark.parametrize("status", ["active", "rejected", "expired", "revoked"])
def test_only_what_waits_is_decided(decide, status, approver, organization):
    waiver = WaiverFactory(organization=organization, status=status, decided_by=UserFactory())
    with pytest.raises(Conflict, match=f"this one is {status}"):
        decide(actor=approver, waiver=waiver, now=LATER)


def test_what_has_expired_while_waiting_is_not_approved(approver, organization):
    waiver = WaiverFactory(organization=organization, expires_at=NOON + DAY)
    with pytest.raises(Conflict, match="expiry has passed"):
        approve_waiver(actor=approver, waiver=waiver, now=NOON + DAY)


def test_a_rejection_keeps_its_reason_if_one_is_given(approver, organization):
    waiver = reject_waiver(
        actor=approver, waiver=WaiverFactory(organization=organization), reason=" Repair it. ", now=LATER
    )  # fmt: skip
    assert (waiver.status, waiver.decision_reason) == ("rejected", "Repair it.")
    other = WaiverFactory(organization=organization, host=HostFactory(organization=organization))
    assert reject_waiver(actor=approver, waiver=other, now=LATER).decision_reason == ""
    assert AuditEvent.objects.filter(action="waiver.rejected").earliest("pk").after["decision_reason"] == "Repair it."


def test_who_approves_for_a_host_group_decides_on_its_hosts_only(organization, host):
    group = HostGroupFactory(organization=organization)
    host.groups.add(group)
    user = member(organization)
    permissions.grant(user, "approve_exception", group)
    assert approve_waiver(actor=user, waiver=WaiverFactory(organization=organization, host=host), now=LATER).pk
    with pytest.raises(PermissionDenied):
        approve_waiver(actor=user, waiver=WaiverFactory(organization=organization), now=LATER)


# --- Changing and ending ----------------------------------------------------------------------------------------------


@pytest.fixture
def active(asker, approver, organization):
    waiver = WaiverFactory(organization=organization, created_by=asker, expires_at=NOON + 10 * DAY)
    return approve_waiver(actor=approver, waiver=waiver, now=NOON)


def test_reason_and_a_shorter_expiry_change_at_once(active, asker):
    waiver = update_waiver(actor=asker, waiver=active, reason="Better words.", expires_at=NOON + DAY, now=LATER)
    assert (waiver.status, waiver.reason, waiver.expires_at) == ("active", "Better words.", NOON + DAY)
    assert actions()[-1] == "waiver.changed"


@pytest.mark.parametrize("longer", [None, NOON + 11 * DAY])
def test_a_longer_time_needs_another_approval(active, asker, approver, longer):
    waiver = update_waiver(actor=asker, waiver=active, expires_at=longer, now=LATER)
    assert (waiver.status, waiver.requested_by, waiver.decided_by) == ("pending_approval", asker, None)
    permissions.grant(asker, "approve_exception", waiver.organization)
    with pytest.raises(Forbidden):
        approve_waiver(actor=asker, waiver=waiver, now=LATER)
    assert approve_waiver(actor=approver, waiver=waiver, now=LATER).status == "active"
    assert actions()[-2:] == ["waiver.extended", "waiver.approved"]


def test_who_extends_it_does_not_approve_that_even_if_another_made_it(active, organization):
    both = member(organization, "manage_compliance", "approve_exception")
    waiver = update_waiver(actor=both, waiver=active, expires_at=None, now=LATER)
    with pytest.raises(Forbidden):
        approve_waiver(actor=both, waiver=waiver, now=LATER)


@pytest.mark.parametrize("status", ["pending_approval", "rejected", "expired", "revoked"])
def test_only_active_ones_are_edited(status, asker, organization):
    decided = UserFactory() if status == "rejected" else None
    waiver = WaiverFactory(organization=organization, status=status, decided_by=decided)
    with pytest.raises(Conflict, match="Only an active exception"):
        update_waiver(actor=asker, waiver=waiver, reason="New.", expires_at=None, now=LATER)


def test_an_active_one_whose_time_is_over_is_not_edited(active, asker):
    with pytest.raises(Conflict, match="has expired"):
        update_waiver(actor=asker, waiver=active, expires_at=None, now=NOON + 10 * DAY)


def test_an_edit_is_held_to_the_same_rules(active, asker, organization):
    for fields, field in (({"reason": " ", "expires_at": None}, "reason"), ({"expires_at": NOON}, "expires_at")):
        with pytest.raises(Invalid) as refused:
            update_waiver(actor=asker, waiver=active, now=LATER, **fields)
        assert list(refused.value.errors) == [field]
    active.refresh_from_db()
    assert active.status == "active"


def test_revoking_keeps_the_record(active, asker):
    waiver = revoke_waiver(actor=asker, waiver=active, now=LATER)
    assert (waiver.status, waiver.ended_by, waiver.ended_at) == ("revoked", asker, LATER)
    with pytest.raises(Conflict, match="this one is revoked"):
        revoke_waiver(actor=asker, waiver=active, now=LATER)


# --- What it does to results and posture ------------------------------------------------------------------------------


def test_an_approval_waives_what_is_stored_at_once(asker, approver, organization, host, template):
    scan = scanned(host, template)
    waiver = asked(asker, organization)
    approve_waiver(actor=approver, waiver=waiver, now=LATER)
    work(LATER)
    state = CheckState.objects.current().get()
    assert (state.status, state.waiver) == ("waived", waiver)
    scan.stream.refresh_from_db()
    assert (scan.stream.failed, scan.stream.waived, scan.stream.score_without_waivers) == (0, 1, 0.0)
    scan.refresh_from_db()
    assert (scan.failed, scan.waived) == (1, 0), "what was measured then stays as it was"


def test_a_waived_result_says_by_which_exception(active, host, template, approver):
    result = read_results(scanned(host, template).results)[0]
    assert result.message == (
        f"Exception {active}, approved by {approver}, valid until 1 December 2026, 12:00 UTC, for the whole "
        "organization. Reason: The appliance routes packets; a firewall stands in front of it."
    )
    assert "running: 1" in result.actual


def test_a_pass_stays_one(active, host, template):
    scan = scanned(host, template, KEEPS)
    assert (scan.passed, scan.waived) == (1, 0)


def test_it_counts_across_template_versions(active, host):
    old, new = published_template(name="One"), published_template(name="Two")
    assert scanned(host, old).waived == scanned(host, new, now=LATER).waived == 1


def test_ending_makes_the_failure_count_again(active, asker, host, template):
    scan = scanned(host, template)
    revoke_waiver(actor=asker, waiver=active, now=LATER)
    work(LATER)
    assert statuses(scan.stream) == {CHECK: "fail"}


def test_waiting_for_a_longer_time_waives_nothing(active, asker, approver, host, template):
    scan = scanned(host, template)
    update_waiver(actor=asker, waiver=active, expires_at=None, now=LATER)
    work(LATER)
    assert statuses(scan.stream) == {CHECK: "fail"}
    approve_waiver(actor=approver, waiver=active, now=LATER)
    work(LATER + DAY)
    assert statuses(scan.stream) == {CHECK: "waived"}


def test_the_scope_ends_where_it_ends(asker, approver, organization, host, template):
    group = HostGroupFactory(organization=organization)
    grouped, other = HostFactory(organization=organization), HostFactory(organization=organization)
    grouped.groups.add(group)
    scans = {name: scanned(one, template) for name, one in (("host", host), ("group", grouped), ("none", other))}
    for scope in ({"host": host}, {"host_group": group}):
        approve_waiver(actor=approver, waiver=asked(asker, organization, **scope), now=LATER)
    assert work(LATER) == 2
    assert {name: statuses(scan.stream)[CHECK] for name, scan in scans.items()} == {
        "host": "waived", "group": "waived", "none": "fail",
    }  # fmt: skip


def test_another_tenants_exception_counts_nowhere_else(host, template):
    WaiverFactory(status="active", decided_by=UserFactory(), decided_at=NOON)
    assert scanned(host, template).waived == 0


def test_the_nearest_scope_wins(asker, approver, organization, host, template):
    group = HostGroupFactory(organization=organization)
    host.groups.add(group)
    scan = scanned(host, template)
    for number, scope in enumerate(({"host": host}, {"host_group": group}, {})):
        waiver = asked(asker, organization, **scope)
        approve_waiver(actor=approver, waiver=waiver, now=LATER)
        work(LATER + number * DAY)
        if number == 0:
            nearest = waiver
    assert CheckState.objects.current().get(stream=scan.stream).waiver == nearest
    revoke_waiver(actor=asker, waiver=nearest, now=LATER + 9 * DAY)
    work(LATER + 9 * DAY)
    assert CheckState.objects.current().get(stream=scan.stream).waiver == Waiver.objects.get(host_group=group)


def test_only_affected_streams_are_scored_again(approver, organization, template):
    for forward in ("1", "0", "1"):
        scanned(HostFactory(organization=organization), template, forward)
    scanned(HostFactory(), template)
    approve_waiver(actor=approver, waiver=WaiverFactory(organization=organization), now=LATER)
    assert Scan.objects.filter(scan_type="re_evaluation", status="pending").count() == 2


def test_an_approval_takes_a_fixed_number_of_queries(
    approver, organization, template, django_assert_max_num_queries, enqueued
):
    for _ in range(12):
        scanned(HostFactory(organization=organization), template)
    waiver = WaiverFactory(organization=organization)
    with django_assert_max_num_queries(25):
        approve_waiver(actor=approver, waiver=waiver, now=LATER)
    assert Scan.objects.filter(scan_type="re_evaluation").count() == 12


def test_a_host_that_joins_or_leaves_a_group_follows_its_exceptions(asker, approver, organization, host, template):
    group = HostGroupFactory(organization=organization)
    waiver = asked(asker, organization, host_group=group)
    approve_waiver(actor=approver, waiver=waiver, now=NOON)
    scan = scanned(host, template)
    for groups, status in (([group], "waived"), ([], "fail")):
        change_host(actor=asker, host=host, values={"groups": groups}, now=LATER)
        work(LATER)
        assert statuses(scan.stream) == {CHECK: status}


def test_a_group_that_an_exception_names_is_not_deleted(admin, organization):
    group = HostGroupFactory(organization=organization)
    waiver = WaiverFactory(organization=organization, host_group=group, status="revoked")
    with pytest.raises(Conflict, match=f"{waiver} is about this group"):
        delete_group(actor=admin, group=group)


# --- By the clock -----------------------------------------------------------------------------------------------------


def test_expiry_comes_by_the_clock_and_once(active, host, template):
    scan = scanned(host, template)
    end = NOON + 10 * DAY
    assert waiver_upkeep.expire(now=end - timedelta(seconds=1)) == 0
    assert [waiver_upkeep.expire(now=end) for _ in range(2)] == [1, 0]
    active.refresh_from_db()
    assert (active.status, active.ended_at, active.ended_by) == ("expired", end, None)
    work(end)
    assert statuses(scan.stream) == {CHECK: "fail"}
    assert actions()[-1] == "waiver.expired"


def test_what_waits_expires_too(organization):
    waiver = WaiverFactory(organization=organization, expires_at=NOON + DAY)
    waiver_upkeep.expire(now=NOON + DAY)
    waiver.refresh_from_db()
    assert waiver.status == "expired"


def test_a_scan_after_the_expiry_counts_the_failure_whether_or_not_the_scheduler_came(active, host, template):
    assert scanned(host, template, now=NOON + 10 * DAY).failed == 1


def test_reminders_come_30_7_and_1_days_before_and_once_each(asker, approver, organization):
    waiver = WaiverFactory(organization=organization, created_by=asker, expires_at=NOON + 40 * DAY)
    approve_waiver(actor=approver, waiver=waiver, now=NOON)
    reminded = [day for day in range(41) if waiver_upkeep.remind(now=NOON + day * DAY)]
    assert reminded == [10, 33, 39]
    alert = Alert.objects.get()
    assert (alert.kind, alert.severity, alert.occurrences) == ("exception_expires", "warning", 3)
    assert (alert.subject_kind, alert.subject_id) == ("waiver", str(waiver.pk))
    assert waiver_upkeep.remind(now=NOON + 39 * DAY) == 0


def test_what_was_approved_for_a_short_time_is_announced_from_then_on_only(active):
    assert waiver_upkeep.remind(now=LATER) == 0
    assert waiver_upkeep.remind(now=NOON + 4 * DAY) == 1


def test_a_sweep_finds_what_the_first_look_missed(active, host, template, enqueued):
    """A scan that read the exceptions just before the approval ends just after it."""
    Waiver.objects.filter(pk=active.pk).update(status="pending_approval", decided_by=None)
    scan = scanned(host, template)
    Waiver.objects.filter(pk=active.pk).update(status="active", decided_by=active.decided_by)
    assert waiver_upkeep.follow_changes(now=NOON + timedelta(seconds=30)) == 0
    work(LATER)
    assert statuses(scan.stream) == {CHECK: "waived"}
    assert waiver_upkeep.follow_changes(now=LATER) == 1
    assert waiver_upkeep.follow_changes(now=LATER) == 0


def test_tending_does_everything_and_repeats_nothing(active, host, template):
    scanned(host, template)
    waiver_upkeep.tend(now=LATER)
    first = waiver_upkeep.tend(now=NOON + 10 * DAY)
    assert first == {"expired": 1, "reminded": 0, "followed": 0}
    work(NOON + 10 * DAY)
    again = waiver_upkeep.tend(now=NOON + 11 * DAY)
    assert again == {"expired": 0, "reminded": 0, "followed": 1}
    assert Stream.objects.get().failed == 1
