"""What must hold of MSK's clusters and connectors. All of it is in ListClustersV2 and ListConnectors."""

from typing import Any

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

ENHANCED_LEVELS = frozenset({"PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"})
"""Levels of monitoring that tell topics apart: Security Hub, MSK.2."""


def _is_serverless(cluster: Resource) -> bool:
    """Return whether the cluster is serverless: always TLS, IAM authentication and no public access."""
    return bool(cluster["ClusterType"] == "SERVERLESS")


@check("msk_broker_tls", over="kafka.clusters")
def speaks_tls(cluster: Resource, view: View) -> Verdict:
    """Fail if brokers accept plain text from clients or from each other. Source: EncryptionInTransit.

    Without the fields the API's defaults hold: clients may choose plain text, brokers may not.
    """
    if _is_serverless(cluster):
        return passed("Serverless clusters speak TLS only.", ClusterType="SERVERLESS")
    settings = cluster["EncryptionInTransit"] or {}
    clients, brokers = settings.get("ClientBroker", "TLS_PLAINTEXT"), settings.get("InCluster", True)
    return verdict(
        clients == "TLS" and brokers,
        "Brokers speak TLS only, with clients and with each other.",
        f"Plain text is accepted {'from clients' if brokers else 'between brokers'}.",
        ClientBroker=clients,
        InCluster=brokers,
    )


@check("msk_enhanced_monitoring", over="kafka.clusters")
def tells_topics_apart(cluster: Resource, view: View) -> Verdict | None:
    """Fail unless metrics are kept for each topic. Source: EnhancedMonitoring, one of ENHANCED_LEVELS.

    Serverless clusters, where there is nothing to choose, are not judged.
    """
    if _is_serverless(cluster):
        return None
    level = cluster["EnhancedMonitoring"] or "DEFAULT"
    return verdict(
        level in ENHANCED_LEVELS,
        f"The level of monitoring is {level}.",
        f"The level of monitoring is only {level}.",
        EnhancedMonitoring=level,
    )


@check("msk_no_unauthenticated_access", over="kafka.clusters")
def authenticates_clients(cluster: Resource, view: View) -> Verdict:
    """Fail if clients need not say who they are: unauthenticated access is on, or no way to authenticate is.

    Source: ClientAuthentication, Unauthenticated, Sasl.Iam, Sasl.Scram and Tls.
    """
    if _is_serverless(cluster):
        return passed("Clients of serverless clusters authenticate with IAM.", ClusterType="SERVERLESS")
    settings = cluster["ClientAuthentication"] or {}
    if _is_on(settings.get("Unauthenticated")):
        return failed("Clients may connect without authentication.", Unauthenticated=True)
    sasl = settings.get("Sasl") or {}
    ways = {"IAM": sasl.get("Iam"), "SASL/SCRAM": sasl.get("Scram"), "TLS": settings.get("Tls")}
    used = [name for name, way in ways.items() if _is_on(way)]
    return verdict(
        bool(used),
        f"Clients authenticate with {', '.join(used)}.",
        "No way for clients to authenticate is set up.",
        ClientAuthentication=used,
    )


def _is_on(setting: dict[str, Any] | None) -> bool:
    return bool((setting or {}).get("Enabled", False))


@check("msk_not_public", over="kafka.clusters")
def is_private(cluster: Resource, view: View) -> Verdict:
    """Fail if brokers have public addresses. Source: BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type."""
    if _is_serverless(cluster):
        return passed("Serverless clusters are reached from VPCs only.", ClusterType="SERVERLESS")
    access = cluster["PublicAccess"] or "DISABLED"
    return verdict(
        access == "DISABLED",
        "Brokers are reached from the VPC only.",
        "Brokers are reached from the internet.",
        PublicAccess=access,
    )


@check("msk_connect_tls", over="kafkaconnect.connectors")
def connects_with_tls(connector: Resource, view: View) -> Verdict:
    """Fail unless the connector speaks TLS with its cluster. Source: kafkaClusterEncryptionInTransit."""
    kind = (connector.get("kafkaClusterEncryptionInTransit") or {}).get("encryptionType", "PLAINTEXT")
    return verdict(
        kind == "TLS",
        "The connector speaks TLS with its cluster.",
        "The connector speaks plain text with its cluster.",
        encryptionType=kind,
    )


@check("msk_connect_logging", over="kafkaconnect.connectors")
def logs_workers(connector: Resource, view: View) -> Verdict:
    """Fail unless the workers' logs go somewhere. Source: logDelivery.workerLogDelivery: log group, Firehose or S3."""
    places = (connector.get("logDelivery") or {}).get("workerLogDelivery") or {}
    used = sorted(name for name, place in places.items() if (place or {}).get("enabled", False))
    return verdict(
        bool(used),
        f"Workers log to {', '.join(used)}.",
        "The workers' logs are kept nowhere.",
        workerLogDelivery=used,
    )
