from datetime import UTC, datetime
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

# --- Disks and snapshots ---


@on_moto()
def regions_that_encrypt_by_default(aws: Aws) -> Verdicts:
    aws("ec2").enable_ebs_encryption_by_default()
    return {"ebs_default_encryption": Expected(good=[ROOT])}


@on_moto()
def regions_that_do_not_encrypt_by_default(aws: Aws) -> Verdicts:
    return {"ebs_default_encryption": Expected(bad=[ROOT])}


@on_moto()
def volumes(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]
    ids = {
        name: ec2.create_volume(AvailabilityZone=subnet["AvailabilityZone"], Size=8, Encrypted=name != "plain")[
            "VolumeId"
        ]
        for name in ("plain", "encrypted", "unused")
    }
    host = run(ec2, subnet["SubnetId"])
    for device, name in {"/dev/sdf": "plain", "/dev/sdg": "encrypted"}.items():
        ec2.attach_volume(VolumeId=ids[name], InstanceId=host, Device=device)
    (root,) = (one["VolumeId"] for one in ec2.describe_volumes()["Volumes"] if one["VolumeId"] not in ids.values())
    return {
        "ebs_attached_volume_encrypted": Expected(good=[ids["encrypted"]], bad=[ids["plain"], root]),
        "ebs_volume_attached": Expected(good=[ids["plain"], ids["encrypted"], root], bad=[ids["unused"]]),
    }


def run(ec2: Any, subnet: str, **more: Any) -> str:
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet, **more)
    return str(made["Instances"][0]["InstanceId"])


def snapshot(name: str, volume: str = "vol-1", state: str = "completed", encrypted: bool = True) -> dict[str, Any]:
    return {
        "SnapshotId": f"snap-{name}",
        "VolumeId": volume,
        "State": state,
        "StartTime": NOON,
        "Encrypted": encrypted,
        "OwnerId": ACCOUNT,
    }


@on_answers
def snapshots() -> Answers:
    told = [
        snapshot("good", "vol-kept"),
        snapshot("plain", "vol-kept", encrypted=False),
        snapshot("broken", "vol-broken", "error"),
        snapshot("of-another", "vol-deleted"),
    ]
    volumes = [
        {"VolumeId": name, "State": "available", "Encrypted": True} for name in ("vol-kept", "vol-broken", "vol-new")
    ]
    return Answers(
        says={"ec2.describe_volumes": {"Volumes": volumes}, "ec2.describe_snapshots": {"Snapshots": told}},
        verdicts={
            "ebs_snapshot_encrypted": Expected(["snap-good", "snap-broken", "snap-of-another"], ["snap-plain"]),
            "ebs_volume_has_snapshot": Expected(["vol-kept"], ["vol-broken", "vol-new"]),
        },
    )


def only_public(*public: dict[str, Any]) -> Any:
    def answer(params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("RestorableByUserIds") == ["all"] and params["OwnerIds"] == ["self"]
        return {"Snapshots": list(public) if wanted else [snapshot("private")]}

    return answer


OTHERS = snapshot("of-another-account") | {"OwnerId": "999988887777"}
PERMITTED = {"snap-public": [{"Group": "all"}], "snap-lent": [{"UserId": "999988887777"}], OTHERS["SnapshotId"]: []}


@on_answers
def snapshots_that_are_public() -> Answers:
    return Answers(
        says={
            "ec2.describe_snapshots": only_public(snapshot("public"), snapshot("lent"), OTHERS),
            "ec2.describe_snapshot_attribute": lambda params: {
                "SnapshotId": params["SnapshotId"],
                "CreateVolumePermissions": PERMITTED[params["SnapshotId"]],
            },
        },
        verdicts={"ebs_snapshot_not_public": Expected(bad=["snap-public"])},
    )


@on_moto()
def snapshots_that_are_lent(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8)["VolumeId"]
    ec2.create_snapshot(VolumeId=volume)
    lent = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=lent, Attribute="createVolumePermission", OperationType="add", UserIds=["999988887777"]
    )
    return {"ebs_snapshot_not_public": Expected(good=[ROOT])}


@on_answers
def snapshots_that_are_not_public() -> Answers:
    return Answers(
        says={"ec2.describe_snapshots": only_public()}, verdicts={"ebs_snapshot_not_public": Expected(good=[ROOT])}
    )


@on_answers
def regions_that_block_public_snapshots() -> Answers:
    return Answers(
        says={"ec2.get_snapshot_block_public_access_state": {"State": "block-all-sharing"}},
        verdicts={"ebs_snapshot_block_public_access": Expected(good=[ROOT])},
    )


@on_answers
def regions_that_block_only_new_public_snapshots() -> Answers:
    return Answers(
        says={"ec2.get_snapshot_block_public_access_state": {"State": "block-new-sharing"}},
        verdicts={"ebs_snapshot_block_public_access": Expected(bad=[ROOT])},
    )


@on_answers
def regions_that_block_no_public_snapshots() -> Answers:
    return Answers(
        says={"ec2.get_snapshot_block_public_access_state": {"State": "unblocked"}},
        verdicts={"ebs_snapshot_block_public_access": Expected(bad=[ROOT])},
    )


@on_answers
def backups() -> Answers:
    def protected(kind: str) -> dict[str, Any]:
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}"
        return {"ResourceArn": arn, "ResourceType": "EC2", "LastBackupTime": NOON}

    volumes = [
        {"VolumeId": "vol-kept", "State": "in-use", "Encrypted": True},
        {"VolumeId": "vol-bare", "State": "in-use", "Encrypted": True},
        {"VolumeId": "vol-unused", "State": "available", "Encrypted": True},
    ]
    return Answers(
        says={
            "ec2.describe_volumes": {"Volumes": volumes},
            "ec2.describe_instances": told(instance("kept"), instance("bare"), instance("gone", "terminated")),
            "backup.list_protected_resources": {
                "Results": [protected("volume/vol-kept"), protected("instance/i-kept")]
            },
        },
        verdicts={
            "ebs_volume_in_backup_plan": Expected(["vol-kept"], ["vol-bare"]),
            "ec2_instance_in_backup_plan": Expected(["i-kept"], ["i-bare"]),
        },
    )


# --- Images, addresses, network interfaces ---


@on_moto()
def images(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    host = run(ec2, ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"])
    public, private = (ec2.create_image(InstanceId=host, Name=name)["ImageId"] for name in ("public", "private"))
    ec2.modify_image_attribute(ImageId=public, LaunchPermission={"Add": [{"Group": "all"}]})
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Remove": [{"Group": "all"}]})
    return {"ec2_ami_not_public": Expected(good=[private], bad=[public])}


@on_moto()
def addresses(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    used, unused = (ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(2))
    ec2.associate_address(AllocationId=used, NetworkInterfaceId=interface)
    return {"ec2_elastic_ip_associated": Expected(good=[used], bad=[unused])}


@on_answers
def interfaces() -> Answers:
    def interface(name: str, checks: bool, kind: str = "interface", owner: str = ACCOUNT) -> dict[str, Any]:
        ident = f"eni-{name}"
        return {"NetworkInterfaceId": ident, "OwnerId": owner, "InterfaceType": kind, "SourceDestCheck": checks}

    told = [
        interface("good", True),
        interface("forwards", False),
        interface("lambda", False, "lambda"),
        interface("nat", False, "nat_gateway"),
        interface("theirs", False, owner="999988887777"),
    ]
    return Answers(
        says={"ec2.describe_network_interfaces": {"NetworkInterfaces": told}},
        verdicts={"ec2_eni_source_dest_check": Expected(["eni-good"], ["eni-forwards", "eni-lambda"])},
    )


# --- Instances ---


@on_moto()
def instances(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    aws("iam").create_instance_profile(InstanceProfileName="app")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
    second = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    good = run(
        ec2,
        subnet,
        InstanceType="m3.xlarge",
        MetadataOptions={"HttpTokens": "required"},
        IamInstanceProfile={"Name": "app"},
        EbsOptimized=True,
        Monitoring={"Enabled": True},
    )
    silent = run(ec2, subnet, InstanceType="t3.micro", MetadataOptions={"HttpEndpoint": "disabled"})
    bad = run(ec2, subnet, InstanceType="m3.xlarge")
    ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=bad, DeviceIndex=1)
    old = run(ec2, subnet, InstanceType="t1.micro")
    ec2.stop_instances(InstanceIds=[old])
    ec2.terminate_instances(InstanceIds=[run(ec2, subnet)])
    return {
        "ec2_instance_imdsv2": Expected(good=[good, silent], bad=[bad, old]),
        "ec2_instance_profile_attached": Expected(good=[good], bad=[silent, bad, old]),
        "ec2_instance_ebs_optimized": Expected(good=[good, silent], bad=[bad]),
        "ec2_instance_detailed_monitoring": Expected(good=[good], bad=[silent, bad, old]),
        "ec2_instance_single_eni": Expected(good=[good, silent, old], bad=[bad]),
        "ec2_instance_no_public_ip": Expected(good=[good, silent, bad, old]),
        "ec2_stopped_instance_age": Expected(good=[good, silent, bad, old]),
    }


def instance(name: str, state: str = "running", **more: Any) -> dict[str, Any]:
    return {
        "InstanceId": f"i-{name}",
        "InstanceType": "t3.micro",
        "State": {"Name": state},
        "VpcId": "vpc-1",
        "VirtualizationType": "hvm",
        "LaunchTime": datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    }


def told(*instances: dict[str, Any]) -> dict[str, Any]:
    return {"Reservations": [{"Instances": [one]} for one in instances]}


def interface(name: str, *groups: str, subnet: str = "subnet-public", ip: str = "", ipv6: str = "") -> dict[str, Any]:
    return {
        "NetworkInterfaceId": f"eni-{name}",
        "SubnetId": subnet,
        "VpcId": "vpc-1",
        "Groups": [{"GroupId": group} for group in groups],
        **({"Association": {"PublicIp": ip}} if ip else {}),
        "Ipv6Addresses": [{"Ipv6Address": ipv6}] if ipv6 else [],
    }


@on_answers
def instances_of_other_kinds() -> Answers:
    old, good = instance("old", VirtualizationType="paravirtual"), instance("good")
    del old["VpcId"]
    second = [interface("1"), interface("2", ip="198.51.100.2")]
    public = instance("public", PublicIpAddress="198.51.100.1")
    return Answers(
        says={"ec2.describe_instances": told(old, good, public, instance("second", NetworkInterfaces=second))},
        verdicts={
            "ec2_instance_in_vpc": Expected(["i-good", "i-public", "i-second"], ["i-old"]),
            "ec2_instance_not_paravirtual": Expected(["i-good", "i-public", "i-second"], ["i-old"]),
            "ec2_instance_no_public_ip": Expected(["i-good", "i-old"], ["i-public", "i-second"]),
            "ec2_instance_imdsv2": Expected(bad=["i-good", "i-old", "i-public", "i-second"]),
            "ec2_instance_single_eni": Expected(["i-good", "i-old", "i-public"], ["i-second"]),
        },
    )


@on_answers
def instances_that_were_stopped() -> Answers:
    def stopped(name: str, reason: str, **more: Any) -> dict[str, Any]:
        return instance(name, "stopped", StateTransitionReason=reason, **more)

    return Answers(
        says={
            "ec2.describe_instances": told(
                instance("running"),
                stopped("lately", "User initiated (2026-10-22 12:00:01 GMT)"),
                stopped("for-long", "User initiated (2026-10-22 11:59:59 GMT)"),
                stopped("by-itself", "", LaunchTime=datetime(2026, 11, 20, tzinfo=UTC)),
            )
        },
        verdicts={"ec2_stopped_instance_age": Expected(["i-running", "i-lately", "i-by-itself"], ["i-for-long"])},
        at=NOON,
    )


@on_answers
def instances_of_systems_manager() -> Answers:
    def known(name: str, status: str) -> dict[str, Any]:
        return {"InstanceId": name, "PingStatus": status, "ResourceType": "EC2Instance"}

    return Answers(
        says={
            "ec2.describe_instances": told(
                instance("online"), instance("lost"), instance("unknown"), instance("stopped", "stopped")
            ),
            "ssm.describe_instance_information": {
                "InstanceInformationList": [known("i-online", "Online"), known("i-lost", "ConnectionLost")]
            },
        },
        verdicts={"ssm_instance_managed": Expected(["i-online"], ["i-lost", "i-unknown"])},
    )


# --- Instances and what can be reached of them ---

EVERYBODY = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
EVERYBODY_6 = {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
LISTED = {"PrefixListIds": [{"PrefixListId": "pl-1"}]}


def group(name: str, *ports: tuple[int, int], sources: dict[str, Any] = EVERYBODY) -> dict[str, Any]:
    rules = [{"IpProtocol": "tcp", "FromPort": first, "ToPort": last, **sources} for first, last in ports]
    return {"GroupId": f"sg-{name}", "GroupName": name, "OwnerId": ACCOUNT, "VpcId": "vpc-1", "IpPermissions": rules}


def table(name: str, *routes: dict[str, str], main: bool = False) -> dict[str, Any]:
    association = {"Main": True} if main else {"Main": False, "SubnetId": f"subnet-{name}"}
    return {
        "RouteTableId": f"rtb-{name}",
        "VpcId": "vpc-1",
        "OwnerId": ACCOUNT,
        "Routes": list(routes),
        "Associations": [association],
    }


NETWORK = {
    "ec2.describe_security_groups": {
        "SecurityGroups": [
            group("web", (80, 80), (443, 443)),
            group("ssh", (22, 22)),
            group("ssh-v6", (22, 22), sources=EVERYBODY_6),
            group("mysql-listed", (3306, 3306), sources=LISTED),
            group("nothing"),
            group("app", (5000, 5000)),
        ]
    },
    "ec2.describe_route_tables": {
        "RouteTables": [
            table("main", main=True),
            table(
                "public",
                {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"},
                {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1", "State": "active"},
            ),
            table("listed", {"DestinationPrefixListId": "pl-2", "GatewayId": "igw-1", "State": "active"}),
        ]
    },
    "ec2.get_managed_prefix_list_entries": {"Entries": [{"Cidr": "0.0.0.0/0"}]},
}


@on_answers
def instances_that_can_be_reached() -> Answers:
    def with_interface(name: str, *groups: str, **more: Any) -> dict[str, Any]:
        return instance(name, NetworkInterfaces=[interface(name, *groups, **more)])

    ip, ipv6 = "198.51.100.1", "2001:db8::1"
    good = {
        "web": with_interface("web", "sg-web", ip=ip),
        "private": with_interface("private", "sg-ssh", subnet="subnet-private", ip=ip),
        "no-ip": with_interface("no-ip", "sg-ssh"),
        "other-version": with_interface("other-version", "sg-ssh-v6", ip=ip),
        "no-interface": instance("no-interface"),
    }
    bad = {
        "ssh": with_interface("ssh", "sg-web", "sg-ssh", ip=ip),
        "ssh-v6": with_interface("ssh-v6", "sg-ssh-v6", ipv6=ipv6),
        "mysql": with_interface("mysql", "sg-mysql-listed", ip=ip),
        "listed-route": with_interface("listed-route", "sg-ssh", subnet="subnet-listed", ip=ip),
        "second": instance("second", NetworkInterfaces=[interface("a", "sg-web"), interface("b", "sg-ssh", ip=ip)]),
    }
    gone = instance("gone", "terminated", NetworkInterfaces=[interface("gone", "sg-ssh", ip=ip)])
    return Answers(
        says={"ec2.describe_instances": told(*good.values(), *bad.values(), gone), **NETWORK},
        verdicts={
            "ec2_instance_no_exposed_admin_or_data_ports": Expected(
                [f"i-{name}" for name in good], [f"i-{name}" for name in bad]
            )
        },
    )


@on_answers
def hosts_of_enclaves() -> Answers:
    def host(name: str, *groups: str, state: str = "running", tokens: str = "required", ip: str = "") -> dict[str, Any]:
        return instance(
            name,
            state,
            EnclaveOptions={"Enabled": True},
            MetadataOptions={"HttpTokens": tokens, "HttpEndpoint": "enabled"},
            NetworkInterfaces=[interface(name, *groups, ip=ip)],
        )

    good = [host("good", "sg-web"), host("bare", "sg-nothing"), host("starting", "sg-web", state="pending")]
    bad = [
        host("imdsv1", "sg-web", tokens="optional"),
        host("public", "sg-web", ip="198.51.100.1"),
        host("proxy", "sg-app"),
        host("ssh", "sg-ssh-v6"),
        host("listed", "sg-mysql-listed"),
        host("stopped", "sg-web", state="stopped"),
    ]
    others = [
        instance("no-enclave"),
        instance("off", EnclaveOptions={"Enabled": False}),
        host("gone", state="terminated"),
    ]
    return Answers(
        says={"ec2.describe_instances": told(*good, *bad, *others), **NETWORK},
        verdicts={
            "ec2_enclave_host_hardened": Expected(
                [one["InstanceId"] for one in good], [one["InstanceId"] for one in bad]
            )
        },
    )


# --- What instances are launched from ---


@on_moto()
def launch_templates(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    tokens: dict[str, Any] = {"MetadataOptions": {"HttpTokens": "required"}}
    public: dict[str, Any] = {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]}
    private: dict[str, Any] = {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False}]}
    data = {
        "good": tokens | private,
        "public": tokens | public,
        "optional": {"MetadataOptions": {"HttpTokens": "optional"}},
        "silent": {"InstanceType": "t3.micro"},
    }
    for name, said in data.items():
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=said)
    ec2.create_launch_template_version(LaunchTemplateName="good", LaunchTemplateData=public)
    return {
        "ec2_launch_template_imdsv2": Expected(["good", "public"], ["optional", "silent"]),
        "ec2_launch_template_no_public_ip": Expected(["good", "optional", "silent"], ["public"]),
    }


def disk(device: str, encrypted: bool | None = None) -> dict[str, Any]:
    return {"DeviceName": device, "Ebs": {"VolumeSize": 8} | ({} if encrypted is None else {"Encrypted": encrypted})}


def templates(mappings: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "LaunchTemplateVersions": [
            {
                "LaunchTemplateId": f"lt-{name}",
                "LaunchTemplateName": name,
                "VersionNumber": 3,
                "DefaultVersion": True,
                "LaunchTemplateData": {"UserData": "not to be kept", "BlockDeviceMappings": told},
            }
            for name, told in mappings.items()
        ]
    }


def fleets(mappings: dict[str, list[dict[str, Any]]], state: str = "active") -> dict[str, Any]:
    return {
        "SpotFleetRequestConfigs": [
            {
                "SpotFleetRequestId": f"sfr-{name}",
                "SpotFleetRequestState": state,
                "SpotFleetRequestConfig": {
                    "IamFleetRole": f"arn:aws:iam::{ACCOUNT}:role/fleet",
                    "TargetCapacity": 1,
                    "LaunchSpecifications": [{"UserData": "not to be kept", "BlockDeviceMappings": told}],
                },
            }
            for name, told in mappings.items()
        ]
    }


MAPPINGS: dict[str, list[dict[str, Any]]] = {
    "encrypted": [disk("/dev/sda", True), {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}],
    "plain": [disk("/dev/sda", True), disk("/dev/sdf", False)],
    "untold": [disk("/dev/sda")],
    "none": [],
}


def launched(by_default: bool) -> dict[str, Any]:
    ended = fleets({"ended": [disk("/dev/sda", False)]}, "cancelled")["SpotFleetRequestConfigs"]
    by_template = {
        "SpotFleetRequestId": "sfr-by-template",
        "SpotFleetRequestState": "active",
        "SpotFleetRequestConfig": {"IamFleetRole": f"arn:aws:iam::{ACCOUNT}:role/fleet", "TargetCapacity": 1},
    }
    return {
        "ec2.get_ebs_encryption_by_default": {"EbsEncryptionByDefault": by_default},
        "ec2.describe_launch_template_versions": templates(MAPPINGS),
        "ec2.describe_spot_fleet_requests": {
            "SpotFleetRequestConfigs": [*fleets(MAPPINGS)["SpotFleetRequestConfigs"], *ended, by_template]
        },
    }


@on_answers
def volumes_to_come_where_nothing_is_encrypted_by_default() -> Answers:
    return Answers(
        says=launched(by_default=False),
        verdicts={
            "ec2_launch_template_ebs_encrypted": Expected(["encrypted"], ["plain", "untold"]),
            "ec2_spot_fleet_ebs_encrypted": Expected(["sfr-encrypted"], ["sfr-plain", "sfr-untold"]),
        },
    )


@on_answers
def volumes_to_come_where_all_are_encrypted_by_default() -> Answers:
    return Answers(
        says=launched(by_default=True),
        verdicts={
            "ec2_launch_template_ebs_encrypted": Expected(["encrypted", "untold"], ["plain"]),
            "ec2_spot_fleet_ebs_encrypted": Expected(["sfr-encrypted", "sfr-untold"], ["sfr-plain"]),
        },
    )
