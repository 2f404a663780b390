import json
from datetime import UTC, datetime
from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

HERE = f"{REGION}:{ACCOUNT}"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/backup-admin"
ACTIONS = ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle", "backup:PutBackupVaultAccessPolicy"]


@on_moto(keep_defaults=True)
def plans_of_long_and_short_retention(aws: Aws) -> Verdicts:
    backup = aws("backup")
    backup.create_backup_vault(BackupVaultName="vault")

    def plan(name: str, *lifecycles: dict[str, int] | None) -> None:
        rules = [
            {"RuleName": f"rule-{number}", "TargetBackupVaultName": "vault"}
            | ({"Lifecycle": lifecycle} if lifecycle else {})
            for number, lifecycle in enumerate(lifecycles)
        ]
        backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": rules})

    plan("exactly", {"DeleteAfterDays": 35})
    plan("short", {"DeleteAfterDays": 34}, {"DeleteAfterDays": 7})
    plan("hourly-and-daily", {"DeleteAfterDays": 2}, {"DeleteAfterDays": 90})
    plan("for-ever", None)
    return {
        "backup_plan_exists": Expected(good=[f"arn:aws:iam::{ACCOUNT}:root"]),
        "backup_plan_min_retention": Expected(good=["exactly", "hourly-and-daily", "for-ever"], bad=["short"]),
    }


@on_moto(keep_defaults=True)
def no_plan_at_all(aws: Aws) -> Verdicts:
    return {"backup_plan_exists": Expected(bad=[f"arn:aws:iam::{ACCOUNT}:root"])}


def vault(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "BackupVaultName": name,
        "BackupVaultArn": f"arn:aws:backup:{HERE}:backup-vault:{name}",
        "VaultType": "BACKUP_VAULT",
        "NumberOfRecoveryPoints": 1,
        "Locked": False,
        **settings,
    }


def refusal(**settings: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": ACTIONS, "Resource": "*", **settings}


POLICIES: dict[str, list[dict[str, Any]]] = {
    "refusing": [refusal()],
    "excepting-admin": [refusal(Condition={"ArnNotLike": {"aws:PrincipalArn": ADMIN}})],
    "in-two-parts": [
        refusal(Action="backup:Delete*"),
        refusal(NotAction=["backup:StartBackupJob"]) | {"Action": []},
    ],
    "one-action-left": [refusal(Action=ACTIONS[:2])],
    "only-for-one": [refusal(Principal={"AWS": ADMIN})],
    "only-without-tls": [refusal(Condition={"Bool": {"aws:SecureTransport": "false"}})],
    "allowing": [refusal(Effect="Allow")],
}


def vault_policy(params: dict[str, Any]) -> Any:
    name = params["BackupVaultName"]
    if name not in POLICIES:
        return CallFailed("ResourceNotFoundException", "Backup Vault policy is not found", 400)
    statements = [{key: value for key, value in one.items() if value != []} for one in POLICIES[name]]
    return {"BackupVaultName": name, "Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}


@on_answers
def vaults_that_refuse_deletion_and_not() -> Answers:
    key = f"arn:aws:kms:{HERE}:key/1"
    return Answers(
        at=datetime(2026, 1, 1, tzinfo=UTC),
        says={
            "backup.list_backup_vaults": {
                "BackupVaultList": [
                    *(vault(name, EncryptionKeyArn=key) for name in POLICIES),
                    vault("bare"),
                    vault("locked", Locked=True, LockDate=datetime(2025, 12, 1, tzinfo=UTC), EncryptionKeyArn=key),
                    vault(
                        "lock-in-grace", Locked=True, LockDate=datetime(2026, 1, 3, tzinfo=UTC), EncryptionKeyArn=key
                    ),
                    vault("lock-to-govern", Locked=True, EncryptionKeyType="AWS_OWNED_KMS_KEY"),
                ]
            },
            "backup.get_backup_vault_access_policy": vault_policy,
        },
        verdicts={
            "backup_vault_denies_manual_deletion": Expected(
                good=["refusing", "excepting-admin", "in-two-parts", "locked"],
                bad=[
                    "one-action-left",
                    "only-for-one",
                    "only-without-tls",
                    "allowing",
                    "bare",
                    "lock-in-grace",
                    "lock-to-govern",
                ],
            ),
            "backup_vault_encrypted": Expected(
                good=[*POLICIES, "locked", "lock-in-grace", "lock-to-govern"], bad=["bare"]
            ),
        },
    )


def point(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "RecoveryPointArn": f"arn:aws:backup:{HERE}:recovery-point:{name}",
        "ResourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-1",
        "ResourceType": "EBS",
        "Status": "COMPLETED",
        "IsEncrypted": True,
        **settings,
    }


@on_answers
def recovery_points_encrypted_kept_and_not() -> Answers:
    return Answers(
        says={
            "backup.list_backup_vaults": {"BackupVaultList": [vault("vault")]},
            "backup.list_recovery_points_by_backup_vault": {
                "RecoveryPoints": [
                    point("long", Lifecycle={"DeleteAfterDays": 35}),
                    point("short", Lifecycle={"DeleteAfterDays": 34}, Status="EXPIRED"),
                    point("for-ever"),
                    point("never-deleted", Lifecycle={"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": -1}),
                    point("plain", IsEncrypted=False),
                    point("going", IsEncrypted=False, Status="DELETING", Lifecycle={"DeleteAfterDays": 1}),
                ]
            },
        },
        verdicts={
            "backup_recovery_point_encrypted": Expected(
                good=["long", "short", "for-ever", "never-deleted"], bad=["plain"]
            ),
            "backup_recovery_point_min_retention": Expected(
                good=["long", "for-ever", "never-deleted", "plain"], bad=["short"]
            ),
        },
    )
