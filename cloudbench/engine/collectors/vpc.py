"""Networks: one listing for each kind of part in a region. A shared VPC's parts carry their owner's account in the ARN.

The keys that VPN tunnels share stand in AWS's answers and are left out here.
"""

from collections.abc import Iterator
from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

PAGE = {"MaxResults": 1000}
NOT_IN_THIS_REGION = (
    "InvalidAction:not valid for this web service",
    "UnsupportedOperation:not available in this region",
)
"""What EC2 answers in young regions that do not have a kind of resource yet."""

listing(
    "ec2.vpcs",
    "ec2.describe_vpcs",
    items="Vpcs",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:vpc/{VpcId}",
    label="VpcId",
    keep=(
        "VpcId",
        "OwnerId",
        "CidrBlock",
        "CidrBlockAssociationSet",
        "Ipv6CidrBlockAssociationSet",
        "IsDefault",
        "Tags",
    ),
)
listing(
    "ec2.subnets",
    "ec2.describe_subnets",
    params=PAGE,
    items="Subnets",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:subnet/{SubnetId}",
    label="SubnetId",
    keep=(
        "SubnetId", "VpcId", "OwnerId", "AvailabilityZone", "CidrBlock", "Ipv6CidrBlockAssociationSet",
        "MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "DefaultForAz", "Tags",
    ),
)  # fmt: skip
listing(
    "ec2.route_tables",
    "ec2.describe_route_tables",
    items="RouteTables",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:route-table/{RouteTableId}",
    label="RouteTableId",
)


def _prefix_lists_of_routes(answer: Data) -> Iterator[Data]:
    """Give each prefix list that a route of the page to an internet gateway or a peer names, once."""
    routes = (route for table in answer.get("RouteTables", ()) for route in table.get("Routes", ()))
    outward = (
        one for one in routes if one.get("VpcPeeringConnectionId") or one.get("GatewayId", "").startswith("igw-")
    )
    named = {one["DestinationPrefixListId"]: None for one in outward if one.get("DestinationPrefixListId")}
    return ({"PrefixListId": ident} for ident in named)


def _this_prefix_list(prefix_list: Resource) -> Data:
    return {"PrefixListId": prefix_list["PrefixListId"]}


_entries_of_prefix_lists = partial(
    detail,
    operation="ec2.get_managed_prefix_list_entries",
    ask=_this_prefix_list,
    params={"MaxResults": 100},
    items="Entries",
    keep=("Cidr", "Description"),
)

listing(
    "ec2.route_prefix_lists",
    "ec2.describe_route_tables",
    items=_prefix_lists_of_routes,
    arn="arn:{partition}:ec2:{region}:{account}:prefix-list/{PrefixListId}",
    label="PrefixListId",
)
_entries_of_prefix_lists("ec2.route_prefix_list_entries", of="ec2.route_prefix_lists")
listing(
    "ec2.internet_gateways",
    "ec2.describe_internet_gateways",
    items="InternetGateways",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:internet-gateway/{InternetGatewayId}",
    label="InternetGatewayId",
    keep=("InternetGatewayId", "OwnerId", "Attachments", "Tags"),
)
listing(
    "ec2.network_interfaces",
    "ec2.describe_network_interfaces",
    params=PAGE,
    items="NetworkInterfaces",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:network-interface/{NetworkInterfaceId}",
    label="NetworkInterfaceId",
    keep=(
        "NetworkInterfaceId", "OwnerId", "InterfaceType", "Status", "SourceDestCheck", "Groups", "SubnetId", "VpcId",
        "Attachment", "RequesterManaged", "RequesterId", "Association", "PrivateIpAddress", "Ipv6Addresses",
        "Description",
    ),
)  # fmt: skip
listing(
    "ec2.flow_logs",
    "ec2.describe_flow_logs",
    items="FlowLogs",
    arn="arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{FlowLogId}",
    label="FlowLogId",
    keep=(
        "FlowLogId", "ResourceId", "FlowLogStatus", "DeliverLogsStatus", "DeliverLogsErrorMessage", "TrafficType",
        "LogDestinationType", "LogDestination", "LogGroupName",
    ),
)  # fmt: skip
listing(
    "ec2.vpc_endpoints",
    "ec2.describe_vpc_endpoints",
    items="VpcEndpoints",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:vpc-endpoint/{VpcEndpointId}",
    label="VpcEndpointId",
    keep=(
        "VpcEndpointId", "VpcEndpointType", "VpcId", "OwnerId", "ServiceName", "State", "PolicyDocument", "SubnetIds",
        "RouteTableIds", "Groups", "PrivateDnsEnabled", "Tags",
    ),
)  # fmt: skip
listing(
    "ec2.vpc_block_public_access",
    "ec2.describe_vpc_block_public_access_options",
    items="VpcBlockPublicAccessOptions",
    keep=("State", "InternetGatewayBlockMode", "ManagedBy", "ExclusionsAllowed", "Reason"),
)

# --- Firewalls of networks --------------------------------------------------------------------------------------------

listing(
    "ec2.network_acls",
    "ec2.describe_network_acls",
    items="NetworkAcls",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:network-acl/{NetworkAclId}",
    label="NetworkAclId",
    keep=("NetworkAclId", "VpcId", "OwnerId", "IsDefault", "Entries", "Associations", "Tags"),
)

_of_security_groups = partial(listing, operation="ec2.describe_security_groups", params=PAGE)

_of_security_groups(
    "ec2.security_groups",
    items="SecurityGroups",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:security-group/{GroupId}",
    label="GroupId",
    keep=(
        "GroupId", "GroupName", "Description", "VpcId", "OwnerId", "IpPermissions", "IpPermissionsEgress", "Tags",
    ),
)  # fmt: skip


def _prefix_lists_of_rules(answer: Data) -> Iterator[Data]:
    """Give each prefix list that an inbound rule of the page names, once."""
    rules = (rule for group in answer.get("SecurityGroups", ()) for rule in group.get("IpPermissions", ()))
    named = {one["PrefixListId"]: None for rule in rules for one in rule.get("PrefixListIds", ())}
    return ({"PrefixListId": ident} for ident in named)


_of_security_groups(
    "ec2.security_group_prefix_lists",
    items=_prefix_lists_of_rules,
    arn="arn:{partition}:ec2:{region}:{account}:prefix-list/{PrefixListId}",
    label="PrefixListId",
)
_entries_of_prefix_lists("ec2.security_group_prefix_list_entries", of="ec2.security_group_prefix_lists")

# --- Ways to other networks -------------------------------------------------------------------------------------------

listing(
    "ec2.vpc_peering_connections",
    "ec2.describe_vpc_peering_connections",
    items="VpcPeeringConnections",
    arn="arn:{partition}:ec2:{region}:{account}:vpc-peering-connection/{VpcPeeringConnectionId}",
    label="VpcPeeringConnectionId",
    keep=("VpcPeeringConnectionId", "AccepterVpcInfo", "RequesterVpcInfo", "Status", "Tags"),
)
listing(
    "ec2.transit_gateways",
    "ec2.describe_transit_gateways",
    items="TransitGateways",
    arn="arn:{partition}:ec2:{region}:{OwnerId}:transit-gateway/{TransitGatewayId}",
    label="TransitGatewayId",
    keep=("TransitGatewayId", "OwnerId", "State", "Options", "Tags"),
    absent=NOT_IN_THIS_REGION,
)


def _vpn_connections(answer: Data) -> Iterator[Data]:
    for connection in answer.get("VpnConnections", ()):
        options = (connection.get("Options") or {}).get("TunnelOptions") or ()
        tunnels = [{name: one[name] for name in ("OutsideIpAddress", "LogOptions") if name in one} for one in options]
        yield {**connection, "TunnelOptions": tunnels}


listing(
    "ec2.vpn_connections",
    "ec2.describe_vpn_connections",
    items=_vpn_connections,
    arn="arn:{partition}:ec2:{region}:{account}:vpn-connection/{VpnConnectionId}",
    label="VpnConnectionId",
    keep=("VpnConnectionId", "State", "VgwTelemetry", "TunnelOptions", "Tags"),
)
listing(
    "ec2.client_vpn_endpoints",
    "ec2.describe_client_vpn_endpoints",
    items="ClientVpnEndpoints",
    arn="arn:{partition}:ec2:{region}:{account}:client-vpn-endpoint/{ClientVpnEndpointId}",
    label="ClientVpnEndpointId",
    keep=("ClientVpnEndpointId", "Status", "ConnectionLogOptions", "VpcId", "SecurityGroupIds", "Tags"),
    absent=NOT_IN_THIS_REGION,
)
