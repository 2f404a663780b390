"""What must hold of instances, their disks, images and addresses, and of what they are launched from."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from cloudbench.engine.checks.networks import (
    PREFIX_LISTS,
    ROUTE_PREFIX_LISTS,
    WITH_PORTS,
    Opening,
    Span,
    beyond,
    each_region,
    has_public_addresses,
    inbound,
    internet_ports,
    is_own,
    merged,
    opens_to_internet,
    prefixes_in,
    spelled,
    tables_by_subnet,
    untold,
    within,
)
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Data, Failure, FailureKind, Resource, Unread
from cloudbench.engine.registry import View, check, survey

INSTANCES = "ec2.instances"
VOLUMES = "ec2.volumes"
GROUPS = "ec2.security_groups"
TABLES = "ec2.route_tables"
BACKED_UP = "backup.protected_resources"
DEFAULT_ENCRYPTION = "ec2.ebs_encryption_by_default"

# --- Images, addresses, network interfaces ----------------------------------------------------------------------------


@check("ec2_ami_not_public", over="ec2.images")
def image_is_private(image: Resource, view: View) -> Verdict:
    """Fail if everybody may launch an image of the account. Source: DescribeImages (owned by self), Public."""
    public = bool(image["Public"])
    name = image.get("Name")
    return verdict(not public, "It is not public.", "Everybody can launch instances from it.", Name=name, Public=public)


@check("ec2_elastic_ip_associated", over="ec2.addresses")
def address_is_used(address: Resource, view: View) -> Verdict:
    """Fail if an Elastic IP address belongs to no instance and no network interface. Source: DescribeAddresses.

    Control: Security Hub EC2.12.
    """
    user = address.get("InstanceId") or address.get("NetworkInterfaceId") or address.get("AssociationId")
    ip = address["PublicIp"]
    return verdict(bool(user), f"{ip} belongs to {user}.", f"{ip} is reserved and unused.", PublicIp=ip)


CHECKED_INTERFACES = ("aws_codestar_connections_managed", "branch", "efa", "interface", "lambda", "quicksight")
"""Interfaces of which the user decides. Source: Security Hub EC2.180; gateways and endpoints forward by nature."""


@check("ec2_eni_source_dest_check", over="ec2.network_interfaces")
def interface_checks_addresses(interface: Resource, view: View) -> Verdict | None:
    """Fail if an interface takes traffic that is neither from nor for its own addresses.

    Source: DescribeNetworkInterfaces, SourceDestCheck, InterfaceType.
    """
    if interface["InterfaceType"] not in CHECKED_INTERFACES or not is_own(interface, view):
        return None
    checks = bool(interface["SourceDestCheck"])
    return verdict(
        checks,
        "Source and destination are checked.",
        "Source and destination are not checked.",
        InterfaceType=interface["InterfaceType"],
        SourceDestCheck=checks,
    )


# --- Instances --------------------------------------------------------------------------------------------------------


def lives(instance: Resource) -> bool:
    """Return whether the instance is not being terminated."""
    return instance["State"]["Name"] not in ("terminated", "shutting-down")


def _of_instances(check_id: str, *, reads: tuple[str, ...] = ()) -> Callable[[Callable[..., Verdict | None]], object]:
    """Register a check of each instance that was not terminated."""

    def register(judge: Callable[[Resource, View], Verdict | None]) -> Callable[[Resource, View], Verdict | None]:
        def judge_living(instance: Resource, view: View) -> Verdict | None:
            return judge(instance, view) if lives(instance) else None

        return check(check_id, over=INSTANCES, reads=reads)(judge_living)

    return register


def _asks_for_tokens(options: Data) -> bool:
    """Return whether the metadata service demands session tokens (IMDSv2), or does not answer at all."""
    return options.get("HttpTokens") == "required" or options.get("HttpEndpoint") == "disabled"


@_of_instances("ec2_instance_imdsv2")
def metadata_takes_tokens_only(instance: Resource, view: View) -> Verdict:
    """Fail if the metadata service answers without a session token; one that is off passes.

    Source: DescribeInstances, MetadataOptions (HttpTokens, HttpEndpoint). Control: CIS AWS 3.0, 5.6.
    """
    options = instance.get("MetadataOptions") or {}
    off = options.get("HttpEndpoint") == "disabled"
    return verdict(
        _asks_for_tokens(options),
        "The metadata service is off." if off else "The metadata service demands session tokens.",
        "The metadata service answers requests without a session token (IMDSv1).",
        HttpTokens=options.get("HttpTokens"),
        HttpEndpoint=options.get("HttpEndpoint"),
    )


@_of_instances("ec2_instance_profile_attached")
def instance_has_role(instance: Resource, view: View) -> Verdict:
    """Fail if an instance has no instance profile, hence no role. Source: DescribeInstances, IamInstanceProfile.

    Control: CIS AWS 3.0, 1.18.
    """
    arn = (instance.get("IamInstanceProfile") or {}).get("Arn")
    return verdict(bool(arn), f"It has the instance profile {arn}.", "It has no instance profile.", Arn=arn)


def _public_ips(instance: Resource) -> list[str]:
    """Return the public IPv4 addresses of all interfaces."""
    on_interfaces = [(one.get("Association") or {}).get("PublicIp") for one in instance.get("NetworkInterfaces") or ()]
    return list(dict.fromkeys(str(ip) for ip in (instance.get("PublicIpAddress"), *on_interfaces) if ip))


@_of_instances("ec2_instance_no_public_ip")
def instance_has_no_public_address(instance: Resource, view: View) -> Verdict:
    """Fail if an interface of the instance has a public IPv4 address. Source: DescribeInstances, PublicIpAddress.

    Control: Security Hub EC2.9.
    """
    public = _public_ips(instance)
    told = f"It has the public address {', '.join(public)}."
    return verdict(not public, "It has no public IPv4 address.", told, PublicIpAddress=public)


@_of_instances("ec2_instance_in_vpc")
def instance_is_in_vpc(instance: Resource, view: View) -> Verdict:
    """Fail if an instance runs outside of every VPC (EC2-Classic). Source: DescribeInstances, VpcId."""
    vpc = instance.get("VpcId")
    return verdict(bool(vpc), f"It is in {vpc}.", "It is in no VPC.", VpcId=vpc)


@_of_instances("ec2_instance_not_paravirtual")
def instance_is_hvm(instance: Resource, view: View) -> Verdict | None:
    """Fail if an instance uses paravirtualization. Source: DescribeInstances, VirtualizationType (hvm, paravirtual).

    Control: Security Hub EC2.24.
    """
    kind = instance.get("VirtualizationType")
    if kind is None:
        return None
    return verdict(kind != "paravirtual", f"It uses {kind}.", "It uses paravirtualization.", VirtualizationType=kind)


@_of_instances("ec2_instance_single_eni")
def instance_has_one_interface(instance: Resource, view: View) -> Verdict:
    """Fail if an instance has more than one network interface. Source: DescribeInstances, NetworkInterfaces.

    Control: Security Hub EC2.17.
    """
    ids = [one["NetworkInterfaceId"] for one in instance.get("NetworkInterfaces") or ()]
    told = f"It has {len(ids)} network interfaces instead of one."
    return verdict(len(ids) <= 1, f"Network interfaces: {len(ids)}.", told, NetworkInterfaceIds=ids)


@_of_instances("ec2_instance_detailed_monitoring")
def instance_is_monitored(instance: Resource, view: View) -> Verdict:
    """Fail unless detailed monitoring is enabled, or about to be. Source: DescribeInstances, Monitoring.State."""
    state = (instance.get("Monitoring") or {}).get("State", "disabled")
    return verdict(
        state in ("enabled", "pending"),
        f"Detailed monitoring is {state}.",
        f"Detailed monitoring is {state}.",
        State=state,
    )


@_of_instances("ec2_instance_ebs_optimized", reads=("ec2.instance_types",))
def instance_has_way_to_disks(instance: Resource, view: View) -> Verdict | None:
    """Fail if an instance could have bandwidth of its own for EBS and does not; most types always have it.

    Source: DescribeInstances, EbsOptimized; else DescribeInstanceTypes, EbsInfo.EbsOptimizedSupport (default,
    supported, unsupported). A type that cannot is left out.
    """
    kind = instance["InstanceType"]
    if instance.get("EbsOptimized"):
        return passed("It is EBS-optimized.", InstanceType=kind)
    known = view.one_of("ec2.instance_types", instance)
    if known is None:
        raise Unread(untold(f"the instance type {kind}", "ec2:DescribeInstanceTypes"))
    support = known["EbsInfo"]["EbsOptimizedSupport"]
    if support == "unsupported":
        return None
    good = f"The type {kind} always is EBS-optimized."
    return verdict(support == "default", good, f"The type {kind} can be EBS-optimized; it is not.", InstanceType=kind)


STOPPED_DAYS = 30
"""How long an instance may stay stopped. Source: Security Hub EC2.4, AllowedDays."""
STOPPED_AT = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")
"""In StateTransitionReason: "User initiated (2026-01-31 09:30:00 GMT)"."""


@_of_instances("ec2_stopped_instance_age")
def stopped_instance_is_needed(instance: Resource, view: View) -> Verdict:
    """Fail if an instance has been stopped for more than STOPPED_DAYS.

    Source: DescribeInstances, State, StateTransitionReason, LaunchTime (of the last start). AWS gives no date when the
    system of the instance shut itself down: then one that was started within the time passes, another is unread.
    """
    state = instance["State"]["Name"]
    if state != "stopped":
        return passed(f"It is {state}.", State=state)
    allowed = timedelta(days=STOPPED_DAYS)
    told = STOPPED_AT.search(instance.get("StateTransitionReason") or "")
    if told is not None:
        since = datetime.strptime(told[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        words = f"It has been stopped since {since:%Y-%m-%d}."
        return verdict(view.now - since <= allowed, words, words, StateTransitionReason=told[0])
    launched = datetime.fromisoformat(instance["LaunchTime"])
    if view.now - launched <= allowed:
        return passed(f"It is stopped; it was last started on {launched:%Y-%m-%d}.", LaunchTime=instance["LaunchTime"])
    ident = instance["InstanceId"]
    raise Unread(
        Failure(FailureKind.MALFORMED, f"AWS does not tell since when {ident} is stopped.", "", instance.region)
    )


ONLINE = "Online"


@survey("ssm_instance_managed", reads=(INSTANCES, "ssm.instance_information"))
def instances_are_managed(view: View) -> Iterator[Finding]:
    """Fail running instances that Systems Manager does not know, or whose agent is not online.

    Source: DescribeInstances, DescribeInstanceInformation (PingStatus). Control: Security Hub SSM.1.
    """
    for instances, known in each_region(view, INSTANCES, "ssm.instance_information"):
        pings = {one["InstanceId"]: one.get("PingStatus") for one in known}
        for instance in instances:
            if instance["State"]["Name"] != "running":
                continue
            ping = pings.get(instance["InstanceId"])
            words = f"The agent of Systems Manager is {ping}." if ping else "Systems Manager does not know it."
            yield Finding(instance.arn, instance.region, ping == ONLINE, words, instance.name, {"PingStatus": ping})


# --- Instances and what can be reached of them ------------------------------------------------------------------------

ADMIN_AND_DATA_PORTS = {
    "Cassandra": (7000, 7001, 7199, 9042, 9160), "CIFS": (139, 445), "Elasticsearch": (5601, 9200, 9300),
    "FTP": (20, 21), "Kafka": (9092,), "Kerberos": (88, 464, 749, 750), "LDAP": (389, 636), "Memcached": (11211,),
    "MongoDB": (27017, 27018), "MySQL": (3306,), "Oracle": (1521, 2483, 2484), "PostgreSQL": (5432,), "RDP": (3389,),
    "Redis": (6379,), "SQL Server": (1433, 1434), "SSH": (22,), "Telnet": (23,),
}  # fmt: skip
"""TCP ports of what administers machines or holds data, by service. Source: IANA service names; vendors' manuals."""
HOST_READS = (INSTANCES, GROUPS, *PREFIX_LISTS)


def _openings(group_ids: Iterable[Data], groups: Mapping[str, Resource], view: View) -> list[Opening]:
    """Return what these groups let in together. Raises Unread for one that AWS did not tell of."""
    found = []
    for one in group_ids:
        group = groups.get(one["GroupId"])
        if group is None:
            raise Unread(untold(f"the security group {one['GroupId']}", "ec2:DescribeSecurityGroups"))
        found.extend(inbound(group, view))
    return found


def _judged(view: View, rows: Iterable[Resource], judge: Callable[[Resource], Verdict]) -> Iterator[Finding]:
    """Yield a finding for each of ``rows``; notes those of which something is unread."""
    for row in rows:
        try:
            said = judge(row)
        except Unread as unread:
            view.unread[unread.failure] = None
        else:
            yield Finding(row.arn, row.region, said.passed, said.words, row.name, said.attributes)


@survey("ec2_instance_no_exposed_admin_or_data_ports", reads=(*HOST_READS, TABLES, *ROUTE_PREFIX_LISTS))
def instances_expose_no_services(view: View) -> Iterator[Finding]:
    """Fail instances on which the Internet can reach a port of ADMIN_AND_DATA_PORTS.

    It can if an interface has a public address, its subnet a route to an internet gateway, and its security groups
    let everybody in. Network ACLs are left aside.
    Source: DescribeInstances (NetworkInterfaces), DescribeSecurityGroups, DescribeRouteTables.
    """
    for instances, groups, tables in each_region(view, INSTANCES, GROUPS, TABLES):
        judge = partial(
            _exposes, groups={one["GroupId"]: one for one in groups}, table_of=tables_by_subnet(tables), view=view
        )
        yield from _judged(view, filter(lives, instances), judge)


def _exposes(
    instance: Resource, groups: Mapping[str, Resource], table_of: Callable[[str, str], Resource], view: View
) -> Verdict:
    spans: list[Span] = []
    for interface in instance.get("NetworkInterfaces") or ():
        versions = _reachable_over(interface, table_of, view)
        if versions:
            openings = _openings(interface.get("Groups") or (), groups, view)
            spans.extend(span for version in versions for span in internet_ports(openings, "tcp", version))
    found = {service: within(ports, merged(spans)) for service, ports in ADMIN_AND_DATA_PORTS.items()}
    exposed = [f"{service} ({spelled((one, one) for one in ports)})" for service, ports in found.items() if ports]
    return verdict(
        not exposed,
        "The Internet reaches no port of it that administers machines or holds data.",
        f"The Internet reaches {', '.join(exposed)}.",
        Exposed=exposed,
        PublicIpAddress=_public_ips(instance),
    )


def _reachable_over(interface: Data, table_of: Callable[[str, str], Resource], view: View) -> list[int]:
    """Return the IP versions over which packets of the Internet get to ``interface``."""
    six = [f"{one['Ipv6Address']}/128" for one in interface.get("Ipv6Addresses") or ()]
    addressed = {4: "PublicIp" in (interface.get("Association") or {}), 6: any(map(has_public_addresses, six))}
    if not any(addressed.values()):
        return []
    table = table_of(interface["SubnetId"], interface["VpcId"])
    prefixes = prefixes_in(table.region, view, ROUTE_PREFIX_LISTS)
    return [version for version, has in addressed.items() if has and opens_to_internet(table, version, prefixes)]


HOST_PORTS = {"tcp": (80, 443), "udp": ()}
"""What a host of enclaves may open to everybody."""


@survey("ec2_enclave_host_hardened", reads=HOST_READS)
def enclave_hosts_are_hardened(view: View) -> Iterator[Finding]:
    """Fail hosts of Nitro enclaves that answer IMDSv1, have a public address, open ports or are stopped.

    Ports: anything but TCP 80 and 443 open to the whole Internet, which covers those of proxies to the enclave. A
    stopped host has lost its enclave. Source: DescribeInstances (EnclaveOptions), DescribeSecurityGroups.
    """
    for instances, groups in each_region(view, INSTANCES, GROUPS):
        hosts = [one for one in instances if lives(one) and (one.get("EnclaveOptions") or {}).get("Enabled")]
        yield from _judged(view, hosts, partial(_hardened, groups={one["GroupId"]: one for one in groups}, view=view))


def _hardened(host: Resource, groups: Mapping[str, Resource], view: View) -> Verdict:
    interfaces = host.get("NetworkInterfaces") or ()
    openings = _openings((group for one in interfaces for group in one.get("Groups") or ()), groups, view)
    open_ = {
        one: beyond(
            merged(span for version in (4, 6) for span in internet_ports(openings, one, version)), HOST_PORTS[one]
        )
        for one in WITH_PORTS
    }
    faults = [
        *([] if _asks_for_tokens(host.get("MetadataOptions") or {}) else ["it answers IMDSv1"]),
        *(f"it has the public address {ip}" for ip in _public_ips(host)),
        *(f"{one.upper()} {spelled(spans)} is open to the Internet" for one, spans in open_.items() if spans),
        *(["it is stopped and its enclave lost"] if host["State"]["Name"] == "stopped" else []),
    ]
    if not faults:
        return passed("It demands session tokens, has no public address and opens no further ports.", Faults=[])
    told = "; ".join(faults)
    return failed(f"{told[0].upper()}{told[1:]}.", Faults=faults)


# --- What instances are launched from ---------------------------------------------------------------------------------

TEMPLATES = "ec2.launch_template_versions"


@check("ec2_launch_template_imdsv2", over=TEMPLATES)
def template_demands_tokens(template: Resource, view: View) -> Verdict:
    """Fail if a template's default version does not demand IMDSv2; one that says nothing leaves it to the image.

    Source: DescribeLaunchTemplateVersions ($Default), MetadataOptions. Control: Security Hub EC2.170.
    """
    options = template.get("MetadataOptions") or {}
    version = template["VersionNumber"]
    return verdict(
        _asks_for_tokens(options),
        f"Version {version}, the default, demands session tokens.",
        f"Version {version}, the default, does not demand session tokens.",
        VersionNumber=version,
        HttpTokens=options.get("HttpTokens"),
    )


@check("ec2_launch_template_no_public_ip", over=TEMPLATES)
def template_gives_no_public_address(template: Resource, view: View) -> Verdict:
    """Fail if a template's default version gives an interface a public address; silence leaves it to the subnet.

    Source: DescribeLaunchTemplateVersions ($Default), NetworkInterfaces.AssociatePublicIpAddress.
    Control: Security Hub EC2.25.
    """
    gives = any(one.get("AssociatePublicIpAddress") for one in template.get("NetworkInterfaces") or ())
    version = template["VersionNumber"]
    return verdict(
        not gives,
        f"Version {version}, the default, asks for no public address.",
        f"Version {version}, the default, gives instances a public address.",
        VersionNumber=version,
        AssociatePublicIpAddress=gives,
    )


def _unencrypted(mappings: Iterable[Data], region: str, view: View) -> list[str]:
    """Return the devices whose volumes may stay plain: told so, or told nothing where the region has no default."""
    found = []
    for one in mappings:
        disk = one.get("Ebs")
        if disk is None:
            continue
        told = disk.get("Encrypted")
        if told is None:
            told = any(row["EbsEncryptionByDefault"] for row in view.in_region(DEFAULT_ENCRYPTION, region))
        if not told:
            found.append(str(one.get("DeviceName", "a device")))
    return found


def _encrypts(mappings: list[Data], region: str, view: View) -> Verdict | None:
    if not any(one.get("Ebs") for one in mappings):
        return None
    plain = _unencrypted(mappings, region, view)
    told = f"Volumes that are not made encrypted: {', '.join(plain)}."
    return verdict(not plain, "All the volumes it names are made encrypted.", told, DeviceNames=plain)


@check("ec2_launch_template_ebs_encrypted", over=TEMPLATES, reads=(DEFAULT_ENCRYPTION,))
def template_encrypts_volumes(template: Resource, view: View) -> Verdict | None:
    """Fail if a volume in a template's default version is not made encrypted, by itself or by the region's default.

    One told not to be encrypted fails in any case; templates that name no volumes are left out.
    Source: DescribeLaunchTemplateVersions ($Default), BlockDeviceMappings. Control: Security Hub EC2.181.
    """
    return _encrypts(template.get("BlockDeviceMappings") or [], template.region, view)


ENDED_FLEETS = ("cancelled", "failed")


@check("ec2_spot_fleet_ebs_encrypted", over="ec2.spot_fleet_requests", reads=(DEFAULT_ENCRYPTION,))
def fleet_encrypts_volumes(request: Resource, view: View) -> Verdict | None:
    """Fail if a volume in the launch parameters of a fleet is not made encrypted, by itself or by the region's default.

    Fleets that ended or are launched from templates are left out. Source: DescribeSpotFleetRequests,
    LaunchSpecifications.BlockDeviceMappings. Control: Security Hub EC2.173.
    """
    if request["SpotFleetRequestState"] in ENDED_FLEETS:
        return None
    mappings = [
        one for parameters in request["LaunchSpecifications"] for one in parameters.get("BlockDeviceMappings") or ()
    ]
    return _encrypts(mappings, request.region, view)
