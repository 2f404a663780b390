"""What security groups may let in. Groups that other accounts share with this one are theirs to look after."""

from collections.abc import Iterable, Iterator, Mapping

from cloudbench.engine.checks.networks import (
    ADMIN_PORTS,
    EVERYWHERE,
    PREFIX_LISTS,
    USABLE_PORTS,
    WITH_PORTS,
    Span,
    beyond,
    cidrs_of,
    each_region,
    has_public_addresses,
    inbound,
    internet_ports,
    is_own,
    merged,
    spelled,
    within,
    without,
)
from cloudbench.engine.findings import Finding, Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check, survey

GROUPS = "ec2.security_groups"
"""SSH and RDP. Source: CIS AWS 3.0, 5.1 to 5.3; Security Hub EC2.13, EC2.14, EC2.21."""


@check("vpc_default_security_group_closed", over=GROUPS)
def default_group_is_closed(group: Resource, view: View) -> Verdict | None:
    """Fail while a VPC's default group has any rule, inbound or outbound, also one about itself.

    Source: DescribeSecurityGroups, IpPermissions, IpPermissionsEgress. Control: CIS AWS 3.0, 5.4.
    """
    if group["GroupName"] != "default" or not is_own(group, view):
        return None
    counts = {"inbound": len(group.get("IpPermissions") or ()), "outbound": len(group.get("IpPermissionsEgress") or ())}
    rules = " and ".join(f"{count} {way}" for way, count in counts.items() if count)
    return verdict(
        not rules,
        f"The default group of {group['VpcId']} has no rules.",
        f"The default group of {group['VpcId']} has rules: {rules}.",
        VpcId=group["VpcId"],
        IpPermissions=counts["inbound"],
        IpPermissionsEgress=counts["outbound"],
    )


def _open_ports(group: Resource, view: View, protocol: str, versions: Iterable[int] = (4, 6)) -> list[Span]:
    openings = inbound(group, view)
    return merged(span for version in versions for span in internet_ports(openings, protocol, version))


def _admin_ports_closed(group: Resource, view: View, version: int) -> Verdict | None:
    if not is_own(group, view):
        return None
    open_ = [
        f"{protocol.upper()} {port}"
        for protocol in WITH_PORTS
        for port in within(ADMIN_PORTS, _open_ports(group, view, protocol, (version,)))
    ]
    return verdict(
        not open_,
        f"SSH (22) and RDP (3389) are closed to {EVERYWHERE[version]}.",
        f"Open to {EVERYWHERE[version]}: {', '.join(open_)}.",
        GroupName=group["GroupName"],
        Open=open_,
    )


@check("vpc_security_group_no_public_admin_ipv4", over=GROUPS, reads=PREFIX_LISTS)
def admin_ports_closed_to_ipv4(group: Resource, view: View) -> Verdict | None:
    """Fail if TCP or UDP 22 or 3389 is open to every IPv4 address, also as part of a range or of all ports.

    Rules count together (0.0.0.0/1 and 128.0.0.0/1), and with the networks of their prefix lists.
    Source: DescribeSecurityGroups, IpPermissions. Control: CIS AWS 3.0, 5.2.
    """
    return _admin_ports_closed(group, view, 4)


@check("vpc_security_group_no_public_admin_ipv6", over=GROUPS, reads=PREFIX_LISTS)
def admin_ports_closed_to_ipv6(group: Resource, view: View) -> Verdict | None:
    """Fail if TCP or UDP 22 or 3389 is open to every IPv6 address; 2000::/3 is all of them that are in use.

    Source: DescribeSecurityGroups, IpPermissions. Control: CIS AWS 3.0, 5.3.
    """
    return _admin_ports_closed(group, view, 6)


def _port_closed(group: Resource, view: View, port: int, service: str, protocols: Iterable[str]) -> Verdict | None:
    if not is_own(group, view):
        return None
    open_ = [one.upper() for one in protocols if within([port], _open_ports(group, view, one))]
    return verdict(
        not open_,
        f"Port {port} ({service}) is closed to the Internet.",
        f"Port {port} ({service}) is open to the Internet over {' and '.join(open_)}.",
        GroupName=group["GroupName"],
        Open=open_,
    )


@check("vpc_security_group_no_public_ssh", over=GROUPS, reads=PREFIX_LISTS)
def ssh_is_closed(group: Resource, view: View) -> Verdict | None:
    """Fail if TCP port 22 is open to the whole Internet, IPv4 or IPv6. Source: DescribeSecurityGroups, IpPermissions.

    Control: Security Hub EC2.13.
    """
    return _port_closed(group, view, 22, "SSH", ("tcp",))


@check("vpc_security_group_no_public_rdp", over=GROUPS, reads=PREFIX_LISTS)
def rdp_is_closed(group: Resource, view: View) -> Verdict | None:
    """Fail if port 3389 is open to the whole Internet over TCP or UDP, IPv4 or IPv6: RDP speaks both.

    Source: DescribeSecurityGroups, IpPermissions. Control: Security Hub EC2.14.
    """
    return _port_closed(group, view, 3389, "RDP", WITH_PORTS)


@check("vpc_security_group_all_ports_closed", over=GROUPS, reads=PREFIX_LISTS)
def not_all_ports_are_open(group: Resource, view: View) -> Verdict | None:
    """Fail if every TCP port or every UDP port is open to the whole Internet; port 0 does not matter.

    Source: DescribeSecurityGroups, IpPermissions.
    """
    if not is_own(group, view):
        return None
    open_ = [one.upper() for one in WITH_PORTS if not without([USABLE_PORTS], _open_ports(group, view, one))]
    return verdict(
        not open_,
        "No protocol has all its ports open to the Internet.",
        f"All {' and '.join(open_)} ports are open to the Internet.",
        GroupName=group["GroupName"],
        Open=open_,
    )


AUTHORIZED_PORTS = {"tcp": (80, 443), "udp": ()}
"""What may be open to everybody: the defaults of Security Hub EC2.18."""


@check("vpc_security_group_authorized_ports_only", over=GROUPS, reads=PREFIX_LISTS)
def only_web_ports_are_open(group: Resource, view: View) -> Verdict | None:
    """Fail if a port other than TCP 80 and 443 is open to the whole Internet, IPv4 or IPv6.

    Protocols without ports, such as ICMP, are not looked at. Source: DescribeSecurityGroups, IpPermissions.
    """
    if not is_own(group, view):
        return None
    open_ = {one: beyond(_open_ports(group, view, one), AUTHORIZED_PORTS[one]) for one in WITH_PORTS}
    found = [f"{one.upper()} {spelled(spans)}" for one, spans in open_.items() if spans]
    return verdict(
        not found,
        "Nothing but TCP 80 and 443 is open to the Internet.",
        f"Open to the Internet: {', '.join(found)}.",
        GroupName=group["GroupName"],
        Open=found,
    )


Ports = Mapping[str, Iterable[int]]
"""Port numbers by protocol."""
LISTED_PORTS = (
    20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088,
    8888, 9200, 9300,
)  # fmt: skip
"""The TCP ports that Security Hub EC2.19 lists, and no others."""
HIGH_RISK_PORTS: Ports = {
    "tcp": sorted((*LISTED_PORTS, 1521, 2483, 2484, 6379, 7000, 7199, 9042, 9092, 9160, 11211, 27017, 27018)),
    "udp": (1434, 3389, 11211),
}
"""Services that intruders look for first: LISTED_PORTS; besides, the ports of Cassandra, Kafka, Memcached, MongoDB,
Oracle and Redis, and the three of them all that are attacked over UDP too."""


@check("vpc_security_group_no_high_risk_ports", over=GROUPS, reads=PREFIX_LISTS)
def high_risk_ports_are_closed(group: Resource, view: View) -> Verdict | None:
    """Fail if a port of HIGH_RISK_PORTS is open to the whole Internet, IPv4 or IPv6.

    Source: DescribeSecurityGroups, IpPermissions.
    """
    return _closed(group, view, HIGH_RISK_PORTS)


@check("vpc_security_group_no_listed_ports", over=GROUPS, reads=PREFIX_LISTS)
def listed_ports_are_closed(group: Resource, view: View) -> Verdict | None:
    """Fail if a port of LISTED_PORTS is open to the whole Internet, IPv4 or IPv6. Control: Security Hub EC2.19.

    Source: DescribeSecurityGroups, IpPermissions.
    """
    return _closed(group, view, {"tcp": LISTED_PORTS})


def _closed(group: Resource, view: View, kept: Ports) -> Verdict | None:
    if not is_own(group, view):
        return None
    open_ = {one: within(ports, _open_ports(group, view, one)) for one, ports in kept.items()}
    found = [f"{one.upper()} {spelled((port, port) for port in ports)}" for one, ports in open_.items() if ports]
    return verdict(
        not found,
        "No port of a service that is often attacked is open to the Internet.",
        f"Open to the Internet: {', '.join(found)}.",
        GroupName=group["GroupName"],
        Open=found,
    )


WIDEST_PUBLIC_PREFIX = 24
"""A network of public IPv4 addresses larger than /24 counts as wide."""
MOST_TOLD = 5
"""How many wide networks a finding lists."""


@check("vpc_security_group_no_wide_cidr", over=GROUPS, reads=PREFIX_LISTS)
def names_no_wide_networks(group: Resource, view: View) -> Verdict | None:
    """Fail if a rule, inbound or outbound, names public IPv4 addresses in a network from /1 to /23.

    0.0.0.0/0 is judged by other checks, port by port. Prefix lists count in inbound rules.
    Source: DescribeSecurityGroups, IpPermissions, IpPermissionsEgress.
    """
    if not is_own(group, view):
        return None
    incoming = [cidr for one in inbound(group, view) for cidr in one.cidrs]
    outgoing = [cidr for one in group.get("IpPermissionsEgress") or () for cidr in cidrs_of(one, lambda _: ())]
    wide = [cidr for cidr in dict.fromkeys([*incoming, *outgoing]) if _is_wide(cidr)]
    return verdict(
        not wide,
        "No rule names a wide network of public addresses.",
        f"Rules name wide networks of public addresses: {', '.join(wide[:MOST_TOLD])}.",
        GroupName=group["GroupName"],
        Cidrs=wide[:MOST_TOLD],
    )


def _is_wide(cidr: str) -> bool:
    return ":" not in cidr and 0 < int(cidr.rpartition("/")[2]) < WIDEST_PUBLIC_PREFIX and has_public_addresses(cidr)


@survey("vpc_security_group_in_use", reads=(GROUPS, "ec2.network_interfaces"))
def groups_are_used(view: View) -> Iterator[Finding]:
    """Fail groups that no network interface has; default groups cannot be deleted and are left out.

    Source: DescribeSecurityGroups, DescribeNetworkInterfaces (Groups). Control: Security Hub EC2.22.
    """
    for groups, interfaces in each_region(view, GROUPS, "ec2.network_interfaces"):
        users: dict[str, int] = {}
        for interface in interfaces:
            for group in interface.get("Groups") or ():
                users[group["GroupId"]] = users.get(group["GroupId"], 0) + 1
        for row in groups:
            if row["GroupName"] == "default" or not is_own(row, view):
                continue
            count = users.get(row["GroupId"], 0)
            words = (
                f"Network interfaces that have the group: {count}." if count else "No network interface has the group."
            )
            yield Finding(row.arn, row.region, count > 0, words, row.name, {"GroupName": row["GroupName"]})
