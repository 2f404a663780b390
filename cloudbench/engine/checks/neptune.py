"""What must hold of Neptune clusters and their snapshots."""

from cloudbench.engine.checks.rds import (
    encryption_at_rest,
    exported_logs,
    exports_logs,
    is_on,
    kept_backups,
    shared_snapshot,
)
from cloudbench.engine.findings import Verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

AUDIT = frozenset(["audit"])


@check("neptune_cluster_audit_logs", over="neptune.clusters")
def audit_log_is_exported(cluster: Resource, view: View) -> Verdict:
    """Fail unless the audit log goes to CloudWatch Logs. Source: DescribeDBClusters, EnabledCloudwatchLogsExports."""
    return exports_logs(AUDIT, exported_logs(cluster))


@check("neptune_cluster_backup_retention", over="neptune.clusters")
def backups_are_kept(cluster: Resource, view: View) -> Verdict:
    """Fail unless backups are kept for 7 days. Source: DescribeDBClusters, BackupRetentionPeriod."""
    return kept_backups(cluster)


@check("neptune_cluster_encrypted", over="neptune.clusters")
def cluster_is_encrypted(cluster: Resource, view: View) -> Verdict:
    """Fail for a cluster whose storage is not encrypted. Source: DescribeDBClusters, StorageEncrypted."""
    return encryption_at_rest(cluster, "StorageEncrypted")


is_on(
    "neptune_cluster_copy_tags", "neptune.clusters", "CopyTagsToSnapshot",
    "Its snapshots take over its tags.", "Its snapshots do not take over its tags.",
)  # fmt: skip
is_on(
    "neptune_cluster_deletion_protection", "neptune.clusters", "DeletionProtection",
    "It cannot be deleted while protection is on.", "One call deletes it: deletion protection is off.",
)  # fmt: skip
is_on(
    "neptune_cluster_iam_auth", "neptune.clusters", "IAMDatabaseAuthenticationEnabled",
    "Requests must be signed with IAM credentials.", "Whoever reaches it over the network may query it, unsigned.",
)  # fmt: skip
is_on(
    "neptune_cluster_multi_az", "neptune.clusters", "MultiAZ",
    "Its instances run in several Availability Zones.", "All its instances run in one Availability Zone.",
)  # fmt: skip


@check("neptune_snapshot_encrypted", over="neptune.cluster_snapshots")
def snapshot_is_encrypted(snapshot: Resource, view: View) -> Verdict:
    """Fail for a snapshot that is not encrypted. Source: DescribeDBClusterSnapshots, StorageEncrypted."""
    return encryption_at_rest(snapshot, "StorageEncrypted")


@check("neptune_snapshot_not_public", over="neptune.cluster_snapshots", reads=("neptune.cluster_snapshot_attributes",))
def snapshot_is_not_public(snapshot: Resource, view: View) -> Verdict | None:
    """Fail for a manual snapshot that everybody may restore. Source: DescribeDBClusterSnapshotAttributes, restore."""
    return shared_snapshot(snapshot, view, "StorageEncrypted", "neptune.cluster_snapshot_attributes")
