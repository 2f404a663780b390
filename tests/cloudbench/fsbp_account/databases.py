"""Databases, warehouses, caches, search."""

from typing import Any

from tests.cloudbench.fsbp_account.ground import REGION, ROLE, ROOT, Aws, Sayings, arn, two_subnets


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
            DBProxyName=name, EngineFamily="MYSQL", RoleArn=ROLE, RequireTLS=demands, VpcSubnetIds=two_subnets(aws),
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
        AdvancedSecurityOptions={"Enabled": True}, VPCOptions={"SubnetIds": two_subnets(aws)},
        LogPublishingOptions={"ES_APPLICATION_LOGS": logs, "AUDIT_LOGS": logs},
    )  # fmt: skip
    client.create_domain(DomainName="search-bad", EngineVersion="OpenSearch_2.17")
    good, bad = arn("es", "domain/search-good"), arn("es", "domain/search-bad")
    for n in (1, 2, 3, 4, 5, 6, 8):
        say(f"Opensearch.{n} ES.{n}", good=[good], bad=[bad])
    say("Opensearch.7 ES.7", good=[good], bad=[bad])


def caches(aws: Aws, say: Sayings) -> None:
    client = aws("elasticache")
    client.create_cache_subnet_group(
        CacheSubnetGroupName="own", CacheSubnetGroupDescription="x", SubnetIds=two_subnets(aws)
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


def caches_of_old(aws: Aws, say: Sayings) -> None:
    client = aws("elasticache")
    client.create_cache_cluster(
        CacheClusterId="old", Engine="redis", EngineVersion="5.0.6", NumCacheNodes=1, CacheNodeType="cache.t4g.small",
        CacheSubnetGroupName="own", AutoMinorVersionUpgrade=True, SnapshotRetentionLimit=1,
    )  # fmt: skip
    say("ElastiCache.1 ElastiCache.2 ElastiCache.7", good=[arn("elasticache", "cluster:old")])


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
