import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from organizations import audit
from organizations.models.audit import AuditChain, AuditEvent
from organizations.models.guards import make_guards, missing_guards
from organizations.models.tokens import ApiToken
from organizations.selectors.audit import faults_in_chains
from organizations.services.organizations import change_organization
from tests.factories.organizations import SYSTEM, ApiTokenFactory, OrganizationFactory, UserFactory


def events(organization, count: int = 3) -> list[AuditEvent]:
    return [audit.record(actor=SYSTEM, action="organization.changed", subject=organization) for _ in range(count)]


def without_guard(sql: str, parameters: list) -> None:
    """Alter the log as somebody would who may drop triggers."""
    with connection.cursor() as cursor:
        for name in ("append_only_update", "append_only_delete"):
            on = " ON organizations_auditevent" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER organizations_auditevent_{name}{on}")
        cursor.execute(sql, parameters)
    make_guards(connection)


def test_record_tells_who_what_when_before_and_after(organization, admin):
    changed = change_organization(actor=admin, organization=organization, time_zone="Europe/Berlin")
    event = AuditEvent.objects.get(action="organization.changed")
    assert (event.actor, event.actor_kind, event.organization) == (admin, "user", organization)
    assert (event.before, event.after) == ({"time_zone": "UTC"}, {"time_zone": "Europe/Berlin"})
    assert (event.subject_kind, event.subject_id) == ("organizations.organization", str(changed.pk))


def test_token_is_named_as_the_actor(organization, admin):
    admin.token_name = "pipeline"
    change_organization(actor=admin, organization=organization, name="New name")
    event = AuditEvent.objects.latest("pk")
    assert event.actor_kind == "token"
    assert "by token pipeline" in event.actor_label


def test_secrets_are_masked_and_their_change_is_seen(db):
    user = UserFactory()
    was = audit.before(user)
    user.set_password("another long password")
    user.save()
    event = audit.record(actor=SYSTEM, action="user.password_changed", subject=user, before=was)
    assert (event.before, event.after) == ({"password": "hidden"}, {"password": "hidden, changed"})
    assert "pbkdf2" not in json.dumps(event.hashed_content(), default=str)
    assert "md5$" not in json.dumps(event.hashed_content(), default=str)


def test_digest_of_a_token_never_enters_the_log(organization):
    token = ApiTokenFactory(organization=organization)
    event = audit.record(actor=SYSTEM, action="token.issued", subject=token)
    assert token.digest not in json.dumps(event.after)
    assert event.after["digest"] == "hidden"


def test_deletion_keeps_what_was(organization):
    token = ApiTokenFactory(organization=organization, name="gone")
    pk, was = token.pk, audit.before(token)
    ApiToken.objects.filter(pk=pk).delete()
    token.pk = None
    event = audit.record(actor=SYSTEM, action="token.revoked", subject=token, before=was)
    assert (event.subject_id, event.before["name"], event.after) == (str(pk), "gone", {})


def test_chains_of_organizations_are_apart_and_hold(organization, other_organization):
    events(organization)
    events(other_organization, 2)
    assert [chain.length for chain in AuditChain.objects.order_by("pk")] == [3, 2]
    assert faults_in_chains() == []


@pytest.mark.parametrize("change", [{"action": "nothing.happened"}, {"actor_label": "somebody else"}])
def test_orm_cannot_change_an_event(organization, change):
    event = events(organization)[1]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(**change)
    with pytest.raises((DatabaseError, models.ProtectedError)), transaction.atomic():
        event.delete()


def test_sql_cannot_slip_an_event_into_the_past(organization):
    first = events(organization)[0]
    first.pk, first.sequence = None, 0
    with pytest.raises(DatabaseError, match="end of its chain"), transaction.atomic():
        first.save(force_insert=True)


def test_two_events_cannot_have_one_place(organization):
    last = events(organization)[-1]
    last.pk = None
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        last.save(force_insert=True)


@pytest.mark.parametrize(
    ("sql", "sequence", "reason"),
    [
        ("UPDATE organizations_auditevent SET action = 'x' WHERE id = %s", 2, "altered"),
        ("UPDATE organizations_auditevent SET hash = 'x' WHERE id = %s", 2, "altered"),
        ("UPDATE organizations_auditevent SET previous_hash = 'x' WHERE id = %s", 2, "follow"),
        ("DELETE FROM organizations_auditevent WHERE id = %s", 2, "missing"),
    ],
)
def test_tampering_below_the_triggers_is_found_at_its_place(organization, sql, sequence, reason):
    rows = events(organization)
    without_guard(sql, [rows[1].pk])
    (fault,) = faults_in_chains()
    assert fault.sequence == sequence
    assert reason in fault.reason


def test_cut_end_is_found(organization):
    rows = events(organization)
    without_guard("DELETE FROM organizations_auditevent WHERE id = %s", [rows[2].pk])
    (fault,) = faults_in_chains()
    assert "cut" in fault.reason


def test_lost_trigger_is_reported_and_made_anew(db):
    without_guard("SELECT 1", [])
    with connection.cursor() as cursor:
        on = " ON organizations_auditevent" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER organizations_auditevent_append_only_update{on}")
    assert missing_guards(connection) == ["organizations_auditevent_append_only_update"]
    make_guards(connection)
    assert missing_guards(connection) == []


def test_export_writes_a_line_for_each_event_and_fails_on_a_broken_chain(organization):
    rows = events(organization)
    OrganizationFactory()
    written = io.StringIO()
    call_command("export_audit", organization=organization.slug, stdout=written, stderr=io.StringIO())
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["sequence"] for line in lines] == [1, 2, 3]
    without_guard("UPDATE organizations_auditevent SET action = 'x' WHERE id = %s", [rows[1].pk])
    with pytest.raises(CommandError, match="does not hold at 2"):
        call_command("export_audit", stdout=io.StringIO(), stderr=io.StringIO())


def test_platforms_own_events_are_the_operators(client, admin, superuser):
    event = audit.record(actor=SYSTEM, action="user.created", subject=superuser)
    for user, seen in ((superuser, True), (admin, False)):
        client.force_login(user)
        assert (client.get(f"/api/v1/audit/{event.pk}/").status_code == 200) is seen
        assert ("user.created" in client.get("/api/v1/audit/").content.decode()) is seen
        assert (client.get(f"/admin/organizations/auditevent/{event.pk}/change/").status_code == 200) is seen
        assert ("user.created" in client.get("/admin/organizations/auditevent/").content.decode()) is seen


def test_auditor_reads_only_own_events(api, organization, other_organization):
    events(organization, 2)
    events(other_organization, 2)
    answer = api.get("/api/v1/audit/", {"action": "organization.changed"})
    assert {event["organization"] for event in answer.json()} == {organization.pk}
    assert answer.headers["X-Total-Count"] == "2"
