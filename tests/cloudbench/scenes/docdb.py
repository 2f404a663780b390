from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"


def cluster(name: str, engine: str = "docdb", **fields: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": name,
        "DBClusterArn": f"{ARN}:cluster:{name}",
        "Engine": engine,
        "DBClusterParameterGroup": f"group-of-{name}",
        **fields,
    }


@on_answers
def clusters() -> Answers:
    """Moto has no engine docdb."""
    careful = cluster(
        "careful", EnabledCloudwatchLogsExports=["audit", "profiler"], BackupRetentionPeriod=7, StorageEncrypted=True,
        DeletionProtection=True,
    )  # fmt: skip
    careless = cluster(
        "careless", EnabledCloudwatchLogsExports=["profiler"], BackupRetentionPeriod=1, StorageEncrypted=False,
        DeletionProtection=False,
    )  # fmt: skip
    bare = cluster("bare", BackupRetentionPeriod=1)
    either = Expected(good=["careful"], bad=["careless", "bare"])
    return Answers(
        {"rds.describe_db_clusters": {"DBClusters": [careful, careless, bare, cluster("shop", "aurora-mysql")]}},
        {
            "docdb_cluster_audit_log_export": either,
            "docdb_cluster_backup_retention": either,
            "docdb_cluster_encrypted": either,
            "docdb_cluster_deletion_protection": either,
        },
    )


@on_answers
def parameter_groups() -> Answers:
    values = {"modern": "tls1.2+", "federal": "fips-140-3", "usual": "enabled", "plain": "disabled", "waits": "tls1.3+"}

    def parameters(asked: Any) -> dict[str, Any]:
        value = values.get(asked["DBClusterParameterGroupName"].removeprefix("group-of-"))
        tls = [{"ParameterName": "tls", "ParameterValue": value}] if value else []
        return {"Parameters": [{"ParameterName": "audit_logs", "ParameterValue": "enabled"}, *tls]}

    member = {"DBInstanceIdentifier": "one", "DBClusterParameterGroupStatus": "in-sync"}
    waiting = member | {"DBClusterParameterGroupStatus": "pending-reboot"}
    return Answers(
        {
            "rds.describe_db_clusters": {
                "DBClusters": [
                    cluster("modern", DBClusterMembers=[member]),
                    cluster("federal"),
                    cluster("usual", DBClusterMembers=[member]),
                    cluster("plain"),
                    cluster("waits", DBClusterMembers=[member, waiting]),
                    cluster("silent"),
                ]
            },
            "rds.describe_db_cluster_parameters": parameters,
        },
        {"docdb_cluster_tls_enforced": Expected(good=["modern", "federal"], bad=["usual", "plain", "waits", "silent"])},
    )


@on_answers
def snapshots() -> Answers:
    def snapshot(name: str, kind: str = "manual", **fields: Any) -> dict[str, Any]:
        return {
            "DBClusterSnapshotIdentifier": name,
            "DBClusterSnapshotArn": f"{ARN}:cluster-snapshot:{name}",
            "Engine": "docdb",
            "SnapshotType": kind,
            **fields,
        }

    def shared(asked: Any) -> dict[str, Any]:
        accounts = {"given": ["all"], "partner": ["210987654321"]}.get(asked["DBClusterSnapshotIdentifier"], [])
        restore = {"AttributeName": "restore", "AttributeValues": accounts}
        return {"DBClusterSnapshotAttributesResult": {"DBClusterSnapshotAttributes": [restore]}}

    return Answers(
        {
            "rds.describe_db_cluster_snapshots": {
                "DBClusterSnapshots": [
                    snapshot("given", StorageEncrypted=False),
                    snapshot("partner", StorageEncrypted=False),
                    snapshot("kept"),
                    snapshot("kms", StorageEncrypted=True),
                    snapshot("nightly", "automated", StorageEncrypted=False),
                ]
            },
            "rds.describe_db_cluster_snapshot_attributes": shared,
        },
        {"docdb_snapshot_not_public": Expected(good=["partner", "kept", "kms"], bad=["given"])},
    )
