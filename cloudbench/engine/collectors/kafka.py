"""MSK: clusters, provisioned and serverless, and connectors; the listings tell all that is asked."""

from cloudbench.engine.registry import listing

listing(
    "kafka.clusters",
    "kafka.list_clusters_v2",
    items="""ClusterInfoList[].{
        ClusterArn: ClusterArn, ClusterName: ClusterName, ClusterType: ClusterType,
        EncryptionInTransit: Provisioned.EncryptionInfo.EncryptionInTransit,
        EnhancedMonitoring: Provisioned.EnhancedMonitoring, ClientAuthentication: Provisioned.ClientAuthentication,
        PublicAccess: Provisioned.BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type
    }""",
    arn="{ClusterArn}",
    label="ClusterName",
)

listing(
    "kafkaconnect.connectors",
    "kafkaconnect.list_connectors",
    items="connectors",
    arn="{connectorArn}",
    label="connectorName",
    keep=("connectorName", "kafkaClusterEncryptionInTransit", "logDelivery"),
)
