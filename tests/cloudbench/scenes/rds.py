from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"
GROUPS = ["sg-0123456789abcdef0"]


def subnet_group(aws: Aws) -> str:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    aws("rds").create_db_subnet_group(
        DBSubnetGroupName="private",
        DBSubnetGroupDescription="two zones",
        SubnetIds=[subnet["SubnetId"] for subnet in subnets],
    )
    return "private"


def make(aws: Aws, name: str, engine: str = "mysql", **settings: Any) -> None:
    aws("rds").create_db_instance(
        **{
            "DBInstanceIdentifier": name,
            "Engine": engine,
            "DBInstanceClass": "db.t3.micro",
            "AllocatedStorage": 20,
            "MasterUsername": "shopkeeper",
            "MasterUserPassword": "not-a-secret",
            "VpcSecurityGroupIds": GROUPS,
            **settings,
        }
    )


@on_moto()
def careful_and_careless_instances(aws: Aws) -> Verdicts:
    make(
        aws, "careful", DBSubnetGroupName=subnet_group(aws), StorageEncrypted=True, PubliclyAccessible=False,
        BackupRetentionPeriod=7, MultiAZ=True, DeletionProtection=True, CopyTagsToSnapshot=True,
        MonitoringInterval=60, MonitoringRoleArn=f"arn:aws:iam::{ACCOUNT}:role/monitoring", Port=3316,
        EnableIAMDatabaseAuthentication=True,
    )  # fmt: skip
    make(
        aws, "careless", AutoMinorVersionUpgrade=False, PubliclyAccessible=True, BackupRetentionPeriod=6,
        MasterUsername="admin",
    )  # fmt: skip
    either = Expected(good=["careful"], bad=["careless"])
    return {"rds_instance_in_vpc": Expected(good=["careful", "careless"])} | dict.fromkeys(
        [
            "rds_instance_encrypted", "rds_instance_minor_upgrade", "rds_instance_not_public",
            "rds_instance_automatic_backup", "rds_instance_multi_az", "rds_instance_deletion_protection",
            "rds_instance_copy_tags", "rds_enhanced_monitoring", "rds_instance_iam_auth",
            "rds_instance_custom_admin_name", "rds_non_default_port",
        ],
        either,
    )  # fmt: skip


def instance(name: str, engine: str, **fields: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceArn": f"{ARN}:db:{name}",
        "Engine": engine,
        "EngineVersion": "1.0",
        "DBInstanceStatus": "available",
        "MasterUsername": "shopkeeper",
        **fields,
    }


def cluster(name: str, engine: str, **fields: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": name,
        "DBClusterArn": f"{ARN}:cluster:{name}",
        "Engine": engine,
        "EngineMode": "provisioned",
        "DBClusterParameterGroup": f"group-of-{name}",
        **fields,
    }


def told(instances: list[dict[str, Any]], clusters: list[dict[str, Any]], verdicts: Verdicts) -> Answers:
    return Answers(
        {"rds.describe_db_instances": {"DBInstances": instances}, "rds.describe_db_clusters": {"DBClusters": clusters}},
        verdicts,
    )


@on_answers
def instances_that_are_special() -> Answers:
    """Members of clusters, replicas, other engines and services, keys that AWS owns, and what is being made."""
    member = {"DBClusterIdentifier": "shop", "MasterUsername": "admin", "Endpoint": {"Port": 3306}, "MultiAZ": False}
    return told(
        [
            instance("member", "aurora-mysql", **member),
            instance("aws-key", "postgres", StorageEncrypted=False, StorageEncryptionType="sse-rds"),
            instance("replica", "mysql", ReadReplicaSourceDBInstanceIdentifier="source", BackupRetentionPeriod=0),
            instance("of-cluster", "mysql", ReadReplicaSourceDBClusterIdentifier="source", BackupRetentionPeriod=0),
            instance("being-made", "oracle-ee", DBInstanceStatus="creating", BackupRetentionPeriod=7),
            instance("oracle", "oracle-se2-cdb", Endpoint={"Port": 1521}, MultiAZ=True, BackupRetentionPeriod=35),
            instance("custom", "custom-sqlserver-ee", Endpoint={"Port": 1433}, MasterUsername="postgres"),
            instance("stopped", "mysql", DBInstanceStatus="stopped"),
            instance("graph", "neptune", PubliclyAccessible=True),
            instance("documents", "docdb", PubliclyAccessible=True),
        ],
        [
            cluster("shop", "aurora-mysql", Port=3307),
            cluster("usual", "aurora-postgresql", Port=5432),
            cluster("graph", "neptune", Port=8182),
        ],
        {
            "rds_instance_encrypted": Expected(
                good=["db:aws-key"],
                bad=["member", "replica", "of-cluster", "being-made", "oracle", "custom", "stopped"],
            ),
            "rds_instance_not_public": Expected(
                good=["member", "db:aws-key", "replica", "of-cluster", "being-made", "oracle", "custom", "stopped"],
                bad=["graph"],
            ),
            "rds_instance_automatic_backup": Expected(
                good=["being-made", "oracle"], bad=["member", "aws-key", "custom", "stopped"]
            ),
            "rds_instance_multi_az": Expected(
                good=["oracle"], bad=["aws-key", "replica", "of-cluster", "being-made", "custom", "stopped"]
            ),
            "rds_instance_iam_auth": Expected(bad=["member", "aws-key", "replica", "of-cluster"]),
            "rds_instance_custom_admin_name": Expected(
                good=["aws-key", "replica", "of-cluster", "being-made", "oracle", "stopped"], bad=["custom"]
            ),
            "rds_non_default_port": Expected(good=["cluster:shop"], bad=["oracle", "custom", "cluster:usual"]),
        },
    )


@on_answers
def instances_in_and_outside_of_vpcs() -> Answers:
    subnets, groups = {"DBSubnetGroup": {"VpcId": "vpc-1"}}, [{"VpcSecurityGroupId": "sg-1", "Status": "active"}]
    instances = [
        instance("placed", "mysql", **subnets),
        instance("guarded", "mysql", VpcSecurityGroups=groups),
        instance("classic", "mysql", VpcSecurityGroups=[], DBSecurityGroups=[{"DBSecurityGroupName": "default"}]),
    ]
    return told(instances, [], {"rds_instance_in_vpc": Expected(good=["placed", "guarded"], bad=["classic"])})


@on_answers
def instances_that_export_logs() -> Answers:
    def logging(name: str, engine: str, *logs: str, **fields: Any) -> dict[str, Any]:
        return instance(name, engine, EnabledCloudwatchLogsExports=list(logs), **fields)

    everything = ["audit", "error", "general", "slowquery"]
    return told(
        [
            logging("mariadb-all", "mariadb", *everything),
            logging("mariadb-two", "mariadb", "audit", "error"),
            instance("mariadb-none", "mariadb"),
            logging("postgres-both", "postgres", "postgresql", "upgrade"),
            logging("postgres-one", "postgres", "postgresql"),
            logging("postgres-none", "postgres", "upgrade"),
            logging("windows-both", "sqlserver-se", "agent", "error"),
            logging("windows-one", "sqlserver-web", "error"),
            logging("express", "sqlserver-ex", "error"),
            logging("oracle-all", "oracle-ee", "alert", "audit", "listener", "trace"),
            logging("oracle-some", "oracle-se2", "alert", "audit"),
            instance("by-cluster", "aurora-mysql", DBClusterIdentifier="loud"),
            instance("postgres-member", "postgres", DBClusterIdentifier="three-zones"),
            instance("not-by-cluster", "aurora-postgresql", DBClusterIdentifier="silent"),
            instance("db2", "db2-se"),
            instance("custom", "custom-oracle-ee"),
        ],
        [
            cluster("loud", "aurora-mysql", EnabledCloudwatchLogsExports=everything),
            cluster("silent", "aurora-postgresql"),
            cluster("three-zones", "postgres", EnabledCloudwatchLogsExports=["postgresql", "upgrade"]),
            cluster("half", "aurora-mysql", EnabledCloudwatchLogsExports=["error"]),
            cluster("old-serverless", "aurora-mysql", EngineMode="serverless"),
            cluster("elephant", "aurora-postgresql", EnabledCloudwatchLogsExports=["postgresql"]),
        ],
        {
            "rds_instance_log_export": Expected(
                good=[
                    "mariadb-all", "postgres-both", "windows-both", "express", "oracle-all", "by-cluster",
                    "postgres-member",
                ],
                bad=[
                    "mariadb-two", "mariadb-none", "postgres-one", "postgres-none", "windows-one", "oracle-some",
                    "not-by-cluster",
                ],
            ),
            "rds_mariadb_log_export": Expected(good=["mariadb-all", "mariadb-two"], bad=["mariadb-none"]),
            "rds_postgres_log_export": Expected(
                good=["postgres-both", "postgres-one", "postgres-member"], bad=["postgres-none"]
            ),
            "rds_sqlserver_log_export": Expected(good=["windows-both", "express"], bad=["windows-one"]),
            "rds_aurora_mysql_audit_log_export": Expected(good=["loud"], bad=["half"]),
            "rds_aurora_postgres_log_export": Expected(good=["elephant"], bad=["silent"]),
        },
    )  # fmt: skip


@on_moto()
def careful_and_careless_clusters(aws: Aws) -> Verdicts:
    rds = aws("rds")

    def make_cluster(name: str, engine: str, **settings: Any) -> None:
        rds.create_db_cluster(
            DBClusterIdentifier=name, Engine=engine, MasterUserPassword="not-a-secret", **settings
        )  # fmt: skip

    careful = {
        "MasterUsername": "shopkeeper", "StorageEncrypted": True, "DeletionProtection": True,
        "EnableIAMDatabaseAuthentication": True, "CopyTagsToSnapshot": True, "Port": 4000,
    }  # fmt: skip
    make_cluster("careful-mysql", "aurora-mysql", **careful)
    make_cluster("careful-postgres", "aurora-postgresql", **careful)
    make_cluster("careless-mysql", "aurora-mysql", MasterUsername="admin")
    make_cluster("careless-postgres", "aurora-postgresql", MasterUsername="postgres")
    make_cluster("graph", "neptune")
    both = ["careful-mysql", "careful-postgres"], ["careless-mysql", "careless-postgres"]
    every = Expected(good=both[0], bad=both[1])
    return {
        "rds_cluster_encrypted": every,
        "rds_cluster_deletion_protection": every,
        "rds_cluster_iam_auth": every,
        "rds_cluster_copy_tags": every,
        "rds_cluster_custom_admin_name": every,
        "rds_non_default_port": every,
        "rds_aurora_mysql_copy_tags": Expected(good=["careful-mysql"], bad=["careless-mysql"]),
        "rds_aurora_postgres_copy_tags": Expected(good=["careful-postgres"], bad=["careless-postgres"]),
    }


@on_answers
def clusters_that_are_special() -> Answers:
    """What moto lacks: zones, backtracking, Multi-AZ clusters, global secondaries and keys that AWS owns."""
    return told(
        [],
        [
            cluster("wide", "aurora-mysql", MultiAZ=True, BacktrackWindow=86400, StorageEncrypted=True),
            cluster("narrow", "aurora-mysql", MultiAZ=False, BacktrackWindow=0, MasterUsername="postgres"),
            cluster("elephant", "aurora-postgresql", MultiAZ=True, AutoMinorVersionUpgrade=False),
            cluster("old-serverless", "aurora-mysql", EngineMode="serverless", MultiAZ=False),
            cluster("upgraded", "mysql", MultiAZ=True, AutoMinorVersionUpgrade=True, CopyTagsToSnapshot=True),
            cluster("left", "postgres", MultiAZ=True, AutoMinorVersionUpgrade=False, StorageEncryptionType="sse-rds"),
        ],
        {
            "rds_cluster_multi_az": Expected(
                good=["wide", "elephant", "upgraded", "left"], bad=["narrow", "old-serverless"]
            ),
            "rds_aurora_backtracking": Expected(good=["wide"], bad=["narrow"]),
            "rds_cluster_minor_upgrade": Expected(good=["upgraded"], bad=["left"]),
            "rds_cluster_encrypted": Expected(
                good=["wide", "left"], bad=["narrow", "elephant", "old-serverless", "upgraded"]
            ),
            "rds_cluster_custom_admin_name": Expected(bad=["narrow"]),
            "rds_aurora_mysql_copy_tags": Expected(good=["upgraded"], bad=["wide", "narrow", "old-serverless"]),
            "rds_aurora_postgres_copy_tags": Expected(bad=["elephant", "left"]),
        },
    )


@on_answers
def clusters_that_audit() -> Answers:
    groups = {
        "group-of-audited": {"server_audit_logging": "1", "server_audit_events": "CONNECT,QUERY_DDL"},
        "group-of-off": {"server_audit_logging": "0", "server_audit_events": "CONNECT"},
        "group-of-no-events": {"server_audit_logging": "1", "server_audit_events": ""},
        "group-of-untouched": {"server_audit_logging": None, "server_audit_events": None},
        "group-of-waiting": {"server_audit_logging": "ON", "server_audit_events": "CONNECT"},
    }

    def parameters(asked: Any) -> dict[str, Any]:
        values = groups[asked["DBClusterParameterGroupName"]]
        rows = [{"ParameterName": name} | ({"ParameterValue": value} if value is not None else {})
                for name, value in values.items()]  # fmt: skip
        return {"Parameters": rows}

    waiting = [{"DBInstanceIdentifier": "w1", "DBClusterParameterGroupStatus": "pending-reboot"}]
    synced = [{"DBInstanceIdentifier": "a1", "DBClusterParameterGroupStatus": "in-sync"}]
    return Answers(
        {
            "rds.describe_db_clusters": {
                "DBClusters": [
                    cluster("audited", "aurora-mysql", DBClusterMembers=synced),
                    cluster("off", "aurora-mysql"),
                    cluster("no-events", "aurora-mysql"),
                    cluster("untouched", "aurora-mysql"),
                    cluster("waiting", "aurora-mysql", DBClusterMembers=waiting),
                    cluster("elephant", "aurora-postgresql"),
                ]
            },
            "rds.describe_db_cluster_parameters": parameters,
        },
        {
            "rds_aurora_mysql_audit_enabled": Expected(
                good=["audited"], bad=["off", "no-events", "untouched", "waiting"]
            )
        },
    )


@on_moto()
def parameter_groups_on_moto(aws: Aws) -> Verdicts:
    rds = aws("rds")
    for group, family, name, value in (
        ("pg-tls", "postgres16", "rds.force_ssl", "1"),
        ("pg-plain", "postgres14", "rds.force_ssl", "0"),
        ("my-tls", "mysql8.4", "require_secure_transport", "ON"),
        ("my-plain", "mysql8.0", "max_connections", "100"),
    ):
        rds.create_db_parameter_group(DBParameterGroupName=group, DBParameterGroupFamily=family, Description=group)
        rds.modify_db_parameter_group(
            DBParameterGroupName=group,
            Parameters=[{"ParameterName": name, "ParameterValue": value, "ApplyMethod": "immediate"}],
        )
    make(aws, "elephant-tls", "postgres", DBParameterGroupName="pg-tls")
    make(aws, "elephant-tls-too", "postgres", DBParameterGroupName="pg-tls")
    make(aws, "elephant-plain", "postgres", DBParameterGroupName="pg-plain")
    make(aws, "dolphin-tls", "mysql", DBParameterGroupName="my-tls")
    make(aws, "dolphin-plain", "mysql", DBParameterGroupName="my-plain")
    return {
        "rds_postgres_tls_enforced": Expected(good=["elephant-tls", "elephant-tls-too"], bad=["elephant-plain"]),
        "rds_mysql_tls_enforced": Expected(good=["dolphin-tls"], bad=["dolphin-plain"]),
    }


@on_answers
def parameter_groups_with_edges() -> Answers:
    def grouped(name: str, engine: str, group: str, status: str = "in-sync", **fields: Any) -> dict[str, Any]:
        groups = [{"DBParameterGroupName": group, "ParameterApplyStatus": status}]
        return instance(name, engine, DBParameterGroups=groups, **fields)

    def parameters(asked: Any) -> dict[str, Any]:
        (name,) = asked["Filters"][0]["Values"]
        value = {"tls": "1", "plain": "0"}.get(asked["DBParameterGroupName"])
        return {"Parameters": [{"ParameterName": name} | ({"ParameterValue": value} if value else {})]}

    return Answers(
        {
            "rds.describe_db_instances": {
                "DBInstances": [
                    grouped("seal-tls", "mariadb", "tls", EngineVersion="10.6.14"),
                    grouped("seal-waits", "mariadb", "tls", "pending-reboot", EngineVersion="11.4.3"),
                    grouped("seal-default", "mariadb", "default", EngineVersion="10.11.9"),
                    grouped("seal-old", "mariadb", "plain", EngineVersion="10.4.30"),
                    grouped("windows-tls", "sqlserver-ex", "tls", EngineVersion="15.00.4073.23.v1"),
                    grouped("windows-waits", "sqlserver-ee", "tls", "pending-reboot"),
                    grouped("windows-plain", "sqlserver-web", "plain"),
                    grouped("elephant-waits", "postgres", "tls", "pending-reboot"),
                    grouped("elephant-member", "postgres", "plain", DBClusterIdentifier="three-zones"),
                    grouped("dolphin-default", "mysql", "default"),
                    grouped("oracle", "oracle-ee", "plain"),
                ]
            },
            "rds.describe_db_parameters": parameters,
        },
        {
            "rds_mariadb_tls_enforced": Expected(good=["seal-tls"], bad=["seal-waits", "seal-default"]),
            "rds_sqlserver_tls_enforced": Expected(good=["windows-tls"], bad=["windows-waits", "windows-plain"]),
            "rds_postgres_tls_enforced": Expected(good=["elephant-waits"]),
            "rds_mysql_tls_enforced": Expected(bad=["dolphin-default"]),
        },
    )


@on_moto()
def snapshots_of_instances(aws: Aws) -> Verdicts:
    rds = aws("rds")
    make(aws, "locked", StorageEncrypted=True)
    make(aws, "open")
    for name, source in (("safe", "locked"), ("kept", "open"), ("given", "open"), ("partner", "open")):
        rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=source)
    for name, account in (("given", "all"), ("partner", "210987654321")):
        rds.modify_db_snapshot_attribute(
            DBSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=[account]
        )  # fmt: skip
    rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="aurora-mysql",
        MasterUsername="shopkeeper",
        MasterUserPassword="not-a-secret",
    )
    for name in ("cluster-kept", "cluster-given"):
        rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier="shop")
    rds.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier="cluster-given", AttributeName="restore", ValuesToAdd=["all"]
    )
    return {
        "rds_snapshot_not_public": Expected(
            good=["snapshot:safe", "snapshot:kept", "snapshot:partner", "cluster-kept"], bad=["given", "cluster-given"]
        ),
    }


@on_answers
def snapshots_of_all_kinds() -> Answers:
    def taken(name: str, kind: str, **fields: Any) -> dict[str, Any]:
        return {"DBSnapshotIdentifier": name, "DBSnapshotArn": f"{ARN}:snapshot:{name}", "SnapshotType": kind,
                "Engine": "mysql", **fields}  # fmt: skip

    def cluster_taken(name: str, engine: str, **fields: Any) -> dict[str, Any]:
        return {"DBClusterSnapshotIdentifier": name, "DBClusterSnapshotArn": f"{ARN}:cluster-snapshot:{name}",
                "SnapshotType": "manual", "Engine": engine, **fields}  # fmt: skip

    nobody = {"AttributeName": "restore", "AttributeValues": []}
    return Answers(
        {
            "rds.describe_db_snapshots": {
                "DBSnapshots": [
                    taken("rds:nightly", "automated", Encrypted=False),
                    taken("aws-key", "manual", Encrypted=False, StorageEncryptionType="sse-rds"),
                    taken("kms-key", "manual", Encrypted=True),
                ]
            },
            "rds.describe_db_snapshot_attributes": {"DBSnapshotAttributesResult": {"DBSnapshotAttributes": [nobody]}},
            "rds.describe_db_cluster_snapshots": {
                "DBClusterSnapshots": [
                    cluster_taken("aurora-kms", "aurora-mysql", StorageEncrypted=True),
                    cluster_taken("aurora-plain", "aurora-mysql", StorageEncrypted=False),
                    cluster_taken("graph", "neptune", StorageEncrypted=False),
                ]
            },
            "rds.describe_db_cluster_snapshot_attributes": {
                "DBClusterSnapshotAttributesResult": {"DBClusterSnapshotAttributes": [nobody]}
            },
        },
        {
            "rds_snapshot_encrypted": Expected(
                good=["aws-key", "kms-key", "aurora-kms"], bad=["rds:nightly", "aurora-plain"]
            ),
            "rds_snapshot_not_public": Expected(good=["aws-key", "kms-key", "aurora-kms", "aurora-plain"]),
        },
    )


@on_answers
def proxies() -> Answers:
    def proxy(name: str, required: bool) -> dict[str, Any]:
        return {"DBProxyName": name, "DBProxyArn": f"{ARN}:db-proxy:prx-{name}", "RequireTLS": required}

    return Answers(
        {"rds.describe_db_proxies": {"DBProxies": [proxy("strict", True), proxy("lax", False)]}},
        {"rds_proxy_tls_required": Expected(good=["strict"], bad=["lax"])},
    )


@on_answers
def backed_up_and_not() -> Answers:
    protected = [{"ResourceArn": f"{ARN}:{kind}", "ResourceType": "RDS"} for kind in ("db:kept", "cluster:shop")]
    return Answers(
        {
            "rds.describe_db_instances": {
                "DBInstances": [
                    instance("kept", "mysql"),
                    instance("forgotten", "mysql"),
                    instance("member", "aurora-mysql", DBClusterIdentifier="shop"),
                ]
            },
            "rds.describe_db_clusters": {
                "DBClusters": [
                    cluster("shop", "aurora-mysql"),
                    cluster("lost", "aurora-postgresql"),
                    cluster("three-zones", "mysql"),
                ]
            },
            "backup.list_protected_resources": {"Results": protected},
        },
        {
            "rds_instance_in_backup_plan": Expected(good=["kept"], bad=["forgotten"]),
            "rds_aurora_in_backup_plan": Expected(good=["shop"], bad=["lost"]),
        },
    )


def subscription(name: str, source: str | None, *categories: str, **fields: Any) -> dict[str, Any]:
    told_of = {"SourceType": source} if source else {}
    return {
        "CustSubscriptionId": name, "EventSubscriptionArn": f"{ARN}:es:{name}", "EventCategoriesList": list(categories),
        "Enabled": True, "Status": "active", **told_of, **fields,
    }  # fmt: skip


EVENTS = [
    "rds_event_subscription_cluster", "rds_event_subscription_instance", "rds_event_subscription_parameter_group",
    "rds_event_subscription_security_group",
]  # fmt: skip


def subscribed(verdicts: Verdicts, *subscriptions: dict[str, Any]) -> Answers:
    return Answers({"rds.describe_event_subscriptions": {"EventSubscriptionsList": list(subscriptions)}}, verdicts)


@on_answers
def subscribers_of_everything() -> Answers:
    return subscribed(
        dict.fromkeys(EVENTS, Expected(good=[REGION])),
        subscription("clusters-1", "db-cluster", "maintenance"),
        subscription("clusters-2", "db-cluster", "failure", "failover"),
        subscription("instances", "db-instance"),
        subscription("parameters", "db-parameter-group", "configuration change"),
        subscription("groups", "db-security-group", "configuration change", "failure"),
    )


@on_answers
def subscribers_of_all_sources() -> Answers:
    return subscribed(dict.fromkeys(EVENTS, Expected(good=[REGION])), subscription("all", None))


@on_answers
def subscribers_of_too_little() -> Answers:
    return subscribed(
        dict.fromkeys(EVENTS, Expected(bad=[REGION])),
        subscription("clusters", "db-cluster", "maintenance"),
        subscription("instances", "db-instance", "maintenance", "configuration change"),
        subscription("instances-off", "db-instance", "failure", Enabled=False),
        subscription("groups-lost", "db-security-group", Status="topic-not-exist"),
    )


@on_answers
def no_subscribers() -> Answers:
    return subscribed(dict.fromkeys(EVENTS, Expected()))


@on_answers
def subscribers_of_snapshots_only() -> Answers:
    return subscribed(
        dict.fromkeys(EVENTS[:2], Expected()) | dict.fromkeys(EVENTS[2:], Expected(bad=[REGION])),
        subscription("snapshots", "db-snapshot"),
    )
