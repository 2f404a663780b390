from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

EVERYBODY, EVERYBODY_6 = "0.0.0.0/0", "::/0"
OTHER = "999988887777"

# --- Security groups ---


def rule(protocol: str = "tcp", ports: tuple[int, int] | None = None, *cidrs: str) -> dict:
    said = {
        "IpProtocol": protocol,
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs if ":" not in cidr],
        "Ipv6Ranges": [{"CidrIpv6": cidr} for cidr in cidrs if ":" in cidr],
    }
    return said | ({"FromPort": ports[0], "ToPort": ports[1]} if ports else {})


def by_prefix_list(prefix_list: str, protocol: str = "-1", ports: tuple[int, int] | None = None) -> dict:
    return rule(protocol, ports) | {"PrefixListIds": [{"PrefixListId": prefix_list}]}


class Groups:
    """Makes security groups in one VPC and knows their ids by name."""

    def __init__(self, aws: Aws) -> None:
        self._ec2 = aws("ec2")
        self.vpc = self._ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        for group in self._ec2.describe_security_groups()["SecurityGroups"]:
            self._ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
        self.ids: dict[str, str] = {}

    def add(self, name: str, *rules: dict) -> None:
        made = self._ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        self.ids[name] = made["GroupId"]
        if rules:
            self._ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=list(rules))

    def prefix_list(self, name: str, *cidrs: str) -> str:
        made = self._ec2.create_managed_prefix_list(
            PrefixListName=name,
            Entries=[{"Cidr": cidr} for cidr in cidrs],
            MaxEntries=5,
            AddressFamily="IPv6" if ":" in cidrs[0] else "IPv4",
        )
        return str(made["PrefixList"]["PrefixListId"])

    def expected(self, *bad: str) -> Expected:
        """Return that these fail, and that the VPC's default group and all others pass."""
        (default,) = self._ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])[
            "SecurityGroups"
        ]
        return Expected(
            good=[default["GroupId"], *(ident for name, ident in self.ids.items() if name not in bad)],
            bad=[self.ids[name] for name in bad],
        )


@on_moto()
def groups_and_what_they_open(aws: Aws) -> Verdicts:
    groups = Groups(aws)
    everything = groups.prefix_list("everything", EVERYBODY)
    office = groups.prefix_list("office", "203.0.113.0/24")
    groups.add("no-rules")
    groups.add("web", rule("tcp", (80, 80), EVERYBODY, EVERYBODY_6), rule("tcp", (443, 443), EVERYBODY))
    groups.add("ping", rule("icmp", (-1, -1), EVERYBODY))
    groups.add("ssh", rule("tcp", (22, 22), EVERYBODY))
    groups.add("ssh-v6", rule("tcp", (22, 22), EVERYBODY_6))
    groups.add("ssh-v6-in-use", rule("tcp", (22, 22), "2000::/3"))
    groups.add("ssh-halves", rule("tcp", (22, 22), "0.0.0.0/1"), rule("tcp", (20, 30), "128.0.0.0/1"))
    groups.add("ssh-office", rule("tcp", (22, 22), "203.0.113.0/24"), by_prefix_list(office, "tcp", (22, 22)))
    groups.add("ssh-listed", by_prefix_list(everything, "tcp", (22, 22)))
    groups.add("ssh-udp", rule("udp", (22, 22), EVERYBODY))
    groups.add("rdp", rule("tcp", (3000, 4000), EVERYBODY))
    groups.add("rdp-udp", rule("udp", (3389, 3389), EVERYBODY))
    groups.add("all", rule("-1", None, EVERYBODY))
    groups.add("all-tcp", rule("tcp", (1, 65535), EVERYBODY))
    groups.add("all-private", rule("-1", None, "10.0.0.0/8", "172.16.0.0/12"))
    groups.add("redis", rule("tcp", (6379, 6379), EVERYBODY))
    groups.add("app", rule("tcp", (8443, 8443), EVERYBODY))
    groups.add("wide", rule("tcp", (443, 443), "11.0.0.0/8"))
    open_v4 = ["ssh", "ssh-halves", "ssh-listed", "ssh-udp", "rdp", "rdp-udp", "all", "all-tcp"]
    open_v6 = ["ssh-v6", "ssh-v6-in-use"]
    return {
        "vpc_security_group_no_public_admin_ipv4": groups.expected(*open_v4),
        "vpc_security_group_no_public_admin_ipv6": groups.expected(*open_v6),
        "vpc_security_group_no_public_ssh": groups.expected(
            "ssh", "ssh-halves", "ssh-listed", "all", "all-tcp", *open_v6
        ),
        "vpc_security_group_no_public_rdp": groups.expected("rdp", "rdp-udp", "all", "all-tcp"),
        "vpc_security_group_all_ports_closed": groups.expected("all", "all-tcp"),
        "vpc_security_group_authorized_ports_only": groups.expected(*open_v4, *open_v6, "redis", "app"),
        "vpc_security_group_no_high_risk_ports": groups.expected(
            "ssh", "ssh-halves", "ssh-listed", "rdp", "rdp-udp", "all", "all-tcp", *open_v6, "redis"
        ),
        "vpc_security_group_no_listed_ports": groups.expected(
            "ssh", "ssh-halves", "ssh-listed", "rdp", "all", "all-tcp", *open_v6
        ),
        "vpc_security_group_no_wide_cidr": groups.expected("ssh-halves", "wide"),
    }


@on_moto()
def default_groups(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    ids = {}
    for name in ("closed", "outbound", "inbound"):
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        (group,) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
        ids[name] = group["GroupId"]
        if name != "outbound":
            ec2.revoke_security_group_egress(GroupId=ids[name], IpPermissions=group["IpPermissionsEgress"])
    from_itself = rule("-1") | {"UserIdGroupPairs": [{"GroupId": ids["inbound"]}]}
    ec2.authorize_security_group_ingress(GroupId=ids["inbound"], IpPermissions=[from_itself])
    ec2.create_security_group(GroupName="another", Description="another", VpcId=vpc)
    return {"vpc_default_security_group_closed": Expected(good=[ids["closed"]], bad=[ids["outbound"], ids["inbound"]])}


@on_moto()
def groups_with_and_without_interfaces(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    used, unused = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("used", "unused")
    )
    ec2.create_network_interface(SubnetId=subnet, Groups=[used])
    return {"vpc_security_group_in_use": Expected(good=[used], bad=[unused])}


# --- Network ACLs ---


def entry(
    number: int, cidr: str, action: str = "allow", protocol: str = "6", ports: tuple[int, int] | None = None
) -> dict:
    name = "Ipv6CidrBlock" if ":" in cidr else "CidrBlock"
    said = {"RuleNumber": number, name: cidr, "RuleAction": action, "Protocol": protocol, "Egress": False}
    return said | ({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {})


ACLS = {
    "closed": [],
    "web": [entry(100, EVERYBODY, ports=(443, 443)), entry(110, EVERYBODY_6, ports=(443, 443))],
    "all": [entry(100, EVERYBODY, protocol="-1")],
    "all-v6": [entry(100, EVERYBODY_6, protocol="-1")],
    "all-private": [entry(100, "10.0.0.0/8", protocol="-1")],
    "ssh": [entry(100, EVERYBODY, ports=(22, 22))],
    "rdp-in-range": [entry(100, EVERYBODY, ports=(3000, 4000))],
    "udp-rdp": [entry(100, EVERYBODY, protocol="17", ports=(3389, 3389))],
    "denied-before": [
        entry(80, EVERYBODY, "deny", "-1", None),
        entry(100, EVERYBODY, protocol="-1"),
    ],
    "admin-denied-before": [
        entry(80, EVERYBODY, "deny", "6", (22, 22)),
        entry(81, EVERYBODY, "deny", "17", (22, 22)),
        entry(82, EVERYBODY, "deny", "6", (3389, 3389)),
        entry(83, EVERYBODY, "deny", "17", (3389, 3389)),
        entry(100, EVERYBODY, protocol="-1"),
    ],
    "denied-after": [entry(100, EVERYBODY, ports=(22, 22)), entry(110, EVERYBODY, "deny", "-1")],
    "few-denied-before": [entry(80, "203.0.113.0/24", "deny", "-1"), entry(100, EVERYBODY, protocol="-1")],
    "all-udp": [entry(100, EVERYBODY, protocol="17", ports=(1, 65535))],
    "v6-open-v4-denied": [entry(80, EVERYBODY, "deny", "-1"), entry(100, EVERYBODY_6, ports=(0, 65535))],
}


@on_moto()
def network_acls(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    defaults = {acl["VpcId"]: acl["NetworkAclId"] for acl in ec2.describe_network_acls()["NetworkAcls"]}
    ids = {"default": defaults.pop(vpc), **defaults}  # moto keeps the one of the default VPC when it deletes that
    for name, entries in ACLS.items():
        ids[name] = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
        for one in entries:
            ec2.create_network_acl_entry(NetworkAclId=ids[name], **one)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    (mapped,) = ec2.describe_network_acls(NetworkAclIds=[ids["default"]])["NetworkAcls"][0]["Associations"]
    assert mapped["SubnetId"] == subnet
    ec2.replace_network_acl_association(AssociationId=mapped["NetworkAclAssociationId"], NetworkAclId=ids["web"])

    def expected(*bad: str) -> Expected:
        return Expected([ident for name, ident in ids.items() if name not in bad], [ids[name] for name in bad])

    everything = ["default", *defaults, "all", "all-v6", "few-denied-before"]
    admin = [*everything, "all-udp", "ssh", "rdp-in-range", "udp-rdp", "denied-after", "v6-open-v4-denied"]
    unused = [ids[name] for name in ACLS if name != "web"]
    return {
        "vpc_network_acl_no_public_admin": expected(*admin),
        "vpc_network_acl_no_public_any": expected(*everything, "all-udp", "admin-denied-before", "v6-open-v4-denied"),
        "vpc_network_acl_in_use": Expected(good=[ids["web"]], bad=unused),
    }


# --- VPCs ---


@on_moto()
def flow_logs(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    aws("s3").create_bucket(Bucket="flow-logs-kept", CreateBucketConfiguration={"LocationConstraint": REGION})
    ids = {}
    for name, traffic in {
        "all": "ALL",
        "rejected": "REJECT",
        "accepted": "ACCEPT",
        "none": "",
        "of-subnet": "",
    }.items():
        ids[name] = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        if traffic:
            logged(ec2, "VPC", ids[name], traffic)
    subnet = ec2.create_subnet(VpcId=ids["of-subnet"], CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    logged(ec2, "Subnet", subnet, "ALL")
    good = [ids["all"], ids["rejected"]]
    return {"vpc_flow_logs": Expected(good, [ids["accepted"], ids["none"], ids["of-subnet"]])}


def logged(ec2: Any, kind: str, ident: str, traffic: str) -> None:
    ec2.create_flow_logs(
        ResourceType=kind,
        ResourceIds=[ident],
        TrafficType=traffic,
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow-logs-kept",
    )


def vpc(ident: str, owner: str = ACCOUNT) -> dict:
    return {"VpcId": ident, "OwnerId": owner, "CidrBlock": "10.0.0.0/16", "IsDefault": False}


@on_answers
def flow_logs_that_do_not_work() -> Answers:
    def log(of: str, **more: str) -> dict:
        return {"FlowLogId": f"fl-{of}", "ResourceId": of, "FlowLogStatus": "ACTIVE", "TrafficType": "ALL", **more}

    logs = [
        log("vpc-delivering", DeliverLogsStatus="SUCCESS"),
        log("vpc-failing", DeliverLogsStatus="FAILED", DeliverLogsErrorMessage="Access error"),
        log("vpc-ended", FlowLogStatus="INACTIVE"),
        log("vpc-replaced", DeliverLogsStatus="FAILED"),
        log("vpc-replaced") | {"FlowLogId": "fl-second"},
    ]
    vpcs = [vpc(f"vpc-{name}") for name in ("delivering", "failing", "ended", "replaced")]
    return Answers(
        says={
            "ec2.describe_vpcs": {"Vpcs": [*vpcs, vpc("vpc-shared-with-us", OTHER)]},
            "ec2.describe_flow_logs": {"FlowLogs": logs},
        },
        verdicts={
            "vpc_flow_logs": Expected(["vpc-delivering", "vpc-replaced"], ["vpc-failing", "vpc-ended"]),
        },
    )


SERVICES = {
    "vpc_endpoint_ec2": "ec2",
    "vpc_endpoint_ecr_api": "ecr.api",
    "vpc_endpoint_ecr_docker": "ecr.dkr",
    "vpc_endpoint_ssm": "ssm",
    "vpc_endpoint_ssm_contacts": "ssm-contacts",
    "vpc_endpoint_ssm_incidents": "ssm-incidents",
}


@on_moto()
def vpc_endpoints(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    full, bare = (ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2))
    for service in SERVICES.values():
        ec2.create_vpc_endpoint(
            VpcId=full, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Interface"
        )
    ec2.create_vpc_endpoint(VpcId=bare, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway")
    ec2.create_vpc_endpoint(VpcId=bare, ServiceName=f"com.amazonaws.{REGION}.ec2messages", VpcEndpointType="Interface")
    return dict.fromkeys(SERVICES, Expected(good=[full], bad=[bare]))


@on_answers
def vpc_endpoints_that_do_not_work() -> Answers:
    def endpoint(of: str, state: str, kind: str = "Interface") -> dict:
        return {
            "VpcEndpointId": f"vpce-{of}",
            "VpcId": of,
            "OwnerId": ACCOUNT,
            "VpcEndpointType": kind,
            "ServiceName": f"com.amazonaws.{REGION}.ssm",
            "State": state,
        }

    endpoints = [
        endpoint("vpc-good", "available"),
        endpoint("vpc-pending", "PendingAcceptance"),
        endpoint("vpc-other-kind", "available", "GatewayLoadBalancer"),
    ]
    vpcs = [vpc("vpc-good"), vpc("vpc-pending"), vpc("vpc-other-kind"), vpc("vpc-shared-with-us", OTHER)]
    return Answers(
        says={"ec2.describe_vpcs": {"Vpcs": vpcs}, "ec2.describe_vpc_endpoints": {"VpcEndpoints": endpoints}},
        verdicts={"vpc_endpoint_ssm": Expected(["vpc-good"], ["vpc-pending", "vpc-other-kind"])},
    )


def public_access(mode: str) -> dict:
    return {"VpcBlockPublicAccessOptions": {"State": "update-complete", "InternetGatewayBlockMode": mode}}


@on_answers
def regions_that_block_public_access() -> Answers:
    return Answers(
        says={"ec2.describe_vpc_block_public_access_options": public_access("block-ingress")},
        verdicts={"vpc_block_public_access_enabled": Expected(good=[f"arn:aws:iam::{ACCOUNT}:root"])},
    )


@on_answers
def regions_that_do_not_block_public_access() -> Answers:
    return Answers(
        says={"ec2.describe_vpc_block_public_access_options": public_access("off")},
        verdicts={"vpc_block_public_access_enabled": Expected(bad=[f"arn:aws:iam::{ACCOUNT}:root"])},
    )


# --- Subnets and routes ---


@on_moto()
def subnets_and_routes(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    everything = Groups.prefix_list(Groups(aws), "everything", EVERYBODY)
    (empty,) = (one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"])
    split, flat, private = (ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"] for _ in range(3))
    main = {table["VpcId"]: table["RouteTableId"] for table in ec2.describe_route_tables()["RouteTables"]}
    gateways = {}
    for network in (split, flat):
        gateways[network] = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateways[network], VpcId=network)
    unattached = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def subnet(network: str, number: int) -> str:
        made = ec2.create_subnet(VpcId=network, CidrBlock=f"10.1.{number}.0/24")
        return str(made["Subnet"]["SubnetId"])

    tiers = [subnet(split, 1), subnet(split, 2), subnet(split, 3), subnet(flat, 1), subnet(private, 1)]
    for place, ident in enumerate(tiers):
        ec2.modify_subnet_attribute(SubnetId=ident, MapPublicIpOnLaunch={"Value": place == 0})
    public = ec2.create_route_table(VpcId=split)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=public, SubnetId=tiers[0])
    listed = ec2.create_route_table(VpcId=split)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=listed, SubnetId=tiers[1])
    narrow = ec2.create_route_table(VpcId=split)["RouteTable"]["RouteTableId"]
    halves = ec2.create_route_table(VpcId=split)["RouteTable"]["RouteTableId"]
    via = {"GatewayId": gateways[split]}
    ec2.create_route(RouteTableId=public, DestinationIpv6CidrBlock=EVERYBODY_6, **via)
    ec2.create_route(RouteTableId=listed, DestinationPrefixListId=everything, **via)
    ec2.create_route(RouteTableId=narrow, DestinationCidrBlock="203.0.113.0/24", **via)
    for half in ("0.0.0.0/1", "128.0.0.0/1"):
        ec2.create_route(RouteTableId=halves, DestinationCidrBlock=half, **via)
    ec2.create_route(RouteTableId=main[flat], DestinationCidrBlock=EVERYBODY, GatewayId=gateways[flat])
    closed = [main[empty], main[split], main[private], narrow]
    return {
        "vpc_subnet_no_auto_public_ip": Expected(good=tiers[1:], bad=tiers[:1]),
        "vpc_subnet_tiers_separated": Expected(good=[split, private], bad=[flat]),
        "vpc_route_table_no_open_igw_route": Expected(good=closed, bad=[public, listed, halves, main[flat]]),
        "vpc_internet_gateway_authorized": Expected(good=list(gateways.values()), bad=[unattached]),
    }


@on_answers
def routes_that_lead_nowhere_or_only_out() -> Answers:
    def table(ident: str, *routes: dict) -> dict:
        return {"RouteTableId": ident, "VpcId": "vpc-1", "OwnerId": ACCOUNT, "Routes": list(routes)}

    tables = [
        table("rtb-egress-only", {"DestinationIpv6CidrBlock": EVERYBODY_6, "EgressOnlyInternetGatewayId": "eigw-1"}),
        table("rtb-nat", {"DestinationCidrBlock": EVERYBODY, "NatGatewayId": "nat-1", "State": "active"}),
        table("rtb-gone", {"DestinationCidrBlock": EVERYBODY, "GatewayId": "igw-1", "State": "blackhole"}),
        table("rtb-open", {"DestinationPrefixListId": "pl-1", "GatewayId": "igw-1", "State": "active"}),
        table("rtb-endpoint", {"DestinationPrefixListId": "pl-of-s3", "GatewayId": "vpce-1", "State": "active"}),
        table("rtb-foreign", {"DestinationCidrBlock": EVERYBODY, "GatewayId": "igw-1"}) | {"OwnerId": OTHER},
    ]
    return Answers(
        says={
            "ec2.describe_route_tables": {"RouteTables": tables},
            "ec2.get_managed_prefix_list_entries": {"Entries": [{"Cidr": "0.0.0.0/1"}, {"Cidr": "128.0.0.0/1"}]},
        },
        verdicts={
            "vpc_route_table_no_open_igw_route": Expected(
                good=["rtb-egress-only", "rtb-nat", "rtb-gone", "rtb-endpoint"], bad=["rtb-open"]
            )
        },
    )


@on_answers
def peerings() -> Answers:
    def side(ident: str, *blocks: str) -> dict:
        four = [{"CidrBlock": block} for block in blocks if ":" not in block]
        six = [{"Ipv6CidrBlock": block} for block in blocks if ":" in block]
        return {
            "VpcId": ident,
            "CidrBlock": blocks[0],
            "CidrBlockSet": four,
            "Ipv6CidrBlockSet": six,
            "OwnerId": ACCOUNT,
        }

    def peering(name: str, status: str = "active") -> dict:
        return {
            "VpcPeeringConnectionId": f"pcx-{name}",
            "RequesterVpcInfo": side("vpc-us", "10.0.0.0/16"),
            "AccepterVpcInfo": side("vpc-them", "10.1.0.0/16", "10.2.0.0/16", "2001:db8::/56"),
            "Status": {"Code": status},
        }

    def table(network: str, **routes: str) -> dict:
        """Return a table with a route over each connection to its destination."""
        told = [
            {"VpcPeeringConnectionId": f"pcx-{name}", "State": "active", destination(to): to}
            for name, to in routes.items()
        ]
        return {"RouteTableId": f"rtb-{network}", "VpcId": network, "OwnerId": ACCOUNT, "Routes": told}

    def destination(to: str) -> str:
        if to.startswith("pl-"):
            return "DestinationPrefixListId"
        return "DestinationIpv6CidrBlock" if ":" in to else "DestinationCidrBlock"

    ours = table(
        "vpc-us",
        narrow="10.1.2.0/24",
        whole="10.1.0.0/16",
        second="10.2.0.0/16",
        wider="10.0.0.0/8",
        six="2001:db8::/56",
        listed="pl-1",
        theirs="10.1.2.0/24",
        ended="10.1.0.0/16",
    )
    theirs = table("vpc-them", theirs="10.0.0.0/16", narrow="10.0.1.0/24")
    gone = {"VpcPeeringConnectionId": "pcx-gone", "State": "blackhole", "DestinationCidrBlock": "10.1.0.0/16"}
    names = ("narrow", "whole", "second", "wider", "six", "listed", "theirs", "gone", "unused")
    connections = [*map(peering, names), peering("ended", "deleted")]
    return Answers(
        says={
            "ec2.describe_vpc_peering_connections": {"VpcPeeringConnections": connections},
            "ec2.describe_route_tables": {"RouteTables": [ours, theirs, table("vpc-other") | {"Routes": [gone]}]},
            "ec2.get_managed_prefix_list_entries": {"Entries": [{"Cidr": "10.1.5.0/24"}, {"Cidr": "10.1.0.0/16"}]},
        },
        verdicts={
            "vpc_peering_routes_least_privilege": Expected(
                good=["pcx-narrow", "pcx-gone", "pcx-unused"],
                bad=["pcx-whole", "pcx-second", "pcx-wider", "pcx-six", "pcx-listed", "pcx-theirs"],
            )
        },
    )


# --- Gateways and VPNs ---


@on_moto()
def transit_gateways(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    asking, accepting = (
        ec2.create_transit_gateway(Options={"AutoAcceptSharedAttachments": setting})["TransitGateway"][
            "TransitGatewayId"
        ]
        for setting in ("disable", "enable")
    )
    return {"vpc_transit_gateway_no_auto_accept": Expected(good=[asking], bad=[accepting])}


@on_answers
def transit_gateways_that_are_shared_or_going() -> Answers:
    def gateway(ident: str, state: str = "available", owner: str = ACCOUNT, setting: str = "enable") -> dict:
        options = {"AutoAcceptSharedAttachments": setting}
        return {"TransitGatewayId": ident, "State": state, "OwnerId": owner, "Options": options}

    gateways = [
        gateway("tgw-going", "deleting"),
        gateway("tgw-theirs", owner=OTHER),
        gateway("tgw-ours", setting="disable"),
    ]
    return Answers(
        says={"ec2.describe_transit_gateways": {"TransitGateways": gateways}},
        verdicts={"vpc_transit_gateway_no_auto_accept": Expected(good=["tgw-ours"])},
    )


@on_answers
def vpn_connections() -> Answers:
    def connection(ident: str, *tunnels: tuple[bool | None, str], state: str = "available") -> dict:
        options = [
            {
                "OutsideIpAddress": f"198.51.100.{number}",
                "PreSharedKey": "not to be kept",
                **({} if logs is None else {"LogOptions": {"CloudWatchLogOptions": {"LogEnabled": logs}}}),
            }
            for number, (logs, _) in enumerate(tunnels)
        ]
        states = [
            {"OutsideIpAddress": f"198.51.100.{number}", "Status": status} for number, (_, status) in enumerate(tunnels)
        ]
        return {
            "VpnConnectionId": ident,
            "State": state,
            "Options": {"TunnelOptions": options},
            "VgwTelemetry": states,
            "CustomerGatewayConfiguration": "<pre_shared_key>not to be kept</pre_shared_key>",
        }

    connections = [
        connection("vpn-good", (True, "UP"), (True, "UP")),
        connection("vpn-half", (True, "UP"), (False, "DOWN")),
        connection("vpn-silent", (None, "DOWN"), (None, "DOWN")),
        connection("vpn-single", (True, "UP")),
        connection("vpn-going", (False, "DOWN"), (False, "DOWN"), state="deleted"),
        {"VpnConnectionId": "vpn-bare", "State": "available"},
    ]
    bad = ["vpn-half", "vpn-silent", "vpn-single", "vpn-bare"]
    return Answers(
        says={"ec2.describe_vpn_connections": {"VpnConnections": connections}},
        verdicts={
            "vpc_vpn_connection_logging": Expected(["vpn-good"], bad),
            "vpc_vpn_tunnels_up": Expected(["vpn-good"], bad),
        },
    )


@on_answers
def client_vpn_endpoints() -> Answers:
    def endpoint(name: str, state: str = "available", **more: object) -> dict:
        return {"ClientVpnEndpointId": f"cvpn-endpoint-{name}", "Status": {"Code": state}, **more}

    logging = {"Enabled": True, "CloudwatchLogGroup": "vpn", "CloudwatchLogStream": "connections"}
    endpoints = [
        endpoint("logging", ConnectionLogOptions=logging),
        endpoint("silent", ConnectionLogOptions={"Enabled": False}),
        endpoint("untold"),
        endpoint("going", "deleted"),
    ]
    return Answers(
        says={"ec2.describe_client_vpn_endpoints": {"ClientVpnEndpoints": endpoints}},
        verdicts={
            "vpc_client_vpn_connection_logging": Expected(
                ["cvpn-endpoint-logging"], ["cvpn-endpoint-silent", "cvpn-endpoint-untold"]
            )
        },
    )
