"""Cloud accounts: connected, changed, removed; their secrets go in and never come out."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from cloudbench.models import CloudAccount, Run, Schedule, Snapshot
from cloudbench.providers.aws_catalogue import known_regions
from cloudbench.services.sessions import partition_of
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require
from organizations.services.connections import locked, save

SECRETS = ("secret_access_key", "session_token")
FIELDS = ("name", "account_id", "access", "role_arn", "access_key_id", *SECRETS, "regions", "calls_per_second")
ROLE_ARN = re.compile(r"arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):role/[\w+=,.@/-]{1,128}", re.ASCII)
KEY_ID = re.compile(r"[A-Z0-9]{16,128}")
SLOWEST, FASTEST = 0.1, 1000.0
"""Calls a second that may be asked for."""


@transaction.atomic
def create_account(*, actor: Actor, organization: Organization, values: Mapping[str, Any]) -> CloudAccount:
    """Connect an account. Raises PermissionDenied without manage_settings, Invalid naming each field."""
    require(actor, "manage_settings", organization)
    account = CloudAccount(organization=organization)
    take(account, values)
    _save(account)
    audit.record(actor=actor, action="cloud_account.created", subject=account)
    return account


@transaction.atomic
def change_account(*, actor: Actor, account: CloudAccount, values: Mapping[str, Any]) -> CloudAccount:
    """Change what ``values`` names; a secret that is left out or empty stays as it is.

    Another access key id takes its own secret; an empty one drops the stored keys. Raises as creating does, Conflict
    when the account was removed, Invalid for another account id once something was found in the account.
    """
    account = locked(actor, account)
    before, account_id = audit.before(account), account.account_id
    take(account, values)
    if account.account_id != account_id and account.snapshots.exists():
        raise Invalid({"account_id": "Results of this account are stored under this id; connect the other one anew."})
    _save(account)
    audit.record(actor=actor, action="cloud_account.changed", subject=account, before=before)
    return account


@transaction.atomic
def remove_account(*, actor: Actor, account: CloudAccount, now: datetime) -> CloudAccount:
    """Let go of ``account``: its keys are forgotten, its schedules stop, what was found in it stays.

    Raises PermissionDenied, Conflict when it was removed already or a run is under way.
    """
    account = locked(actor, account)
    if account.runs.filter(status__in=[Run.Status.PENDING, Run.Status.RUNNING]).exists() or _is_collected(account):
        raise Conflict(f"A run of {account} is under way; cancel it or wait for its end.")
    before = audit.before(account)
    account.removed_at = now
    account.access_key_id = account.secret_access_key = account.session_token = ""
    account.save()
    for schedule in Schedule.objects.select_for_update().filter(account=account, enabled=True):
        was = audit.before(schedule)
        schedule.enabled, schedule.next_at = False, None
        schedule.save(update_fields=["enabled", "next_at"])
        audit.record(actor=actor, action="cloud_schedule.paused", subject=schedule, before=was)
    audit.record(actor=actor, action="cloud_account.removed", subject=account, before=before)
    return account


def _is_collected(account: CloudAccount) -> bool:
    return account.snapshots.filter(status__in=[Snapshot.Status.PENDING, Snapshot.Status.RUNNING]).exists()


# --- What an account may hold -----------------------------------------------------------------------------------------


def take(account: CloudAccount, values: Mapping[str, Any]) -> None:
    """Set what ``values`` names, without saving. Raises Invalid naming each field that does not fit."""
    key_id = account.access_key_id
    for name in FIELDS:
        if name in values and (name not in SECRETS or values[name]):
            value = values[name]
            setattr(account, name, value.strip() if isinstance(value, str) else value)
    _drop_secrets_of_other_keys(account, key_id, values)
    if errors := refused(account):
        raise Invalid(errors)


def _drop_secrets_of_other_keys(account: CloudAccount, key_id: str, values: Mapping[str, Any]) -> None:
    """Have no secret stand beside an access key id that it does not belong to."""
    other_key = account.access_key_id != key_id
    if other_key and not values.get("secret_access_key"):
        account.secret_access_key = ""
    if (other_key or values.get("secret_access_key")) and not values.get("session_token"):
        account.session_token = ""


def refused(account: CloudAccount) -> dict[str, str]:
    """Return {field: what is wrong and what to do} for everything that ``account`` may not hold."""
    errors = _fields_refused(account)
    if not errors.keys() & {"access", "account_id"}:
        errors |= _role_refused(account) if account.access == CloudAccount.Access.ROLE else _keys_missing(account)
    if not errors.keys() & {"regions", "role_arn", "access"}:
        errors |= _regions_refused(account)
    return errors


def _fields_refused(account: CloudAccount) -> dict[str, str]:
    try:
        account.clean_fields(exclude=["organization"])
    except ValidationError as error:
        errors = {name: " ".join(words) for name, words in error.message_dict.items()}
    else:
        errors = {}
    if "account_id" not in errors and not account.account_id.isascii():
        errors["account_id"] = "An account id has 12 digits, 0 to 9."
    rate = account.calls_per_second
    if rate is not None and "calls_per_second" not in errors and not SLOWEST <= rate <= FASTEST:
        errors["calls_per_second"] = f"Write a number from {SLOWEST} to {FASTEST:,.0f}, or leave it empty."
    if "access_key_id" not in errors and account.access_key_id and not KEY_ID.fullmatch(account.access_key_id):
        errors["access_key_id"] = "An access key id has capital letters and digits, such as AKIA and 16 more."
    if "access_key_id" not in errors and account.access_key_id and not account.secret_access_key:
        errors["secret_access_key"] = "Give the secret access key that belongs to this access key id."
    if not account.access_key_id and (account.secret_access_key or account.session_token):
        errors["access_key_id"] = "Give the access key id that the secret belongs to."
    return errors


def _role_refused(account: CloudAccount) -> dict[str, str]:
    wanted = f"arn:aws:iam::{account.account_id}:role/plumbline-read"
    found = ROLE_ARN.fullmatch(account.role_arn)
    if found is None:
        return {"role_arn": f"Write the ARN of a role, such as {wanted}."}
    if found[1] != account.account_id:
        return {"role_arn": f"This role is one of account {found[1]}; write one of {account.account_id}: {wanted}."}
    return {}


def _keys_missing(account: CloudAccount) -> dict[str, str]:
    if account.access_key_id:
        return {}
    return {"access_key_id": "Give an access key id and its secret, or choose a role."}


def _regions_refused(account: CloudAccount) -> dict[str, str]:
    account.regions = list(dict.fromkeys(account.regions))
    partition = partition_of(account)
    if unknown := [region for region in account.regions if region not in known_regions(partition)]:
        return {"regions": f"{partition} has no region {', '.join(unknown)}. Write names such as "
                           f"{', '.join(known_regions(partition)[:3])}."}  # fmt: skip
    return {}


def _save(account: CloudAccount) -> None:
    twins = CloudAccount.objects.connected().filter(organization=account.organization_id).exclude(pk=account.pk)
    if twins.filter(account_id=account.account_id).exists():
        raise Invalid({"account_id": "This account is connected already; change that one."})
    save(account)
