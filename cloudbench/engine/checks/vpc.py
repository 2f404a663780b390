"""What must hold of networks. What is shared with the account from elsewhere is its owner's to look after."""

from collections.abc import Callable

from cloudbench.engine.checks.networks import (
    ADMIN_PORTS,
    ANY_PROTOCOL,
    EVERYWHERE,
    ROUTE_PREFIX_LISTS,
    USABLE_PORTS,
    WITH_PORTS,
    acl_admits_internet,
    destinations,
    holds,
    is_active,
    is_own,
    opens_to_internet,
    prefixes_in,
    tables_by_subnet,
)
from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import View, check

# --- Network ACLs -----------------------------------------------------------------------------------------------------

ACLS = "ec2.network_acls"


@check("vpc_network_acl_no_public_admin", over=ACLS)
def acl_keeps_admins_ports_closed(acl: Resource, view: View) -> Verdict | None:
    """Fail if the ACL lets the whole Internet, IPv4 or IPv6, in to TCP or UDP 22 or 3389.

    Entries count in the order of their numbers; a denial before closes only what it leaves nothing of.
    Source: DescribeNetworkAcls, Entries. Control: CIS AWS 3.0, 5.1; Security Hub EC2.21 (which has TCP only).
    """
    if not is_own(acl, view):
        return None
    open_ = [
        f"{protocol.upper()} {port} to {EVERYWHERE[version]}"
        for version in EVERYWHERE
        for protocol in WITH_PORTS
        for port in ADMIN_PORTS
        if acl_admits_internet(acl["Entries"], version=version, protocol=protocol, ports=(port, port))
    ]
    return verdict(
        not open_,
        "Ports 22 and 3389 are closed to 0.0.0.0/0 and ::/0.",
        f"Inbound entries open {', '.join(open_)}.",
        VpcId=acl["VpcId"],
        IsDefault=acl["IsDefault"],
        Open=open_,
    )


@check("vpc_network_acl_no_public_any", over=ACLS)
def acl_does_not_let_everything_in(acl: Resource, view: View) -> Verdict | None:
    """Fail if the ACL lets the whole Internet in to all ports: for all protocols, or all of TCP or of UDP.

    A denial of single ports before does not change that. Source: DescribeNetworkAcls, Entries.
    """
    if not is_own(acl, view):
        return None
    names = {ANY_PROTOCOL: "all traffic", "tcp": "all TCP ports", "udp": "all UDP ports"}
    open_ = [
        f"{words} from {EVERYWHERE[version]}"
        for version in EVERYWHERE
        for protocol, words in names.items()
        if acl_admits_internet(acl["Entries"], version=version, protocol=protocol, ports=USABLE_PORTS)
    ]
    return verdict(
        not open_,
        "No inbound entry lets everything in from the Internet.",
        f"Inbound entries let in {open_[0]}." if open_ else "",
        VpcId=acl["VpcId"],
        IsDefault=acl["IsDefault"],
        Open=open_,
    )


@check("vpc_network_acl_in_use", over=ACLS)
def acl_is_used(acl: Resource, view: View) -> Verdict | None:
    """Fail if an ACL that is not its VPC's default has no subnet. Source: DescribeNetworkAcls, Associations.

    Control: Security Hub EC2.16.
    """
    if acl["IsDefault"] or not is_own(acl, view):
        return None
    count = len(acl.get("Associations") or ())
    return verdict(count > 0, f"Subnets that use it: {count}.", "No subnet uses it.", VpcId=acl["VpcId"])


# --- VPCs -------------------------------------------------------------------------------------------------------------

VPCS = "ec2.vpcs"
TRAFFIC_THAT_SHOWS_REJECTS = ("ALL", "REJECT")
"""Source: CIS AWS 3.0, 3.7 and Security Hub EC2.6 ask for rejected packets."""


@check("vpc_flow_logs", over=VPCS, reads=("ec2.flow_logs",))
def vpc_has_flow_log(vpc: Resource, view: View) -> Verdict | None:
    """Fail unless an active flow log of the VPC records rejected packets and its delivery does not fail.

    Flow logs of single subnets or interfaces do not count. Source: DescribeFlowLogs, FlowLogStatus, TrafficType,
    DeliverLogsStatus (absent until something was delivered).
    """
    if not is_own(vpc, view):
        return None
    logs = [log for log in view.in_region("ec2.flow_logs", vpc.region) if log["ResourceId"] == vpc["VpcId"]]
    faults = {log["FlowLogId"]: _fault_of(log) for log in logs}
    good = [ident for ident, fault in faults.items() if not fault]
    if good:
        return passed(f"The flow log {good[0]} records rejected traffic.", FlowLogIds=good)
    if not faults:
        return failed("The VPC has no flow log.", FlowLogIds=[])
    told = "; ".join(f"{ident} {fault}" for ident, fault in faults.items())
    return failed(f"No flow log records rejected traffic: {told}.", FlowLogIds=list(faults))


def _fault_of(log: Resource) -> str:
    if log.get("FlowLogStatus") != "ACTIVE":
        return "is not active"
    if log.get("DeliverLogsStatus") == "FAILED":
        return f"cannot deliver ({log.get('DeliverLogsErrorMessage') or 'no reason given'})"
    return "" if log.get("TrafficType") in TRAFFIC_THAT_SHOWS_REJECTS else "records accepted traffic only"


def _wants_endpoint(check_id: str, service: str) -> None:
    """Register the check that every VPC has an interface endpoint for ``service`` that is available.

    Source: DescribeVpcEndpoints, ServiceName, VpcEndpointType, State.
    """

    @check(check_id, over=VPCS, reads=("ec2.vpc_endpoints",))
    def has_endpoint(vpc: Resource, view: View) -> Verdict | None:
        if not is_own(vpc, view):
            return None
        states = [
            str(endpoint["State"]).lower()
            for endpoint in view.in_region("ec2.vpc_endpoints", vpc.region)
            if endpoint["VpcId"] == vpc["VpcId"]
            and endpoint["VpcEndpointType"] == "Interface"
            and endpoint["ServiceName"].endswith(f".{vpc.region}.{service}")
        ]
        missing = f"The endpoint for {service} is {states[0]}." if states else f"No interface endpoint for {service}."
        holds_ = "available" in states
        return verdict(holds_, f"An interface endpoint for {service} is available.", missing, State=states)


_wants_endpoint("vpc_endpoint_ec2", "ec2")
_wants_endpoint("vpc_endpoint_ecr_api", "ecr.api")
_wants_endpoint("vpc_endpoint_ecr_docker", "ecr.dkr")
_wants_endpoint("vpc_endpoint_ssm", "ssm")
_wants_endpoint("vpc_endpoint_ssm_contacts", "ssm-contacts")
_wants_endpoint("vpc_endpoint_ssm_incidents", "ssm-incidents")


@check("vpc_block_public_access_enabled", over="ec2.vpc_block_public_access")
def region_blocks_public_access(options: Resource, view: View) -> Verdict:
    """Fail while the region's internet gateways are not blocked, at least for what comes in.

    Source: DescribeVpcBlockPublicAccessOptions, InternetGatewayBlockMode. Control: Security Hub EC2.172.
    """
    mode = options.get("InternetGatewayBlockMode", "off")
    return verdict(
        mode in ("block-bidirectional", "block-ingress"),
        f"Internet gateways are blocked in {options.region} ({mode}).",
        f"Internet gateways are not blocked in {options.region}.",
        InternetGatewayBlockMode=mode,
    )


# --- Subnets and routes -----------------------------------------------------------------------------------------------


@check("vpc_subnet_no_auto_public_ip", over="ec2.subnets")
def subnet_gives_no_public_addresses(subnet: Resource, view: View) -> Verdict | None:
    """Fail if instances in the subnet get a public IPv4 address by default.

    Source: DescribeSubnets, MapPublicIpOnLaunch. Control: Security Hub EC2.15.
    """
    if not is_own(subnet, view):
        return None
    gives = bool(subnet.get("MapPublicIpOnLaunch", False))
    return verdict(
        not gives,
        "Instances get no public address unless they ask for one.",
        "Every instance that is launched here gets a public address.",
        VpcId=subnet["VpcId"],
        MapPublicIpOnLaunch=gives,
    )


@check("vpc_subnet_tiers_separated", over=VPCS, reads=("ec2.subnets", "ec2.route_tables", *ROUTE_PREFIX_LISTS))
def vpc_has_private_subnets(vpc: Resource, view: View) -> Verdict | None:
    """Fail if every subnet of the VPC is public: routed to an internet gateway. One without subnets is left out.

    Source: DescribeSubnets, DescribeRouteTables (Associations, Routes).
    """
    subnets = [one for one in view.in_region("ec2.subnets", vpc.region) if one["VpcId"] == vpc["VpcId"]]
    if not subnets or not is_own(vpc, view):
        return None
    table_of = tables_by_subnet(view.in_region("ec2.route_tables", vpc.region))
    public = [one["SubnetId"] for one in subnets if _is_public(table_of(one["SubnetId"], one["VpcId"]), view)]
    return verdict(
        len(public) < len(subnets),
        f"{len(subnets) - len(public)} of its {len(subnets)} subnets have no route from the Internet.",
        f"All of its subnets ({len(subnets)}) are routed to an internet gateway.",
        PublicSubnetIds=public,
    )


def _is_public(table: Resource, view: View) -> bool:
    prefixes = prefixes_in(table.region, view, ROUTE_PREFIX_LISTS)
    return any(opens_to_internet(table, version, prefixes) for version in EVERYWHERE)


@check("vpc_route_table_no_open_igw_route", over="ec2.route_tables", reads=ROUTE_PREFIX_LISTS)
def table_leads_not_everywhere(table: Resource, view: View) -> Verdict | None:
    """Fail if active routes send everything (0.0.0.0/0 or ::/0) to an internet gateway; egress-only gateways may.

    Source: DescribeRouteTables, Routes.
    """
    if not is_own(table, view):
        return None
    prefixes = prefixes_in(table.region, view, ROUTE_PREFIX_LISTS)
    open_ = [EVERYWHERE[version] for version in EVERYWHERE if opens_to_internet(table, version, prefixes)]
    return verdict(
        not open_,
        "No route sends everything to an internet gateway.",
        f"Routes send {' and '.join(open_)} to an internet gateway.",
        VpcId=table["VpcId"],
        Destinations=open_,
    )


@check("vpc_internet_gateway_authorized", over="ec2.internet_gateways")
def gateway_belongs_to_a_vpc(gateway: Resource, view: View) -> Verdict | None:
    """Fail if an internet gateway is attached to no VPC: nobody decided what it is for.

    AWS knows no list of VPCs that may have one; who has one stands in the attributes.
    Source: DescribeInternetGateways, Attachments (State is "available" for an attached one).
    """
    if not is_own(gateway, view):
        return None
    vpcs = [one["VpcId"] for one in gateway.get("Attachments") or () if one.get("State") in ("available", "attached")]
    return verdict(bool(vpcs), f"It is attached to {', '.join(vpcs)}.", "It is attached to no VPC.", VpcIds=vpcs)


PEERINGS = "ec2.vpc_peering_connections"


@check("vpc_peering_routes_least_privilege", over=PEERINGS, reads=("ec2.route_tables", *ROUTE_PREFIX_LISTS))
def peering_routes_are_narrow(peering: Resource, view: View) -> Verdict | None:
    """Fail if a route over the connection leads to a whole address block of the peer's VPC, or to more.

    Only active connections, and only route tables of this account and region: the other side has its own.
    Source: DescribeVpcPeeringConnections (CidrBlockSet), DescribeRouteTables. Control: CIS AWS 3.0, 5.5.
    """
    if peering["Status"]["Code"] != "active":
        return None
    ident = peering["VpcPeeringConnectionId"]
    prefixes = prefixes_in(peering.region, view, ROUTE_PREFIX_LISTS)
    wide: dict[str, list[str]] = {}
    count = 0
    for table in view.in_region("ec2.route_tables", peering.region):
        blocks = _blocks_beyond(peering, table["VpcId"])
        for route in table["Routes"]:
            if route.get("VpcPeeringConnectionId") == ident and is_active(route):
                count += 1
                broad = [to for to in destinations(route, prefixes) if any(holds(to, block) for block in blocks)]
                wide.setdefault(table["RouteTableId"], []).extend(broad)
    wide = {table_id: found for table_id, found in wide.items() if found}
    told = "; ".join(f"{table_id} to {', '.join(found)}" for table_id, found in wide.items())
    return verdict(
        not wide,
        f"Routes over the connection: {count}, all to parts of the peer's addresses." if count else "No route uses it.",
        f"Routes lead to the peer's whole network: {told}.",
        RouteTableIds=list(wide),
    )


def _blocks_beyond(peering: Resource, vpc_id: str) -> list[str]:
    """Return the address blocks of the VPC at the other end, seen from ``vpc_id``."""
    accepter, requester = peering["AccepterVpcInfo"], peering["RequesterVpcInfo"]
    return _blocks_of(requester if accepter["VpcId"] == vpc_id else accepter)


def _blocks_of(side: Data) -> list[str]:
    four = [one["CidrBlock"] for one in side.get("CidrBlockSet") or ()] or [side["CidrBlock"]]
    return [*four, *(one["Ipv6CidrBlock"] for one in side.get("Ipv6CidrBlockSet") or ())]


# --- Gateways and VPNs ------------------------------------------------------------------------------------------------

GOING = ("deleting", "deleted")


@check("vpc_transit_gateway_no_auto_accept", over="ec2.transit_gateways")
def gateway_asks_before_it_accepts(gateway: Resource, view: View) -> Verdict | None:
    """Fail if attachments that other accounts request are accepted unasked.

    Source: DescribeTransitGateways, Options.AutoAcceptSharedAttachments. Control: Security Hub EC2.23.
    """
    if gateway["State"] in GOING or not is_own(gateway, view):
        return None
    setting = gateway["Options"]["AutoAcceptSharedAttachments"]
    return verdict(
        setting != "enable",
        "Attachments of other accounts must be accepted first.",
        "Attachments of other accounts are accepted unasked.",
        AutoAcceptSharedAttachments=setting,
    )


VPNS = "ec2.vpn_connections"
TUNNELS = 2
"""Each site-to-site connection has two. Source: AWS Site-to-Site VPN user guide, Tunnels."""


def _of_available_vpns(judge: Callable[[Resource], Verdict]) -> Callable[[Resource, View], Verdict | None]:
    return lambda connection, view: judge(connection) if connection["State"] == "available" else None


def tunnels_log(connection: Resource) -> Verdict:
    """Fail unless both tunnels log to CloudWatch. Source: DescribeVpnConnections, Options.TunnelOptions.LogOptions.

    Only connections that are available. Control: Security Hub EC2.171.
    """
    tunnels = connection["TunnelOptions"]
    logging = [one for one in tunnels if _logs(one)]
    silent = [str(one.get("OutsideIpAddress", "a tunnel")) for one in tunnels if not _logs(one)]
    return verdict(
        len(logging) >= TUNNELS and not silent,
        "Both tunnels log to CloudWatch.",
        f"Tunnels without logs: {', '.join(silent)}." if silent else "AWS tells of no logs for both tunnels.",
        Logging=len(logging),
        Silent=silent,
    )


def _logs(tunnel: Data) -> bool:
    options = (tunnel.get("LogOptions") or {}).get("CloudWatchLogOptions") or {}
    return bool(options.get("LogEnabled", False))


def tunnels_are_up(connection: Resource) -> Verdict:
    """Fail unless both tunnels are up. Source: DescribeVpnConnections, VgwTelemetry.Status.

    Only connections that are available. Control: Security Hub EC2.20.
    """
    tunnels = connection.get("VgwTelemetry") or ()
    down = [str(one.get("OutsideIpAddress", "a tunnel")) for one in tunnels if one.get("Status") != "UP"]
    return verdict(
        len(tunnels) >= TUNNELS and not down,
        "Both tunnels are up.",
        f"Tunnels that are down: {', '.join(down)}."
        if down
        else f"AWS tells of {len(tunnels)} tunnels up, not of two.",
        Up=len(tunnels) - len(down),
        Down=down,
    )


check("vpc_vpn_connection_logging", over=VPNS)(_of_available_vpns(tunnels_log))
check("vpc_vpn_tunnels_up", over=VPNS)(_of_available_vpns(tunnels_are_up))


@check("vpc_client_vpn_connection_logging", over="ec2.client_vpn_endpoints")
def client_vpn_logs_connections(endpoint: Resource, view: View) -> Verdict | None:
    """Fail unless connections are logged. Source: DescribeClientVpnEndpoints, ConnectionLogOptions.Enabled.

    Control: Security Hub EC2.51.
    """
    if (endpoint.get("Status") or {}).get("Code") in GOING:
        return None
    options = endpoint.get("ConnectionLogOptions") or {}
    enabled = bool(options.get("Enabled", False))
    return verdict(
        enabled,
        f"Connections are logged to {options.get('CloudwatchLogGroup', 'CloudWatch')}.",
        "Connections are not logged.",
        Enabled=enabled,
    )
