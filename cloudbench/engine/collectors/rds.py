"""Databases of RDS. Neptune and DocumentDB answer at the same endpoint: one listing tells the clusters of all three."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

OF_RDS = "Engine != 'neptune' && Engine != 'docdb'"
"""JMESPath: what is of RDS or Aurora, and not of the services that share its API."""


def clusters(name: str, where: str) -> None:
    """Register the clusters for which the JMESPath condition ``where`` holds; all share one call."""
    listing(
        name,
        "rds.describe_db_clusters",
        items=f"DBClusters[?{where}]",
        arn="{DBClusterArn}",
        label="DBClusterIdentifier",
        keep=(
            "DBClusterIdentifier", "Engine", "EngineVersion", "EngineMode", "Status", "MasterUsername", "Port",
            "MultiAZ", "StorageEncrypted", "StorageEncryptionType", "KmsKeyId", "BackupRetentionPeriod",
            "DeletionProtection", "CopyTagsToSnapshot", "IAMDatabaseAuthenticationEnabled", "BacktrackWindow",
            "EnabledCloudwatchLogsExports", "AutoMinorVersionUpgrade", "DBClusterParameterGroup", "DBClusterMembers",
            "DBSubnetGroup", "VpcSecurityGroups",
        ),
    )  # fmt: skip


def instances(name: str, where: str) -> None:
    """Register the instances for which the JMESPath condition ``where`` holds; all share one call."""
    listing(
        name,
        "rds.describe_db_instances",
        items=f"DBInstances[?{where}]",
        arn="{DBInstanceArn}",
        label="DBInstanceIdentifier",
        keep=(
            "DBInstanceIdentifier", "Engine", "EngineVersion", "DBInstanceStatus", "DBClusterIdentifier",
            "MasterUsername", "Endpoint", "PubliclyAccessible", "DBSubnetGroup", "VpcSecurityGroups", "MultiAZ",
            "StorageEncrypted", "StorageEncryptionType", "KmsKeyId", "AutoMinorVersionUpgrade", "BackupRetentionPeriod",
            "ReadReplicaSourceDBInstanceIdentifier", "ReadReplicaSourceDBClusterIdentifier", "CopyTagsToSnapshot",
            "DeletionProtection", "MonitoringInterval", "IAMDatabaseAuthenticationEnabled",
            "EnabledCloudwatchLogsExports", "DBParameterGroups",
        ),
    )  # fmt: skip


def cluster_snapshots(name: str, where: str) -> None:
    """Register the cluster snapshots for which ``where`` holds and, as NAME_attributes, with whom they are shared.

    Only manual snapshots without a KMS key can be shared with everybody, so that only those are asked for.
    """
    listing(
        name,
        "rds.describe_db_cluster_snapshots",
        items=f"DBClusterSnapshots[?{where}]",
        arn="{DBClusterSnapshotArn}",
        label="DBClusterSnapshotIdentifier",
        keep=(
            "DBClusterSnapshotIdentifier", "DBClusterIdentifier", "Engine", "SnapshotType", "Status",
            "SnapshotCreateTime", "StorageEncrypted", "StorageEncryptionType", "KmsKeyId",
        ),
    )  # fmt: skip
    detail(
        f"{name.removesuffix('s')}_attributes",
        "rds.describe_db_cluster_snapshot_attributes",
        of=name,
        ask=lambda snapshot: {"DBClusterSnapshotIdentifier": snapshot["DBClusterSnapshotIdentifier"]},
        items="DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes[?AttributeName == 'restore']",
        keep=("AttributeName", "AttributeValues"),
        when=lambda snapshot: may_be_public(snapshot, "StorageEncrypted"),
        absent=("DBClusterSnapshotNotFoundFault",),
    )


def may_be_public(snapshot: Resource, encrypted: str) -> bool:
    """Return whether AWS would let ``snapshot`` be shared with everybody; ``encrypted`` names its field for KMS."""
    return snapshot.get("SnapshotType") == "manual" and not snapshot.get(encrypted, False)


clusters("rds.clusters", OF_RDS)
cluster_snapshots("rds.cluster_snapshots", OF_RDS)
instances("rds.instances", OF_RDS)
listing(
    "rds.snapshots",
    "rds.describe_db_snapshots",
    items="DBSnapshots",
    arn="{DBSnapshotArn}",
    label="DBSnapshotIdentifier",
    keep=(
        "DBSnapshotIdentifier", "DBInstanceIdentifier", "Engine", "SnapshotType", "Status", "SnapshotCreateTime",
        "Encrypted", "StorageEncryptionType", "KmsKeyId",
    ),
)  # fmt: skip
detail(
    "rds.snapshot_attributes",
    "rds.describe_db_snapshot_attributes",
    of="rds.snapshots",
    ask=lambda snapshot: {"DBSnapshotIdentifier": snapshot["DBSnapshotIdentifier"]},
    items="DBSnapshotAttributesResult.DBSnapshotAttributes[?AttributeName == 'restore']",
    keep=("AttributeName", "AttributeValues"),
    when=lambda snapshot: may_be_public(snapshot, "Encrypted"),
    absent=("DBSnapshotNotFound",),
)
listing(
    "rds.event_subscriptions",
    "rds.describe_event_subscriptions",
    items="EventSubscriptionsList",
    arn="{EventSubscriptionArn}",
    label="CustSubscriptionId",
    keep=(
        "CustSubscriptionId", "SourceType", "SourceIdsList", "EventCategoriesList", "Enabled", "Status", "SnsTopicArn",
    ),
)  # fmt: skip
listing(
    "rds.proxies",
    "rds.describe_db_proxies",
    items="DBProxies",
    arn="{DBProxyArn}",
    label="DBProxyName",
    keep=("DBProxyName", "EngineFamily", "Status", "RequireTLS", "VpcId"),
)

# --- Parameter groups: equal calls are made once, however many databases share a group --------------------------------

TLS_PARAMETERS = {
    "postgres": "rds.force_ssl",
    "mysql": "require_secure_transport",
    "mariadb": "require_secure_transport",
    "sqlserver-ee": "rds.force_ssl",
    "sqlserver-se": "rds.force_ssl",
    "sqlserver-ex": "rds.force_ssl",
    "sqlserver-web": "rds.force_ssl",
}
"""The parameter that makes an engine refuse connections without TLS."""
AUDIT_PARAMETERS = ("server_audit_logging", "server_audit_events")
AURORA_MYSQL = ("aurora-mysql", "aurora")


def stands_alone(instance: Resource) -> bool:
    """Return whether ``instance`` is no member of a cluster, which would decide for it."""
    return not instance.get("DBClusterIdentifier")


def _only(*names: str) -> list[Data]:
    return [{"Name": "parameter-name", "Values": list(names)}]


def _of_group(instance: Resource) -> Data:
    return {
        "DBParameterGroupName": instance["DBParameterGroups"][0]["DBParameterGroupName"],
        "Filters": _only(TLS_PARAMETERS[instance["Engine"]]),
    }


detail(
    "rds.tls_parameters",
    "rds.describe_db_parameters",
    of="rds.instances",
    ask=_of_group,
    items="Parameters[?ParameterName == 'rds.force_ssl' || ParameterName == 'require_secure_transport']",
    keep=("ParameterName", "ParameterValue", "ApplyType", "Source"),
    when=lambda instance: (
        instance["Engine"] in TLS_PARAMETERS and stands_alone(instance) and bool(instance.get("DBParameterGroups"))
    ),
)
detail(
    "rds.audit_parameters",
    "rds.describe_db_cluster_parameters",
    of="rds.clusters",
    ask=lambda cluster: {
        "DBClusterParameterGroupName": cluster["DBClusterParameterGroup"],
        "Filters": _only(*AUDIT_PARAMETERS),
    },
    items="Parameters[?ParameterName == 'server_audit_logging' || ParameterName == 'server_audit_events']",
    keep=("ParameterName", "ParameterValue", "ApplyType", "Source"),
    when=lambda cluster: cluster["Engine"] in AURORA_MYSQL,
)
