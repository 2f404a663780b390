"""What must hold of DynamoDB Accelerator clusters."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check("dax_cluster_encrypted", over="dax.clusters")
def cluster_is_encrypted(cluster: Resource, view: View) -> Verdict:
    """Fail unless encryption at rest is enabled. Source: DescribeClusters, SSEDescription.Status."""
    status = (cluster.get("SSEDescription") or {}).get("Status", "DISABLED")
    return verdict(
        status == "ENABLED", "Encryption at rest is enabled.", f"Encryption at rest is {status.lower()}.", Status=status
    )


@check("dax_cluster_tls", over="dax.clusters")
def endpoint_uses_tls(cluster: Resource, view: View) -> Verdict:
    """Fail unless the endpoint speaks TLS. Source: DescribeClusters, ClusterEndpointEncryptionType."""
    kind = cluster.get("ClusterEndpointEncryptionType", "NONE")
    return verdict(
        kind == "TLS",
        "Its endpoint speaks TLS.",
        "Its endpoint talks to clients in the clear.",
        ClusterEndpointEncryptionType=kind,
    )
