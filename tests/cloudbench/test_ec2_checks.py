"""Instances and networks: what AWS leaves open is no verdict, and secrets that stand in answers are not kept."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cloudbench.engine import checks, collectors  # noqa: F401 - registers all
from cloudbench.engine.evaluation import Outcome
from cloudbench.engine.findings import Status
from cloudbench.engine.inventory import Account
from cloudbench.engine.registry import COLLECTIONS
from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION
from tests.cloudbench.stage import Replayer, play

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def outcome(check_id: str, **answers: Any) -> Outcome:
    told = {f"ec2.{operation}": answer for operation, answer in answers.items()}
    return play([check_id], Replayer(None, told), (REGION,), NOON)[check_id]


def instances(**more: Any) -> dict[str, Any]:
    one = {"InstanceId": "i-1", "InstanceType": "t3.micro", "State": {"Name": "running"}, **more}
    return {"Reservations": [{"Instances": [one]}]}


@pytest.mark.parametrize("reason", ["", "User initiated", "Server.SpotInstanceShutdown: Instance stopped"])
def test_a_stop_without_a_date_is_no_verdict(reason):
    said = instances(
        State={"Name": "stopped"}, StateTransitionReason=reason, LaunchTime=datetime(2026, 1, 1, tzinfo=UTC)
    )
    judged = outcome("ec2_stopped_instance_age", describe_instances=said)
    assert judged.status is Status.ERROR
    assert judged.reason == "AWS does not tell since when i-1 is stopped."


INTERFACE = {
    "NetworkInterfaceId": "eni-1",
    "SubnetId": "subnet-1",
    "VpcId": "vpc-1",
    "Association": {"PublicIp": "198.51.100.1"},
    "Groups": [{"GroupId": "sg-of-another-account"}],
}
TABLE = {
    "RouteTableId": "rtb-1",
    "VpcId": "vpc-1",
    "OwnerId": ACCOUNT,
    "Associations": [{"Main": True}],
    "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}],
}
EXPOSED = "ec2_instance_no_exposed_admin_or_data_ports"


@pytest.mark.parametrize(
    ("check_id", "tables", "missing"),
    [
        (EXPOSED, [TABLE], "the security group sg-of-another-account"),
        ("ec2_enclave_host_hardened", [TABLE], "the security group sg-of-another-account"),
        (EXPOSED, [], "the route table of subnet-1"),
    ],
)
def test_a_part_of_the_network_that_cannot_be_seen_is_no_verdict(check_id, tables, missing):
    judged = outcome(
        check_id,
        describe_instances=instances(NetworkInterfaces=[INTERFACE], EnclaveOptions={"Enabled": True}),
        describe_security_groups={"SecurityGroups": []},
        describe_route_tables={"RouteTables": tables},
    )
    assert judged.status is Status.ERROR
    assert judged.reason == f"AWS did not tell of {missing}."


def test_an_instance_type_that_aws_does_not_describe_is_no_verdict():
    judged = outcome(
        "ec2_instance_ebs_optimized", describe_instances=instances(), describe_instance_types={"InstanceTypes": []}
    )
    assert (judged.status, judged.reason) == (Status.ERROR, "AWS did not tell of the instance type t3.micro.")


def test_a_private_ipv6_address_is_out_of_reach():
    interface = {"NetworkInterfaceId": "eni-1", "Ipv6Addresses": [{"Ipv6Address": "fd00::1"}]}
    judged = outcome(
        EXPOSED,
        describe_instances=instances(NetworkInterfaces=[interface]),
        describe_security_groups={"SecurityGroups": []},
        describe_route_tables={"RouteTables": []},
    )
    assert judged.status is Status.PASS


def test_prefix_lists_are_asked_for_only_where_a_rule_names_one():
    group = {"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1", "OwnerId": ACCOUNT, "IpPermissions": []}
    judged = outcome("vpc_security_group_no_public_ssh", describe_security_groups={"SecurityGroups": [group]})
    assert judged.status is Status.PASS


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        ("InvalidAction", "The action DescribeTransitGateways is not valid for this web service.", Status.SKIP),
        ("UnsupportedOperation", "The functionality you requested is not available in this region.", Status.SKIP),
        ("UnsupportedOperation", "The request is refused for another reason.", Status.ERROR),
    ],
)
def test_a_region_without_transit_gateways_has_none(code, message, status):
    refused = CallFailed(code, message, 400)
    assert outcome("vpc_transit_gateway_no_auto_accept", describe_transit_gateways=refused).status is status


SECRET = "hunter2"
TUNNEL = {"OutsideIpAddress": "198.51.100.1", "PreSharedKey": SECRET}
LAUNCHED = {"UserData": SECRET, "ImageId": "ami-1", "BlockDeviceMappings": []}
ANSWERS = {
    "ec2.vpn_connections": {
        "VpnConnections": [
            {
                "VpnConnectionId": "vpn-1",
                "State": "available",
                "CustomerGatewayConfiguration": SECRET,
                "Options": {"TunnelOptions": [TUNNEL]},
            }
        ]
    },
    "ec2.launch_template_versions": {
        "LaunchTemplateVersions": [
            {
                "LaunchTemplateId": "lt-1",
                "LaunchTemplateName": "app",
                "VersionNumber": 1,
                "LaunchTemplateData": LAUNCHED,
            }
        ]
    },
    "ec2.spot_fleet_requests": {
        "SpotFleetRequestConfigs": [
            {
                "SpotFleetRequestId": "sfr-1",
                "SpotFleetRequestState": "active",
                "SpotFleetRequestConfig": {"LaunchSpecifications": [LAUNCHED]},
            }
        ]
    },
    "autoscaling.launch_configurations": {
        "LaunchConfigurations": [
            {"LaunchConfigurationName": "app", "LaunchConfigurationARN": "arn:aws:autoscaling:1", "UserData": SECRET}
        ]
    },
}


@pytest.mark.parametrize("name", ANSWERS)
def test_start_scripts_and_shared_keys_are_not_kept(name):
    (row,) = COLLECTIONS[name].rows(ANSWERS[name], account=Account(ACCOUNT), region=REGION, parent=None)
    assert SECRET in str(ANSWERS[name])
    assert SECRET not in str(row)
