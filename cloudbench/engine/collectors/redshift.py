"""Provisioned Redshift clusters, where they log to, and what their parameter groups demand."""

from cloudbench.engine.registry import detail, listing

listing(
    "redshift.clusters",
    "redshift.describe_clusters",
    items="Clusters",
    arn="arn:{partition}:redshift:{region}:{account}:cluster:{ClusterIdentifier}",
    label="ClusterIdentifier",
    keep=(
        "ClusterIdentifier", "ClusterStatus", "NodeType", "MasterUsername", "DBName", "Endpoint", "VpcId",
        "VpcSecurityGroups", "ClusterParameterGroups", "AutomatedSnapshotRetentionPeriod", "AllowVersionUpgrade",
        "PubliclyAccessible", "Encrypted", "KmsKeyId", "EnhancedVpcRouting", "MultiAZ",
    ),
)  # fmt: skip
detail(
    "redshift.cluster_logging",
    "redshift.describe_logging_status",
    of="redshift.clusters",
    ask=lambda cluster: {"ClusterIdentifier": cluster["ClusterIdentifier"]},
    keep=("LoggingEnabled", "LogDestinationType", "BucketName", "LogExports", "LastFailureMessage"),
)
detail(
    "redshift.tls_parameters",
    "redshift.describe_cluster_parameters",
    of="redshift.clusters",
    ask=lambda cluster: {"ParameterGroupName": cluster["ClusterParameterGroups"][0]["ParameterGroupName"]},
    items="Parameters[?ParameterName == 'require_ssl']",
    keep=("ParameterName", "ParameterValue", "Source"),
    when=lambda cluster: bool(cluster.get("ClusterParameterGroups")),
)
