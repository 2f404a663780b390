"""What must hold of passwords, keys and second factors, as the credential report tells them."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from cloudbench.engine.checks.iam import CREDENTIALS, ROOT_USER, days_since
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Failure, FailureKind, Resource, Unread
from cloudbench.engine.registry import View, check, survey

ROOT_REST_DAYS = 90
"""CIS AWS Foundations 1.7 asks for no daily use and names no number; one quarter, as for stale credentials."""


@survey("iam_root_not_used_recently", reads=(CREDENTIALS,))
def root_rests(view: View) -> Iterator[Finding]:
    """Fail when the root user's password or a key of it was used in the last 90 days.

    Every account has a root user: a report without its row is unread. Source: GetCredentialReport.
    """
    root = next((row for row in view[CREDENTIALS] if row.name == ROOT_USER), None)
    if root is not None:
        said = _rest(root, view.now)
        yield Finding(root.arn, root.region, said.passed, said.words, root.name, said.attributes)
    elif not view.unread:
        words = "The credential report has no line about the root user."
        raise Unread(Failure(FailureKind.MALFORMED, words, "iam:GetCredentialReport"))


def _rest(root: Resource, now: datetime) -> Verdict:
    cells = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")
    used = [at for at in (_time(root.get(cell)) for cell in cells) if at is not None]
    if not used:
        return passed("No use of the root user is on record.")
    days = days_since(max(used), now)
    return verdict(
        days > ROOT_REST_DAYS,
        f"The root user was last used {days} days ago.",
        f"The root user was used {_ago(days)}.",
        LastUsed=max(used).isoformat(),
    )


def _time(cell: str | None) -> datetime | None:
    """Return the time in a cell of the report; None for N/A, no_information and not_supported."""
    return datetime.fromisoformat(cell) if cell and cell[0].isdigit() else None


def _ago(days: int) -> str:
    return "today" if days == 0 else "a day ago" if days == 1 else f"{days} days ago"


def _is_user(row: Resource) -> bool:
    return row.name != ROOT_USER


def _has_password(user: Resource) -> bool:
    return user["password_enabled"] == "true"


def _active_keys(user: Resource) -> list[int]:
    return [number for number in (1, 2) if user.get(f"access_key_{number}_active") == "true"]


KEY_AGE_DAYS = 90
"""CIS AWS Foundations 1.14; Security Hub IAM.3."""


@check("iam_access_key_rotated_90_days", over=CREDENTIALS)
def rotates_keys(user: Resource, view: View) -> Verdict | None:
    """Fail when an active access key is older than 90 days. Users without one are not looked at.

    Source: GetCredentialReport, access_key_N_last_rotated.
    """
    created = [_time(user.get(f"access_key_{number}_last_rotated")) for number in _active_keys(user)]
    ages = [days_since(at, view.now) for at in created if at is not None]
    if not _is_user(user) or not ages:
        return None
    oldest = max(ages)
    return verdict(
        oldest <= KEY_AGE_DAYS,
        f"The oldest active access key is {oldest} days old.",
        f"An active access key is {oldest} days old.",
        AgeDays=oldest,
    )


@check("iam_single_active_access_key", over=CREDENTIALS)
def has_one_active_key(user: Resource, view: View) -> Verdict | None:
    """Fail when two access keys of a user are active. Source: GetCredentialReport, access_key_N_active."""
    if not _is_user(user):
        return None
    active = len(_active_keys(user))
    return verdict(
        active < 2,
        "One access key is active." if active else "No access key is active.",
        "Two access keys are active.",
        ActiveAccessKeys=active,
    )


@check("iam_console_user_mfa", over=CREDENTIALS)
def signs_in_with_mfa(user: Resource, view: View) -> Verdict | None:
    """Fail when a user has a console password and no MFA. Source: GetCredentialReport, mfa_active."""
    return _mfa(user) if _is_user(user) and _has_password(user) else None


@check("iam_all_users_mfa", over=CREDENTIALS)
def every_user_has_mfa(user: Resource, view: View) -> Verdict | None:
    """Fail when a user has no MFA, with or without a console password. Source: GetCredentialReport, mfa_active."""
    return _mfa(user) if _is_user(user) else None


def _mfa(user: Resource) -> Verdict:
    return verdict(
        user["mfa_active"] == "true",
        "The user has an MFA device.",
        "The user has a console password and no MFA device." if _has_password(user) else "The user has no MFA device.",
        password_enabled=user["password_enabled"],
    )


@check("iam_no_initial_access_key", over=CREDENTIALS)
def has_no_idle_first_key(user: Resource, view: View) -> Verdict | None:
    """Fail when a user with a console password has an active key that was never used: made at setup, not for a need.

    Source: GetCredentialReport, access_key_N_last_used_date.
    """
    if not _is_user(user) or not _has_password(user):
        return None
    idle = [n for n in _active_keys(user) if _time(user.get(f"access_key_{n}_last_used_date")) is None]
    return verdict(
        not idle,
        "Every active access key has been used." if _active_keys(user) else "The console user has no access key.",
        "The console user has an active access key that was never used.",
        NeverUsedKeys=len(idle),
    )


def _unused(days: int, user: Resource, view: View) -> Verdict | None:
    """Fail when a password or an active key was not used for ``days`` or more, or as long unused since it was made.

    The root user, and users without any credential, are not looked at.
    Source: GetCredentialReport, password_last_used and _last_changed, access_key_N_last_used_date and _last_rotated.
    """
    if not _is_user(user):
        return None
    seen = {}
    if _has_password(user):
        seen["console password"] = _time(user["password_last_used"]) or _time(user["password_last_changed"])
    for number in _active_keys(user):
        key = f"access_key_{number}"
        seen[f"access key {number}"] = _time(user[f"{key}_last_used_date"]) or _time(user[f"{key}_last_rotated"])
    idle = {what: days_since(at, view.now) for what, at in seen.items() if at is not None}
    stale = [what for what, since in idle.items() if since >= days]
    if not idle:
        return None
    if stale:
        return failed(f"Not used for {idle[stale[0]]} days: {' and '.join(stale)}.", IdleDays=idle[stale[0]])
    return passed(f"Used or made within {days} days: {' and '.join(idle)}.", IdleDays=max(idle.values()))


for _days in (45, 90):  # CIS AWS Foundations 1.12 and Security Hub IAM.22: 45; Security Hub IAM.8: 90
    _id = {45: "iam_user_credentials_unused_45_days", 90: "iam_user_credentials_unused_90_days"}[_days]
    check(_id, over=CREDENTIALS)(partial(_unused, _days))
