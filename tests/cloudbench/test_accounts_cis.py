"""Accounts with known faults give exactly the expected controls of CIS AWS Foundations, and the expected resources."""

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from django.core.management import call_command
from moto import mock_aws
from moto.iam.models import iam_backends

from tests.cloudbench.scenes import ACCOUNT
from tests.cloudbench.scenes.logs import PATTERNS
from tests.cloudbench.stage import ENVIRONMENT
from tests.peers.moto import Moto, user_of

pytest_plugins = ("tests.peers.moto",)

HOME, SECOND = "us-east-1", "eu-west-1"
ROOT = (f"arn:aws:iam::{ACCOUNT}:root", "global")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
ALL_FOUR = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
NOT_ON_MOTO = {"1.1": "ERROR", "1.20": "ERROR"}
"""moto has neither GetContactInformation nor IAM Access Analyzer."""
ALARMS_3_0 = {f"4.{n}": name for n, name in enumerate(PATTERNS, 1)}

IN_1_4 = {
    **{f"1.{n}": f"1.{n}" for n in range(1, 22)},
    "2.1.1": "2.1.2",
    "2.1.2": "2.1.3",
    "2.1.3": "2.1.4",
    "2.1.4": "2.1.5",
    "2.2.1": "2.2.1",
    "2.3.1": "2.3.1",
    "3.1": "3.1",
    "3.2": "3.2",
    **{f"3.{n}": f"3.{n + 2}" for n in range(3, 10)},
    **{control: control for control in ALARMS_3_0},
    "5.1": "5.1",
    "5.2": "5.2",
    "5.4": "5.3",
    "5.5": "5.4",
}
"""{control of 3.0: the one of 1.4 that asks for the same}; 2.1.1, 3.3 and 3.4 of 1.4 are its own."""

Place = tuple[str, str]
Faults = defaultdict[str, set[Place]]
"""{control: (ARN, region) of each resource that fails it}."""


def iam_arn(kind: str, name: str) -> Place:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}", "global"


def aws_policy(name: str) -> str:
    return f"arn:aws:iam::aws:policy/{name}"


def ec2_arn(kind: str, ident: str, region: str = HOME) -> Place:
    return f"arn:aws:ec2:{region}:{ACCOUNT}:{kind}/{ident}", region


def bucket_arn(name: str) -> Place:
    """Return a bucket's place; moto tells no BucketRegion."""
    return f"arn:aws:s3:::{name}", "global"


def root_in(region: str = HOME) -> Place:
    return ROOT[0], region


def aws(service: str, region: str = HOME) -> Any:
    return boto3.client(service, region_name=region)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


EVERYTHING = document({"Effect": "Allow", "Action": "*", "Resource": "*"})


@pytest.fixture
def amazon() -> Iterator[None]:
    """An account in which nothing was made; the default VPCs are there, and the policies of AWS."""
    with account():
        yield


@contextmanager
def account() -> Iterator[None]:
    with mock.patch.dict(os.environ, ENVIRONMENT), mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        for region in (HOME, SECOND):
            aws("macie2", region).disable_macie()  # moto has it on from the start
        yield


Found = dict[str, dict[str, Any]]


def scan(path: Path, *, regions: str = HOME) -> tuple[Found, Found]:
    """Return {control: {"status", "reason", "failing": (ARN, region) of each affected resource}} of CIS 3.0 and 1.4."""
    output = path / "report.json"
    call_command("scan_cloud", benchmark="cis_aws_3_0,cis_aws_1_4", region=regions, format="json", output=output)
    new, old = json.loads(output.read_text())["runs"]
    return told(new), told(old)


def told(run: dict[str, Any]) -> Found:
    return {
        one["id"]: {
            "status": one["status"],
            "reason": one["reason"],
            "failing": {(row["arn"], row["region"]) for row in one["affected"]},
        }
        for one in run["controls"]
    }


def in_1_4(of_3_0: Mapping[str, Any], **own: Any) -> dict[str, Any]:
    """Return the same by the numbers of 1.4; ``own`` is written as c2_1_1="SKIP"."""
    same = {IN_1_4[control]: what for control, what in of_3_0.items() if control in IN_1_4}
    return same | {name[1:].replace("_", "."): what for name, what in own.items()}


def agree(found: Found, faults: Mapping[str, set[Place]], others: dict[str, str]) -> None:
    """Fail unless exactly the ``faults`` are told, and the ``others`` have their status; controls in neither pass."""
    wrong = {}
    for control, one in found.items():
        status = "FAIL" if faults.get(control) else others.get(control, "PASS")
        if one["status"] != status or one["failing"] != faults.get(control, set()):
            wrong[control] = (status, faults.get(control), one)
    assert not wrong, "\n".join(f"{control}: expected {said}" for control, said in wrong.items())


# --- Nothing was made -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_in_an_empty_account_fails_what_must_exist_and_nothing_passes_unseen(amazon: None, tmp_path: Path) -> None:
    faults = defaultdict(set)
    of_account = ["1.2", "1.5", "1.6", "1.8", "1.9", "1.17", "1.21", "2.1.4", "3.1", "3.8", "3.9", *ALARMS_3_0]
    faults |= {control: {ROOT} for control in of_account}
    faults |= {control: {root_in()} for control in ("2.1.3", "2.2.1", "3.3", "4.16")}
    of_networks(faults, HOME)
    passing = dict.fromkeys(("1.4", "1.16", "5.2", "5.3"), "PASS")
    found, old = scan(tmp_path)
    without = dict.fromkeys(found, "SKIP") | NOT_ON_MOTO | {"1.7": "ERROR"} | passing
    agree(found, faults, without)
    agree(old, in_1_4(faults), in_1_4(without, c2_1_1="SKIP", c3_3="SKIP", c3_4="SKIP"))
    assert found["1.7"]["reason"] == "The credential report has no line about the root user."
    assert found["1.3"]["reason"].startswith("Manual")
    assert all(one["reason"] for one in found.values() if one["status"] in ("SKIP", "ERROR"))


def of_networks(faults: Faults, region: str) -> None:
    """Note what is at fault in the default VPC that comes with a region."""
    ec2 = aws("ec2", region)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    acl = ec2.describe_network_acls()["NetworkAcls"][0]["NetworkAclId"]
    faults["3.7"] |= {ec2_arn("vpc", vpc, region)}
    faults["5.4"] |= {ec2_arn("security-group", group, region)}
    faults["5.1"] |= {ec2_arn("network-acl", acl, region)}


# --- Everything is wrong ----------------------------------------------------------------------------------------------


def weak_identities(faults: Faults) -> None:
    iam = aws("iam")
    anna, robot, group = iam_arn("user", "anna"), iam_arn("user", "robot"), "admins"
    iam.create_group(GroupName=group)
    for name in ("anna", "robot", "idle", "careful"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName=group, UserName=name)
    iam.create_login_profile(UserName="anna", Password="Long-enough-1")
    iam.attach_user_policy(UserName="anna", PolicyArn=aws_policy("AdministratorAccess"))
    iam.put_user_policy(UserName="robot", PolicyName="own", PolicyDocument=EVERYTHING)
    keys = [iam.create_access_key(UserName=name)["AccessKey"] for name in ("anna", "robot", "robot", "careful")]
    iam.update_access_key(UserName="careful", AccessKeyId=keys[-1]["AccessKeyId"], Status="Inactive")
    age(keys[1]["AccessKeyId"], days=91)
    iam.update_account_password_policy(MinimumPasswordLength=13, PasswordReusePrevention=23)
    faults |= {"1.8": {ROOT}, "1.9": {ROOT}, "1.10": {anna}, "1.11": {anna}, "1.12": {robot}, "1.13": {robot}}
    faults |= {"1.14": {robot}, "1.15": {anna, robot}}
    god = iam.create_policy(PolicyName="god", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=group, PolicyArn=god)
    iam.create_policy(PolicyName="unused-god", PolicyDocument=EVERYTHING)
    faults["1.16"] = {(aws_policy("AdministratorAccess"), "global"), (god, "global")}
    iam.create_role(RoleName="shell", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="shell", PolicyArn=aws_policy("AWSCloudShellFullAccess"))
    iam.attach_user_policy(UserName="anna", PolicyArn=aws_policy("AWSSupportAccess"))  # a user is no role
    faults |= {"1.17": {ROOT}, "1.21": {ROOT}, "1.22": {iam_arn("role", "shell")}}
    iam.upload_server_certificate(ServerCertificateName="old", CertificateBody="x", PrivateKey="y")  # ended 2012
    faults["1.19"] = {iam_arn("server-certificate", "old")}
    faults |= {"1.2": {ROOT}, "1.5": {ROOT}, "1.6": {ROOT}}


def age(key_id: str, *, days: int) -> None:
    """Make an access key older than it is; no API can."""
    users = iam_backends[ACCOUNT]["aws"].users.values()
    key = next(key for user in users for key in user.access_keys if key.access_key_id == key_id)
    key.create_date = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days)


def weak_machines(faults: Faults) -> None:
    ec2, iam = aws("ec2"), aws("iam")
    iam.create_instance_profile(InstanceProfileName="web")
    bare, gone = (instance["InstanceId"] for instance in ec2.run_instances(**machines(2))["Instances"])
    ec2.terminate_instances(InstanceIds=[gone])
    good = ec2.run_instances(
        **machines(1), IamInstanceProfile={"Name": "web"}, MetadataOptions={"HttpTokens": "required"}
    )["Instances"][0]["InstanceId"]
    ec2.modify_instance_metadata_options(InstanceId=good, HttpTokens="required", HttpEndpoint="enabled")
    faults |= {"1.18": {ec2_arn("instance", bare)}, "5.6": {ec2_arn("instance", bare)}}
    aws("ec2", SECOND).enable_ebs_encryption_by_default()
    faults["2.2.1"] = {root_in()}


def machines(count: int) -> dict[str, Any]:
    image = aws("ec2").describe_images(Owners=["self"])["Images"]
    return {"ImageId": image[0]["ImageId"] if image else "ami-12c6146b", "MinCount": count, "MaxCount": count}


def weak_storage(faults: Faults) -> None:
    s3 = aws("s3")
    deny = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    whole = ["arn:aws:s3:::tidy-bucket", "arn:aws:s3:::tidy-bucket/*"]
    for name in ("bare-bucket", "half-bucket", "tidy-bucket"):
        s3.create_bucket(Bucket=name)
    part = deny | {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::half-bucket/public/*"}
    s3.put_bucket_policy(Bucket="half-bucket", Policy=document(part))
    s3.put_bucket_policy(Bucket="tidy-bucket", Policy=document(deny | {"Action": "s3:*", "Resource": whole}))
    three = ALL_FOUR | {"RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket="half-bucket", PublicAccessBlockConfiguration=three)
    s3.put_public_access_block(Bucket="tidy-bucket", PublicAccessBlockConfiguration=ALL_FOUR)
    s3.put_bucket_versioning(Bucket="tidy-bucket", VersioningConfiguration={"Status": "Enabled"})
    encrypt("tidy-bucket")
    bare, half, tidy = (bucket_arn(f"{name}-bucket") for name in ("bare", "half", "tidy"))
    faults |= {"2.1.1": {bare, half}, "2.1.2": {bare, half, tidy}, "2.1.4": {bare, half, ROOT}}
    faults["2.1.3"] = {root_in()}
    aws("macie2", SECOND).enable_macie()
    weak_databases(faults)


def encrypt(bucket: str) -> None:
    """Say what AWS does for every bucket by itself, and moto does not."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    aws("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def weak_databases(faults: Faults) -> None:
    same = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20}
    login = {"MasterUsername": "keeper", "MasterUserPassword": "not-a-secret"}
    bad = {"StorageEncrypted": False, "AutoMinorVersionUpgrade": False, "PubliclyAccessible": True}
    good = {"StorageEncrypted": True, "AutoMinorVersionUpgrade": True, "PubliclyAccessible": False}
    rds, efs = aws("rds"), aws("efs")
    rds.create_db_instance(DBInstanceIdentifier="open", **same, **login, **bad)
    rds.create_db_instance(DBInstanceIdentifier="closed", **same, **login, **good)
    database = (f"arn:aws:rds:{HOME}:{ACCOUNT}:db:open", HOME)
    faults |= {"2.3.1": {database}, "2.3.2": {database}, "2.3.3": {database}}
    plain = efs.create_file_system(CreationToken="plain", Encrypted=False)["FileSystemArn"]
    efs.create_file_system(CreationToken="secret", Encrypted=True)
    faults["2.4.1"] = {(plain, HOME)}


def weak_logging(faults: Faults) -> None:
    aws("s3").put_bucket_acl(Bucket="bare-bucket", ACL="public-read")
    aws("cloudtrail").create_trail(Name="local", S3BucketName="bare-bucket")
    aws("cloudtrail").start_logging(Name="local")
    trail = (f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/local", HOME)
    faults |= {control: {ROOT} for control in ("3.1", "3.8", "3.9", *ALARMS_3_0)}
    faults |= {control: {trail} for control in ("3.2", "3.4", "3.5")}
    kms = aws("kms")
    still, turning, off = (kms.create_key()["KeyMetadata"] for _ in range(3))
    kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    kms.enable_key_rotation(KeyId=turning["KeyId"])
    kms.disable_key(KeyId=off["KeyId"])
    faults["3.6"] = {(still["Arn"], HOME)}
    record(HOME, {"allSupported": True, "includeGlobalResourceTypes": False})
    faults |= {"3.3": {root_in(SECOND), ROOT}, "4.16": {root_in(SECOND)}}
    aws("securityhub").enable_security_hub()


def record(region: str, group: dict[str, Any]) -> None:
    config, role = aws("config", region), f"arn:aws:iam::{ACCOUNT}:role/config"
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "all", "roleARN": role, "recordingGroup": group},
    )
    config.put_delivery_channel(DeliveryChannel={"name": "all", "s3BucketName": "tidy-bucket"})
    config.start_configuration_recorder(ConfigurationRecorderName="all")


PORTS: dict[str, tuple[str, int, int, str]] = {
    "ssh": ("tcp", 22, 22, "0.0.0.0/0"),
    "range": ("tcp", 3000, 4000, "0.0.0.0/0"),
    "datagrams": ("udp", 3389, 3389, "0.0.0.0/0"),
    "all": ("-1", -1, -1, "0.0.0.0/0"),
    "all-6": ("-1", -1, -1, "::/0"),
    "rdp-6": ("tcp", 3389, 3389, "::/0"),
    "web": ("tcp", 443, 443, "0.0.0.0/0"),
    "office": ("tcp", 22, 22, "203.0.113.0/24"),
    "ping": ("icmp", -1, -1, "0.0.0.0/0"),
}


def weak_networks(faults: Faults) -> None:
    for region in (HOME, SECOND):
        of_networks(faults, region)
    ec2 = aws("ec2")
    vpc, peer = (ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"] for cidr in ("10.1.0.0/16", "10.2.0.0/16"))
    faults["3.7"] |= {ec2_arn("vpc", peer)}
    of_vpcs = [{"Name": "vpc-id", "Values": [vpc, peer]}]
    for acl in ec2.describe_network_acls(Filters=of_vpcs)["NetworkAcls"]:
        faults["5.1"] |= {ec2_arn("network-acl", acl["NetworkAclId"])}
    for group in ec2.describe_security_groups(Filters=of_vpcs)["SecurityGroups"]:
        faults["5.4"] |= {ec2_arn("security-group", group["GroupId"])}
    ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3",
        LogDestination="arn:aws:s3:::tidy-bucket",
    )  # fmt: skip
    for name, rule in PORTS.items():
        ident = group_with(ec2, vpc, name, rule)
        if name in ("ssh", "range", "datagrams", "all"):
            faults["5.2"] |= {ec2_arn("security-group", ident)}
        if name.endswith("-6"):
            faults["5.3"] |= {ec2_arn("security-group", ident)}
    far = aws("ec2", SECOND)
    elsewhere = group_with(far, far.describe_vpcs()["Vpcs"][0]["VpcId"], "ssh", PORTS["ssh"])
    faults["5.2"] |= {ec2_arn("security-group", elsewhere, SECOND)}
    denied_first, allowed_first = (ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"] for _ in range(2))
    for acl, deny in ((denied_first, 90), (allowed_first, 110)):
        same = {"NetworkAclId": acl, "Egress": False, "CidrBlock": "0.0.0.0/0", "Protocol": "-1"}
        ec2.create_network_acl_entry(**same, RuleNumber=100, RuleAction="allow")
        ec2.create_network_acl_entry(**same, RuleNumber=deny, RuleAction="deny")
    faults["5.1"] |= {ec2_arn("network-acl", allowed_first)}
    peered(ec2, vpc, peer, faults)


def group_with(ec2: Any, vpc: str, name: str, rule: tuple[str, int, int, str]) -> str:
    protocol, first, last, cidr = rule
    ident: str = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
    ports = {} if protocol == "-1" else {"FromPort": first, "ToPort": last}
    ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[{"IpProtocol": protocol, **ports, **ranges}])
    return ident


def peered(ec2: Any, vpc: str, peer: str, faults: Faults) -> None:
    asked = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer)["VpcPeeringConnection"]
    ident = asked["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=ident)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.2.0.0/16", VpcPeeringConnectionId=ident)
    faults["5.5"] = {ec2_arn("vpc-peering-connection", ident)}


@pytest.mark.django_db
def test_in_an_account_where_all_is_wrong_each_control_names_what_is_at_fault(amazon: None, tmp_path: Path) -> None:
    faults: Faults = defaultdict(set)
    for weaken in (weak_identities, weak_machines, weak_storage, weak_logging, weak_networks):
        weaken(faults)
    new, old = scan(tmp_path, regions=f"{HOME},{SECOND}")
    others = NOT_ON_MOTO | {"1.3": "SKIP", "1.7": "ERROR"}
    agree(new, faults, others)
    agree(old, in_1_4(faults, c2_1_1=faults["2.1.1"], c3_3=faults["3.2"], c3_4=faults["3.2"]), in_1_4(others))


# --- All is right -----------------------------------------------------------------------------------------------------


def sound_identities() -> None:
    iam = aws("iam")
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)
    aws("account").put_alternate_contact(
        AlternateContactType="SECURITY", EmailAddress="security@example.org", Name="Security",
        PhoneNumber="+1 555 0100", Title="Team",
    )  # fmt: skip
    iam.create_group(GroupName="staff")
    read = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    arn = iam.create_policy(PolicyName="read", PolicyDocument=read)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="staff", PolicyArn=arn)
    for name in ("anna", "robot"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="staff", UserName=name)
    iam.create_login_profile(UserName="anna", Password="Long-enough-1")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="anna")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="anna", SerialNumber=device, **codes)
    iam.create_access_key(UserName="robot")
    for name, policy in (("support", "AWSSupportAccess"), ("job", "ReadOnlyAccess")):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        iam.attach_role_policy(RoleName=name, PolicyArn=aws_policy(policy))
    iam.create_saml_provider(Name="people", SAMLMetadataDocument="x" * 1000)


def sound_storage() -> None:
    tls = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*"}
    tls |= {"Resource": ["arn:aws:s3:::trails", "arn:aws:s3:::trails/*"]}
    tls |= {"Condition": {"Bool": {"aws:SecureTransport": False}}}
    s3 = aws("s3")
    s3.create_bucket(Bucket="trails")
    delivery = {"Service": "logging.s3.amazonaws.com"}
    s3.put_bucket_policy(
        Bucket="trails",
        Policy=document(
            tls,
            {"Effect": "Allow", "Principal": delivery, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::trails/*"},
        ),
    )
    s3.put_bucket_logging(
        Bucket="trails", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "trails", "TargetPrefix": "access/"}}
    )
    encrypt("trails")
    aws("s3control").put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=ALL_FOUR)
    aws("macie2").enable_macie()
    aws("ec2").enable_ebs_encryption_by_default()


def sound_logging() -> None:
    logs, alarms, trail = aws("logs"), aws("cloudwatch"), aws("cloudtrail")
    logs.create_log_group(logGroupName="trails")
    topic = aws("sns").create_topic(Name="security")["TopicArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="security@example.org")
    key = aws("kms").create_key()["KeyMetadata"]
    aws("kms").enable_key_rotation(KeyId=key["KeyId"])
    trail.create_trail(
        Name="all", S3BucketName="trails", IsMultiRegionTrail=True, EnableLogFileValidation=True, KmsKeyId=key["Arn"],
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{HOME}:{ACCOUNT}:log-group:trails:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/logs",
    )  # fmt: skip
    objects = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
    selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": objects}
    trail.put_event_selectors(TrailName="all", EventSelectors=[selector])
    trail.start_logging(Name="all")
    for name, pattern in PATTERNS.items():
        metric = {"metricName": name, "metricNamespace": "Security", "metricValue": "1"}
        logs.put_metric_filter(
            logGroupName="trails", filterName=name, filterPattern=pattern, metricTransformations=[metric]
        )
        alarms.put_metric_alarm(
            AlarmName=name, MetricName=name, Namespace="Security", Statistic="Sum", Period=300, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic],
        )  # fmt: skip
    config, role = aws("config"), f"arn:aws:iam::{ACCOUNT}:role/config"
    whole = {"allSupported": True, "includeGlobalResourceTypes": True}
    config.put_configuration_recorder(ConfigurationRecorder={"name": "all", "roleARN": role, "recordingGroup": whole})
    config.put_delivery_channel(DeliveryChannel={"name": "all", "s3BucketName": "trails"})
    config.start_configuration_recorder(ConfigurationRecorderName="all")
    aws("securityhub").enable_security_hub()


def sound_networks() -> None:
    ec2 = aws("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="REJECT", LogDestinationType="s3",
        LogDestination="arn:aws:s3:::trails",
    )  # fmt: skip
    for acl in ec2.describe_network_acls()["NetworkAcls"]:
        ident = acl["NetworkAclId"]
        ec2.delete_network_acl_entry(NetworkAclId=ident, RuleNumber=100, Egress=False)
        web = {"Protocol": "6", "PortRange": {"From": 443, "To": 443}, "CidrBlock": "0.0.0.0/0"}
        ec2.create_network_acl_entry(NetworkAclId=ident, RuleNumber=100, Egress=False, RuleAction="allow", **web)
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    aws("iam").create_instance_profile(InstanceProfileName="web")
    options = {"HttpTokens": "required", "HttpEndpoint": "enabled"}
    ec2.run_instances(**machines(1), IamInstanceProfile={"Name": "web"}, MetadataOptions=options)


@pytest.mark.django_db
def test_in_a_sound_account_only_what_moto_cannot_hold_fails(amazon: None, tmp_path: Path) -> None:
    for build in (sound_identities, sound_storage, sound_logging, sound_networks):
        build()
    faults: Faults = defaultdict(set, {"1.5": {ROOT}, "1.6": {ROOT}})  # moto's root user has no MFA, ever
    faults["2.1.2"] = {bucket_arn("trails")}  # moto drops MFADelete
    skipped = dict.fromkeys(["1.3", "1.19", "2.3.1", "2.3.2", "2.3.3", "2.4.1", "5.5"], "SKIP")
    others = NOT_ON_MOTO | skipped | {"1.7": "ERROR"}
    new, old = scan(tmp_path)
    agree(new, faults, others)
    silent = {(f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/all", HOME)}  # moto delivers nothing to log groups
    agree(old, in_1_4(faults, c3_4=silent), in_1_4(others))


# --- What only looks right, or only looks wrong -----------------------------------------------------------------------


def policies_with_versions(faults: Faults) -> None:
    iam = aws("iam")
    iam.create_role(RoleName="job", AssumeRolePolicyDocument=TRUST)
    read = document({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"})
    for name, first, default in (("tamed", EVERYTHING, read), ("grown", read, EVERYTHING)):
        arn = iam.create_policy(PolicyName=name, PolicyDocument=first)["Policy"]["Arn"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=default, SetAsDefault=True)
        iam.attach_role_policy(RoleName="job", PolicyArn=arn)
    iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ThumbprintList=["a" * 40]
    )  # pipelines are no people
    faults |= {"1.16": {iam_arn("policy", "grown")}, "1.21": {ROOT}}


def a_trail_that_two_regions_show(faults: Faults) -> None:
    """Have a trail at home in SECOND that records writing only of objects, and chains of alarms that break."""
    aws("s3").create_bucket(Bucket="trails")
    logs, trail, topic = aws("logs", SECOND), aws("cloudtrail", SECOND), aws("sns", SECOND)
    logs.create_log_group(logGroupName="trails")
    trail.create_trail(
        Name="all", S3BucketName="trails", IsMultiRegionTrail=True, EnableLogFileValidation=True,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{SECOND}:{ACCOUNT}:log-group:trails:*",
        CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/job",
    )  # fmt: skip
    objects = {"eventCategory": "Data", "resources.type": "AWS::S3::Object", "readOnly": "false"}
    chosen = [selector(eventCategory="Management"), selector(**objects)]
    trail.put_event_selectors(TrailName="all", AdvancedEventSelectors=chosen)
    trail.start_logging(Name="all")
    unheard, heard = (topic.create_topic(Name=name)["TopicArn"] for name in ("unheard", "heard"))
    topic.subscribe(TopicArn=heard, Protocol="email", Endpoint="security@example.org")
    alarmed("root_usage", unheard)
    alarmed("iam_policy_changes", heard)
    alarmed("cloudtrail_changes", heard, ActionsEnabled=False)
    for control in ALARMS_3_0:
        faults[control] = set() if control == "4.4" else {ROOT}
    faults |= {"3.5": {(f"arn:aws:cloudtrail:{SECOND}:{ACCOUNT}:trail/all", SECOND)}, "3.9": {ROOT}}


def selector(**fields: str) -> dict[str, Any]:
    return {"Name": "x", "FieldSelectors": [{"Field": name, "Equals": [value]} for name, value in fields.items()]}


def alarmed(name: str, topic: str, **more: Any) -> None:
    metric = {"metricName": name, "metricNamespace": "Security", "metricValue": "1"}
    aws("logs", SECOND).put_metric_filter(
        logGroupName="trails", filterName=name, filterPattern=PATTERNS[name], metricTransformations=[metric]
    )
    aws("cloudwatch", SECOND).put_metric_alarm(
        AlarmName=name, MetricName=name, Namespace="Security", Statistic="Sum", Period=300, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic], **more,
    )  # fmt: skip


def groups_and_machines_by_detours(faults: Faults) -> None:
    ec2 = aws("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    everyone = ec2.create_managed_prefix_list(
        PrefixListName="everyone", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "0.0.0.0/0"}]
    )["PrefixList"]["PrefixListId"]
    by_list, own, halves = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("list", "own", "halves")
    )
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    for ident, rule in (
        (by_list, ssh | {"PrefixListIds": [{"PrefixListId": everyone}]}),
        (own, {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": own}]}),
        (halves, ssh | {"IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}]}),
    ):
        ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[rule])
    faults["5.2"] = {ec2_arn("security-group", by_list), ec2_arn("security-group", halves)}
    ident = ec2.run_instances(**machines(1))["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[ident])
    ec2.modify_instance_metadata_options(InstanceId=ident, HttpEndpoint="disabled")
    faults["1.18"] = {ec2_arn("instance", ident)}
    kms = aws("kms")
    for more in ({}, {"Origin": "EXTERNAL"}, {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}):
        key = kms.create_key(**more)["KeyMetadata"]["KeyId"]
        if not more:
            kms.schedule_key_deletion(KeyId=key)


@pytest.mark.django_db
def test_detours_to_a_fault_are_seen_and_what_only_looks_like_one_is_none(amazon: None, tmp_path: Path) -> None:
    faults: Faults = defaultdict(set)
    for build in (policies_with_versions, a_trail_that_two_regions_show, groups_and_machines_by_detours):
        build(faults)
    new, _ = scan(tmp_path, regions=f"{HOME},{SECOND}")
    looked_at = {*faults, "3.1", "3.2", "3.6", "3.8", "5.3", "5.6"}
    agree({control: one for control, one in new.items() if control in looked_at}, faults, {"3.6": "SKIP"})


# --- Nothing may be read ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_without_permissions_no_control_is_decided_and_each_says_what_it_takes(
    moto: Moto, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.AWS_ENDPOINT_URL = moto.url
    keys = user_of(moto, "sts:GetCallerIdentity", "ec2:DescribeRegions")
    for name, value in keys.items():
        monkeypatch.setenv(f"AWS_{name.upper()}", value)
    moto.enforce_after(0)
    try:
        new, old = scan(tmp_path)
    finally:
        moto.enforce_after(10**9)
    for found in (new, old):
        told = {control: one for control, one in found.items() if control not in ("1.3", *NOT_ON_MOTO)}
        assert {one["status"] for one in told.values()} == {"ERROR"}
        assert [control for control, one in told.items() if "is not permitted in us-east-1" not in one["reason"]] == []
