"""What must hold of EMR: of the account in a region, of clusters that run and of security configurations."""

from cloudbench.engine.findings import Verdict, failed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check

OPEN_PORTS = frozenset({22})
"""Ports that block public access may except: Security Hub, EMR.2."""


@check("emr_account_block_public_access", over=EACH_REGION, reads=("emr.block_public_access",))
def blocks_public_access(region: Resource, view: View) -> Verdict:
    """Fail if clusters may start with security groups open to the internet on other ports than OPEN_PORTS.

    Source: GetBlockPublicAccessConfiguration, BlockPublicSecurityGroupRules, PermittedPublicSecurityGroupRuleRanges.
    """
    rows = view.in_region("emr.block_public_access", region.region)
    if not rows or not rows[0].get("BlockPublicSecurityGroupRules", False):
        return failed("Block public access is off.", BlockPublicSecurityGroupRules=False)
    ranges = rows[0].get("PermittedPublicSecurityGroupRuleRanges") or []
    spans = [(one["MinRange"], one.get("MaxRange", one["MinRange"])) for one in ranges]
    beyond = [f"{low}-{high}" for low, high in spans if not set(range(low, high + 1)) <= OPEN_PORTS]
    return verdict(
        not beyond,
        "Block public access is on.",
        f"Block public access excepts ports beyond 22: {', '.join(beyond)}.",
        BlockPublicSecurityGroupRules=True,
        PermittedPorts=beyond,
    )


@check("emr_cluster_kerberos", over="emr.cluster_settings")
def uses_kerberos(cluster: Resource, view: View) -> Verdict:
    """Fail unless a cluster that runs has a Kerberos realm. Source: DescribeCluster, KerberosAttributes.Realm."""
    realm = cluster["KerberosRealm"]
    return verdict(
        bool(realm), f"Users and services authenticate in {realm}.", "Kerberos is not set up.", KerberosRealm=realm
    )


@check("emr_primary_node_no_public_ip", over="emr.cluster_settings", reads=("emr.primary_nodes",))
def hides_primary_nodes(cluster: Resource, view: View) -> Verdict | None:
    """Fail if a primary node of a cluster that runs has a public address. Source: ListInstances, PublicIpAddress.

    A cluster that has no primary node yet is not judged.
    """
    nodes = view.all_of("emr.primary_nodes", cluster)
    if not nodes:
        return None
    addresses = [node["PublicIpAddress"] for node in nodes if node.get("PublicIpAddress")]
    return verdict(
        not addresses,
        "No primary node has a public address.",
        f"Primary nodes have public addresses: {', '.join(addresses)}.",
        PublicIpAddresses=addresses,
    )


def _register_encryption(check_id: str, field: str, good: str, bad: str) -> None:
    """Register a check that fails unless a security configuration has ``field`` of EncryptionConfiguration set."""

    @check(check_id, over="emr.security_configurations", reads=("emr.encryption_settings",))
    def encrypts(configuration: Resource, view: View) -> Verdict:
        settings = view.one_of("emr.encryption_settings", configuration)
        enabled = settings.get(field, False) if settings else False
        return verdict(enabled is True, good, bad, **{field: enabled})


_register_encryption(
    "emr_security_config_at_rest",
    "EnableAtRestEncryption",
    "It encrypts data at rest.",
    "It does not encrypt data at rest.",
)
_register_encryption(
    "emr_security_config_in_transit",
    "EnableInTransitEncryption",
    "It encrypts data in transit.",
    "It does not encrypt data in transit.",
)
