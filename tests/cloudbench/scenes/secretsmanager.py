from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

NOON = datetime(2025, 6, 30, 12, 0, tzinfo=UTC)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@on_moto()
def keys_of_secrets(aws: Aws) -> Verdicts:
    secrets = aws("secretsmanager")
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.create_secret(Name="own-key", SecretString="x", KmsKeyId=key)
    secrets.create_secret(Name="default-key", SecretString="x")
    secrets.create_secret(Name="named-default-key", SecretString="x", KmsKeyId="alias/aws/secretsmanager")
    return {
        "secretsmanager_kms_cmk": Expected(good=["own-key"], bad=["default-key", "named-default-key"]),
        "secretsmanager_rotation_enabled": Expected(bad=["own-key", "default-key", "named-default-key"]),
        "secretsmanager_rotation_successful": Expected(),
    }


def secret(name: str, *, made: int, rotates: int | None = None, **days: int) -> dict[str, Any]:
    """Return what AWS lists of a secret: days since it was made, and since each of LastRotatedDate and others."""
    known = {"ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}", "Name": name}
    times = {field: NOON - timedelta(days=since) for field, since in days.items()}
    rotation = (
        {} if rotates is None else {"RotationEnabled": True, "RotationRules": {"AutomaticallyAfterDays": rotates}}
    )
    return known | {"CreatedDate": NOON - timedelta(days=made)} | times | rotation


@on_answers
def rotation_and_use() -> Answers:
    listed = [
        secret("on-time", made=400, rotates=30, LastRotatedDate=31, LastChangedDate=31, LastAccessedDate=1),
        secret("late", made=400, rotates=30, LastRotatedDate=32, LastChangedDate=32, LastAccessedDate=90),
        secret("never", made=400, rotates=30, LastChangedDate=100),
        secret("first-due", made=400, rotates=30, LastChangedDate=2, LastAccessedDate=91),
        secret("slow", made=400, rotates=365, LastRotatedDate=91, LastChangedDate=91, LastAccessedDate=5),
        secret("stopped", made=400, LastRotatedDate=90, LastAccessedDate=5) | {"RotationEnabled": False},
        secret("new", made=3),
        secret("paused", made=3) | {"RotationEnabled": True},
    ]
    verdicts = {
        "secretsmanager_rotation_enabled": Expected(
            good=["on-time", "late", "never", "first-due", "slow", "paused"], bad=["stopped", "new"]
        ),
        "secretsmanager_rotation_successful": Expected(good=["on-time", "first-due", "slow"], bad=["late", "never"]),
        "secretsmanager_rotated_within_period": Expected(
            good=["on-time", "late", "stopped", "new", "paused"], bad=["never", "first-due", "slow"]
        ),
        "secretsmanager_secret_used": Expected(
            good=["on-time", "late", "slow", "stopped", "new", "paused"], bad=["never", "first-due"]
        ),
    }
    return Answers({"secretsmanager.list_secrets": {"SecretList": listed}}, verdicts, at=NOON)
