"""What must hold of provisioned Redshift clusters."""

from typing import Any

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SNAPSHOT_DAYS = 7
"""Source: Security Hub Redshift.3, the default of its parameter."""
DEFAULT_ADMIN, DEFAULT_DATABASE = "awsuser", "dev"
"""What Redshift proposes for a new cluster. Source: Security Hub Redshift.8 and Redshift.9."""
EVERYWHERE = ("0.0.0.0/0", "::/0")
ALL_PROTOCOLS = "-1"


@check("redshift_cluster_not_public", over="redshift.clusters")
def cluster_is_not_public(cluster: Resource, view: View) -> Verdict:
    """Fail for a cluster that has a public address. Source: DescribeClusters, PubliclyAccessible."""
    public = cluster.get("PubliclyAccessible", False)
    return verdict(not public, "It has no public address.", "It has a public address.", PubliclyAccessible=public)


@check("redshift_cluster_encrypted", over="redshift.clusters")
def cluster_is_encrypted(cluster: Resource, view: View) -> Verdict:
    """Fail for a cluster that stores its data in the clear. Source: DescribeClusters, Encrypted."""
    encrypted = cluster.get("Encrypted", False)
    return verdict(
        encrypted, "Data and snapshots are encrypted.", "Data and snapshots are not encrypted.", Encrypted=encrypted
    )


@check("redshift_cluster_tls_required", over="redshift.clusters", reads=("redshift.tls_parameters",))
def cluster_demands_tls(cluster: Resource, view: View) -> Verdict | None:
    """Fail unless the parameter group sets require_ssl, and that is in force: it takes a reboot.

    Source: DescribeClusterParameters, require_ssl; DescribeClusters, ClusterParameterGroups.
    """
    if not cluster.get("ClusterParameterGroups"):
        return None
    group = cluster["ClusterParameterGroups"][0]
    parameter = view.one_of("redshift.tls_parameters", cluster)
    value = parameter.get("ParameterValue", "") if parameter else ""
    shown = {"ParameterGroupName": group["ParameterGroupName"], "require_ssl": value or "not set"}
    if value.lower() != "true":
        return failed(f"Connections without TLS are accepted: require_ssl is {value or 'not set'}.", **shown)
    if _waits(group):
        return failed("require_ssl is true, but waits for a reboot to come into force.", **shown)
    return passed("Connections without TLS are refused: require_ssl is true.", **shown)


def _waits(group: dict[str, Any]) -> bool:
    states = {
        one["ParameterName"]: one.get("ParameterApplyStatus") for one in group.get("ClusterParameterStatusList", ())
    }
    return states.get("require_ssl", "in-sync") != "in-sync"


@check("redshift_automatic_snapshots", over="redshift.clusters")
def snapshots_are_kept(cluster: Resource, view: View) -> Verdict:
    """Fail unless automated snapshots are kept for SNAPSHOT_DAYS; 0 days turns them off.

    Source: DescribeClusters, AutomatedSnapshotRetentionPeriod.
    """
    days = cluster.get("AutomatedSnapshotRetentionPeriod", 0)
    kept = f"Automated snapshots are kept for {days} {'day' if days == 1 else 'days'}"
    bad = f"{kept}, not for {SNAPSHOT_DAYS} or more." if days else "Automated snapshots are turned off."
    return verdict(days >= SNAPSHOT_DAYS, f"{kept}.", bad, AutomatedSnapshotRetentionPeriod=days)


@check("redshift_audit_logging", over="redshift.clusters", reads=("redshift.cluster_logging",))
def cluster_logs(cluster: Resource, view: View) -> Verdict:
    """Fail unless audit logging is on. Source: DescribeLoggingStatus, LoggingEnabled."""
    logging = view.one_of("redshift.cluster_logging", cluster)
    enabled = bool(logging and logging.get("LoggingEnabled"))
    where = (logging and (logging.get("BucketName") or logging.get("LogDestinationType"))) or "a destination"
    return verdict(enabled, f"Audit logs go to {where}.", "Audit logging is off.", LoggingEnabled=enabled)


@check("redshift_auto_major_upgrade", over="redshift.clusters")
def upgrades_by_itself(cluster: Resource, view: View) -> Verdict:
    """Fail unless new versions are installed by themselves. Source: DescribeClusters, AllowVersionUpgrade."""
    allowed = cluster.get("AllowVersionUpgrade", False)
    return verdict(
        allowed,
        "New versions are installed in the maintenance window.",
        "New versions are not installed by themselves.",
        AllowVersionUpgrade=allowed,
    )


@check("redshift_enhanced_vpc_routing", over="redshift.clusters")
def traffic_stays_in_vpc(cluster: Resource, view: View) -> Verdict:
    """Fail unless COPY and UNLOAD go through the VPC. Source: DescribeClusters, EnhancedVpcRouting."""
    routed = cluster.get("EnhancedVpcRouting", False)
    return verdict(
        routed,
        "COPY and UNLOAD go through the VPC.",
        "COPY and UNLOAD go past the VPC.",
        EnhancedVpcRouting=routed,
    )


@check("redshift_cluster_multi_az", over="redshift.clusters")
def cluster_spans_zones(cluster: Resource, view: View) -> Verdict:
    """Fail for a cluster in one Availability Zone. Source: DescribeClusters, MultiAZ, a text: Enabled or Disabled."""
    state = str(cluster.get("MultiAZ", "Disabled"))
    return verdict(
        state.lower() in ("enabled", "true"),
        "It runs in two Availability Zones.",
        "It runs in one Availability Zone.",
        MultiAZ=state,
    )


@check("redshift_custom_admin_name", over="redshift.clusters")
def admin_has_own_name(cluster: Resource, view: View) -> Verdict:
    """Fail for the administrator name that Redshift proposes. Source: DescribeClusters, MasterUsername."""
    name = cluster["MasterUsername"]
    return verdict(
        name != DEFAULT_ADMIN,
        "The administrator has a name of its own.",
        f"The administrator has the default name {DEFAULT_ADMIN}.",
        MasterUsername=name,
    )


@check("redshift_custom_database_name", over="redshift.clusters")
def database_has_own_name(cluster: Resource, view: View) -> Verdict:
    """Fail for the database name that Redshift proposes. Source: DescribeClusters, DBName (dev if none was given)."""
    name = cluster.get("DBName", DEFAULT_DATABASE)
    return verdict(
        name != DEFAULT_DATABASE,
        f"The first database is called {name}.",
        f"The first database has the default name {DEFAULT_DATABASE}.",
        DBName=name,
    )


@check("redshift_security_group_restricted", over="redshift.clusters", reads=("ec2.security_groups",))
def port_is_not_open_to_all(cluster: Resource, view: View) -> Verdict | None:
    """Fail if a security group of the cluster lets the whole internet (IPv4 or IPv6) reach its port.

    Source: DescribeClusters, VpcSecurityGroups and Endpoint.Port; EC2 DescribeSecurityGroups, IpPermissions.
    """
    port = (cluster.get("Endpoint") or {}).get("Port")
    if not port:
        return None
    ids = {group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups", ())}
    groups = [row for row in view.in_region("ec2.security_groups", cluster.region) if row["GroupId"] in ids]
    opened = sorted(row["GroupId"] for row in groups if any(_opens(rule, port) for rule in row["IpPermissions"]))
    return verdict(
        not opened,
        f"No security group opens port {port} to the whole internet.",
        f"Port {port} is open to the whole internet by {', '.join(opened)}.",
        Port=port,
        VpcSecurityGroupIds=sorted(ids),
    )


def _opens(rule: dict[str, Any], port: int) -> bool:
    ranges = [one["CidrIp"] for one in rule.get("IpRanges", ())] + [
        one["CidrIpv6"] for one in rule.get("Ipv6Ranges", ())
    ]
    if not set(EVERYWHERE) & set(ranges):
        return False
    if rule["IpProtocol"] == ALL_PROTOCOLS:
        return True
    return rule["IpProtocol"] in ("tcp", "6") and rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)
