"""Buckets, file systems, tables."""

from tests.cloudbench.fsbp_account.ground import (
    ACCOUNT,
    FOREIGN,
    ROLE,
    ROOT,
    Aws,
    Sayings,
    allow,
    arn,
    default_vpc,
    policy,
    two_subnets,
)

ALL_BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def s3(aws: Aws, say: Sayings) -> None:
    client = aws("s3")
    names = ("plain", "good", "open-read", "open-write", "foreign", "half-blocked")
    bucket = {name: f"arn:aws:s3:::fsbp-{name}" for name in names}
    for name in names:
        client.create_bucket(
            Bucket=f"fsbp-{name}", **({"ObjectOwnership": "BucketOwnerEnforced"} if name == "good" else {})
        )
        client.delete_public_access_block(Bucket=f"fsbp-{name}")
    good = "fsbp-good"
    client.put_bucket_policy(
        Bucket=good,
        Policy=policy(
            {
                "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": [bucket["good"], bucket["good"] + "/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ),
    )  # fmt: skip
    client.put_public_access_block(Bucket=good, PublicAccessBlockConfiguration=ALL_BLOCKED)
    client.put_public_access_block(
        Bucket="fsbp-half-blocked", PublicAccessBlockConfiguration=ALL_BLOCKED | {"RestrictPublicBuckets": False}
    )
    client.put_bucket_versioning(Bucket=good, VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_versioning(Bucket="fsbp-plain", VersioningConfiguration={"Status": "Enabled"})
    rules = [{"ID": "end", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}]
    client.put_bucket_lifecycle_configuration(Bucket=good, LifecycleConfiguration={"Rules": rules})
    client.put_bucket_lifecycle_configuration(
        Bucket="fsbp-open-read", LifecycleConfiguration={"Rules": [rules[0] | {"Status": "Disabled"}]}
    )
    client.put_bucket_acl(
        Bucket="fsbp-plain",
        GrantFullControl="id=75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a",
        GrantWrite="uri=http://acs.amazonaws.com/groups/s3/LogDelivery",
        GrantReadACP="uri=http://acs.amazonaws.com/groups/s3/LogDelivery",
    )
    client.put_bucket_logging(
        Bucket=good, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "fsbp-plain", "TargetPrefix": "x/"}}
    )
    aws("sqs").create_queue(QueueName="events", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    say("SQS.1 SQS.3", good=[arn("sqs", "events")])
    client.put_bucket_notification_configuration(
        Bucket=good,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn("sqs", "events"), "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    client.put_bucket_acl(Bucket="fsbp-open-read", ACL="public-read")
    client.put_bucket_policy(
        Bucket="fsbp-open-write", Policy=policy(allow("s3:PutObject", bucket["open-write"] + "/*", Principal="*"))
    )
    client.put_bucket_policy(
        Bucket="fsbp-foreign",
        Policy=policy(
            allow("s3:PutBucketPolicy", bucket["foreign"], Principal={"AWS": f"arn:aws:iam::{FOREIGN}:root"})
        ),
    )
    others = [one for name, one in bucket.items() if name != "good"]
    say("S3.5 S3.8 S3.9 S3.11 S3.12 S3.13", good=[bucket["good"]], bad=others)
    say("S3.2", good=[one for name, one in bucket.items() if name != "open-read"], bad=[bucket["open-read"]])
    say("S3.3", good=[one for name, one in bucket.items() if name != "open-write"], bad=[bucket["open-write"]])
    say("S3.6", good=[one for name, one in bucket.items() if name != "foreign"], bad=[bucket["foreign"]])
    say("S3.10", good=[bucket["good"]], bad=[bucket["plain"]])
    say("S3.1", bad=[ROOT])
    control = aws("s3control")
    for name, blocked in (("shut", True), ("ajar", False)):
        control.create_access_point(
            AccountId=ACCOUNT, Name=name, Bucket=good,
            PublicAccessBlockConfiguration=ALL_BLOCKED | {"BlockPublicPolicy": blocked},
        )  # fmt: skip
    say("S3.19", good=[arn("s3", "accesspoint/shut")], bad=[arn("s3", "accesspoint/ajar")])


def efs(aws: Aws, say: Sayings) -> None:
    client = aws("efs")
    good = client.create_file_system(CreationToken="good", Encrypted=True, Backup=True)
    bad = client.create_file_system(CreationToken="bad", Encrypted=False)
    say("EFS.1 EFS.8", good=[good["FileSystemArn"]], bad=[bad["FileSystemArn"]])
    say("EFS.7", good=[good["FileSystemArn"]], bad=[bad["FileSystemArn"]])
    confined = client.create_access_point(
        ClientToken="a", FileSystemId=good["FileSystemId"], PosixUser={"Uid": 1001, "Gid": 1001},
        RootDirectory={"Path": "/app"},
    )  # fmt: skip
    free = client.create_access_point(ClientToken="b", FileSystemId=good["FileSystemId"])
    say("EFS.3 EFS.4", good=[confined["AccessPointArn"]], bad=[free["AccessPointArn"]])
    ec2 = aws("ec2")
    vpc = default_vpc(aws)
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.31.{n}.0/24")["Subnet"]["SubnetId"] for n in (201, 202)]
    ec2.modify_subnet_attribute(SubnetId=subnets[1], MapPublicIpOnLaunch={"Value": True})
    say("EC2.15", good=[arn("ec2", f"subnet/{subnets[0]}")], bad=[arn("ec2", f"subnet/{subnets[1]}")])
    for system, subnet in zip((good, bad), subnets, strict=True):
        client.create_mount_target(FileSystemId=system["FileSystemId"], SubnetId=subnet)
    say("EFS.6", good=[good["FileSystemArn"]], bad=[bad["FileSystemArn"]])


def dynamodb(aws: Aws, say: Sayings) -> None:
    client, scaling = aws("dynamodb"), aws("application-autoscaling")
    key = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    fixed = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
    table = {name: arn("dynamodb", f"table/{name}") for name in ("ondemand", "scaled", "fixed", "half")}
    client.create_table(TableName="ondemand", BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True, **key)
    for name in ("scaled", "fixed", "half"):
        client.create_table(TableName=name, **fixed, **key)
    for name, kinds in (("scaled", ("Read", "Write")), ("half", ("Read",))):
        for kind in kinds:
            scaling.register_scalable_target(
                ServiceNamespace="dynamodb", ResourceId=f"table/{name}", MinCapacity=1, MaxCapacity=5,
                ScalableDimension=f"dynamodb:table:{kind}CapacityUnits",
            )  # fmt: skip
    client.update_continuous_backups(
        TableName="ondemand", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    say("DynamoDB.1", good=[table["ondemand"], table["scaled"]], bad=[table["fixed"], table["half"]])
    say("DynamoDB.2 DynamoDB.6", good=[table["ondemand"]], bad=[table["scaled"], table["fixed"], table["half"]])
    dax = aws("dax")
    for name, encrypted in (("good", True), ("bad", False)):
        dax.create_cluster(
            ClusterName=f"dax-{name}", NodeType="dax.t3.small", ReplicationFactor=3, IamRoleArn=ROLE,
            SSESpecification={"Enabled": encrypted}, ClusterEndpointEncryptionType="TLS" if encrypted else "NONE",
        )  # fmt: skip
    say("DynamoDB.3 DynamoDB.7", good=[arn("dax", "cache/dax-good")], bad=[arn("dax", "cache/dax-bad")])


def files(aws: Aws, say: Sayings) -> None:
    transfer, fsx = aws("transfer"), aws("fsx")
    good = transfer.create_server(Protocols=["SFTP"])["ServerId"]
    bad = transfer.create_server(Protocols=["FTP"])["ServerId"]
    say("Transfer.2", good=[arn("transfer", f"server/{good}")], bad=[arn("transfer", f"server/{bad}")])
    lustre = {
        copies: fsx.create_file_system(
            FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=two_subnets(aws)[:1],
            LustreConfiguration={"DeploymentType": "PERSISTENT_2", "CopyTagsToBackups": copies},
        )["FileSystem"]["ResourceARN"]
        for copies in (True, False)
    }  # fmt: skip
    say("FSx.2", good=[lustre[True]], bad=[lustre[False]])
    windows = {
        kind: fsx.create_file_system(
            FileSystemType="WINDOWS", StorageCapacity=100, SubnetIds=two_subnets(aws),
            WindowsConfiguration={"DeploymentType": kind, "ThroughputCapacity": 32},
        )["FileSystem"]["ResourceARN"]
        for kind in ("MULTI_AZ_1", "SINGLE_AZ_2")
    }  # fmt: skip
    say("FSx.5", good=[windows["MULTI_AZ_1"]], bad=[windows["SINGLE_AZ_2"]])


def zones_of_file_systems(aws: Aws, say: Sayings) -> None:
    client, subnets = aws("fsx"), two_subnets(aws)
    for control, kind, settings, more in (
        ("FSx.4", "ONTAP", "OntapConfiguration", {"ThroughputCapacity": 128}),
        ("FSx.3", "OPENZFS", "OpenZFSConfiguration", {"ThroughputCapacity": 160}),
    ):
        for good in (True, False):
            copies = {"CopyTagsToBackups": good, "CopyTagsToVolumes": good} if kind == "OPENZFS" else {}
            told = {"DeploymentType": "MULTI_AZ_1" if good else "SINGLE_AZ_1", **copies, **more}
            if kind == "OPENZFS":
                told |= {"PreferredSubnetId": subnets[0]}
            made = client.create_file_system(
                FileSystemType=kind, StorageCapacity=1024, SubnetIds=subnets, **{settings: told}
            )["FileSystem"]["ResourceARN"]
            say(control if kind == "ONTAP" else "FSx.1 FSx.3", **{"good" if good else "bad": [made]})
