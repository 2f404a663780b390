"""Secrets, as the listing tells them: how they are encrypted, rotated and used. Never what they hold."""

from cloudbench.engine.registry import listing

listing(
    "secretsmanager.secrets",
    "secretsmanager.list_secrets",
    params={"MaxResults": 100},
    items="SecretList",
    arn="{ARN}",
    label="Name",
    keep=(
        "Name",
        "KmsKeyId",
        "OwningService",
        "CreatedDate",
        "LastAccessedDate",
        "LastChangedDate",
        "LastRotatedDate",
        "RotationEnabled",
        "RotationRules",
    ),
)
