from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers


def cluster(name: str, **provisioned: Any) -> dict[str, Any]:
    nodes = {"ClientSubnets": ["subnet-1"], "InstanceType": "kafka.m5.large"}
    access = provisioned.pop("PublicAccess", None)
    if access:
        nodes["ConnectivityInfo"] = {"PublicAccess": {"Type": access}}
    return {
        "ClusterArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/{name}",
        "ClusterName": name,
        "ClusterType": "PROVISIONED",
        "State": "ACTIVE",
        "Provisioned": {"BrokerNodeGroupInfo": nodes, "NumberOfBrokerNodes": 3, **provisioned},
    }


def in_transit(clients: str, brokers: bool) -> dict[str, Any]:
    return {"EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": clients, "InCluster": brokers}}}


def signing_in(*, unauthenticated: bool = False, iam: bool = False, tls: bool = False) -> dict[str, Any]:
    return {
        "ClientAuthentication": {
            "Sasl": {"Iam": {"Enabled": iam}, "Scram": {"Enabled": False}},
            "Tls": {"Enabled": tls},
            "Unauthenticated": {"Enabled": unauthenticated},
        }
    }


@on_answers
def clusters_safe_and_not() -> Answers:
    serverless = {
        "ClusterArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/serverless",
        "ClusterName": "serverless",
        "ClusterType": "SERVERLESS",
        "Serverless": {"VpcConfigs": [{"SubnetIds": ["subnet-1"]}]},
    }
    safe = {
        **in_transit("TLS", brokers=True),
        **signing_in(iam=True),
        "EnhancedMonitoring": "PER_TOPIC_PER_BROKER",
        "PublicAccess": "DISABLED",
    }
    loose = {
        **in_transit("TLS_PLAINTEXT", brokers=True),
        **signing_in(iam=True, unauthenticated=True),
        "EnhancedMonitoring": "PER_BROKER",
        "PublicAccess": "SERVICE_PROVIDED_EIPS",
    }
    inside = {
        **in_transit("TLS", brokers=False),
        **signing_in(tls=True),
        "EnhancedMonitoring": "PER_TOPIC_PER_PARTITION",
    }
    return Answers(
        says={
            "kafka.list_clusters_v2": {
                "ClusterInfoList": [
                    cluster("safe", **safe),
                    cluster("loose", **loose),
                    cluster("inside", **inside),
                    cluster("no-way", **signing_in()),
                    cluster("bare"),
                    serverless,
                ]
            }
        },
        verdicts={
            "msk_broker_tls": Expected(good=["safe", "serverless"], bad=["loose", "inside", "no-way", "bare"]),
            "msk_enhanced_monitoring": Expected(good=["safe", "inside"], bad=["loose", "no-way", "bare"]),
            "msk_no_unauthenticated_access": Expected(
                good=["safe", "inside", "serverless"], bad=["loose", "no-way", "bare"]
            ),
            "msk_not_public": Expected(good=["safe", "inside", "no-way", "bare", "serverless"], bad=["loose"]),
        },
    )


@on_answers
def connectors_safe_and_not() -> Answers:
    def connector(name: str, encryption: str | None, **logs: Any) -> dict[str, Any]:
        return {
            "connectorArn": f"arn:aws:kafkaconnect:{REGION}:{ACCOUNT}:connector/{name}",
            "connectorName": name,
            "connectorState": "RUNNING",
            **({"kafkaClusterEncryptionInTransit": {"encryptionType": encryption}} if encryption else {}),
            **({"logDelivery": {"workerLogDelivery": logs}} if logs else {}),
        }

    return Answers(
        says={
            "kafkaconnect.list_connectors": {
                "connectors": [
                    connector("safe", "TLS", cloudWatchLogs={"enabled": True, "logGroup": "workers"}),
                    connector("plain", "PLAINTEXT", s3={"enabled": False}, firehose={"enabled": False}),
                    connector("bare", None),
                ]
            }
        },
        verdicts={
            "msk_connect_tls": Expected(good=["safe"], bad=["plain", "bare"]),
            "msk_connect_logging": Expected(good=["safe"], bad=["plain", "bare"]),
        },
    )
