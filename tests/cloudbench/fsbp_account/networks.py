"""Networks, instances, firewalls."""

from typing import Any

from tests.cloudbench.fsbp_account.ground import REGION, ROLE, ROOT, Aws, Sayings, arn, default_vpc, two_subnets


def networks(aws: Aws, say: Sayings) -> None:
    ec2 = aws("ec2")

    def group(name: str, protocol: str, low: int, high: int, cidr: str = "0.0.0.0/0") -> str:
        ident = ec2.create_security_group(GroupName=name, Description="x", VpcId=default_vpc(aws))["GroupId"]
        ports = {"FromPort": low, "ToPort": high} if protocol != "-1" else {}
        ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
        ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[{"IpProtocol": protocol, **ports, **ranges}])
        return arn("ec2", f"security-group/{ident}")

    web, inner = group("web", "tcp", 443, 443), group("inner", "tcp", 3306, 3306, "10.0.0.0/8")
    smtp, everything = group("smtp", "tcp", 25, 25), group("all", "-1", 0, 0)
    other, six = group("other", "tcp", 6379, 6379), group("six", "tcp", 22, 22, "::/0")
    say("EC2.18", good=[web, inner], bad=[smtp, everything, other, six])
    say("EC2.19", good=[web, inner, other], bad=[smtp, everything, six])
    vpc = default_vpc(aws)
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    say("EC2.16", bad=[arn("ec2", f"network-acl/{acl}")])
    endpoint = {"VpcId": vpc, "VpcEndpointType": "Interface", "SubnetIds": two_subnets(aws)}
    for service in ("ec2", "ecr.api"):
        ec2.create_vpc_endpoint(ServiceName=f"com.amazonaws.{REGION}.{service}", **endpoint)
    ec2.create_vpc_endpoint(ServiceName=f"com.amazonaws.{REGION}.s3", VpcId=vpc, VpcEndpointType="Gateway")
    say("EC2.10 EC2.55", good=[arn("ec2", f"vpc/{vpc}")])
    say("EC2.56 EC2.57 EC2.58 EC2.60", bad=[arn("ec2", f"vpc/{vpc}")])
    aws("logs").create_log_group(logGroupName="flow")
    ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="REJECT", LogGroupName="flow", DeliverLogsPermissionArn=ROLE
    )
    say("EC2.6", good=[arn("ec2", f"vpc/{vpc}")])
    gateways = [
        ec2.create_transit_gateway(Options={"AutoAcceptSharedAttachments": accept})["TransitGateway"][
            "TransitGatewayArn"
        ]
        for accept in ("disable", "enable")
    ]
    say("EC2.23", good=gateways[:1], bad=gateways[1:])


def instances(aws: Aws, say: Sayings) -> None:
    ec2 = aws("ec2")
    subnet = two_subnets(aws)[0]
    image = ec2.register_image(Name="own", VirtualizationType="hvm", RootDeviceName="/dev/xvda")["ImageId"]

    def instance(tokens: str, public: bool, interfaces: int = 1) -> dict[str, Any]:
        cards = [
            {"DeviceIndex": n, "SubnetId": subnet, "AssociatePublicIpAddress": public and n == 0}
            for n in range(interfaces)
        ]
        made: dict[str, Any] = ec2.run_instances(
            ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
            MetadataOptions={"HttpTokens": tokens, "HttpEndpoint": "enabled"}, NetworkInterfaces=cards,
        )["Instances"][0]  # fmt: skip
        return made

    good, bad, gone, stopped = (
        instance("required", False), instance("optional", True, 2), instance("optional", True),
        instance("required", False),
    )  # fmt: skip
    ec2.terminate_instances(InstanceIds=[gone["InstanceId"]])
    ec2.stop_instances(InstanceIds=[stopped["InstanceId"]])
    ident = {
        name: arn("ec2", f"instance/{one['InstanceId']}")
        for name, one in (("good", good), ("bad", bad), ("stopped", stopped))
    }
    say("EC2.8 EC2.9 EC2.17", good=[ident["good"], ident["stopped"]], bad=[ident["bad"]])
    say("EC2.4", good=ident.values())
    volume = {
        kept: ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8, Encrypted=kept == "good")["VolumeId"]
        for kept in ("good", "bad", "unused")
    }
    for name, device in (("good", "/dev/sdf"), ("bad", "/dev/sdg")):
        ec2.attach_volume(VolumeId=volume[name], InstanceId=good["InstanceId"], Device=device)
    say("EC2.3", good=[arn("ec2", f"volume/{volume['good']}")], bad=[arn("ec2", f"volume/{volume['bad']}")])
    snapshot = {name: ec2.create_snapshot(VolumeId=volume["bad"])["SnapshotId"] for name in ("kept", "public")}
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot["public"], Attribute="createVolumePermission", OperationType="add", GroupNames=["all"]
    )
    say("EC2.1", bad=[f"arn:aws:ec2:{REGION}::snapshot/{snapshot['public']}"])
    roots = {
        mapping["Ebs"]["VolumeId"]
        for one in (good, bad, stopped)
        for found in ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"]
        for mapping in found["Instances"][0]["BlockDeviceMappings"]
    }
    attached = {volume["good"], volume["bad"]}
    say("EC2.3", bad=[arn("ec2", f"volume/{one}") for one in roots - attached])
    say("EC2.7", bad=[ROOT])


def defaults(aws: Aws, say: Sayings) -> None:
    """Tell of what an account on moto has from the beginning."""
    ec2, vpc = aws("ec2"), default_vpc(aws)
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    say("EC2.2", bad=[arn("ec2", f"security-group/{one['GroupId']}") for one in group])
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    say("EC2.15", bad=[arn("ec2", f"subnet/{one['SubnetId']}") for one in subnets if one["DefaultForAz"]])
    say("Athena.4", bad=[arn("athena", "workgroup/primary")])


def firewalls(aws: Aws, say: Sayings) -> None:
    client = aws("network-firewall")
    made = {}
    for name, guarded in (("good", True), ("bad", False)):
        made[name] = client.create_firewall(
            FirewallName=name, FirewallPolicyArn=arn("network-firewall", f"firewall-policy/{name}"),
            VpcId=default_vpc(aws), DeleteProtection=guarded, SubnetChangeProtection=guarded,
            SubnetMappings=[{"SubnetId": two_subnets(aws)[0]}],
        )["Firewall"]["FirewallArn"]  # fmt: skip
    client.update_logging_configuration(
        FirewallName="good",
        LoggingConfiguration={
            "LogDestinationConfigs": [
                {"LogType": "FLOW", "LogDestinationType": "S3", "LogDestination": {"bucketName": "fsbp-plain"}}
            ]
        },
    )
    say("NetworkFirewall.2 NetworkFirewall.9 NetworkFirewall.10", good=[made["good"]], bad=[made["bad"]])
