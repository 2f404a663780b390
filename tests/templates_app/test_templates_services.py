"""The life of a template: made, copied, changed, published, given a new version, deleted."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from compliance.models import Policy
from organizations import permissions
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from templates_app.models import Template, TemplateCheck
from templates_app.selectors.documents import document_of
from templates_app.services import checks, templates
from templates_app.signals import template_published
from tests.factories.compliance import HostFactory, completed_scan
from tests.factories.organizations import member
from tests.factories.templates_app import NOON, a_check, published_template

pytestmark = pytest.mark.django_db


def definition(check_id="linux_sysctl_ip_forward", **fields):
    return a_check(check_id, **fields).model_dump(exclude_defaults=True)


@pytest.fixture
def draft(admin, organization):
    made = templates.create_template(actor=admin, organization=organization, name="House rules")
    checks.add_check(actor=admin, template=made, definition=definition())
    return made


def published(admin, draft):
    return templates.publish_template(actor=admin, template=draft, now=NOON)


def test_a_new_template_is_an_empty_draft_of_a_new_family(admin, organization):
    one = templates.create_template(
        actor=admin, organization=organization, name="A", framework="House", description="Ours", scan_interval_hours=48
    )
    two = templates.create_template(actor=admin, organization=organization, name="A")
    assert (one.status, one.version, one.sha256, one.document) == ("draft", 1, "", "")
    assert (one.scan_interval_hours, one.framework, one.checks.count()) == (48, "House", 0)
    assert one.family != two.family
    assert AuditEvent.objects.filter(action="template.created", organization=organization).count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 161), ("framework", ""), ("scan_interval_hours", 23), ("scan_interval_hours", 169),
     ("scan_interval_hours", "often"), ("os_type", "windows"), ("os_type", "mac")],
)  # fmt: skip
def test_a_bad_field_is_refused_by_name(admin, organization, field, value):
    with pytest.raises(Invalid) as refused:
        templates.create_template(**{"actor": admin, "organization": organization, "name": "A", field: value})
    assert [*refused.value.errors] == [field]
    assert not Template.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "user", "provisioner"])
def test_only_who_manages_compliance_changes_templates(role, admin, organization, draft):
    actor = member(organization, role=role)
    final = published(admin, templates.copy_template(actor=admin, template=draft, organization=organization))
    for attempt in (
        lambda: templates.create_template(actor=actor, organization=organization, name="A"),
        lambda: templates.copy_template(actor=actor, template=draft, organization=organization),
        lambda: templates.update_template(actor=actor, template=draft, fields={"name": "B"}),
        lambda: templates.publish_template(actor=actor, template=draft, now=NOON),
        lambda: templates.new_version(actor=actor, template=final),
        lambda: templates.delete_template(actor=actor, template=draft),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


# --- Copies -----------------------------------------------------------------------------------------------------------


def test_a_copy_of_a_system_template_says_the_same_in_a_new_family(admin, organization):
    variables = {"answer": {"type": "int", "title": "The answer", "default": 0, "min": 0, "max": 9}}
    ask = a_check("linux_asks", expect={"eq": "{{ answer }}"})
    system = published_template([a_check(), ask], slug="cis", variables=variables, values={"answer": 3})
    copy = templates.copy_template(actor=admin, template=system, organization=organization, name="  Mine ")
    assert (copy.name, copy.status, copy.version, copy.slug, copy.organization) == (
        "Mine", "draft", 1, "", organization,
    )  # fmt: skip
    assert copy.family != system.family
    assert (document_of(copy).checks, document_of(copy).values) == (document_of(system).checks, {"answer": 3})
    assert copy.variables["answer"]["max"] == 9
    published(admin, copy)
    assert system.checks.count() == 2


def test_a_copy_of_a_draft_copies_its_rows(admin, organization, draft):
    checks.bulk_toggle(actor=admin, template=draft, check_ids=["linux_sysctl_ip_forward"], enabled=False)
    copy = templates.copy_template(actor=admin, template=draft, organization=organization)
    assert copy.name == "House rules (copy)"
    assert [*copy.checks.values_list("check_id", "enabled")] == [("linux_sysctl_ip_forward", False)]
    checks.bulk_toggle(actor=admin, template=copy, check_ids=["linux_sysctl_ip_forward"], enabled=True)
    assert not draft.checks.get().enabled


def test_a_template_is_copied_into_another_organization_where_one_manages(organization, other_organization, draft):
    both = member(organization, "view_compliance")
    with pytest.raises(PermissionDenied):
        templates.copy_template(actor=both, template=draft, organization=other_organization)
    permissions.grant(both, "manage_compliance", other_organization)
    copy = templates.copy_template(actor=both, template=draft, organization=other_organization)
    assert copy.organization == other_organization


def test_a_template_that_one_may_not_see_is_not_copied(organization, other_organization, draft):
    stranger = member(other_organization, role="admin")
    with pytest.raises(PermissionDenied):
        templates.copy_template(actor=stranger, template=draft, organization=other_organization)


# --- Changes ----------------------------------------------------------------------------------------------------------


def test_the_fields_of_a_draft_are_changed_and_the_log_says_which(admin, draft):
    fields = {"name": "Rules", "description": "New", "framework": "F", "scan_interval_hours": 168}
    changed = templates.update_template(actor=admin, template=draft, fields=fields)
    assert {name: getattr(changed, name) for name in fields} == fields
    event = AuditEvent.objects.get(action="template.changed")
    assert event.before["name"] == "House rules"
    assert event.after["name"] == "Rules"


@pytest.mark.parametrize("field", ["status", "sha256", "family", "organization", "version", "os_type", "document"])
def test_what_a_change_may_not_touch_is_refused(admin, draft, field):
    with pytest.raises(Invalid) as refused:
        templates.update_template(actor=admin, template=draft, fields={field: "x"})
    assert [*refused.value.errors] == [field]


LIMIT = {"type": "int", "title": "The limit", "default": 5, "min": 1, "max": 9}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"variables": []}, "variables"),
        ({"variables": {"limit": 3}}, "variables.limit"),
        ({"variables": {"limit": LIMIT | {"default": 10}}}, "variables.limit"),
        ({"variables": {"limit": LIMIT | {"colour": "red"}}}, "variables.limit.colour"),
        ({"variables": {"limit": LIMIT}, "values": {"limit": 10}}, "values.limit"),
        ({"variables": {"limit": LIMIT}, "values": {"limit": True}}, "values.limit"),
        ({"values": {"unknown": 1}}, "values.unknown"),
        ({"variables": {"limit": LIMIT | {"title": "a\0b"}}}, "variables.limit.title"),
    ],
)
def test_a_bad_variable_is_refused_by_its_place(admin, draft, fields, place):
    with pytest.raises(Invalid) as refused:
        templates.update_template(actor=admin, template=draft, fields=fields)
    assert [*refused.value.errors] == [place]


def test_a_value_counts_within_its_bounds_and_a_variable_in_use_stays(admin, draft):
    templates.update_template(
        actor=admin, template=draft, fields={"variables": {"limit": LIMIT}, "values": {"limit": 7}}
    )
    asks = definition("linux_asks", expect={"le": "{{ limit }}"})
    checks.add_check(actor=admin, template=draft, definition=asks)
    with pytest.raises(Invalid) as refused:
        templates.update_template(actor=admin, template=draft, fields={"variables": {}, "values": {}})
    assert [*refused.value.errors] == ["checks.linux_asks.expect.le"]
    assert "limit" in str(refused.value)
    draft.refresh_from_db()
    assert document_of(draft).values == {"limit": 7}


# --- Publishing -------------------------------------------------------------------------------------------------------


def test_publishing_saves_pending_edits_first_and_freezes_under_the_hash(
    admin, draft, django_capture_on_commit_callbacks
):
    heard = []
    template_published.connect(lambda **news: heard.append((news["template_id"], news["previous_id"])), weak=False)
    with django_capture_on_commit_callbacks(execute=True):
        final = templates.publish_template(
            actor=admin, template=draft, now=NOON, changes={"name": "Final", "scan_interval_hours": 72}
        )
    template_published.receivers.clear()
    template_published.sender_receivers_cache.clear()
    assert (final.name, final.scan_interval_hours, final.status) == ("Final", 72, "published")
    assert (final.published_at, final.published_by) == (NOON, admin)
    assert final.sha256 == document_of(final).sha256
    assert document_of(final).name == "Final"
    assert heard == [(final.pk, None)]


def test_a_bad_pending_edit_publishes_nothing(admin, draft):
    with pytest.raises(Invalid):
        templates.publish_template(actor=admin, template=draft, now=NOON, changes={"scan_interval_hours": 1})
    draft.refresh_from_db()
    assert (draft.status, draft.scan_interval_hours) == ("draft", 24)


def test_a_pending_edit_is_not_saved_when_publishing_is_refused(admin, organization):
    empty = templates.create_template(actor=admin, organization=organization, name="Empty")
    with pytest.raises(Invalid, match="at least one"):
        templates.publish_template(actor=admin, template=empty, now=NOON, changes={"name": "Other"})
    empty.refresh_from_db()
    assert (empty.name, empty.status) == ("Empty", "draft")


def test_a_template_with_every_check_off_is_not_published(admin, draft):
    checks.bulk_toggle(actor=admin, template=draft, check_ids=["linux_sysctl_ip_forward"], enabled=False)
    with pytest.raises(Invalid, match="switched off"):
        published(admin, draft)


def test_every_check_that_cannot_be_evaluated_is_named_by_its_place(admin, draft):
    rows = [("linux_one", {"kind": "sysctl"}), ("linux_two", {"kind": "magic"})]
    for position, (check_id, probe) in enumerate(rows, 1):  # as an older grammar may have left them
        TemplateCheck.objects.create(
            template=draft, position=position, check_id=check_id, title="x", severity="low", assessment="auto",
            profiles=["server"], definition=definition(check_id) | {"probe": probe},
        )  # fmt: skip
    TemplateCheck.objects.create(
        template=draft, position=9, check_id="linux_three", title="x", severity="low", assessment="auto",
        profiles=["desktop"], definition={"id": "linux_three"},
    )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        published(admin, draft)
    places = set(refused.value.errors)
    assert {"checks.linux_one.probe.key", "checks.linux_two.probe.kind"} <= places
    assert {"checks.linux_three.title", "checks.linux_three.severity", "checks.linux_three.profiles.0"} <= places
    assert refused.value.errors["checks.linux_one.probe.key"] == ["is missing; write the kernel parameter"]


def test_a_published_template_is_not_changed_by_any_service(admin, draft):
    final = published(admin, draft)
    row = final.checks.get()
    before = Template.objects.values().get(pk=final.pk), [*final.checks.values()]
    for attempt in (
        lambda: templates.update_template(actor=admin, template=final, fields={"name": "x"}),
        lambda: templates.publish_template(actor=admin, template=final, now=NOON),
        lambda: checks.add_check(actor=admin, template=final, definition=definition("linux_new")),
        lambda: checks.update_check(actor=admin, template=final, check=row, changes={"severity": "low"}),
        lambda: checks.remove_check(actor=admin, template=final, check=row),
        lambda: checks.toggle_check(actor=admin, template=final, check=row, enabled=False),
        lambda: checks.bulk_toggle(actor=admin, template=final, check_ids=[row.check_id], enabled=False),
        lambda: checks.remove_checks(actor=admin, template=final, check_ids=[row.check_id]),
        lambda: checks.override_severity(actor=admin, template=final, check_ids=[row.check_id], severity="low"),
        lambda: checks.set_profiles(actor=admin, template=final, check_ids=[row.check_id], profiles=["server"]),
        lambda: checks.move_check(actor=admin, template=final, check=row, position=0),
        lambda: checks.add_from(actor=admin, template=final, source=final, check_ids=[row.check_id]),
    ):
        with pytest.raises(Conflict, match="published and never changes"):
            attempt()
    assert (Template.objects.values().get(pk=final.pk), [*final.checks.values()]) == before


def test_a_stale_draft_object_does_not_publish_twice(admin, draft):
    stale = Template.objects.get(pk=draft.pk)
    published(admin, draft)
    with pytest.raises(Conflict):
        published(admin, stale)


# --- Versions ---------------------------------------------------------------------------------------------------------


def test_a_new_version_is_a_draft_clone_with_the_next_number(admin, draft):
    final = published(admin, draft)
    second = templates.new_version(actor=admin, template=final)
    assert (second.family, second.version, second.status, second.sha256) == (final.family, 2, "draft", "")
    assert document_of(second).checks == document_of(final).checks
    with pytest.raises(Conflict, match="House rules v2 is an open draft already"):
        templates.new_version(actor=admin, template=final)
    published(admin, second)
    assert templates.new_version(actor=admin, template=final).version == 3


def test_a_draft_and_a_system_template_have_no_new_version(admin, draft):
    with pytest.raises(Conflict, match="publish it first"):
        templates.new_version(actor=admin, template=draft)
    with pytest.raises(Conflict, match="System templates are read-only"):
        templates.new_version(actor=admin, template=published_template(slug="cis"))


# --- Deleting ---------------------------------------------------------------------------------------------------------


def test_a_draft_is_deleted_with_its_checks(admin, draft):
    pk = draft.pk
    templates.delete_template(actor=admin, template=draft)
    assert not Template.objects.filter(pk=pk).exists()
    assert not TemplateCheck.objects.exists()
    assert AuditEvent.objects.get(action="template.deleted").before["name"] == "House rules"


def test_a_published_version_goes_only_while_nothing_refers_to_it(admin, organization, draft):
    final = published(admin, draft)
    scan = completed_scan(HostFactory(organization=organization), final, statuses=["pass"])
    with pytest.raises(Conflict, match="cannot be deleted: 1 stream and 1 scan refer to it"):
        templates.delete_template(actor=admin, template=final)
    other = published(admin, templates.copy_template(actor=admin, template=final, organization=organization))
    pk = other.pk
    templates.delete_template(actor=admin, template=other)
    connection.check_constraints()
    assert not Template.objects.filter(pk=pk).exists()
    assert not TemplateCheck.objects.filter(template_id=pk).exists()
    assert scan.template_id == final.pk


def test_a_version_that_a_policy_pins_by_its_number_stays(admin, organization, draft):
    first = published(admin, draft)
    second = published(admin, templates.new_version(actor=admin, template=first))
    Policy.objects.create(organization=organization, os_type="linux", template=first, pinned_template_version=2)
    for version in (first, second):
        with pytest.raises(Conflict, match="1 policy refers to it"):
            templates.delete_template(actor=admin, template=version)


def test_a_system_template_is_never_deleted(admin, superuser):
    system = published_template(slug="cis")
    for actor in (admin, superuser):
        with pytest.raises(Conflict, match="System templates are read-only"):
            templates.delete_template(actor=actor, template=system)
    with pytest.raises(DatabaseError, match="cannot be deleted"), transaction.atomic():
        Template.objects.filter(pk=system.pk)._raw_delete(using="default")
    assert Template.objects.filter(pk=system.pk).exists()
