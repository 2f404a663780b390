"""What must hold of EKS clusters."""

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Failure, FailureKind, Resource, Unread
from cloudbench.engine.registry import View, check

SUPPORTED = "STANDARD_SUPPORT"
"""Status of a version that gets all fixes without surcharge. Rule: Security Hub EKS.2, oldestVersionSupported."""


@check("eks_audit_logging", over="eks.clusters")
def logs_audit_events(cluster: Resource, view: View) -> Verdict:
    """Fail unless the control plane logs its audit events. Source: DescribeCluster, logging.clusterLogging."""
    groups = (cluster.get("logging") or {}).get("clusterLogging", ())
    kinds = sorted({kind for group in groups if group.get("enabled") for kind in group.get("types", ())})
    return verdict("audit" in kinds, "Audit events are logged.", "Audit events are not logged.", types=kinds)


@check("eks_endpoint_not_public", over="eks.clusters")
def endpoint_is_private(cluster: Resource, view: View) -> Verdict:
    """Fail if the API server has a public endpoint, whatever addresses may reach it.

    Source: DescribeCluster, resourcesVpcConfig.endpointPublicAccess (true unless told) and publicAccessCidrs.
    """
    config = cluster.get("resourcesVpcConfig") or {}
    cidrs = list(config.get("publicAccessCidrs") or ())
    if not config.get("endpointPublicAccess", True):
        return passed("The API server has no public endpoint.", endpointPublicAccess=False)
    whom = f"for {', '.join(cidrs[:5])}" if cidrs else "for every address"
    return failed(f"The API server has a public endpoint {whom}.", endpointPublicAccess=True, publicAccessCidrs=cidrs)


@check("eks_secrets_encrypted", over="eks.clusters")
def secrets_are_encrypted(cluster: Resource, view: View) -> Verdict:
    """Fail unless Kubernetes secrets are encrypted with a KMS key of the account's choice.

    Source: DescribeCluster, encryptionConfig[].resources and provider.keyArn.
    """
    configs = [one for one in cluster.get("encryptionConfig") or () if "secrets" in one.get("resources", ())]
    key = next((one.get("provider", {}).get("keyArn", "") for one in configs), "")
    return verdict(
        bool(key), f"Secrets are encrypted with {key}.", "Secrets are not encrypted with a KMS key.", keyArn=key
    )


@check("eks_cluster_supported_version", over="eks.clusters", reads=("eks.cluster_versions",))
def version_is_supported(cluster: Resource, view: View) -> Verdict:
    """Fail unless AWS gives its version of Kubernetes standard support; extended support is not enough.

    Source: DescribeCluster, version; DescribeClusterVersions, versionStatus. A version that AWS does not list any more
    has no support.
    """
    told = [one for one in view.all_of("eks.cluster_versions", cluster) if one["clusterVersion"] == cluster["version"]]
    status = told[0].get("versionStatus") if told else "UNSUPPORTED"
    if status is None:
        raise Unread(Failure(FailureKind.MALFORMED, f"AWS does not tell the support of EKS {cluster['version']}."))
    state = {SUPPORTED: "standard support", "EXTENDED_SUPPORT": "extended support"}.get(status, "no support any more")
    words = f"Kubernetes {cluster['version']} has {state}."
    return verdict(status == SUPPORTED, words, words, version=cluster["version"], versionStatus=status)
