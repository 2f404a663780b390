"""Reasoning about addresses, ports and the order of rules: examples from the benchmarks, and laws that always hold."""

from ipaddress import ip_address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudbench.engine.checks.networks import (
    ALL_PORTS,
    PUBLIC,
    Opening,
    acl_admits_internet,
    beyond,
    cover_the_internet,
    has_public_addresses,
    holds,
    internet_ports,
    merged,
    openings_of,
    spelled,
    within,
    without,
)

HALVES = ("0.0.0.0/1", "128.0.0.0/1")
HALVES_6 = ("2000::/4", "3000::/4")

ports = st.integers(0, 65535)
port_spans = st.tuples(ports, ports).map(lambda two: (min(two), max(two)))
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda two: (min(two), max(two))), max_size=6)
cidrs = st.one_of(
    st.sampled_from(["0.0.0.0/0", *HALVES, "0.0.0.0/2", "64.0.0.0/2", "10.0.0.0/8", "203.0.113.0/24", "8.8.8.8/32"]),
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda two: str(ip_network(two, strict=False))),
)
protocols = st.sampled_from(["tcp", "udp", "-1", "icmp", "50"])
openings = st.lists(st.builds(Opening, protocols, port_spans, st.lists(cidrs, min_size=1, max_size=3).map(tuple)))


def numbers(found):
    return {number for first, last in found for number in range(first, last + 1)}


def entry(number, cidr, action="allow", protocol="6", ports=None, egress=False):
    name = "Ipv6CidrBlock" if ":" in cidr else "CidrBlock"
    said = {"RuleNumber": number, name: cidr, "RuleAction": action, "Protocol": protocol, "Egress": egress}
    return said if ports is None else said | {"PortRange": {"From": ports[0], "To": ports[1]}}


entries = st.lists(
    st.builds(
        entry,
        st.integers(1, 32766),
        cidrs,
        st.sampled_from(["allow", "deny"]),
        st.sampled_from(["6", "17", "-1"]),
        st.one_of(st.none(), port_spans),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: one["RuleNumber"],
)


def admits(rules, port=22, protocol="tcp", version=4):
    return acl_admits_internet(rules, version=version, protocol=protocol, ports=(port, port))


def gets_through(rules, address, port, protocol):
    """Return what AWS does with one packet: the first rule by number that it matches decides, and none means no."""
    for rule in sorted(rules, key=lambda rule: rule["RuleNumber"]):
        spoken = {"6": "tcp", "17": "udp"}.get(rule["Protocol"], "any")
        if rule["Egress"] or spoken not in (protocol, "any"):
            continue
        range_ = rule.get("PortRange") if spoken != "any" else None
        if range_ and not range_["From"] <= port <= range_["To"]:
            continue
        if ip_address(address) in ip_network(rule["CidrBlock"]):
            return rule["RuleAction"] == "allow"
    return False


# --- Spans and networks ---


@given(spans, spans)
def test_spans_are_sets_of_numbers(some, others):
    assert numbers(merged(some)) == numbers(some)
    assert numbers(without(some, others)) == numbers(some) - numbers(others)
    for before, after in pairwise(merged(some)):
        assert before[1] + 1 < after[0]


@pytest.mark.parametrize(
    ("cidrs", "version", "open_"),
    [
        (["0.0.0.0/0"], 4, True),
        (["0.0.0.0/0"], 6, False),
        (["::/0"], 6, True),
        (["::/0"], 4, False),
        (HALVES, 4, True),
        (HALVES[:1], 4, False),
        (HALVES_6, 6, True),
        (["2000::/3"], 6, True),
        (["::/1"], 6, True),
        (["8000::/1"], 6, False),
        (["fd00::/8"], 6, False),
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], 4, False),
        ([], 4, False),
        ([], 6, False),
        (["1.2.3.4/0"], 4, True),
    ],
)
def test_the_internet_is_recognized_in_other_words(cidrs, version, open_):
    assert cover_the_internet(cidrs, version) is open_


def test_all_but_private_addresses_is_the_internet():
    public = [
        str(ip_network((first, 32 - size.bit_length() + 1)))
        for first, size in aligned(PUBLIC[4])
    ]  # fmt: skip
    assert cover_the_internet(public, 4)
    assert not cover_the_internet(public[1:], 4)


def aligned(found):
    """Yield (first, size) of blocks with sizes that are powers of two, which together are ``found``."""
    for first, last in found:
        while first <= last:
            size = first & -first or 2**32
            while first + size - 1 > last:
                size //= 2
            yield first, size
            first += size


@given(st.lists(cidrs, max_size=4))
def test_halving_a_network_changes_nothing(names):
    halved = [str(half) for name in names for half in halves(ip_network(name))]
    assert cover_the_internet(names, 4) is cover_the_internet(halved, 4)


def halves(network):
    return network.subnets() if network.prefixlen < 32 else [network]


@given(cidrs, cidrs)
def test_a_network_holds_its_subnets_and_no_others(outer, inner):
    assert holds(outer, inner) is ip_network(inner).subnet_of(ip_network(outer))


@pytest.mark.parametrize(
    ("cidr", "public"),
    [
        ("8.0.0.0/9", True),
        ("2a00::/12", True),
        ("0.0.0.0/1", True),
        ("172.16.0.0/11", True),
        ("172.16.0.0/12", False),
        ("10.1.0.0/16", False),
        ("fd00::/8", False),
    ],
)
def test_a_network_that_reaches_beyond_private_addresses_has_public_ones(cidr, public):
    assert has_public_addresses(cidr) is public


# --- Security groups ---


def test_what_is_let_in_from_other_groups_is_not_from_the_internet():
    said = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": "sg-1"}]}]
    assert openings_of(said, lambda _: ()) == []


def test_prefix_lists_count_as_what_stands_in_them():
    said = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": "pl-1"}]}]
    opened = openings_of(said, {"pl-1": ["0.0.0.0/0", "::/0"]}.__getitem__)
    assert internet_ports(opened, "tcp", 4) == internet_ports(opened, "tcp", 6) == [(22, 22)]


@pytest.mark.parametrize(
    "said",
    [
        {"IpProtocol": "-1"},
        {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1},
        {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535},
        {"IpProtocol": "tcp"},
        {"IpProtocol": "6", "FromPort": 0, "ToPort": 65535},
    ],
)
def test_every_way_to_say_all_ports_is_understood(said):
    opened = openings_of([said | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}], lambda _: ())
    assert internet_ports(opened, "tcp", 4) == [ALL_PORTS]


@given(openings, ports, st.sampled_from(["tcp", "udp"]))
def test_a_port_is_open_exactly_if_all_rules_about_it_admit_everybody(opened, port, protocol):
    about = [one for one in opened if one.protocol in (protocol, "-1") and one.ports[0] <= port <= one.ports[1]]
    open_ = cover_the_internet([cidr for one in about for cidr in one.cidrs], 4)
    assert bool(within([port], internet_ports(opened, protocol, 4))) is open_


@given(openings, st.builds(Opening, protocols, port_spans, st.lists(cidrs, min_size=1).map(tuple)))
def test_a_further_rule_never_closes_a_port(opened, further):
    before = numbers(internet_ports(opened, "tcp", 4))
    assert before <= numbers(internet_ports([*opened, further], "tcp", 4))


@given(openings)
def test_ipv4_rules_open_nothing_to_ipv6(opened):
    assert internet_ports(opened, "tcp", 6) == []


def test_halves_count_where_their_ports_meet():
    opened = [Opening("tcp", (80, 90), HALVES[:1]), Opening("tcp", (85, 95), HALVES[1:])]
    assert internet_ports(opened, "tcp", 4) == [(85, 90)]


@given(st.lists(port_spans, max_size=4), st.lists(ports, max_size=4))
def test_beyond_leaves_what_is_not_named(some, named):
    assert numbers(beyond(some, named)) == numbers(some) - set(named) - {0}


def test_ports_are_spelled_short():
    assert spelled([(22, 22), (80, 90)]) == "22, 80-90"
    assert spelled([(n, n) for n in range(1, 15, 2)]) == "1, 3, 5, 7, 9 and 2 more"


# --- Network ACLs ---


@pytest.mark.parametrize(
    ("rules", "open_"),
    [
        ([], False),
        ([entry(100, "0.0.0.0/0", protocol="-1")], True),
        ([entry(100, "0.0.0.0/0", ports=(22, 22))], True),
        ([entry(100, "0.0.0.0/0", ports=(20, 25))], True),
        ([entry(100, "0.0.0.0/0", ports=(23, 25))], False),
        ([entry(100, "0.0.0.0/0", protocol="17", ports=(22, 22))], False),
        ([entry(100, "0.0.0.0/0", protocol="1")], False),
        ([entry(100, "10.0.0.0/8", ports=(22, 22))], False),
        ([entry(100, "0.0.0.0/0", ports=(22, 22), egress=True)], False),
        ([entry(90, "0.0.0.0/0", "deny", ports=(22, 22)), entry(100, "0.0.0.0/0", protocol="-1")], False),
        ([entry(100, "0.0.0.0/0", protocol="-1"), entry(90, "0.0.0.0/0", "deny", ports=(22, 22))], False),
        ([entry(110, "0.0.0.0/0", "deny", ports=(22, 22)), entry(100, "0.0.0.0/0", protocol="-1")], True),
        ([entry(90, "0.0.0.0/0", "deny", ports=(23, 80)), entry(100, "0.0.0.0/0", protocol="-1")], True),
        ([entry(90, "0.0.0.0/0", "deny", ports=(22, 22), egress=True), entry(100, "0.0.0.0/0")], True),
        ([entry(90, "203.0.113.0/24", "deny"), entry(100, "0.0.0.0/0", protocol="-1")], True),
        ([entry(90, "0.0.0.0/1", "deny"), entry(100, "0.0.0.0/0", protocol="-1")], True),
        ([*(entry(80 + n, half, "deny") for n, half in enumerate(HALVES)), entry(100, "0.0.0.0/0")], False),
        ([entry(80 + n, half) for n, half in enumerate(HALVES)], True),
        ([entry(80, HALVES[0]), entry(90, "0.0.0.0/0", "deny"), entry(100, HALVES[1])], False),
        ([entry(80, "203.0.113.0/24"), entry(90, "0.0.0.0/0", "deny"), entry(100, "0.0.0.0/0")], False),
        ([entry(100, "::/0", ports=(22, 22))], False),
    ],
)
def test_lower_numbers_win(rules, open_):
    assert admits(rules) is open_


def test_ipv6_rules_stand_apart():
    assert admits([entry(100, "::/0")], version=6)
    assert admits([entry(90, "0.0.0.0/0", "deny"), entry(100, "::/0")], version=6)
    assert not admits([entry(90, "::/0", "deny"), entry(100, "::/0")], version=6)


def test_only_a_rule_for_everything_lets_everything_in():
    ssh_denied = [entry(90, "0.0.0.0/0", "deny", ports=(22, 22)), entry(100, "0.0.0.0/0", protocol="-1")]
    assert acl_admits_internet(ssh_denied, version=4, protocol="-1")
    assert not acl_admits_internet([entry(100, "0.0.0.0/0", ports=(0, 65535))], version=4, protocol="-1")
    assert acl_admits_internet([entry(100, "0.0.0.0/0", ports=(0, 65535))], version=4, protocol="tcp")


SAMPLES = ["1.1.1.1", "8.8.8.8", "63.255.255.255", "64.0.0.1", "128.0.0.1", "203.0.113.9", "223.1.1.1"]


@given(entries, ports, st.sampled_from(["tcp", "udp"]))
def test_without_denials_open_means_that_everybody_gets_through(rules, port, protocol):
    rules = [rule for rule in rules if rule["RuleAction"] == "allow"]
    if admits(rules, port, protocol):
        assert all(gets_through(rules, address, port, protocol) for address in SAMPLES)
    else:
        allowed = [rule["CidrBlock"] for rule in rules if gets_through([rule], first_of(rule), port, protocol)]
        assert not cover_the_internet(allowed, 4)


def first_of(rule):
    return ip_network(rule["CidrBlock"])[0]


@given(entries, ports)
def test_open_means_that_somebody_gets_through(rules, port):
    if admits(rules, port):
        edges = {address for rule in rules for address in edges_of(ip_network(rule["CidrBlock"]))}
        assert any(gets_through(rules, address, port, "tcp") for address in edges)


def edges_of(network):
    """Return the addresses beside and inside the borders of ``network``: one of them shows each rule's effect."""
    first, last = int(network[0]), int(network[-1])
    return {number for number in (first - 1, first, last, last + 1) if 0 <= number < 2**32}


@given(entries, ports)
def test_a_first_denial_of_everything_closes_and_a_first_permission_opens(rules, port):
    assert not admits([entry(0, "0.0.0.0/0", "deny", "-1"), *rules], port)
    assert admits([entry(0, "0.0.0.0/0", "allow", "-1"), *rules], port)


@given(entries, ports)
def test_renumbering_in_the_same_order_and_listing_in_another_change_nothing(rules, port):
    ordered = sorted(rules, key=lambda rule: rule["RuleNumber"])
    renumbered = [rule | {"RuleNumber": 10 * place} for place, rule in enumerate(ordered, 1)]
    assert admits(rules, port) is admits(renumbered, port) is admits(renumbered[::-1], port)


@given(entries, ports, st.sampled_from(["203.0.113.0/24", "10.0.0.0/8", "8.8.8.8/32"]))
def test_denying_a_few_first_closes_nothing(rules, port, few):
    if admits(rules, port):
        assert admits([entry(0, few, "deny", "-1"), *rules], port) or any(rule["CidrBlock"] == few for rule in rules)


@given(entries, ports)
def test_ipv4_rules_let_no_ipv6_in(rules, port):
    assert not admits(rules, port, version=6)
