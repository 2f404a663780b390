"""AWS Backup: plans, vaults, the recovery points in them, and which resources have been backed up."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

PAGE = {"MaxResults": 1000}

listing(
    "backup.plans",
    "backup.list_backup_plans",
    params=PAGE,
    items="BackupPlansList",
    arn="{BackupPlanArn}",
    label="BackupPlanName",
    keep=("BackupPlanId", "BackupPlanName", "LastExecutionDate"),
)


def _this_plan(plan: Resource) -> Data:
    return {"BackupPlanId": plan["BackupPlanId"]}


detail(
    "backup.plan_rules",
    "backup.get_backup_plan",
    of="backup.plans",
    ask=_this_plan,
    items="BackupPlan.Rules",
    keep=("RuleName", "TargetBackupVaultName", "ScheduleExpression", "Lifecycle"),
)

listing(
    "backup.vaults",
    "backup.list_backup_vaults",
    params=PAGE,
    items="BackupVaultList",
    arn="{BackupVaultArn}",
    label="BackupVaultName",
    keep=("BackupVaultName", "VaultType", "EncryptionKeyArn", "EncryptionKeyType", "Locked", "LockDate"),
)


def _this_vault(vault: Resource) -> Data:
    return {"BackupVaultName": vault["BackupVaultName"]}


detail(
    "backup.recovery_points",
    "backup.list_recovery_points_by_backup_vault",
    of="backup.vaults",
    ask=_this_vault,
    params=PAGE,
    items="RecoveryPoints",
    arn="{RecoveryPointArn}",
    keep=("ResourceArn", "Status", "IsEncrypted", "Lifecycle", "CreationDate"),
)
detail(
    "backup.vault_policies",
    "backup.get_backup_vault_access_policy",
    of="backup.vaults",
    ask=_this_vault,
    keep=("Policy",),
    absent=("ResourceNotFoundException",),
)

listing(
    "backup.protected_resources",
    "backup.list_protected_resources",
    params=PAGE,
    items="Results",
    arn="{ResourceArn}",
    keep=("ResourceArn", "ResourceType", "LastBackupTime"),
)
