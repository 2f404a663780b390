"""DynamoDB Accelerator."""

from cloudbench.engine.registry import listing

listing(
    "dax.clusters",
    "dax.describe_clusters",
    items="Clusters",
    arn="{ClusterArn}",
    label="ClusterName",
    keep=("ClusterName", "Status", "NodeType", "SSEDescription", "ClusterEndpointEncryptionType"),
)
