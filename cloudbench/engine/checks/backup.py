"""What must hold of AWS Backup's plans, vaults and recovery points; and whether it has backed a resource up."""

from collections.abc import Iterator
from datetime import datetime

from cloudbench.engine.checks.policies import NEGATIVE, Statement, statements_of
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import View, check, survey

RETENTION_DAYS = 35
"""How long backups are kept at least: AWS Config, backup-plan-min-frequency-and-min-retention-check and
backup-recovery-point-minimum-retention-check, requiredRetentionDays."""
DELETION_ACTIONS = (
    "backup:DeleteRecoveryPoint",
    "backup:UpdateRecoveryPointLifecycle",
    "backup:PutBackupVaultAccessPolicy",
)
"""What a vault's policy must refuse: AWS Config, backup-recovery-point-manual-deletion-disabled."""

EXCEPTIONS = ("aws:principalarn", "aws:userid")
"""Condition keys by which a policy may except the principals that administer backups."""


def backed_up(resource: Resource, view: View) -> Verdict:
    """Say whether AWS Backup holds a backup of ``resource``; the check reads "backup.protected_resources".

    Source: ListProtectedResources, ResourceArn, LastBackupTime. A resource that a plan selects is listed from its
    first backup on.
    """
    for protected in view.in_region("backup.protected_resources", resource.region):
        if protected.arn == resource.arn:
            last = protected.get("LastBackupTime")
            return passed("AWS Backup backs it up.", LastBackupTime=last)
    return failed("AWS Backup has no backup of it.")


@survey("backup_plan_exists", reads=("backup.plans",))
def has_plan(view: View) -> Iterator[Finding]:
    """Fail if the account has no backup plan in any scanned region. Source: ListBackupPlans.

    One plan is enough: not every region holds something to back up.
    """
    regions = sorted({plan.region for plan in view["backup.plans"]})
    if regions or not view.unread:
        words = f"There are backup plans in {', '.join(regions)}." if regions else "There is no backup plan."
        yield Finding(view.account.root_arn, GLOBAL, bool(regions), words, view.account.id, {"Regions": regions})


def days_kept(lifecycle: dict[str, int] | None) -> int | None:
    """Return after how many days a backup is deleted, None for never: DeleteAfterDays is then absent or -1."""
    days = (lifecycle or {}).get("DeleteAfterDays", -1)
    return None if days < 0 else days


@check("backup_plan_min_retention", over="backup.plans", reads=("backup.plan_rules",))
def plans_long_retention(plan: Resource, view: View) -> Verdict:
    """Fail if no rule of the plan keeps its backups for RETENTION_DAYS or for ever.

    Rules that keep frequent backups for less stand beside it as they like.
    Source: GetBackupPlan, Rules[].Lifecycle.DeleteAfterDays.
    """
    kept = [days_kept(rule.get("Lifecycle")) for rule in view.all_of("backup.plan_rules", plan)]
    if None in kept:
        return passed("A rule keeps its backups for ever.", DeleteAfterDays=None)
    longest = max((days for days in kept if days is not None), default=0)
    return verdict(
        longest >= RETENTION_DAYS,
        f"A rule keeps its backups for {longest} days.",
        f"No rule keeps backups for {RETENTION_DAYS} days; the longest keeps them for {longest}.",
        DeleteAfterDays=longest,
    )


def _is_kept(point: Resource) -> bool:
    return bool(point["Status"] != "DELETING")


@check("backup_recovery_point_encrypted", over="backup.recovery_points")
def is_point_encrypted(point: Resource, view: View) -> Verdict | None:
    """Fail if a recovery point is stored in plain text; one under deletion is not judged.

    Source: ListRecoveryPointsByBackupVault, IsEncrypted.
    """
    if not _is_kept(point):
        return None
    return verdict(
        point.get("IsEncrypted", False),
        "The recovery point is encrypted.",
        "The recovery point is not encrypted.",
        ResourceArn=point.get("ResourceArn"),
    )


@check("backup_recovery_point_min_retention", over="backup.recovery_points")
def is_point_kept(point: Resource, view: View) -> Verdict | None:
    """Fail if a recovery point is deleted before RETENTION_DAYS; one under deletion is not judged.

    Source: ListRecoveryPointsByBackupVault, Lifecycle.DeleteAfterDays.
    """
    if not _is_kept(point):
        return None
    days = days_kept(point.get("Lifecycle"))
    if days is None:
        return passed("The recovery point is kept for ever.", DeleteAfterDays=None)
    return verdict(
        days >= RETENTION_DAYS,
        f"The recovery point is kept for {days} days.",
        f"The recovery point is deleted after {days} days, not {RETENTION_DAYS} or more.",
        DeleteAfterDays=days,
    )


@check("backup_vault_denies_manual_deletion", over="backup.vaults", reads=("backup.vault_policies",))
def refuses_deletion(vault: Resource, view: View) -> Verdict:
    """Fail unless nobody can delete recovery points by hand: by the vault's policy, or by its lock in compliance mode.

    The policy must refuse DELETION_ACTIONS to everyone; a condition may except principals, and nothing else. A lock
    counts from the date on which it can no longer be removed.
    Source: GetBackupVaultAccessPolicy, Policy; ListBackupVaults, Locked, LockDate.
    """
    if vault.get("Locked") and _is_past(vault.get("LockDate"), view.now):
        return passed("The vault is locked for good.", LockDate=vault["LockDate"])
    policy = view.one_of("backup.vault_policies", vault)
    refusals = [one for one in statements_of(policy["Policy"] if policy else None) if _refuses_everyone(one)]
    allowed = [action for action in DELETION_ACTIONS if not any(one.covers_action(action) for one in refusals)]
    return verdict(
        not allowed,
        "The vault's policy refuses the deletion of recovery points.",
        f"The vault's policy does not refuse {', '.join(allowed)}.",
        HasPolicy=policy is not None,
    )


def _is_past(date: str | None, now: datetime) -> bool:
    return date is not None and datetime.fromisoformat(date) <= now


def _refuses_everyone(statement: Statement) -> bool:
    """Return whether the statement refuses something to all, but for principals that its conditions name."""
    excepting = all(line.operator in NEGATIVE and line.key in EXCEPTIONS for line in statement.conditions)
    return not statement.allow and statement.anyone and excepting


@check("backup_vault_encrypted", over="backup.vaults")
def is_vault_encrypted(vault: Resource, view: View) -> Verdict:
    """Fail if no key encrypts the vault. Source: ListBackupVaults, EncryptionKeyArn, EncryptionKeyType.

    A logically air-gapped vault may be encrypted with a key that AWS owns, which has no ARN to show.
    """
    owned = vault.get("EncryptionKeyType") == "AWS_OWNED_KMS_KEY"
    return verdict(
        owned or bool(vault.get("EncryptionKeyArn")),
        "The vault is encrypted.",
        "The vault has no encryption key.",
        EncryptionKeyArn=vault.get("EncryptionKeyArn"),
    )
