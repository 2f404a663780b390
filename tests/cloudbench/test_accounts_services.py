"""Accounts: what may be stored, how secrets are kept, and how one is left."""

import pytest
from django.core.exceptions import PermissionDenied

from cloudbench.models import CloudAccount, Run
from cloudbench.services.accounts import change_account, create_account, remove_account
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from tests.factories.cloudbench import NOON, CloudAccountFactory, RunFactory, ScheduleFactory, SnapshotFactory
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
ID = "111122223333"
ROLE = {"name": "Production", "account_id": ID, "role_arn": f"arn:aws:iam::{ID}:role/plumbline-read"}
KEYS = {
    "name": "Lab", "account_id": ID, "access": "keys", "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "never-to-be-seen",
}  # fmt: skip


def refusal(admin, organization, values):
    with pytest.raises(Invalid) as refused:
        create_account(actor=admin, organization=organization, values=values)
    assert not CloudAccount.objects.exists()
    return refused.value.errors


def test_each_account_has_an_external_id_of_its_own(admin, organization):
    made = create_account(actor=admin, organization=organization, values=ROLE)
    other = CloudAccountFactory(organization=organization)
    assert len(made.external_id) == 32
    assert made.external_id != other.external_id


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"role_arn": ""}, "role_arn", f"arn:aws:iam::{ID}:role/plumbline-read"),
        ({"role_arn": "arn:aws:iam::999922223333:role/read"}, "role_arn", "999922223333"),
        ({"role_arn": f"arn:aws:iam::{ID}:user/read"}, "role_arn", "ARN of a role"),
        ({"role_arn": f"arn:aws-eu:iam::{ID}:role/read"}, "role_arn", "ARN of a role"),
        ({"account_id": "1234"}, "account_id", "12 digits"),
        ({"account_id": "１１１１２２２２３３３３"}, "account_id", "12 digits"),
        ({"name": ""}, "name", ""),
        ({"name": "x" * 121}, "name", "120"),
        ({"regions": ["eu-central-1", "mars-east-1"]}, "regions", "no region mars-east-1"),
        ({"regions": ["cn-north-1"]}, "regions", "aws has no region cn-north-1"),
        ({"regions": "eu-central-1"}, "regions", "list of regions"),
        ({"regions": [{}]}, "regions", "no region"),
        ({"access": "wish"}, "access", ""),
        ({"calls_per_second": 0}, "calls_per_second", "0.1"),
        ({"calls_per_second": float("nan")}, "calls_per_second", "0.1"),
        ({"access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "secret_access_key", "belongs to"),
        ({"access_key_id": "not a key", "secret_access_key": "x"}, "access_key_id", "capital letters"),
        ({"secret_access_key": "x"}, "access_key_id", "belongs to"),
        ({"access": "keys"}, "access_key_id", "choose a role"),
    ],
)
def test_what_does_not_fit_is_named_with_its_remedy(admin, organization, change, field, words):
    errors = refusal(admin, organization, ROLE | change)
    assert field in errors
    assert words in " ".join(errors[field])


def test_everything_that_does_not_fit_is_named_at_once(admin, organization):
    assert refusal(admin, organization, {"name": "", "account_id": "1", "regions": ["x"]}).keys() == {
        "name", "account_id", "regions",
    }  # fmt: skip


def test_a_role_of_another_partition_has_its_regions(admin, organization):
    arn = f"arn:aws-cn:iam::{ID}:role/plumbline-read"
    made = create_account(
        actor=admin, organization=organization, values=ROLE | {"role_arn": arn, "regions": ["cn-north-1", "cn-north-1"]}
    )
    assert made.regions == ["cn-north-1"]


def test_an_account_is_connected_once(admin, organization):
    CloudAccountFactory(organization=organization, account_id=ID, name="First")
    with pytest.raises(Invalid, match="connected already"):
        create_account(actor=admin, organization=organization, values=ROLE)
    other = ROLE | {"name": "First", "account_id": "999922223333", "role_arn": "arn:aws:iam::999922223333:role/r"}
    with pytest.raises(Invalid, match="of that name") as refused:
        create_account(actor=admin, organization=organization, values=other)
    assert "name" in refused.value.errors
    CloudAccount.objects.update(removed_at=NOON)
    assert create_account(actor=admin, organization=organization, values=ROLE).pk


def test_an_empty_secret_keeps_what_is_stored_and_another_key_takes_its_own(admin, organization):
    account = create_account(actor=admin, organization=organization, values=KEYS | {"session_token": "short-lived"})
    changed = change_account(actor=admin, account=account, values={"name": "Lab 2", "secret_access_key": ""})
    assert (changed.secret_access_key, changed.session_token) == ("never-to-be-seen", "short-lived")
    with pytest.raises(Invalid) as refused:
        change_account(actor=admin, account=account, values={"access_key_id": "AKIAOTHER00000000000"})
    assert refused.value.errors.keys() == {"secret_access_key"}
    changed = change_account(
        actor=admin, account=account,
        values={"access_key_id": "AKIAOTHER00000000000", "secret_access_key": "second"},
    )  # fmt: skip
    changed.refresh_from_db()
    assert (changed.secret_access_key, changed.session_token) == ("second", "")


def test_an_empty_access_key_id_drops_the_keys_beside_a_role(admin, organization):
    keys = {"access_key_id": KEYS["access_key_id"], "secret_access_key": "x"}
    account = create_account(actor=admin, organization=organization, values=ROLE | keys)
    change_account(actor=admin, account=account, values={"access_key_id": ""})
    account.refresh_from_db()
    assert (account.access_key_id, account.secret_access_key) == ("", "")


def test_no_secret_stands_in_the_audit_log_or_readable_in_the_database(admin, organization):
    account = create_account(actor=admin, organization=organization, values=KEYS)
    change_account(actor=admin, account=account, values={"secret_access_key": "never-to-be-seen-2"})
    events = AuditEvent.objects.filter(subject_id=str(account.pk), subject_kind="cloudbench.cloudaccount")
    assert [event.action for event in events.order_by("sequence")] == ["cloud_account.created", "cloud_account.changed"]
    assert "never-to-be-seen" not in str([(event.before, event.after, event.details) for event in events])
    raw = CloudAccount.objects.extra(select={"raw": "secret_access_key"}).values_list("raw", flat=True).get()
    assert "never-to-be-seen" not in str(raw)


def test_the_account_id_stays_once_something_was_found(admin, organization):
    account = create_account(actor=admin, organization=organization, values=ROLE)
    SnapshotFactory(account=account, status="completed")
    other = {"account_id": "999922223333", "role_arn": "arn:aws:iam::999922223333:role/r"}
    with pytest.raises(Invalid, match="connect the other one anew"):
        change_account(actor=admin, account=account, values=other)


def test_removing_forgets_the_keys_and_stops_the_schedules(admin, organization):
    account = create_account(actor=admin, organization=organization, values=KEYS)
    schedule = ScheduleFactory(account=account, next_at=NOON)
    remove_account(actor=admin, account=account, now=NOON)
    account.refresh_from_db()
    schedule.refresh_from_db()
    assert (account.removed_at, account.access_key_id, account.secret_access_key) == (NOON, "", "")
    assert (schedule.enabled, schedule.next_at) == (False, None)
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {
        "cloud_account.removed",
        "cloud_schedule.paused",
    }
    with pytest.raises(Conflict, match="was removed"):
        remove_account(actor=admin, account=account, now=NOON)


@pytest.mark.parametrize("status", [Run.Status.PENDING, Run.Status.RUNNING])
def test_an_account_stays_while_a_run_is_under_way(admin, organization, status):
    account = CloudAccountFactory(organization=organization)
    RunFactory(account=account, status=status)
    with pytest.raises(Conflict, match="under way"):
        remove_account(actor=admin, account=account, now=NOON)
    account.refresh_from_db()
    assert account.removed_at is None


def test_only_who_manages_settings_may_connect_change_and_remove(organization):
    actor, account = member(organization, "manage_compliance"), CloudAccountFactory(organization=organization)
    with pytest.raises(PermissionDenied):
        create_account(actor=actor, organization=organization, values=ROLE)
    with pytest.raises(PermissionDenied):
        change_account(actor=actor, account=account, values={"name": "x"})
    with pytest.raises(PermissionDenied):
        remove_account(actor=actor, account=account, now=NOON)
