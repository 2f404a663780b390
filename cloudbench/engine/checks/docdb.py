"""What must hold of DocumentDB clusters and their snapshots."""

from cloudbench.engine.checks.rds import (
    encryption_at_rest,
    exported_logs,
    exports_logs,
    is_on,
    kept_backups,
    members_in_sync,
    shared_snapshot,
)
from cloudbench.engine.findings import Verdict, failed, passed
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

AUDIT = frozenset(["audit"])
TLS_FAULTS = {
    "disabled": "Connections without TLS are accepted.",
    "enabled": "TLS is demanded, but its broken versions 1.0 and 1.1 are accepted.",
}
"""Values of the parameter tls that Security Hub DocumentDB.6 does not accept. The others are tls1.2+ and better."""


@check("docdb_cluster_audit_log_export", over="docdb.clusters")
def audit_log_is_exported(cluster: Resource, view: View) -> Verdict:
    """Fail unless the audit log goes to CloudWatch Logs. Source: DescribeDBClusters, EnabledCloudwatchLogsExports."""
    return exports_logs(AUDIT, exported_logs(cluster))


@check("docdb_cluster_backup_retention", over="docdb.clusters")
def backups_are_kept(cluster: Resource, view: View) -> Verdict:
    """Fail unless backups are kept for 7 days. Source: DescribeDBClusters, BackupRetentionPeriod."""
    return kept_backups(cluster)


@check("docdb_cluster_encrypted", over="docdb.clusters")
def cluster_is_encrypted(cluster: Resource, view: View) -> Verdict:
    """Fail for a cluster whose storage is not encrypted. Source: DescribeDBClusters, StorageEncrypted."""
    return encryption_at_rest(cluster, "StorageEncrypted")


is_on(
    "docdb_cluster_deletion_protection", "docdb.clusters", "DeletionProtection",
    "It cannot be deleted while protection is on.", "One call deletes it: deletion protection is off.",
)  # fmt: skip


@check("docdb_cluster_tls_enforced", over="docdb.clusters", reads=("docdb.tls_parameters",))
def cluster_demands_tls(cluster: Resource, view: View) -> Verdict:
    """Fail unless the parameter group demands TLS 1.2 or better, and is in force at all members.

    Source: DescribeDBClusterParameters, tls; DescribeDBClusters, DBClusterMembers.DBClusterParameterGroupStatus.
    """
    parameter = view.one_of("docdb.tls_parameters", cluster)
    value = (parameter.get("ParameterValue") if parameter else None) or "disabled"
    shown = {"DBClusterParameterGroup": cluster["DBClusterParameterGroup"], "tls": value}
    if value in TLS_FAULTS:
        return failed(TLS_FAULTS[value], **shown)
    if not members_in_sync(cluster):
        return failed(f"The parameter tls is {value}, but waits for a restart to come into force.", **shown)
    return passed(f"Clients must use TLS: the parameter tls is {value}.", **shown)


@check("docdb_snapshot_not_public", over="docdb.cluster_snapshots", reads=("docdb.cluster_snapshot_attributes",))
def snapshot_is_not_public(snapshot: Resource, view: View) -> Verdict | None:
    """Fail for a manual snapshot that everybody may restore. Source: DescribeDBClusterSnapshotAttributes, restore."""
    return shared_snapshot(snapshot, view, "StorageEncrypted", "docdb.cluster_snapshot_attributes")
