"""Policies: what they may hold, what their changes do to the hosts under them, who may change them."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from compliance.models import Policy, PolicyOverride, PolicySecondary, Scan, Stream
from compliance.services import own_scans, policies, scan_requests, streams
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from templates_app.models import Template
from tests.factories.compliance import (
    NOON,
    HostFactory,
    PolicyFactory,
    PolicyOverrideFactory,
    PolicySecondaryFactory,
    completed_scan,
    local_host,
    policy_of,
)
from tests.factories.organizations import member
from tests.factories.templates_app import next_version, published_template

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


def create(actor, organization, **values):
    given = {"os_type": "linux"} | values
    if "template" not in given:
        given["template"] = published_template()
    return policies.create_policy(actor=actor, organization=organization, values=given, now=NOON)


def refused(call, *arguments, **keywords) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refusal:
        call(*arguments, **keywords)
    return refusal.value.errors


def last_action() -> str:
    return AuditEvent.objects.latest("pk").action


# --- Creating ---------------------------------------------------------------------------------------------------------


def test_a_policy_takes_its_hosts_and_stands_in_the_audit_log(admin, organization):
    host = HostFactory(organization=organization)
    policy = create(admin, organization)
    assert Stream.objects.get(host=host).policy == policy
    assert (policy.batch_size, policy.approval_mode, policy.scan_interval_hours) == (100, "manual", 24)
    assert not any(getattr(policy, name) for name in policies.SWITCHES)
    assert last_action() == "policy.created"


def test_the_interval_is_the_templates_unless_one_is_given(admin, organization, other_organization):
    template = published_template()
    template.scan_interval_hours = 72
    assert create(admin, organization, template=template).scan_interval_hours == 72
    with pytest.raises(PermissionDenied):
        create(admin, other_organization, template=template)
    policies.remove_policy(actor=admin, policy=Policy.objects.get(), now=NOON)
    assert create(admin, organization, template=template, scan_interval_hours=6).scan_interval_hours == 6


def test_one_policy_for_each_os_until_it_is_removed(admin, organization):
    first = create(admin, organization)
    assert "already" in refused(create, admin, organization)["os_type"][0]
    policies.remove_policy(actor=admin, policy=first, now=NOON)
    assert create(admin, organization).pk != first.pk


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"scan_interval_hours": 0}, "scan_interval_hours", "from 1 to 168"),
        ({"scan_interval_hours": 169}, "scan_interval_hours", "from 1 to 168"),
        ({"batch_size": 0}, "batch_size", "from 1 to 10,000"),
        ({"batch_size": 10_001}, "batch_size", "from 1 to 10,000"),
        ({"batch_size": "100"}, "batch_size", "from 1 to 10,000"),
        ({"approval_mode": "never"}, "approval_mode", "auto, manual"),
        ({"profile": "laptop"}, "profile", "server, workstation"),
        ({"os_type": "plan9"}, "os_type", "linux, windows, bsd"),
        ({"os_type": "windows"}, "template", "is for Linux; choose one for Windows"),
        ({"auto_remediate_high": "yes"}, "auto_remediate_high", "true or false"),
        ({"template": None}, "template", "Choose the template"),
        ({"pinned_template_version": 2}, "pinned_template_version", "Published: 1."),
        ({"pinned_template_version": 0}, "pinned_template_version", "not published"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_field(admin, organization, values, field, words):
    assert words in refused(create, admin, organization, **values)[field][0]
    assert not Policy.objects.exists()


def test_a_draft_and_a_template_of_another_tenant_are_refused(admin, organization, other_organization):
    draft = Template.objects.create(organization=organization, name="Draft", os_type="linux", framework="Custom")
    assert "publish it first" in refused(create, admin, organization, template=draft)["template"][0]
    foreign = published_template(organization=other_organization)
    assert refused(create, admin, organization, template=foreign) == {"template": [policies.NO_SUCH]}


def test_who_may_only_look_may_not_make_one(organization):
    with pytest.raises(PermissionDenied):
        create(member(organization, "view_compliance"), organization)


# --- Changing ---------------------------------------------------------------------------------------------------------


def test_another_template_counts_from_the_next_scan_on_in_the_same_stream(admin, organization):
    HostFactory(organization=organization)
    policy = create(admin, organization)
    stream, other = Stream.objects.get(), published_template()
    policies.update_policy(actor=admin, policy=policy, values={"template": other})
    assert Stream.objects.get() == stream
    assert streams.template_of(stream) == other
    assert last_action() == "policy.changed"


def test_another_profile_counts_for_the_next_scans_of_all_its_streams(admin, organization, enqueued):
    HostFactory(organization=organization)
    policy = create(admin, organization)
    policies.add_secondary(actor=admin, policy=policy, template=published_template(), now=NOON)
    policies.update_policy(actor=admin, policy=policy, values={"profile": "workstation"})
    scan_requests.request_policy(actor=admin, policy=policy, now=LATER)
    assert list(Scan.objects.values_list("profile", flat=True)) == ["workstation", "workstation"]


def test_a_pinned_policy_names_the_row_of_that_version(admin, organization):
    first = published_template(organization=organization)
    second = next_version(first)
    policy = create(admin, organization, template=second, pinned_template_version=1)
    assert policy.template == first
    policy = policies.update_policy(actor=admin, policy=policy, values={"template": second})
    assert (policy.template, policy.pinned_template_version) == (second, 2)
    policy = policies.update_policy(actor=admin, policy=policy, values={"pinned_template_version": None})
    assert policy.pinned_template_version is None


def test_another_interval_moves_due_times_at_once(admin, organization):
    HostFactory.create_batch(3, organization=organization)
    policy = create(admin, organization, scan_interval_hours=24)
    scanned, missed, new = Stream.objects.order_by("pk")
    Stream.objects.filter(pk=scanned.pk).update(scanned_at=NOON, due_at=NOON + timedelta(hours=25))
    Stream.objects.filter(pk=missed.pk).update(scanned_at=NOON, due_at=LATER, misses=1)
    policies.update_policy(actor=admin, policy=policy, values={"scan_interval_hours": 6})
    assert Stream.objects.get(pk=scanned.pk).due_at == NOON + timedelta(hours=7)
    assert Stream.objects.get(pk=missed.pk).due_at == LATER
    assert Stream.objects.get(pk=new.pk).due_at == new.due_at


def test_os_type_and_organization_stay(admin, organization, other_organization):
    policy = create(admin, organization)
    template = published_template(os_type="windows")
    values = {"os_type": "windows", "template": template, "organization": other_organization}
    assert "does not change" in refused(policies.update_policy, actor=admin, policy=policy, values=values)["os_type"][0]
    policies.update_policy(actor=admin, policy=policy, values={"organization": other_organization})
    assert Policy.objects.get().organization == organization


def test_a_refused_change_leaves_nothing_half_done(admin, organization):
    policy = create(admin, organization)
    refused(policies.update_policy, actor=admin, policy=policy, values={"batch_size": 7, "scan_interval_hours": 0})
    assert Policy.objects.get().batch_size == 100


# --- Removing ---------------------------------------------------------------------------------------------------------


def test_a_removed_policy_lets_go_of_its_hosts_and_keeps_their_scans(admin, organization):
    host = HostFactory(organization=organization)
    policy = create(admin, organization)
    stream = Stream.objects.get()
    scan = completed_scan(host, policy.template, stream=stream, policy=policy)
    policies.remove_policy(actor=admin, policy=policy, now=LATER)
    stream.refresh_from_db()
    assert (stream.ended_at, stream.counted_score, stream.due_at, stream.latest) == (LATER, None, None, scan)
    assert not Policy.objects.in_force().exists()
    assert last_action() == "policy.removed"


def test_waiting_scans_of_a_removed_policy_are_not_performed(admin, organization):
    host = HostFactory(organization=organization)
    policy = create(admin, organization)
    stream = Stream.objects.get()
    waiting = Scan.objects.create(
        organization=organization, host=host, template=policy.template, template_sha256=policy.template.sha256,
        stream=stream, policy=policy, not_before=NOON,
    )  # fmt: skip
    policies.remove_policy(actor=admin, policy=policy, now=LATER)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.finished_at) == ("cancelled", LATER)


@pytest.mark.parametrize("change", ["update", "remove", "override", "secondary"])
def test_a_removed_policy_is_not_changed_any_more(admin, organization, change):
    policy, host = create(admin, organization), HostFactory(organization=organization)
    policies.remove_policy(actor=admin, policy=policy, now=NOON)
    calls = {
        "update": lambda: policies.update_policy(actor=admin, policy=policy, values={"batch_size": 5}),
        "remove": lambda: policies.remove_policy(actor=admin, policy=policy, now=LATER),
        "override": lambda: policies.add_override(actor=admin, policy=policy, host=host, template=policy.template),
        "secondary": lambda: policies.add_secondary(
            actor=admin, policy=policy, template=published_template(), now=LATER
        ),
    }
    with pytest.raises(Conflict, match="removed"):
        calls[change]()


# --- Overrides --------------------------------------------------------------------------------------------------------


def test_an_override_holds_its_host_to_another_template_until_it_is_removed(admin, organization):
    host = HostFactory(organization=organization)
    policy, other = create(admin, organization), published_template()
    override = policies.add_override(actor=admin, policy=policy, host=host, template=other)
    stream = Stream.objects.get()
    assert streams.template_of(stream) == other
    third = published_template()
    policies.change_override(actor=admin, override=override, template=third)
    assert streams.template_of(stream) == third
    policies.remove_override(actor=admin, override=override)
    assert streams.template_of(stream) == policy.template
    actions = ["policy.override_added", "policy.override_changed", "policy.override_removed"]
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))[-3:] == actions


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"os_type": "windows"}, "runs Windows"),
        ({"retired_at": NOON}, "is retired"),
    ],
)
def test_an_override_needs_a_host_under_the_policy(admin, organization, fields, words):
    policy, host = create(admin, organization), HostFactory(organization=organization, **fields)
    errors = refused(policies.add_override, actor=admin, policy=policy, host=host, template=policy.template)
    assert words in errors["host"][0]


def test_an_override_names_own_hosts_and_published_templates_of_the_os(admin, organization, other_organization):
    policy = create(admin, organization)
    host, foreign = HostFactory(organization=organization), HostFactory(organization=other_organization)
    windows = published_template(os_type="windows")
    assert refused(policies.add_override, actor=admin, policy=policy, host=foreign, template=windows).keys() == {
        "host", "template",
    }  # fmt: skip
    policies.add_override(actor=admin, policy=policy, host=host, template=policy.template)
    again = refused(policies.add_override, actor=admin, policy=policy, host=host, template=policy.template)
    assert "already" in again["host"][0]
    assert PolicyOverride.objects.count() == 1


# --- Secondary templates ----------------------------------------------------------------------------------------------


def test_a_secondary_template_begins_and_ends_with_its_row(admin, organization):
    HostFactory(organization=organization)
    policy = create(admin, organization)
    secondary = policies.add_secondary(actor=admin, policy=policy, template=published_template(), now=NOON)
    assert Stream.objects.going().filter(role="secondary").count() == 1
    policies.remove_secondary(actor=admin, secondary=secondary, now=LATER)
    assert list(Stream.objects.going().values_list("role", flat=True)) == ["policy"]
    assert Stream.objects.get(role="secondary").ended_at == LATER


def test_no_template_is_evaluated_twice_under_a_policy(admin, organization):
    policy, second = create(admin, organization), published_template()
    policies.add_secondary(actor=admin, policy=policy, template=second, now=NOON)
    for template, words in ((policy.template, "own template"), (next_version(second), "already")):
        errors = refused(policies.add_secondary, actor=admin, policy=policy, template=template, now=NOON)
        assert words in errors["template"][0]
    errors = refused(policies.update_policy, actor=admin, policy=policy, values={"template": second})
    assert "secondary" in errors["template"][0]
    assert PolicySecondary.objects.count() == 1


def test_only_who_manages_compliance_changes_what_stands_under_a_policy(organization):
    viewer = member(organization, "view_compliance")
    policy, host = policy_of(organization), HostFactory(organization=organization)
    override = PolicyOverrideFactory(organization=organization)
    secondary = PolicySecondaryFactory(organization=organization)
    for call in (
        lambda: policies.update_policy(actor=viewer, policy=policy, values={"batch_size": 5}),
        lambda: policies.remove_policy(actor=viewer, policy=policy, now=NOON),
        lambda: policies.add_override(actor=viewer, policy=policy, host=host, template=policy.template),
        lambda: policies.change_override(actor=viewer, override=override, template=policy.template),
        lambda: policies.remove_override(actor=viewer, override=override),
        lambda: policies.add_secondary(actor=viewer, policy=policy, template=published_template(), now=NOON),
        lambda: policies.remove_secondary(actor=viewer, secondary=secondary, now=NOON),
    ):
        with pytest.raises(PermissionDenied):
            call()


# --- The operator's own machine ---------------------------------------------------------------------------------------


def test_the_first_recorded_scan_makes_the_operators_policy_and_belongs_to_it():
    host, template = local_host(), published_template()
    stream = own_scans.stream_to_record(host, template, "server", NOON)
    policy = Policy.objects.get()
    assert (stream.policy, stream.role, policy.template, policy.os_type) == (policy, "policy", template, "linux")
    assert own_scans.stream_to_record(host, template, "server", LATER) == stream
    assert Policy.objects.count() == 1


def test_a_recorded_scan_with_another_template_or_profile_is_one_by_hand():
    host, template = local_host(), published_template()
    own_scans.stream_to_record(host, template, "server", NOON)
    assert own_scans.stream_to_record(host, published_template(), "server", NOON).role == "by_hand"
    assert own_scans.stream_to_record(host, template, "workstation", NOON).role == "by_hand"


def test_a_policy_that_the_operator_removed_is_not_made_again(superuser):
    host, template = local_host(), published_template()
    own_scans.stream_to_record(host, template, "server", NOON)
    policies.remove_policy(actor=superuser, policy=Policy.objects.get(), now=NOON)
    assert own_scans.stream_to_record(host, template, "server", LATER).role == "by_hand"
    assert Policy.objects.count() == 1


def test_a_recorded_scan_of_a_tenants_host_makes_no_policy(organization):
    host = HostFactory(organization=organization)
    assert own_scans.stream_to_record(host, published_template(), "server", NOON).role == "by_hand"
    policy = PolicyFactory(organization=organization)
    streams.assign_policy(policy=policy, now=NOON)
    assert own_scans.stream_to_record(host, policy.template, "server", NOON).policy == policy
