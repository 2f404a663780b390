"""An account on moto with known faults, service by service, and what each control of FSBP must say of it.

Every part makes good and bad resources and tells, by ``say(control, good=[...], bad=[...])``, the ARNs that must pass
and fail. A part makes its own resources only, so that the ARNs of a control are all in one place.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

ACCOUNT, REGION = "123456789012", "us-east-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
FOREIGN = "999988887777"

Aws = Callable[[str], Any]


@dataclass
class Sayings:
    """What must be said: {control: ARNs}."""

    good: dict[str, set[str]] = field(default_factory=dict)
    bad: dict[str, set[str]] = field(default_factory=dict)

    def __call__(self, controls: str, *, good: Iterable[str] = (), bad: Iterable[str] = ()) -> None:
        for control in controls.split():
            self.good.setdefault(control, set()).update(good)
            self.bad.setdefault(control, set()).update(bad)


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def foundations(aws: Aws, say: Sayings) -> None:
    """Make what other parts refer to: the role, a certificate of ACM's and one of IAM's."""
    services = ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]
    trust = policy({"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"})
    aws("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=trust)
    aws("acm").request_certificate(DomainName="www.example")
    aws("iam").upload_server_certificate(ServerCertificateName="own", CertificateBody="x", PrivateKey="x")


def _certificate(aws: Aws) -> str:
    found = aws("acm").list_certificates()["CertificateSummaryList"]
    return str(next(one["CertificateArn"] for one in found if one["DomainName"] == "www.example"))


# --- Storage ----------------------------------------------------------------------------------------------------------

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
    vpc = _default_vpc(aws)
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


# --- Databases --------------------------------------------------------------------------------------------------------


def rds(aws: Aws, say: Sayings) -> None:
    client = aws("rds")
    common = {"DBInstanceClass": "db.m5.large", "AllocatedStorage": 20, "MasterUserPassword": "notasecret1"}
    for name, value in (("tls", "1"), ("plain", "0")):
        client.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily="postgres16", Description="x"
        )
        client.modify_db_parameter_group(
            DBParameterGroupName=name,
            Parameters=[
                {"ParameterName": "rds.force_ssl", "ParameterValue": value, "ApplyMethod": "immediate"}
            ],
        )  # fmt: skip
    client.create_db_instance(
        DBInstanceIdentifier="pg-good", Engine="postgres", MasterUsername="keeper", StorageEncrypted=True, MultiAZ=True,
        PubliclyAccessible=False, BackupRetentionPeriod=14, DeletionProtection=True, AutoMinorVersionUpgrade=True,
        MonitoringInterval=60, MonitoringRoleArn=ROLE, EnableIAMDatabaseAuthentication=True, CopyTagsToSnapshot=True,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"], Port=6543, DBParameterGroupName="tls", **common,
    )  # fmt: skip
    client.create_db_instance(
        DBInstanceIdentifier="pg-bad", Engine="postgres", MasterUsername="postgres", StorageEncrypted=False,
        PubliclyAccessible=True, BackupRetentionPeriod=1, AutoMinorVersionUpgrade=False, Port=5432,
        DBParameterGroupName="plain", **common,
    )  # fmt: skip
    good, bad = arn("rds", "db:pg-good"), arn("rds", "db:pg-bad")
    say("RDS.2 RDS.3 RDS.5 RDS.6 RDS.8 RDS.9 RDS.10 RDS.11 RDS.13 RDS.17 RDS.25 RDS.36 RDS.38", good=[good], bad=[bad])
    say("RDS.23", good=[good], bad=[bad])
    say("RDS.18", good=[good, bad])
    client.create_db_snapshot(DBSnapshotIdentifier="kept", DBInstanceIdentifier="pg-good")
    client.create_db_snapshot(DBSnapshotIdentifier="shared", DBInstanceIdentifier="pg-bad")
    client.modify_db_snapshot_attribute(DBSnapshotIdentifier="shared", AttributeName="restore", ValuesToAdd=["all"])
    say("RDS.1 RDS.4", good=[arn("rds", "snapshot:kept")], bad=[arn("rds", "snapshot:shared")])
    zones = [f"{REGION}a", f"{REGION}b"]
    admin = {"MasterUserPassword": "notasecret1", "AvailabilityZones": zones}
    client.create_db_cluster(
        DBClusterIdentifier="aurora-good", Engine="aurora-mysql", MasterUsername="keeper", DeletionProtection=True,
        EnableIAMDatabaseAuthentication=True, CopyTagsToSnapshot=True, StorageEncrypted=True, BacktrackWindow=7200,
        EnableCloudwatchLogsExports=["audit"], Port=6543, **admin,
    )  # fmt: skip
    client.create_db_cluster(
        DBClusterIdentifier="aurora-bad", Engine="aurora-mysql", MasterUsername="admin", Port=3306, **admin
    )
    good, bad = arn("rds", "cluster:aurora-good"), arn("rds", "cluster:aurora-bad")
    say("RDS.7 RDS.12 RDS.14 RDS.16 RDS.23 RDS.24 RDS.27 RDS.34 RDS.48", good=[good], bad=[bad])
    say("RDS.15", bad=[good, bad])
    client.create_event_subscription(
        SubscriptionName="told", SnsTopicArn=arn("sns", "told"), SourceType="db-cluster", Enabled=True,
        EventCategories=["maintenance", "failure"],
    )  # fmt: skip
    client.create_event_subscription(
        SubscriptionName="half", SnsTopicArn=arn("sns", "told"), SourceType="db-instance", Enabled=True,
        EventCategories=["maintenance"],
    )  # fmt: skip
    say("RDS.19", good=[ROOT])
    say("RDS.20 RDS.21 RDS.22", bad=[ROOT])
    for name, demands in (("strict", True), ("lax", False)):
        client.create_db_proxy(
            DBProxyName=name, EngineFamily="MYSQL", RoleArn=ROLE, RequireTLS=demands, VpcSubnetIds=_two_subnets(aws),
            Auth=[{"AuthScheme": "SECRETS", "SecretArn": arn("secretsmanager", "secret:x")}],
        )  # fmt: skip
    proxy = {one["DBProxyName"]: one["DBProxyArn"] for one in client.describe_db_proxies()["DBProxies"]}
    say("RDS.43", good=[proxy["strict"]], bad=[proxy["lax"]])
    _engines(client, say)
    for kind, at in (("db", "snapshot"), ("db_cluster", "cluster-snapshot")):  # those that RDS makes by itself
        call = getattr(client, f"describe_{kind}_snapshots")
        field = "DBSnapshots" if kind == "db" else "DBClusterSnapshots"
        for one in call(SnapshotType="automated")[field]:
            name = one.get("DBSnapshotIdentifier") or one["DBClusterSnapshotIdentifier"]
            encrypted = one.get("Encrypted") or one.get("StorageEncrypted")
            say("RDS.4", **{"good" if encrypted else "bad": [arn("rds", f"{at}:{name}")]})


OF_ALL_INSTANCES = "RDS.2 RDS.3 RDS.5 RDS.6 RDS.8 RDS.11 RDS.13 RDS.17 RDS.18 RDS.23 RDS.25"
ALL_MYSQL = ["audit", "error", "general", "slowquery"]


def _engines(client: Any, say: Sayings) -> None:
    """Make instances on which RDS decides by engine: what each exports, and whether it refuses plain connections."""
    alike = {
        "DBInstanceClass": "db.m5.large", "AllocatedStorage": 20, "MasterUsername": "keeper", "StorageEncrypted": True,
        "MasterUserPassword": "notasecret1", "MultiAZ": True, "PubliclyAccessible": False, "BackupRetentionPeriod": 7,
        "DeletionProtection": True, "AutoMinorVersionUpgrade": True, "MonitoringInterval": 60, "Port": 6543,
        "MonitoringRoleArn": ROLE, "CopyTagsToSnapshot": True,
    }  # fmt: skip

    def instance(name: str, engine: str, logs: list[str], family: str, tls: tuple[str, str], **more: Any) -> list[str]:
        client.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily=family, Description="x")
        parameter = {"ParameterName": tls[0], "ParameterValue": tls[1], "ApplyMethod": "immediate"}
        client.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])
        client.create_db_instance(
            DBInstanceIdentifier=name, Engine=engine, EnableCloudwatchLogsExports=logs, DBParameterGroupName=name,
            **alike, **more,
        )  # fmt: skip
        say(OF_ALL_INSTANCES, good=[arn("rds", f"db:{name}")])
        return [arn("rds", f"db:{name}")]

    signed, secure = {"EnableIAMDatabaseAuthentication": True}, "require_secure_transport"
    strict = instance("my-strict", "mysql", ALL_MYSQL, "mysql8.0", (secure, "1"), **signed)
    lax = instance("my-lax", "mysql", ["error"], "mysql8.0", (secure, "0"))
    say("RDS.9 RDS.10 RDS.39", good=strict, bad=lax)
    maria = {"EngineVersion": "10.11.6"}
    strict = instance("maria-strict", "mariadb", ["audit", "error"], "mariadb10.11", (secure, "ON"), **signed, **maria)
    lax = instance("maria-lax", "mariadb", ["error"], "mariadb10.11", (secure, "OFF"), **maria)
    say("RDS.9", bad=[*strict, *lax])
    say("RDS.10 RDS.42 RDS.44", good=strict, bad=lax)
    strict = instance("sql-strict", "sqlserver-se", ["agent", "error"], "sqlserver-se-15.0", ("rds.force_ssl", "1"))
    lax = instance("sql-lax", "sqlserver-se", ["error"], "sqlserver-se-15.0", ("rds.force_ssl", "0"))
    say("RDS.9 RDS.40 RDS.41", good=strict, bad=lax)


def _two_subnets(aws: Aws) -> list[str]:
    found = aws("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return [one["SubnetId"] for one in sorted(found, key=lambda one: one["AvailabilityZone"])[:2]]


def neptune(aws: Aws, say: Sayings) -> None:
    client = aws("neptune")
    client.create_db_cluster(
        DBClusterIdentifier="graph-good", Engine="neptune", StorageEncrypted=True, DeletionProtection=True,
        BackupRetentionPeriod=7, CopyTagsToSnapshot=True, EnableCloudwatchLogsExports=["audit"],
    )  # fmt: skip
    client.create_db_cluster(DBClusterIdentifier="graph-bad", Engine="neptune", StorageEncrypted=False)
    good, bad = arn("rds", "cluster:graph-good"), arn("rds", "cluster:graph-bad")
    say("Neptune.1 Neptune.2 Neptune.4 Neptune.5 Neptune.8", good=[good], bad=[bad])


def redshift(aws: Aws, say: Sayings) -> None:
    client = aws("redshift")
    common = {"NodeType": "ra3.large", "MasterUserPassword": "Notasecret1", "NumberOfNodes": 2}
    client.create_cluster_parameter_group(
        ParameterGroupName="tls", ParameterGroupFamily="redshift-1.0", Description="x"
    )
    client.create_cluster(
        ClusterIdentifier="wh-good", DBName="sales", MasterUsername="keeper", Encrypted=True, PubliclyAccessible=False,
        EnhancedVpcRouting=True, AllowVersionUpgrade=True, AutomatedSnapshotRetentionPeriod=7,
        ClusterParameterGroupName="tls", **common,
    )  # fmt: skip
    client.create_cluster(
        ClusterIdentifier="wh-bad", DBName="dev", MasterUsername="awsuser", Encrypted=False, PubliclyAccessible=True,
        AllowVersionUpgrade=False, AutomatedSnapshotRetentionPeriod=1, **common,
    )  # fmt: skip
    client.enable_logging(ClusterIdentifier="wh-good", BucketName="fsbp-plain")
    good, bad = arn("redshift", "cluster:wh-good"), arn("redshift", "cluster:wh-bad")
    say(
        "Redshift.1 Redshift.3 Redshift.4 Redshift.6 Redshift.7 Redshift.8 Redshift.9 Redshift.10",
        good=[good],
        bad=[bad],
    )


def elasticache(aws: Aws, say: Sayings) -> None:
    client = aws("elasticache")
    for name, good in (("cache-good", True), ("cache-bad", False)):
        client.create_replication_group(
            ReplicationGroupId=name, ReplicationGroupDescription="x", Engine="redis", EngineVersion="7.1",
            AtRestEncryptionEnabled=good, TransitEncryptionEnabled=good, AutomaticFailoverEnabled=good,
            SnapshotRetentionLimit=7 if good else 0, NumCacheClusters=2, CacheNodeType="cache.t4g.small",
        )  # fmt: skip
    good, bad = arn("elasticache", "replicationgroup:cache-good"), arn("elasticache", "replicationgroup:cache-bad")
    say("ElastiCache.1 ElastiCache.3 ElastiCache.4 ElastiCache.5", good=[good], bad=[bad])


def opensearch(aws: Aws, say: Sayings) -> None:
    client = aws("opensearch")
    logs = {"CloudWatchLogsLogGroupArn": arn("logs", "log-group:search:*"), "Enabled": True}
    client.create_domain(
        DomainName="search-good", EngineVersion="OpenSearch_2.17",
        ClusterConfig={
            "InstanceType": "m6g.large.search", "InstanceCount": 3, "ZoneAwarenessEnabled": True,
            "DedicatedMasterEnabled": True, "DedicatedMasterCount": 3, "DedicatedMasterType": "m6g.large.search",
        },
        EncryptionAtRestOptions={"Enabled": True}, NodeToNodeEncryptionOptions={"Enabled": True},
        DomainEndpointOptions={"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
        AdvancedSecurityOptions={"Enabled": True}, VPCOptions={"SubnetIds": _two_subnets(aws)},
        LogPublishingOptions={"ES_APPLICATION_LOGS": logs, "AUDIT_LOGS": logs},
    )  # fmt: skip
    client.create_domain(DomainName="search-bad", EngineVersion="OpenSearch_2.17")
    good, bad = arn("es", "domain/search-good"), arn("es", "domain/search-bad")
    for n in (1, 2, 3, 4, 5, 6, 8):
        say(f"Opensearch.{n} ES.{n}", good=[good], bad=[bad])
    say("Opensearch.7 ES.7", good=[good], bad=[bad])


# --- Compute ----------------------------------------------------------------------------------------------------------


def lambda_(aws: Aws, say: Sayings) -> None:
    client = aws("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "def f(e, c): return 1")
    subnets = _two_subnets(aws)
    placed = {"wide": subnets, "narrow": subnets[:1]}
    for name, runtime in (("wide", "python3.13"), ("narrow", "python3.7"), ("open", "nodejs24.x"), ("s3", "java21")):
        client.create_function(
            FunctionName=name, Runtime=runtime, Role=ROLE, Handler="f.f", Code={"ZipFile": code.getvalue()},
            **({"VpcConfig": {"SubnetIds": placed[name], "SecurityGroupIds": []}} if name in placed else {}),
        )  # fmt: skip
    client.add_permission(FunctionName="open", StatementId="a", Action="lambda:InvokeFunction", Principal="*")
    client.add_permission(
        FunctionName="s3", StatementId="a", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    client.add_permission(
        FunctionName="wide", StatementId="a", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceAccount=ACCOUNT,
    )  # fmt: skip
    function = {name: arn("lambda", f"function:{name}") for name in ("wide", "narrow", "open", "s3")}
    say("Lambda.1", good=[function["wide"], function["narrow"]], bad=[function["open"], function["s3"]])
    say("Lambda.2", good=[function[name] for name in ("wide", "open", "s3")], bad=[function["narrow"]])
    say("Lambda.5", good=[function["wide"]], bad=[function["narrow"]])


def ecs(aws: Aws, say: Sayings) -> None:
    client = aws("ecs")
    for name, value in (("watched", "enabled"), ("unwatched", "disabled")):
        client.create_cluster(clusterName=name, settings=[{"name": "containerInsights", "value": value}])
    say("ECS.12", good=[arn("ecs", "cluster/watched")], bad=[arn("ecs", "cluster/unwatched")])
    good = {
        "name": "app", "image": "x", "memory": 128, "readonlyRootFilesystem": True, "user": "1000",
        "logConfiguration": {"logDriver": "awslogs"}, "environment": [{"name": "STAGE", "value": "prod"}],
    }  # fmt: skip
    bad = {
        "name": "app", "image": "x", "memory": 128, "privileged": True,
        "environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "abc"}],
    }  # fmt: skip
    client.register_task_definition(family="task", containerDefinitions=[bad], pidMode="host")
    client.register_task_definition(family="task", containerDefinitions=[good], networkMode="host")
    client.register_task_definition(family="bad", containerDefinitions=[bad], pidMode="host")
    client.register_task_definition(family="root", networkMode="host", containerDefinitions=[good | {"user": "root"}])
    task = {name: arn("ecs", f"task-definition/{name}") for name in ("task:2", "bad:1", "root:1")}
    say("ECS.3 ECS.4 ECS.5 ECS.8 ECS.9", good=[task["task:2"], task["root:1"]], bad=[task["bad:1"]])
    say("ECS.1", good=[task["task:2"], task["bad:1"]], bad=[task["root:1"]])
    for name, public, version in (("inner", "DISABLED", "LATEST"), ("outer", "ENABLED", "1.3.0")):
        client.create_service(
            cluster="watched", serviceName=name, taskDefinition="task", desiredCount=0, launchType="FARGATE",
            platformVersion=version,
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": _two_subnets(aws), "securityGroups": [], "assignPublicIp": public,
                }
            },
        )  # fmt: skip
    say("ECS.2 ECS.10", good=[arn("ecs", "service/watched/inner")], bad=[arn("ecs", "service/watched/outer")])


def ecr(aws: Aws, say: Sayings) -> None:
    client = aws("ecr")
    client.create_repository(
        repositoryName="good", imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}
    )
    client.create_repository(repositoryName="bad")
    client.put_lifecycle_policy(
        repositoryName="good",
        lifecyclePolicyText=json.dumps(
            {"rules": [{
                "rulePriority": 1, "action": {"type": "expire"},
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
            }]}
        ),
    )  # fmt: skip
    say("ECR.1 ECR.2 ECR.3", good=[arn("ecr", "repository/good")], bad=[arn("ecr", "repository/bad")])


def eks(aws: Aws, say: Sayings) -> None:
    client, subnets = aws("eks"), _two_subnets(aws)
    client.create_cluster(
        name="good", roleArn=ROLE, version="1.35",
        resourcesVpcConfig={"subnetIds": subnets, "endpointPublicAccess": False, "endpointPrivateAccess": True},
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": arn("kms", "key/x")}}],
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
    )  # fmt: skip
    client.create_cluster(name="bad", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets})
    say("EKS.1 EKS.3 EKS.8", good=[arn("eks", "cluster/good")], bad=[arn("eks", "cluster/bad")])


def autoscaling(aws: Aws, say: Sayings) -> None:
    client, ec2 = aws("autoscaling"), aws("ec2")
    image = "ami-12c6146b"
    for name, options in (
        ("safe", {
            "AssociatePublicIpAddress": False,
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        }),
        ("loose", {
            "AssociatePublicIpAddress": True,
            "MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 3},
        }),
    ):  # fmt: skip
        client.create_launch_configuration(
            LaunchConfigurationName=name, ImageId=image, InstanceType="t3.micro", **options
        )
    found = client.describe_launch_configurations()["LaunchConfigurations"]
    made = {one["LaunchConfigurationName"]: one["LaunchConfigurationARN"] for one in found}
    say("AutoScaling.3 AutoScaling.4 AutoScaling.5", good=[made["safe"]], bad=[made["loose"]])
    ec2.create_launch_template(
        LaunchTemplateName="t-good",
        LaunchTemplateData={
            "ImageId": image, "InstanceType": "t3.micro", "MetadataOptions": {"HttpTokens": "required"},
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False}],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 8}}],
        },
    )  # fmt: skip
    ec2.create_launch_template(
        LaunchTemplateName="t-bad",
        LaunchTemplateData={
            "ImageId": image, "InstanceType": "t3.micro",
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": False, "VolumeSize": 8}}],
        },
    )  # fmt: skip
    templates = {one["LaunchTemplateName"]: one for one in ec2.describe_launch_templates()["LaunchTemplates"]}
    names = {name: arn("ec2", f"launch-template/{one['LaunchTemplateId']}") for name, one in templates.items()}
    say("EC2.25 EC2.170 EC2.181", good=[names["t-good"]], bad=[names["t-bad"]])
    size = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
    group = aws("elbv2").create_target_group(Name="tg", Protocol="HTTP", Port=80, VpcId=_default_vpc(aws))
    target = group["TargetGroups"][0]["TargetGroupArn"]
    client.create_auto_scaling_group(
        AutoScalingGroupName="good", AvailabilityZones=[f"{REGION}a", f"{REGION}b"], HealthCheckType="ELB",
        TargetGroupARNs=[target], HealthCheckGracePeriod=60,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateName": "t-good", "Version": "$Latest"},
                "Overrides": [{"InstanceType": "t3.micro"}, {"InstanceType": "t3a.micro"}],
            }
        },
        **size,
    )  # fmt: skip
    client.create_auto_scaling_group(
        AutoScalingGroupName="bad", AvailabilityZones=[f"{REGION}a"], LaunchConfigurationName="loose",
        TargetGroupARNs=[target], **size,
    )  # fmt: skip
    found = client.describe_auto_scaling_groups()["AutoScalingGroups"]
    made = {one["AutoScalingGroupName"]: one["AutoScalingGroupARN"] for one in found}
    say("AutoScaling.1 AutoScaling.2 AutoScaling.6 AutoScaling.9", good=[made["good"]], bad=[made["bad"]])


def _default_vpc(aws: Aws) -> str:
    return str(aws("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"])


# --- Load balancers, edges, APIs --------------------------------------------------------------------------------------


def elbv2(aws: Aws, say: Sayings) -> None:
    client, subnets = aws("elbv2"), _two_subnets(aws)
    made = {
        name: client.create_load_balancer(Name=name, Subnets=subnets, Type="application")["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        for name in ("alb-good", "alb-bad")
    }
    made["nlb"] = client.create_load_balancer(Name="nlb", Subnets=subnets[:1], Type="network")["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    good_on = {
        "access_logs.s3.enabled": "true", "access_logs.s3.bucket": "fsbp-plain", "deletion_protection.enabled": "true",
        "routing.http.drop_invalid_header_fields.enabled": "true", "routing.http.desync_mitigation_mode": "strictest",
    }  # fmt: skip
    attributes = {"alb-good": good_on, "alb-bad": {"routing.http.desync_mitigation_mode": "monitor"}}
    for name, wanted in attributes.items():
        client.modify_load_balancer_attributes(
            LoadBalancerArn=made[name], Attributes=[{"Key": key, "Value": value} for key, value in wanted.items()]
        )
    good, bad, nlb = made["alb-good"], made["alb-bad"], made["nlb"]
    say("ELB.4 ELB.12", good=[good], bad=[bad])
    say("ELB.5", good=[good], bad=[bad])
    say("ELB.6", good=[good], bad=[bad, nlb])
    say("ELB.13", good=[good, bad], bad=[nlb])
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    redirect = [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]

    def listener(balancer: str, protocol: str, port: int, actions: list[Any], tls: str = "") -> str:
        certificate = {"SslPolicy": tls, "Certificates": [{"CertificateArn": _certificate(aws)}]} if tls else {}
        made = client.create_listener(
            LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=actions, **certificate
        )
        return str(made["Listeners"][0]["ListenerArn"])

    redirecting = listener(good, "HTTP", 80, redirect)
    serving = listener(bad, "HTTP", 80, fixed)
    strong = listener(good, "HTTPS", 443, fixed, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
    weak = listener(bad, "HTTPS", 443, fixed, "ELBSecurityPolicy-2016-08")
    say("ELB.1", good=[good], bad=[bad])
    say("ELB.17", good=[strong], bad=[weak])
    say("ELB.18", good=[strong, weak], bad=[redirecting, serving])


def elb(aws: Aws, say: Sayings) -> None:
    client = aws("elb")

    def classic(name: str, zones: int, listener: dict[str, Any]) -> str:
        client.create_load_balancer(
            LoadBalancerName=name, AvailabilityZones=[f"{REGION}{letter}" for letter in "abc"[:zones]],
            Listeners=[{"InstancePort": 80, "InstanceProtocol": "HTTP", **listener}],
        )  # fmt: skip
        return arn("elasticloadbalancing", f"loadbalancer/{name}")

    acm, iam = _certificate(aws), f"arn:aws:iam::{ACCOUNT}:server-certificate/own"
    good = classic("clb-good", 2, {"Protocol": "HTTPS", "LoadBalancerPort": 443, "SSLCertificateId": acm})
    bad = classic("clb-bad", 1, {"Protocol": "HTTP", "LoadBalancerPort": 80})
    own = classic("clb-iam", 2, {"Protocol": "HTTPS", "LoadBalancerPort": 443, "SSLCertificateId": iam})
    client.modify_load_balancer_attributes(
        LoadBalancerName="clb-good",
        LoadBalancerAttributes={
            "CrossZoneLoadBalancing": {"Enabled": True}, "ConnectionDraining": {"Enabled": True, "Timeout": 60},
            "AccessLog": {"Enabled": True, "S3BucketName": "fsbp-plain", "EmitInterval": 60},
            "AdditionalAttributes": [{"Key": "elb.http.desyncmitigationmode", "Value": "defensive"}],
        },
    )  # fmt: skip
    for name, wanted in (("clb-good", "ELBSecurityPolicy-TLS-1-2-2017-01"), ("clb-iam", "ELBSecurityPolicy-2016-08")):
        client.create_load_balancer_policy(
            LoadBalancerName=name, PolicyName="tls", PolicyTypeName="SSLNegotiationPolicyType",
            PolicyAttributes=[{"AttributeName": "Reference-Security-Policy", "AttributeValue": wanted}],
        )  # fmt: skip
        client.set_load_balancer_policies_of_listener(LoadBalancerName=name, LoadBalancerPort=443, PolicyNames=["tls"])
    say("ELB.2", good=[good], bad=[own])
    say("ELB.3 ELB.10", good=[good, own], bad=[bad])
    say("ELB.8", good=[good], bad=[own])
    client.modify_load_balancer_attributes(
        LoadBalancerName="clb-bad",
        LoadBalancerAttributes={"AdditionalAttributes": [{"Key": "elb.http.desyncmitigationmode", "Value": "monitor"}]},
    )
    say("ELB.5 ELB.7 ELB.9", good=[good], bad=[bad, own])
    say("ELB.14", good=[good, own], bad=[bad])


def cloudfront(aws: Aws, say: Sayings) -> None:
    client = aws("cloudfront")
    secure = {
        "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only",
        "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
    }  # fmt: skip
    s3_origin = {"Id": "files", "DomainName": "fsbp-good.s3.us-east-1.amazonaws.com"}
    identity = {"S3OriginConfig": {"OriginAccessIdentity": ""}}

    def distribution(name: str, origins: list[dict[str, Any]], viewers: str, **more: Any) -> str:
        config = {
            "CallerReference": name, "Comment": name, "Enabled": True,
            "Origins": {"Quantity": len(origins), "Items": origins},
            "DefaultCacheBehavior": {
                "TargetOriginId": origins[0]["Id"], "ViewerProtocolPolicy": viewers, "MinTTL": 0,
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            },
            **more,
        }  # fmt: skip
        return str(client.create_distribution(DistributionConfig=config)["Distribution"]["ARN"])

    control = client.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": "oac", "SigningProtocol": "sigv4", "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]["Id"]  # fmt: skip
    members = {"Quantity": 2, "Items": [{"OriginId": "files"}, {"OriginId": "app"}]}
    good = distribution(
        "good",
        [
            s3_origin | identity | {"OriginAccessControlId": control},
            {"Id": "app", "DomainName": "app.example.com", "CustomOriginConfig": secure},
        ],
        "redirect-to-https",
        DefaultRootObject="index.html",
        Logging={"Enabled": True, "IncludeCookies": False, "Bucket": "fsbp-plain.s3.amazonaws.com", "Prefix": ""},
        WebACLId=f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/x/1",
        ViewerCertificate={
            "ACMCertificateArn": arn("acm", "certificate/x"), "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021", "CloudFrontDefaultCertificate": False,
        },
        OriginGroups={
            "Quantity": 1,
            "Items": [
                {"Id": "both", "FailoverCriteria": {"StatusCodes": {"Quantity": 1, "Items": [500]}}, "Members": members}
            ],
        },
    )  # fmt: skip
    bad = distribution(
        "bad",
        [
            s3_origin | identity | {"DomainName": "fsbp-nowhere.s3.us-east-1.amazonaws.com"},
            {
                "Id": "app", "DomainName": "app.example.com",
                "CustomOriginConfig": secure
                | {"OriginProtocolPolicy": "match-viewer", "OriginSslProtocols": {"Quantity": 1, "Items": ["SSLv3"]}},
            },
        ],
        "allow-all",
    )  # fmt: skip
    for n in (1, 3, 4, 5, 6, 7, 9, 10, 12, 15):
        say(f"CloudFront.{n}", good=[good], bad=[bad])
    say("CloudFront.8", good=[good])


def apigateway(aws: Aws, say: Sayings) -> None:
    client = aws("apigateway")
    api = client.create_rest_api(name="api")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(
        restApiId=api, stageName="bad", deploymentId=deployment, cacheClusterEnabled=True, cacheClusterSize="0.5"
    )
    client.create_stage(
        restApiId=api, stageName="good", deploymentId=deployment, tracingEnabled=True, cacheClusterEnabled=True,
        cacheClusterSize="0.5",
    )  # fmt: skip
    on = {"/*/*/logging/loglevel": "INFO", "/*/*/caching/enabled": "true", "/*/*/caching/dataEncrypted": "true"}
    for stage, changes in (
        ("good", on),
        ("bad", {"/*/*/caching/enabled": "true", "/*/*/caching/dataEncrypted": "false"}),
    ):
        client.update_stage(
            restApiId=api, stageName=stage,
            patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in changes.items()],
        )  # fmt: skip
    good, bad = (f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/{name}" for name in ("good", "bad"))
    say("APIGateway.1 APIGateway.3 APIGateway.5", good=[good], bad=[bad])
    waf = aws("wafv2")
    acl = waf.create_web_acl(
        Name="api", Scope="REGIONAL", DefaultAction={"Block": {}}, Rules=[_a_rule()], VisibilityConfig=_visible("api")
    )["Summary"]["ARN"]
    waf.associate_web_acl(WebACLArn=acl, ResourceArn=good)
    say("APIGateway.4", good=[good], bad=[bad])
    empty = waf.create_web_acl(
        Name="empty", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=_visible("empty")
    )["Summary"]["ARN"]
    say("WAF.10", good=[acl], bad=[empty])
    group = waf.create_rule_group(
        Name="counted", Scope="REGIONAL", Capacity=10, Rules=[_a_rule()], VisibilityConfig=_visible("counted")
    )["Summary"]["ARN"]
    silent = waf.create_rule_group(
        Name="silent", Scope="REGIONAL", Capacity=10, Rules=[_a_rule(counted=False)],
        VisibilityConfig=_visible("silent"),
    )["Summary"]["ARN"]  # fmt: skip
    say("WAF.12", good=[group], bad=[silent])
    two = aws("apigatewayv2")
    http = two.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    routes = {
        key: two.create_route(ApiId=http, RouteKey=key, AuthorizationType=kind)["RouteId"]
        for key, kind in (("GET /in", "AWS_IAM"), ("GET /open", "NONE"))
    }
    two.create_stage(
        ApiId=http, StageName="logged", AccessLogSettings={"DestinationArn": arn("logs", "log-group:x"), "Format": "x"}
    )
    two.create_stage(ApiId=http, StageName="unlogged")
    base = f"arn:aws:apigateway:{REGION}::/apis/{http}"
    say(
        "APIGateway.8",
        good=[f"{base}/routes/{routes['GET /in']}"],
        bad=[f"{base}/routes/{routes['GET /open']}"],
    )
    say("APIGateway.9", good=[f"{base}/stages/logged"], bad=[f"{base}/stages/unlogged"])


def _visible(name: str, *, counted: bool = True) -> dict[str, Any]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": counted, "MetricName": name}


def _a_rule(*, counted: bool = True) -> dict[str, Any]:
    return {
        "Name": "rule", "Priority": 0, "Action": {"Block": {}}, "VisibilityConfig": _visible("rule", counted=counted),
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["AQ"]}},
    }  # fmt: skip


# --- Messages ---------------------------------------------------------------------------------------------------------


def messages(aws: Aws, say: Sayings) -> None:
    sns, sqs = aws("sns"), aws("sqs")
    good = sns.create_topic(Name="good", Attributes={"KmsMasterKeyId": "alias/aws/sns"})["TopicArn"]
    bad = sns.create_topic(Name="bad")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=bad, AttributeName="Policy", AttributeValue=policy(allow("SNS:Publish", bad, Principal="*"))
    )
    say("SNS.1 SNS.4", good=[good], bad=[bad])
    sqs.create_queue(QueueName="good", Attributes={"SqsManagedSseEnabled": "true"})
    sqs.create_queue(QueueName="kms", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    url = sqs.create_queue(QueueName="bad", Attributes={"SqsManagedSseEnabled": "false"})["QueueUrl"]
    queue = {name: arn("sqs", name) for name in ("good", "kms", "bad")}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": policy(allow("sqs:SendMessage", queue["bad"], Principal={"AWS": "*"}))}
    )
    say("SQS.1 SQS.3", good=[queue["good"], queue["kms"]], bad=[queue["bad"]])
    kinesis = aws("kinesis")
    for name in ("good", "bad"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.start_stream_encryption(StreamName="good", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.increase_stream_retention_period(StreamName="good", RetentionPeriodHours=168)
    say("Kinesis.1 Kinesis.3", good=[arn("kinesis", "stream/good")], bad=[arn("kinesis", "stream/bad")])
    firehose = aws("firehose")
    for name, encryption in (("good", {"KeyType": "AWS_OWNED_CMK"}), ("bad", None)):
        firehose.create_delivery_stream(
            DeliveryStreamName=name, DeliveryStreamType="DirectPut",
            ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::fsbp-plain"},
            **({"DeliveryStreamEncryptionConfigurationInput": encryption} if encryption else {}),
        )  # fmt: skip
    say("DataFirehose.1", good=[arn("firehose", "deliverystream/good")], bad=[arn("firehose", "deliverystream/bad")])
    states = aws("stepfunctions")
    groups = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn("logs", "log-group:sfn:*")}}]
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}})
    for name, level in (("good", "ALL"), ("bad", "OFF")):
        states.create_state_machine(
            name=name, roleArn=ROLE, definition=definition,
            loggingConfiguration={"level": level, "destinations": groups if level == "ALL" else []},
        )  # fmt: skip
    say("StepFunctions.1", good=[arn("states", "stateMachine:good")], bad=[arn("states", "stateMachine:bad")])
    events = aws("events")
    events.create_event_bus(Name="said")
    events.create_event_bus(Name="unsaid")
    events.put_permission(EventBusName="said", Action="events:PutEvents", Principal=FOREIGN, StatementId="x")
    say("EventBridge.3", good=[arn("events", "event-bus/said")], bad=[arn("events", "event-bus/unsaid")])


# --- Identity, keys, secrets ------------------------------------------------------------------------------------------


def keys(aws: Aws, say: Sayings) -> None:
    kms = aws("kms")
    good, doomed = (kms.create_key(Description=name)["KeyMetadata"] for name in ("good", "doomed"))
    opened = kms.create_key(Policy=policy(allow("kms:*", Principal="*")))["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=doomed["KeyId"], PendingWindowInDays=7)
    say("KMS.3", good=[good["Arn"], opened["Arn"]], bad=[doomed["Arn"]])
    say("KMS.5", good=[good["Arn"]], bad=[opened["Arn"]])
    iam = aws("iam")
    narrow = iam.create_policy(PolicyName="narrow", PolicyDocument=policy(allow("kms:Decrypt", good["Arn"])))["Policy"]
    wide = iam.create_policy(PolicyName="wide", PolicyDocument=policy(allow("kms:Decrypt")))["Policy"]
    service = iam.create_policy(PolicyName="service", PolicyDocument=policy(allow("ec2:*")))["Policy"]
    admin = iam.create_policy(PolicyName="admin", PolicyDocument=policy(allow("*")))["Policy"]
    say("KMS.1", good=[narrow["Arn"], service["Arn"]], bad=[wide["Arn"], admin["Arn"]])
    say("IAM.21", good=[narrow["Arn"], wide["Arn"]], bad=[service["Arn"], admin["Arn"]])
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    for name, resource in (("narrow", good["Arn"]), ("wide", "*")):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="x", PolicyDocument=policy(allow("kms:Decrypt", resource)))
    say("KMS.2", good=[f"arn:aws:iam::{ACCOUNT}:role/narrow"], bad=[f"arn:aws:iam::{ACCOUNT}:role/wide"])
    secrets = aws("secretsmanager")
    plain = secrets.create_secret(Name="plain", SecretString="x")["ARN"]
    rotated = secrets.create_secret(Name="rotated", SecretString="x")["ARN"]
    secrets.create_secret(Name="gone", SecretString="x")
    secrets.delete_secret(SecretId="gone")
    secrets.rotate_secret(SecretId="rotated", RotationRules={"AutomaticallyAfterDays": 30})
    say("SecretsManager.1", good=[rotated], bad=[plain])
    say("SecretsManager.2", good=[rotated])
    say("SecretsManager.3 SecretsManager.4", good=[plain, rotated])


# --- Networks and instances -------------------------------------------------------------------------------------------


def networks(aws: Aws, say: Sayings) -> None:
    ec2 = aws("ec2")

    def group(name: str, protocol: str, low: int, high: int, cidr: str = "0.0.0.0/0") -> str:
        ident = ec2.create_security_group(GroupName=name, Description="x", VpcId=_default_vpc(aws))["GroupId"]
        ports = {"FromPort": low, "ToPort": high} if protocol != "-1" else {}
        ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
        ec2.authorize_security_group_ingress(GroupId=ident, IpPermissions=[{"IpProtocol": protocol, **ports, **ranges}])
        return arn("ec2", f"security-group/{ident}")

    web, inner = group("web", "tcp", 443, 443), group("inner", "tcp", 3306, 3306, "10.0.0.0/8")
    smtp, everything = group("smtp", "tcp", 25, 25), group("all", "-1", 0, 0)
    other, six = group("other", "tcp", 6379, 6379), group("six", "tcp", 22, 22, "::/0")
    say("EC2.18", good=[web, inner], bad=[smtp, everything, other, six])
    say("EC2.19", good=[web, inner, other], bad=[smtp, everything, six])
    vpc = _default_vpc(aws)
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    say("EC2.16", bad=[arn("ec2", f"network-acl/{acl}")])
    endpoint = {"VpcId": vpc, "VpcEndpointType": "Interface", "SubnetIds": _two_subnets(aws)}
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
    subnet = _two_subnets(aws)[0]
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
    ec2, vpc = aws("ec2"), _default_vpc(aws)
    group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    say("EC2.2", bad=[arn("ec2", f"security-group/{one['GroupId']}") for one in group])
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    say("EC2.15", bad=[arn("ec2", f"subnet/{one['SubnetId']}") for one in subnets if one["DefaultForAz"]])
    say("Athena.4", bad=[arn("athena", "workgroup/primary")])


# --- Building, moving, watching ---------------------------------------------------------------------------------------


def codebuild(aws: Aws, say: Sayings) -> None:
    client = aws("codebuild")
    base = {"artifacts": {"type": "NO_ARTIFACTS"}, "serviceRole": ROLE}
    machine = {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"}
    logs = {"cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "ENABLED", "location": "b/x"}}
    no_logs = {"cloudWatchLogs": {"status": "DISABLED"}, "s3Logs": {"status": "DISABLED"}}
    client.create_project(
        name="good", source={"type": "GITHUB", "location": "https://github.com/a/b"}, logsConfig=logs, **base,
        environment=machine | {"environmentVariables": [{"name": "STAGE", "value": "prod", "type": "PLAINTEXT"}]},
    )  # fmt: skip
    client.create_project(
        name="bad", source={"type": "BITBUCKET", "location": "https://u:secret@bitbucket.org/a/b"}, logsConfig=no_logs,
        environment=machine | {"environmentVariables": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]}, **base,
    )  # fmt: skip
    client.create_project(
        name="bare", source={"type": "S3", "location": "b/x"}, environment=machine, **base,
        logsConfig={"s3Logs": {"status": "ENABLED", "location": "b/x", "encryptionDisabled": True}},
    )  # fmt: skip
    project = {name: arn("codebuild", f"project/{name}") for name in ("good", "bad", "bare")}
    say("CodeBuild.1 CodeBuild.2 CodeBuild.4", good=[project["good"], project["bare"]], bad=[project["bad"]])
    say("CodeBuild.3", good=[project["good"]], bad=[project["bare"]])


def dms(aws: Aws, say: Sayings) -> None:
    client = aws("dms")
    made = {
        name: client.create_replication_instance(
            ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.micro", PubliclyAccessible=not good,
            AutoMinorVersionUpgrade=good, MultiAZ=good,
        )["ReplicationInstance"]["ReplicationInstanceArn"]
        for name, good in (("good", True), ("bad", False))
    }  # fmt: skip
    say("DMS.1 DMS.6 DMS.13", good=[made["good"]], bad=[made["bad"]])
    ends = {
        name: client.create_endpoint(
            EndpointIdentifier=name, EndpointType="source", EngineName="mysql", SslMode=mode, Username="u",
            Password="p", ServerName="db", Port=3306,
        )["Endpoint"]["EndpointArn"]
        for name, mode in (("tls", "require"), ("plain", "none"))
    }  # fmt: skip
    say("DMS.9", good=[ends["tls"]], bad=[ends["plain"]])


def watching(aws: Aws, say: Sayings) -> None:
    say("GuardDuty.1", good=[ROOT])
    aws("guardduty").create_detector(
        Enable=True,
        Features=[{"Name": "S3_DATA_EVENTS", "Status": "ENABLED"}, {"Name": "RDS_LOGIN_EVENTS", "Status": "DISABLED"}],
    )
    say("GuardDuty.10", good=[ROOT])
    say("GuardDuty.9", bad=[ROOT])
    say("Inspector.1 Inspector.2 Inspector.3 Inspector.4 Account.1", bad=[ROOT])
    say("GuardDuty.5 GuardDuty.6 GuardDuty.7 GuardDuty.8 GuardDuty.11 GuardDuty.12 GuardDuty.13", bad=[ROOT])
    aws("macie2").disable_macie()  # moto has it on from the start
    say("Macie.1", bad=[ROOT])


def others(aws: Aws, say: Sayings) -> None:
    glue = aws("glue")
    for name, version in (("good", "4.0"), ("bad", "2.0")):
        glue.create_job(
            Name=name, Role=ROLE, GlueVersion=version, Command={"Name": "glueetl", "ScriptLocation": "s3://x"}
        )
    say("Glue.4", good=[arn("glue", "job/good")], bad=[arn("glue", "job/bad")])
    route53 = aws("route53")
    group = arn("logs", "log-group:good")
    aws("logs").create_log_group(logGroupName="good")
    zones = {
        name: route53.create_hosted_zone(Name=f"{name}.example", CallerReference=name)["HostedZone"]["Id"].split("/")[
            -1
        ]
        for name in ("good", "bad")
    }
    route53.create_query_logging_config(HostedZoneId=zones["good"], CloudWatchLogsLogGroupArn=f"{group}:*")
    say(
        "Route53.2",
        good=[f"arn:aws:route53:::hostedzone/{zones['good']}"],
        bad=[f"arn:aws:route53:::hostedzone/{zones['bad']}"],
    )
    athena = aws("athena")
    athena.create_work_group(Name="measured", Configuration={"PublishCloudWatchMetricsEnabled": True})
    athena.create_work_group(Name="silent", Configuration={"PublishCloudWatchMetricsEnabled": False})
    say("Athena.4", good=[arn("athena", "workgroup/measured")], bad=[arn("athena", "workgroup/silent")])
    cloudformation = aws("cloudformation")
    template = json.dumps(
        {"Resources": {"x": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Path": "/", "Roles": []}}}}
    )
    told = cloudformation.create_stack(StackName="told", TemplateBody=template, NotificationARNs=[arn("sns", "good")])
    quiet = cloudformation.create_stack(StackName="quiet", TemplateBody=template)
    say("CloudFormation.1", good=[told["StackId"]], bad=[quiet["StackId"]])
    cognito = aws("cognito-idp")
    strong = {
        "MinimumLength": 12, "RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True,
        "RequireSymbols": True, "TemporaryPasswordValidityDays": 3,
    }  # fmt: skip
    pools = {
        name: cognito.create_user_pool(
            PoolName=name, Policies={"PasswordPolicy": rules}, UserPoolAddOns={"AdvancedSecurityMode": mode}
        )["UserPool"]["Arn"]
        for name, rules, mode in (("good", strong, "ENFORCED"), ("bad", strong | {"MinimumLength": 6}, "AUDIT"))
    }
    say("Cognito.1 Cognito.3", good=[pools["good"]], bad=[pools["bad"]])
    identity = aws("cognito-identity")
    ids = {
        name: identity.create_identity_pool(IdentityPoolName=name, AllowUnauthenticatedIdentities=guests)[
            "IdentityPoolId"
        ]
        for name, guests in (("members", False), ("guests", True))
    }
    base = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/"
    say("Cognito.2", good=[base + ids["members"]], bad=[base + ids["guests"]])
    sagemaker = aws("sagemaker")
    sagemaker.create_notebook_instance(
        NotebookInstanceName="good", InstanceType="ml.t3.medium", RoleArn=ROLE, DirectInternetAccess="Disabled",
        RootAccess="Disabled", SubnetId=_two_subnets(aws)[0], PlatformIdentifier="notebook-al2023-v1",
    )  # fmt: skip
    sagemaker.create_notebook_instance(NotebookInstanceName="bad", InstanceType="ml.t3.medium", RoleArn=ROLE)
    note = "notebook-instance/"
    for n in (1, 2, 3):
        say(f"SageMaker.{n}", good=[arn("sagemaker", note + "good")], bad=[arn("sagemaker", note + "bad")])
    for name, isolated in (("good", True), ("bad", False)):
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "x"})
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "a",
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1 + isolated,
                }
            ],
        )
    say("SageMaker.4", good=[arn("sagemaker", "endpoint-config/good")], bad=[arn("sagemaker", "endpoint-config/bad")])
    emr = aws("emr")
    for name, enabled in (("good", True), ("bad", False)):
        emr.create_security_configuration(
            Name=name,
            SecurityConfiguration=json.dumps(
                {"EncryptionConfiguration": {"EnableAtRestEncryption": enabled, "EnableInTransitEncryption": enabled}}
            ),
        )
    ssm = aws("ssm")
    for name in ("own", "shared"):
        ssm.create_document(
            Name=name, DocumentType="Command", DocumentFormat="JSON",
            Content=json.dumps({"schemaVersion": "2.2", "description": "x", "mainSteps": []}),
        )  # fmt: skip
    ssm.modify_document_permission(Name="shared", PermissionType="Share", AccountIdsToAdd=["all"])
    say("SSM.4", good=[arn("ssm", "document/own")], bad=[arn("ssm", "document/shared")])


def firewalls(aws: Aws, say: Sayings) -> None:
    client = aws("network-firewall")
    made = {}
    for name, guarded in (("good", True), ("bad", False)):
        made[name] = client.create_firewall(
            FirewallName=name, FirewallPolicyArn=arn("network-firewall", f"firewall-policy/{name}"),
            VpcId=_default_vpc(aws), DeleteProtection=guarded, SubnetChangeProtection=guarded,
            SubnetMappings=[{"SubnetId": _two_subnets(aws)[0]}],
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


# --- Smaller services -------------------------------------------------------------------------------------------------


def caches(aws: Aws, say: Sayings) -> None:
    client = aws("elasticache")
    client.create_cache_subnet_group(
        CacheSubnetGroupName="own", CacheSubnetGroupDescription="x", SubnetIds=_two_subnets(aws)
    )
    for name, good in (("single-good", True), ("single-bad", False)):
        client.create_cache_cluster(
            CacheClusterId=name, Engine="redis", EngineVersion="7.1", NumCacheNodes=1, CacheNodeType="cache.t4g.small",
            AutoMinorVersionUpgrade=good, SnapshotRetentionLimit=int(good),
            CacheSubnetGroupName="own" if good else "default",
        )  # fmt: skip
    client.create_cache_cluster(
        CacheClusterId="memory", Engine="memcached", NumCacheNodes=1, CacheNodeType="cache.t4g.small",
        CacheSubnetGroupName="own", AutoMinorVersionUpgrade=False,
    )  # fmt: skip
    good, bad = arn("elasticache", "cluster:single-good"), arn("elasticache", "cluster:single-bad")
    say("ElastiCache.1 ElastiCache.2", good=[good], bad=[bad])
    say("ElastiCache.7", good=[good, arn("elasticache", "cluster:memory")], bad=[bad])


def brokers(aws: Aws, say: Sayings) -> None:
    mq, kafka = aws("mq"), aws("kafka")
    made = {
        name: mq.create_broker(
            BrokerName=name, EngineType="ActiveMQ", EngineVersion="5.18", DeploymentMode="SINGLE_INSTANCE",
            HostInstanceType="mq.t3.micro", PubliclyAccessible=False, AutoMinorVersionUpgrade=good,
            Logs={"Audit": good, "General": True}, Users=[{"Username": "u", "Password": "notasecret12"}],
        )["BrokerArn"]
        for name, good in (("good", True), ("bad", False))
    }  # fmt: skip
    say("MQ.2 MQ.3", good=[made["good"]], bad=[made["bad"]])
    made = {}
    for name, good in (("good", True), ("bad", False)):
        made[name] = kafka.create_cluster_v2(
            ClusterName=name,
            Provisioned={
                "BrokerNodeGroupInfo": {
                    "InstanceType": "kafka.m5.large", "ClientSubnets": _two_subnets(aws),
                    "ConnectivityInfo": {"PublicAccess": {"Type": "DISABLED" if good else "SERVICE_PROVIDED_EIPS"}},
                },
                "KafkaVersion": "3.8.x", "NumberOfBrokerNodes": 2,
                "ClientAuthentication": {
                    "Sasl": {"Iam": {"Enabled": good}}, "Unauthenticated": {"Enabled": not good},
                },
                "EncryptionInfo": {
                    "EncryptionInTransit": {"ClientBroker": "TLS" if good else "TLS_PLAINTEXT", "InCluster": True}
                },
            },
        )["ClusterArn"]  # fmt: skip
    say("MSK.4", good=[made["good"]], bad=[made["bad"]])


def graphs(aws: Aws, say: Sayings) -> None:
    client = aws("appsync")
    apis = {
        name: client.create_graphql_api(name=name, authenticationType=kind, **logs)["graphqlApi"]
        for name, kind, logs in (
            ("good", "AWS_IAM", {"logConfig": {"fieldLogLevel": "ERROR", "cloudWatchLogsRoleArn": ROLE}}),
            ("bad", "API_KEY", {}),
        )
    }
    say("AppSync.2 AppSync.5", good=[apis["good"]["arn"]], bad=[apis["bad"]["arn"]])
    for name, encrypted in (("good", True), ("bad", False)):
        client.create_api_cache(
            apiId=apis[name]["apiId"], ttl=60, type="SMALL", apiCachingBehavior="FULL_REQUEST_CACHING",
            atRestEncryptionEnabled=encrypted, transitEncryptionEnabled=encrypted,
        )  # fmt: skip
    say("AppSync.1 AppSync.6", good=[apis["good"]["arn"]], bad=[apis["bad"]["arn"]])


def files(aws: Aws, say: Sayings) -> None:
    transfer, fsx = aws("transfer"), aws("fsx")
    good = transfer.create_server(Protocols=["SFTP"])["ServerId"]
    bad = transfer.create_server(Protocols=["FTP"])["ServerId"]
    say("Transfer.2", good=[arn("transfer", f"server/{good}")], bad=[arn("transfer", f"server/{bad}")])
    lustre = {
        copies: fsx.create_file_system(
            FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=_two_subnets(aws)[:1],
            LustreConfiguration={"DeploymentType": "PERSISTENT_2", "CopyTagsToBackups": copies},
        )["FileSystem"]["ResourceARN"]
        for copies in (True, False)
    }  # fmt: skip
    say("FSx.2", good=[lustre[True]], bad=[lustre[False]])
    windows = {
        kind: fsx.create_file_system(
            FileSystemType="WINDOWS", StorageCapacity=100, SubnetIds=_two_subnets(aws),
            WindowsConfiguration={"DeploymentType": kind, "ThroughputCapacity": 32},
        )["FileSystem"]["ResourceARN"]
        for kind in ("MULTI_AZ_1", "SINGLE_AZ_2")
    }  # fmt: skip
    say("FSx.5", good=[windows["MULTI_AZ_1"]], bad=[windows["SINGLE_AZ_2"]])


def authorities(aws: Aws, say: Sayings) -> None:
    client = aws("acm-pca")
    subject = {"KeyAlgorithm": "RSA_2048", "SigningAlgorithm": "SHA256WITHRSA", "Subject": {"CommonName": "x"}}
    made = [
        client.create_certificate_authority(CertificateAuthorityConfiguration=subject, CertificateAuthorityType="ROOT")[
            "CertificateAuthorityArn"
        ]
        for _ in range(2)
    ]
    for one, status in zip(made, ("DISABLED", "ACTIVE"), strict=True):
        client.update_certificate_authority(CertificateAuthorityArn=one, Status=status)
    say("PCA.1", good=made[:1], bad=made[1:])


def trails(aws: Aws, say: Sayings) -> None:
    client = aws("cloudtrail")
    bucket = {"S3BucketName": "fsbp-plain"}
    logs = {"CloudWatchLogsLogGroupArn": arn("logs", "log-group:trail:*"), "CloudWatchLogsRoleArn": ROLE}
    client.create_trail(
        Name="good", IsMultiRegionTrail=True, EnableLogFileValidation=True, KmsKeyId="alias/trail", **bucket, **logs
    )
    client.create_trail(Name="bad", EnableLogFileValidation=False, **bucket)
    client.start_logging(Name="good")
    good, bad = arn("cloudtrail", "trail/good"), arn("cloudtrail", "trail/bad")
    say("CloudTrail.1", good=[ROOT])
    say("CloudTrail.2 CloudTrail.4 CloudTrail.5", good=[good], bad=[bad])


def clusters(aws: Aws, say: Sayings) -> None:
    client = aws("emr")
    for name, blocked in (("good", True), ("bad", False)):
        client.run_job_flow(
            Name=name, ServiceRole=ROLE, JobFlowRole="x", ReleaseLabel="emr-7.5.0",
            Instances={
                "MasterInstanceType": "m5.xlarge", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": blocked,
            },
        )  # fmt: skip
    client.put_block_public_access_configuration(
        BlockPublicAccessConfiguration={
            "BlockPublicSecurityGroupRules": True,
            "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 22, "MaxRange": 22}],
        }
    )
    say("EMR.2", good=[ROOT])


def moving(aws: Aws, say: Sayings) -> None:
    client = aws("dms")
    settings = {
        "good": {
            "Logging": {
                "EnableLogging": True,
                "LogComponents": [
                    {"Id": name, "Severity": "LOGGER_SEVERITY_DEFAULT"}
                    for name in ("SOURCE_CAPTURE", "SOURCE_UNLOAD", "TARGET_APPLY", "TARGET_LOAD")
                ],
            }
        },
        "bad": {"Logging": {"EnableLogging": False}},
    }
    made = {
        name: client.create_replication_task(
            ReplicationTaskIdentifier=name, SourceEndpointArn="arn:a", TargetEndpointArn="arn:b",
            ReplicationInstanceArn="arn:c", MigrationType="cdc", TableMappings="{}",
            ReplicationTaskSettings=json.dumps(told),
        )["ReplicationTask"]["ReplicationTaskArn"]
        for name, told in settings.items()
    }  # fmt: skip
    say("DMS.7 DMS.8", good=[made["good"]], bad=[made["bad"]])


def catalogs(aws: Aws, say: Sayings) -> None:
    client = aws("servicecatalog")
    made = [
        client.create_portfolio(DisplayName=name, ProviderName="x", IdempotencyToken=name)["PortfolioDetail"]
        for name in ("kept", "shared")
    ]
    client.create_portfolio_share(PortfolioId=made[1]["Id"], AccountId=FOREIGN)
    say("ServiceCatalog.1", good=[made[0]["ARN"]], bad=[made[1]["ARN"]])


def endpoints(aws: Aws, say: Sayings) -> None:
    client = aws("dms")

    def endpoint(name: str, engine: str, **settings: Any) -> str:
        made = client.create_endpoint(EndpointIdentifier=name, EndpointType="target", EngineName=engine, **settings)
        return str(made["Endpoint"]["EndpointArn"])

    graph = {"S3BucketName": "b", "S3BucketFolder": "f"}
    say(
        "DMS.10",
        good=[endpoint("signed", "neptune", NeptuneSettings=graph | {"IamAuthEnabled": True})],
        bad=[endpoint("unsigned", "neptune", NeptuneSettings=graph | {"IamAuthEnabled": False})],
    )
    known = endpoint("known", "mongodb", SslMode="require", MongoDbSettings={"AuthType": "password"})
    unknown = endpoint("unknown", "mongodb", SslMode="none", MongoDbSettings={"AuthType": "no"})
    say("DMS.9 DMS.11", good=[known], bad=[unknown])
    at = {"ServerName": "redis", "Port": 6379}
    say(
        "DMS.12",
        good=[endpoint("private", "redis", RedisSettings=at | {"SslSecurityProtocol": "ssl-encryption"})],
        bad=[endpoint("clear", "redis", RedisSettings=at | {"SslSecurityProtocol": "plaintext"})],
    )


def postgres_clusters(aws: Aws, say: Sayings) -> None:
    client = aws("rds")
    alike = {
        "Engine": "aurora-postgresql", "MasterUsername": "keeper", "MasterUserPassword": "notasecret1", "Port": 6543,
        "StorageEncrypted": True, "DeletionProtection": True, "EnableIAMDatabaseAuthentication": True,
    }  # fmt: skip
    client.create_db_cluster(
        DBClusterIdentifier="pg-logs", CopyTagsToSnapshot=True, EnableCloudwatchLogsExports=["postgresql"], **alike
    )
    client.create_db_cluster(DBClusterIdentifier="pg-silent", CopyTagsToSnapshot=False, **alike)
    good, bad = arn("rds", "cluster:pg-logs"), arn("rds", "cluster:pg-silent")
    say("RDS.7 RDS.12 RDS.23 RDS.24 RDS.27", good=[good, bad])
    say("RDS.15", bad=[good, bad])
    say("RDS.16 RDS.37 RDS.47", good=[good], bad=[bad])


def transfers(aws: Aws, say: Sayings) -> None:
    client = aws("datasync")
    ends = [
        client.create_location_s3(S3BucketArn=f"arn:aws:s3:::fsbp-{name}", S3Config={"BucketAccessRoleArn": ROLE})
        for name in ("good", "plain")
    ]
    ends_ = {"SourceLocationArn": ends[0]["LocationArn"], "DestinationLocationArn": ends[1]["LocationArn"]}
    group = {"CloudWatchLogGroupArn": arn("logs", "log-group:sync")}
    good = client.create_task(Name="good", Options={"LogLevel": "TRANSFER"}, **group, **ends_)["TaskArn"]
    bad = client.create_task(Name="bad", **ends_)["TaskArn"]
    say("DataSync.1", good=[good], bad=[bad])


def zones_of_file_systems(aws: Aws, say: Sayings) -> None:
    client, subnets = aws("fsx"), _two_subnets(aws)
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


def recorder(aws: Aws, say: Sayings) -> None:
    client = aws("config")
    client.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        }
    )
    client.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "fsbp-plain"})
    client.start_configuration_recorder(ConfigurationRecorderName="default")
    say("Config.1", good=[ROOT])


def people(aws: Aws, say: Sayings) -> None:
    iam = aws("iam")
    user = {name: f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("plain", "grouped", "attached")}
    for name in user:
        iam.create_user(UserName=name)
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="grouped")
    iam.put_user_policy(UserName="attached", PolicyName="x", PolicyDocument=policy(allow("s3:GetObject")))
    iam.create_login_profile(UserName="plain", Password="Notasecret123!")
    iam.create_access_key(UserName="grouped")
    say("IAM.2", good=[user["plain"], user["grouped"]], bad=[user["attached"]])
    say("IAM.5", bad=[user["plain"]])
    say("IAM.3", good=[user["grouped"]])
    say("IAM.4", good=[ROOT])
    say("IAM.6 IAM.7", bad=[ROOT])
    say("IAM.1", bad=[f"arn:aws:iam::{ACCOUNT}:policy/admin"])


def caches_of_old(aws: Aws, say: Sayings) -> None:
    client = aws("elasticache")
    client.create_cache_cluster(
        CacheClusterId="old", Engine="redis", EngineVersion="5.0.6", NumCacheNodes=1, CacheNodeType="cache.t4g.small",
        CacheSubnetGroupName="own", AutoMinorVersionUpgrade=True, SnapshotRetentionLimit=1,
    )  # fmt: skip
    say("ElastiCache.1 ElastiCache.2 ElastiCache.7", good=[arn("elasticache", "cluster:old")])


def certificates(aws: Aws, say: Sayings) -> None:
    """Import certificates that end late enough and too soon."""
    client = aws("acm")
    made = {}
    for name, days, bits in (("later", 90, 2048), ("soon", 20, 2048)):
        certificate, key = _pem(name, days, bits)
        made[name] = client.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    say("ACM.1", good=[made["later"]], bad=[made["soon"]])


def _pem(name: str, days: int, bits: int) -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.example")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=10)).not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.NoEncryption()
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain),
    )


PARTS = (
    foundations, s3, efs, dynamodb, rds, neptune, redshift, elasticache, opensearch, lambda_, ecs, ecr, eks,
    autoscaling, elbv2, elb,
    cloudfront, apigateway, messages, keys, networks, instances, defaults, codebuild, dms, watching, others, firewalls,
    caches, brokers, graphs, files, authorities, trails, clusters, moving, catalogs, endpoints,
    postgres_clusters, transfers, zones_of_file_systems, recorder, people, caches_of_old, certificates,
)  # fmt: skip


def build(aws: Aws, parts: Iterable[Callable[[Aws, Sayings], None]] = PARTS) -> Sayings:
    """Make the account by ``aws("s3")``, a boto3 client, and return what must be said of it."""
    said = Sayings()
    for part in parts:
        part(aws, said)
    return said
