"""What must hold of OpenSearch and Elasticsearch domains. All of it is in DescribeDomains."""

from cloudbench.engine.findings import Verdict, failed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

DOMAINS = "opensearch.domains"
LATEST_TLS_POLICIES = frozenset(
    {
        "Policy-Min-TLS-1-2-PFS-2023-10",
        "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
        "Policy-Min-TLS-1-2-FIPS-PQ-2026-10",
    }
)
"""TLS 1.2 or newer with perfect forward secrecy: Security Hub, ES.8 and Opensearch.8 name the first; the others are
newer and at least as strict."""
LEAST_DATA_NODES = 3
"""Security Hub, ES.6 and Opensearch.6."""
LEAST_PRIMARY_NODES = 3
"""Security Hub, ES.7 and Opensearch.11."""


def _register_enabled(check_id: str, option: str, good: str, bad: str) -> None:
    """Register a check that fails unless the ``option`` of a domain is enabled; an absent one is not."""

    @check(check_id, over=DOMAINS)
    def is_enabled(domain: Resource, view: View) -> Verdict:
        enabled = (domain.get(option) or {}).get("Enabled", False)
        return verdict(enabled, good, bad, **{option: enabled})


_register_enabled(
    "opensearch_domain_encrypted",
    "EncryptionAtRestOptions",
    "Indices are encrypted at rest.",
    "Indices are stored without encryption.",
)
_register_enabled(
    "opensearch_domain_node_to_node_encryption",
    "NodeToNodeEncryptionOptions",
    "Nodes speak TLS with each other.",
    "Nodes speak with each other in plain text.",
)
_register_enabled(
    "opensearch_domain_fine_grained_access",
    "AdvancedSecurityOptions",
    "Fine-grained access control is on.",
    "Fine-grained access control is off.",
)


def _register_log(check_id: str, log: str, good: str, bad: str) -> None:
    """Register a check that fails unless the domain publishes ``log``. Source: LogPublishingOptions."""

    @check(check_id, over=DOMAINS)
    def is_published(domain: Resource, view: View) -> Verdict:
        option = (domain.get("LogPublishingOptions") or {}).get(log) or {}
        group = option.get("CloudWatchLogsLogGroupArn")
        return verdict(bool(option.get("Enabled", False) and group), good, bad, CloudWatchLogsLogGroupArn=group)


_register_log(
    "opensearch_domain_audit_logging", "AUDIT_LOGS", "Audit logs are published.", "Audit logs are not published."
)
_register_log(
    "opensearch_domain_error_logging",
    "ES_APPLICATION_LOGS",
    "Error logs are published.",
    "Error logs are not published.",
)


@check("opensearch_domain_https_tls_policy", over=DOMAINS)
def requires_current_tls(domain: Resource, view: View) -> Verdict:
    """Fail unless the endpoint requires HTTPS by one of LATEST_TLS_POLICIES.

    Source: DomainEndpointOptions, EnforceHTTPS and TLSSecurityPolicy.
    """
    options = domain.get("DomainEndpointOptions") or {}
    policy = options.get("TLSSecurityPolicy")
    if not options.get("EnforceHTTPS", False):
        return failed("The endpoint also answers over HTTP.", EnforceHTTPS=False, TLSSecurityPolicy=policy)
    return verdict(
        policy in LATEST_TLS_POLICIES,
        f"HTTPS is required, by {policy}.",
        f"HTTPS is required, but {policy} is not the latest policy.",
        EnforceHTTPS=True,
        TLSSecurityPolicy=policy,
    )


@check("opensearch_domain_in_vpc", over=DOMAINS)
def is_in_vpc(domain: Resource, view: View) -> Verdict:
    """Fail if the endpoint is public. Source: VPCOptions.VPCId and SubnetIds, both absent for a public endpoint."""
    options = domain.get("VPCOptions") or {}
    vpc, subnets = options.get("VPCId"), list(options.get("SubnetIds") or ())
    return verdict(
        bool(vpc or subnets),
        f"The endpoint is in {vpc or ', '.join(subnets)}.",
        "The endpoint is public, outside any VPC.",
        VPCId=vpc,
        SubnetIds=subnets,
    )


@check("opensearch_domain_software_updated", over=DOMAINS)
def is_up_to_date(domain: Resource, view: View) -> Verdict | None:
    """Fail while a newer service software could be installed. Source: ServiceSoftwareOptions.UpdateAvailable.

    A domain of which AWS does not tell that is left out.
    """
    software = domain.get("ServiceSoftwareOptions") or {}
    if "UpdateAvailable" not in software:
        return None
    return verdict(
        not software["UpdateAvailable"],
        f"The service software {software.get('CurrentVersion', '')} is the newest.",
        f"The service software {software.get('NewVersion', '')} is available and not installed.",
        CurrentVersion=software.get("CurrentVersion"),
        UpdateStatus=software.get("UpdateStatus"),
    )


@check("opensearch_domain_three_data_nodes", over=DOMAINS)
def outlives_a_zone(domain: Resource, view: View) -> Verdict:
    """Fail unless LEAST_DATA_NODES stand in several zones.

    Source: ClusterConfig, InstanceCount and ZoneAwarenessEnabled.
    """
    cluster = domain["ClusterConfig"]
    nodes, spread = cluster.get("InstanceCount", 1), cluster.get("ZoneAwarenessEnabled", False)
    return verdict(
        nodes >= LEAST_DATA_NODES and spread,
        f"{nodes} data nodes stand in several zones.",
        f"There are {nodes} data nodes, {'in several zones' if spread else 'all in one zone'}.",
        InstanceCount=nodes,
        ZoneAwarenessEnabled=spread,
    )


@check("opensearch_domain_three_primary_nodes", over=DOMAINS)
def has_quorum(domain: Resource, view: View) -> Verdict:
    """Fail unless LEAST_PRIMARY_NODES do nothing but manage the cluster.

    Source: ClusterConfig, DedicatedMasterEnabled and DedicatedMasterCount.
    """
    cluster = domain["ClusterConfig"]
    nodes = cluster.get("DedicatedMasterCount", 0) if cluster.get("DedicatedMasterEnabled", False) else 0
    return verdict(
        nodes >= LEAST_PRIMARY_NODES,
        f"There are {nodes} dedicated primary nodes.",
        f"There are {nodes} dedicated primary nodes, not {LEAST_PRIMARY_NODES}.",
        DedicatedMasterCount=nodes,
    )
