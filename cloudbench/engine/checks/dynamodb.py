"""What must hold of DynamoDB tables."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

CAPACITIES = {"dynamodb:table:ReadCapacityUnits": "read", "dynamodb:table:WriteCapacityUnits": "write"}
"""The dimensions that must be scaled. Source: Security Hub DynamoDB.1, which looks at tables and not at indexes."""
ENCRYPTED = frozenset(["ENABLED", "ENABLING", "UPDATING"])
"""Source: AWS Config dynamodb-table-encryption-enabled; a key is being changed while UPDATING."""


@check("dynamodb_table_capacity_autoscaled", over="dynamodb.tables", reads=("dynamodb.scalable_targets",))
def capacity_follows_demand(table: Resource, view: View) -> Verdict:
    """Fail for a table of provisioned capacity of which reading or writing is not scaled.

    Source: DescribeTable, BillingModeSummary (missing for provisioned); DescribeScalableTargets, ScalableDimension.
    """
    mode = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    scaled = {
        target["ScalableDimension"]
        for target in view.in_region("dynamodb.scalable_targets", table.region)
        if target["ResourceId"] == f"table/{table['TableName']}"
    }
    fixed = [kind for dimension, kind in CAPACITIES.items() if dimension not in scaled]
    return verdict(
        mode == "PAY_PER_REQUEST" or not fixed,
        "Capacity is on demand." if mode == "PAY_PER_REQUEST" else "Read and write capacity are scaled.",
        f"Its {' and '.join(fixed)} capacity stays fixed, whatever the demand.",
        BillingMode=mode,
    )


@check("dynamodb_table_deletion_protection", over="dynamodb.tables")
def table_is_protected(table: Resource, view: View) -> Verdict:
    """Fail without deletion protection. Source: DescribeTable, DeletionProtectionEnabled."""
    enabled = table.get("DeletionProtectionEnabled", False)
    return verdict(
        enabled,
        "It cannot be deleted while protection is on.",
        "One call deletes it: deletion protection is off.",
        DeletionProtectionEnabled=enabled,
    )


@check("dynamodb_table_encrypted", over="dynamodb.tables")
def table_is_encrypted(table: Resource, view: View) -> Verdict:
    """Fail unless server-side encryption with a key of the account is on; with AWS's own key DynamoDB tells nothing.

    Source: DescribeTable, SSEDescription.Status.
    """
    status = (table.get("SSEDescription") or {}).get("Status", "not told")
    return verdict(
        status in ENCRYPTED,
        "Encryption with a key of this account is on.",
        "Only the key that AWS owns protects it: no encryption of its own is set.",
        Status=status,
    )


@check("dynamodb_table_kms_encrypted", over="dynamodb.tables")
def table_uses_kms(table: Resource, view: View) -> Verdict:
    """Fail unless a KMS key, of AWS or of the customer, encrypts it. Source: DescribeTable, SSEType."""
    encryption = table.get("SSEDescription") or {}
    kind, status = encryption.get("SSEType", "none"), encryption.get("Status")
    return verdict(
        kind == "KMS" and status in ENCRYPTED,
        "It is encrypted with a KMS key.",
        "It is not encrypted with a KMS key of this account.",
        SSEType=kind,
    )


@check("dynamodb_table_in_backup_plan", over="dynamodb.tables", reads=("backup.protected_resources",))
def table_is_backed_up(table: Resource, view: View) -> Verdict | None:
    """Fail for an active table that AWS Backup has never backed up. Source: AWS Backup ListProtectedResources."""
    if table.get("TableStatus") != "ACTIVE":
        return None
    protected = {row.arn for row in view.in_region("backup.protected_resources", table.region)}
    return verdict(
        table.arn in protected, "AWS Backup has recovery points of it.", "AWS Backup has no recovery point of it."
    )


@check("dynamodb_table_pitr", over="dynamodb.continuous_backups")
def table_can_be_wound_back(backups: Resource, view: View) -> Verdict:
    """Fail unless point-in-time recovery is on. Source: DescribeContinuousBackups, PointInTimeRecoveryStatus."""
    status = (backups.get("PointInTimeRecoveryDescription") or {}).get("PointInTimeRecoveryStatus", "DISABLED")
    return verdict(
        status == "ENABLED",
        "Point-in-time recovery is enabled.",
        f"Point-in-time recovery is {status.lower()}.",
        PointInTimeRecoveryStatus=status,
    )
