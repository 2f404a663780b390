"""What rules of networks let in: the one place for reasoning about addresses, ports and the order of rules. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise

from cloudbench.engine.inventory import Data, Failure, FailureKind, NotOffered, Resource, Unread
from cloudbench.engine.registry import View

Span = tuple[int, int]
"""First and last of a run of whole numbers (addresses or ports), both included."""

ALL_PORTS: Span = (0, 65535)
USABLE_PORTS: Span = (1, 65535)
"""Port 0 carries no service: a rule for 1 to 65535 opens them all."""
ANY_PROTOCOL = "-1"
ADMIN_PORTS = (22, 3389)
NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
"""Network ACLs number the protocols that security groups name. Source: IANA protocol numbers."""
WITH_PORTS = ("tcp", "udp")
EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
BITS = {4: 32, 6: 128}

# --- Addresses --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def network_of(cidr: str) -> IPv4Network | IPv6Network:
    """Return the network that ``cidr`` names. Raises ValueError."""
    return ip_network(cidr, strict=False)


def span_of(cidr: str) -> Span:
    """Return the first and last address of ``cidr`` as numbers."""
    network = network_of(cidr)
    return int(network.network_address), int(network.broadcast_address)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same numbers in as few spans as possible, ascending."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return the numbers of ``spans`` that are not in ``taken``."""
    left = merged(spans)
    for out_first, out_last in merged(taken):
        left = [
            part
            for first, last in left
            for part in ((first, min(last, out_first - 1)), (max(first, out_last + 1), last))
            if part[0] <= part[1]
        ]
    return left


NOT_PUBLIC = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip
"""IPv4 addresses that nobody has on the Internet. Source: IANA IPv4 special-purpose address registry."""
PUBLIC: Mapping[int, Sequence[Span]] = {
    4: without([span_of("0.0.0.0/0")], map(span_of, NOT_PUBLIC)),
    6: [span_of("2000::/3")],  # all that IANA has given out as global unicast
}
"""The addresses of the Internet, by IP version."""


def _size(spans: Iterable[Span]) -> int:
    return sum(last - first + 1 for first, last in spans)


PUBLIC_SIZE = {version: _size(spans) for version, spans in PUBLIC.items()}


def has_public_addresses(cidr: str) -> bool:
    """Return whether any address of ``cidr`` is one of the Internet."""
    span = span_of(cidr)
    return _size(without([span], PUBLIC[network_of(cidr).version])) < _size([span])


def cover_the_internet(cidrs: Iterable[str], version: int) -> bool:
    """Return whether these networks together hold every public address, as 0.0.0.0/0 and its two halves do."""
    of_version = [cidr for cidr in cidrs if (":" in cidr) is (version == 6)]
    if EVERYWHERE[version] in of_version:
        return True
    if sum(_count(cidr, version) for cidr in of_version) < PUBLIC_SIZE[version]:
        return False
    return not without(PUBLIC[version], map(span_of, of_version))


def _count(cidr: str, version: int) -> int:
    """Return the number of addresses in ``cidr``, read from its prefix alone: it is asked of every rule."""
    return 1 << (BITS[version] - int(cidr.rpartition("/")[2]))


def holds(outer: str, inner: str) -> bool:
    """Return whether every address of ``inner`` is one of ``outer``."""
    a, b = network_of(outer), network_of(inner)
    return a.version == b.version and not without([span_of(inner)], [span_of(outer)])


# --- Security groups --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """What one rule of a security group lets in: ports of a protocol ("tcp", "udp", "-1" for all) from networks."""

    protocol: str
    ports: Span
    cidrs: tuple[str, ...]


Resolve = Callable[[str], Iterable[str]]
"""Gives the networks of a prefix list by its id."""


def openings_of(permissions: Iterable[Data], prefixes: Resolve) -> list[Opening]:
    """Return what ``permissions`` (IpPermissions of DescribeSecurityGroups) let in from networks.

    What they let in from other security groups is not from a network and is left out.
    """
    return [
        Opening(str(one["IpProtocol"]), _ports_of(one), cidrs)
        for one in permissions
        if (cidrs := tuple(cidrs_of(one, prefixes)))
    ]


def cidrs_of(permission: Data, prefixes: Resolve) -> Iterator[str]:
    """Yield the networks that one permission names, those of its prefix lists too."""
    for range_ in permission.get("IpRanges") or ():
        yield range_["CidrIp"]
    for range_ in permission.get("Ipv6Ranges") or ():
        yield range_["CidrIpv6"]
    for named in permission.get("PrefixListIds") or ():
        yield from prefixes(named["PrefixListId"])


PREFIX_LISTS = ("ec2.security_group_prefix_lists", "ec2.security_group_prefix_list_entries")
"""What a check reads, besides security groups, to learn what their inbound rules let in."""
ROUTE_PREFIX_LISTS = ("ec2.route_prefix_lists", "ec2.route_prefix_list_entries")
"""What a check reads, besides route tables, to learn where routes to the Internet and to peers lead."""


def inbound(group: Resource, view: View) -> list[Opening]:
    """Return what a security group lets in from networks; the check reads PREFIX_LISTS. Raises Unread."""
    return openings_of(group.get("IpPermissions") or (), prefixes_in(group.region, view, PREFIX_LISTS))


def prefixes_in(region: str, view: View, collections: tuple[str, str]) -> Resolve:
    """Return a function that looks up prefix lists of ``region``; it raises Unread."""
    return partial(_networks_of, region, view, collections)


def _networks_of(region: str, view: View, collections: tuple[str, str], prefix_list_id: str) -> list[str]:
    lists, entries = collections
    named = {one["PrefixListId"]: one for one in view.in_region(lists, region)}
    return [entry["Cidr"] for entry in view.all_of(entries, named[prefix_list_id])]


def _ports_of(permission: Data) -> Span:
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if permission["IpProtocol"] == ANY_PROTOCOL or first is None or last is None or first < 0:
        return ALL_PORTS
    return int(first), int(last)


def internet_ports(openings: Iterable[Opening], protocol: str, version: int) -> list[Span]:
    """Return the ports of ``protocol`` that are open to the whole Internet of IP ``version``, ascending.

    Rules count together: two of which each admits one half of all addresses open what both of them name.
    """
    matching = [one for one in openings if NAMES.get(one.protocol, one.protocol) in (protocol, ANY_PROTOCOL)]
    whole: list[Span] = []
    parts: list[Opening] = []
    for one in matching:
        if cover_the_internet(one.cidrs, version):
            whole.append(one.ports)
        else:
            parts.append(one)
    return merged([*whole, *_opened_together(parts, version)])


def _opened_together(openings: Sequence[Opening], version: int) -> Iterator[Span]:
    if not cover_the_internet([cidr for one in openings for cidr in one.cidrs], version):
        return
    edges = sorted({one.ports[0] for one in openings} | {one.ports[1] + 1 for one in openings})
    for first, after in pairwise(edges):
        cidrs = [cidr for one in openings if one.ports[0] <= first < one.ports[1] + 1 for cidr in one.cidrs]
        if cover_the_internet(cidrs, version):
            yield first, after - 1


def within(ports: Iterable[int], spans: Iterable[Span]) -> list[int]:
    """Return those of ``ports`` that lie in one of ``spans``, in their order."""
    held = list(spans)
    return [port for port in ports if any(first <= port <= last for first, last in held)]


def beyond(spans: Iterable[Span], ports: Iterable[int]) -> list[Span]:
    """Return the parts of ``spans`` that hold none of ``ports``; port 0 is no one's."""
    return without(spans, [(0, 0), *((port, port) for port in ports)])


def spelled(spans: Iterable[Span], most: int = 5) -> str:
    """Return spans of ports in words: "22, 80-90 and 3 more"."""
    found = [str(first) if first == last else f"{first}-{last}" for first, last in spans]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


# --- Network ACLs -----------------------------------------------------------------------------------------------------


def acl_admits_internet(entries: Iterable[Data], *, version: int, protocol: str, ports: Span = ALL_PORTS) -> bool:
    """Return whether the inbound ``entries`` let the Internet in to ``ports`` of ``protocol``, all of them ("-1": any).

    Entries count in the order of their numbers, each only if it is about all of that. One that allows counts unless
    what is denied before it leaves nothing of it; a denial of a few addresses does not make a port closed.
    """
    denied: list[Span] = []
    allowed: list[str] = []
    for entry in sorted(entries, key=lambda entry: int(entry["RuleNumber"])):
        cidr = entry.get("CidrBlock") if version == 4 else entry.get("Ipv6CidrBlock")
        if entry["Egress"] or not cidr or not _is_about(entry, protocol, ports):
            continue
        if entry["RuleAction"] == "deny":
            denied.append(span_of(cidr))
        elif without([span_of(cidr)], [*denied, *_no_internet(version)]):
            allowed.append(cidr)
    return cover_the_internet(allowed, version)


def _no_internet(version: int) -> list[Span]:
    return without([span_of(EVERYWHERE[version])], PUBLIC[version])


def _is_about(entry: Data, protocol: str, ports: Span) -> bool:
    """Return whether ``entry`` speaks of all these ports of the protocol."""
    spoken = str(entry["Protocol"])
    if spoken == ANY_PROTOCOL:
        return True
    if NAMES.get(spoken, spoken) != protocol:
        return False
    range_ = entry.get("PortRange")
    return range_ is None or (range_["From"] <= ports[0] and ports[1] <= range_["To"])


# --- Routes -----------------------------------------------------------------------------------------------------------


def is_active(route: Data) -> bool:
    """Return whether ``route`` leads anywhere: its target exists."""
    return route.get("State", "active") == "active"


def leads_to_internet_gateway(route: Data) -> bool:
    return is_active(route) and str(route.get("GatewayId") or "").startswith("igw-")


def destinations(route: Data, prefixes: Resolve) -> list[str]:
    """Return the networks that ``route`` leads to."""
    if named := route.get("DestinationPrefixListId"):
        return list(prefixes(named))
    return [cidr for field in ("DestinationCidrBlock", "DestinationIpv6CidrBlock") if (cidr := route.get(field))]


def opens_to_internet(table: Resource, version: int, prefixes: Resolve) -> bool:
    """Return whether ``table`` sends what is bound for the Internet of IP ``version`` to an internet gateway."""
    routes = filter(leads_to_internet_gateway, table["Routes"])
    return cover_the_internet([cidr for route in routes for cidr in destinations(route, prefixes)], version)


def tables_by_subnet(tables: Iterable[Resource]) -> Callable[[str, str], Resource]:
    """Return a function of the ids of a subnet and its VPC that finds its route table: its own, else the main one.

    It raises Unread for a subnet of which there is neither.
    """
    own: dict[str, Resource] = {}
    main: dict[str, Resource] = {}
    for table in tables:
        for association in table.get("Associations") or ():
            if association.get("SubnetId"):
                own[association["SubnetId"]] = table
            elif association.get("Main"):
                main[table["VpcId"]] = table

    def table_of(subnet_id: str, vpc_id: str) -> Resource:
        table = own.get(subnet_id) or main.get(vpc_id)
        if table is None:
            raise Unread(untold(f"the route table of {subnet_id}", "ec2:DescribeRouteTables"))
        return table

    return table_of


def untold(what: str, action: str) -> Failure:
    """Return the failure that AWS left out something that other answers of it name."""
    return Failure(FailureKind.MALFORMED, f"AWS did not tell of {what}.", action)


# --- Whose, and where -------------------------------------------------------------------------------------------------


def is_own(row: Resource, view: View) -> bool:
    """Return whether the account owns ``row``; networks that others share with it are theirs to look after."""
    return bool(row.get("OwnerId", view.account.id) == view.account.id)


def each_region(view: View, *collections: str) -> Iterator[list[list[Resource]]]:
    """Yield, region by region, the rows of each of ``collections``; notes a region of which one is unread."""
    for region in view.regions:
        try:
            rows = [view.in_region(name, region) for name in collections]
        except Unread as unread:
            view.unread[unread.failure] = None
        except NotOffered:
            continue
        else:
            yield rows
