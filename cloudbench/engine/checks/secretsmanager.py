"""What must hold of secrets."""

from datetime import datetime

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SECRETS = "secretsmanager.secrets"
OWN_KEY_OF_AWS = "alias/aws/secretsmanager"
MOST_ROTATION_DAYS = 90  # Security Hub SecretsManager.4
MOST_UNUSED_DAYS = 90  # Security Hub SecretsManager.3
ROTATION_WINDOW_DAYS = 1
"""Rotation comes within a window of up to a day after it is due."""


def _days_since(then: str, view: View) -> int:
    return (view.now - datetime.fromisoformat(then)).days


@check("secretsmanager_kms_cmk", over=SECRETS)
def has_own_key(secret: Resource, view: View) -> Verdict:
    """Fail when a secret is encrypted with the key of AWS for Secrets Manager, as without KmsKeyId.

    Source: ListSecrets, KmsKeyId, left out for that key.
    """
    key = secret.get("KmsKeyId", OWN_KEY_OF_AWS)
    bad = f"The secret is encrypted with {OWN_KEY_OF_AWS}, the key of AWS."
    return verdict(not key.endswith(OWN_KEY_OF_AWS), "The secret is encrypted with a customer key.", bad, KmsKeyId=key)


@check("secretsmanager_rotation_enabled", over=SECRETS)
def rotates(secret: Resource, view: View) -> Verdict:
    """Fail unless automatic rotation is on. Source: ListSecrets, RotationEnabled, left out where it was never on."""
    on = secret.get("RotationEnabled", False)
    return verdict(on, "Automatic rotation is on.", "Automatic rotation is off.", RotationEnabled=on)


@check("secretsmanager_rotation_successful", over=SECRETS)
def rotates_on_time(secret: Resource, view: View) -> Verdict | None:
    """Fail when a secret with rotation was not rotated in its own period and a day: the last attempt failed.

    One that was never rotated counts from its last change. Secrets without rotation or without a period are left out.
    Source: ListSecrets, LastRotatedDate and RotationRules.AutomaticallyAfterDays, which AWS works out of schedules too.
    """
    period = secret.get("RotationRules", {}).get("AutomaticallyAfterDays")
    if not secret.get("RotationEnabled", False) or period is None:
        return None
    last = secret.get("LastRotatedDate")
    days = _days_since(last or secret.get("LastChangedDate") or secret["CreatedDate"], view)
    if days > period + ROTATION_WINDOW_DAYS:
        since = f"since {days} days" if last else f"in the {days} days since its last change"
        return failed(f"The secret was not rotated {since}, though due every {period}.", LastRotatedDate=last)
    if last is None:
        return passed(f"The first rotation is due within {period} days.", AutomaticallyAfterDays=period)
    return passed(f"The secret was rotated {days} days ago, due every {period}.", LastRotatedDate=last)


@check("secretsmanager_rotated_within_period", over=SECRETS)
def was_rotated_lately(secret: Resource, view: View) -> Verdict:
    """Fail when a secret was not rotated for more than 90 days, or never since it was made.

    Source: ListSecrets, LastRotatedDate, else CreatedDate.
    """
    last = secret.get("LastRotatedDate")
    days = _days_since(last or secret["CreatedDate"], view)
    good = f"The secret was rotated {days} days ago." if last else f"The secret is new: made {days} days ago."
    bad = f"The secret was last rotated {days} days ago." if last else f"The secret was not rotated in {days} days."
    return verdict(days <= MOST_ROTATION_DAYS, good, bad, LastRotatedDate=last)


@check("secretsmanager_secret_used", over=SECRETS)
def is_used(secret: Resource, view: View) -> Verdict:
    """Fail when a secret was not read for more than 90 days, or never since it was made.

    Source: ListSecrets, LastAccessedDate (a day, without time), else CreatedDate.
    """
    last = secret.get("LastAccessedDate")
    days = _days_since(last or secret["CreatedDate"], view)
    good = f"The secret was last read {days} days ago." if last else f"The secret is new: made {days} days ago."
    bad = f"The secret was last read {days} days ago." if last else f"Nobody has read the secret in {days} days."
    return verdict(days <= MOST_UNUSED_DAYS, good, bad, LastAccessedDate=last)
