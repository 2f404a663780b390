from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"


@on_moto()
def clusters_on_moto(aws: Aws) -> Verdicts:
    rds = aws("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="careful", Engine="neptune", BackupRetentionPeriod=7, StorageEncrypted=True,
        CopyTagsToSnapshot=True, DeletionProtection=True, EnableCloudwatchLogsExports=["audit"],
    )  # fmt: skip
    rds.create_db_cluster(DBClusterIdentifier="careless", Engine="neptune", BackupRetentionPeriod=6)
    rds.create_db_cluster(
        DBClusterIdentifier="aurora", Engine="aurora-mysql", MasterUsername="admin", MasterUserPassword="not-a-secret"
    )
    for name in ("kept", "given"):
        rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier="careless")
    rds.modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier="given", AttributeName="restore", ValuesToAdd=["all"]
    )
    either = Expected(good=["careful"], bad=["careless"])
    return dict.fromkeys(
        [
            "neptune_cluster_audit_logs", "neptune_cluster_backup_retention", "neptune_cluster_encrypted",
            "neptune_cluster_copy_tags", "neptune_cluster_deletion_protection",
        ],
        either,
    ) | {"neptune_snapshot_not_public": Expected(good=["kept"], bad=["given"])}  # fmt: skip


@on_answers
def zones_and_snapshots() -> Answers:
    """What moto gets wrong: zones, IAM authentication, and snapshots of encrypted clusters."""

    def cluster(name: str, engine: str, **fields: Any) -> dict[str, Any]:
        return {"DBClusterIdentifier": name, "DBClusterArn": f"{ARN}:cluster:{name}", "Engine": engine, **fields}

    def snapshot(name: str, engine: str, kind: str, **fields: Any) -> dict[str, Any]:
        return {
            "DBClusterSnapshotIdentifier": name,
            "DBClusterSnapshotArn": f"{ARN}:cluster-snapshot:{name}",
            "Engine": engine,
            "SnapshotType": kind,
            **fields,
        }

    nobody = {"AttributeName": "restore", "AttributeValues": []}
    return Answers(
        {
            "rds.describe_db_clusters": {
                "DBClusters": [
                    cluster("wide", "neptune", MultiAZ=True, IAMDatabaseAuthenticationEnabled=True),
                    cluster("narrow", "neptune", MultiAZ=False, EnabledCloudwatchLogsExports=["slowquery"]),
                    cluster("documents", "docdb", MultiAZ=False),
                ]
            },
            "rds.describe_db_cluster_snapshots": {
                "DBClusterSnapshots": [
                    snapshot("kms", "neptune", "manual", StorageEncrypted=True),
                    snapshot("plain", "neptune", "manual", StorageEncrypted=False),
                    snapshot("nightly", "neptune", "automated", StorageEncrypted=False),
                    snapshot("aurora", "aurora-mysql", "manual", StorageEncrypted=False),
                ]
            },
            "rds.describe_db_cluster_snapshot_attributes": {
                "DBClusterSnapshotAttributesResult": {"DBClusterSnapshotAttributes": [nobody]}
            },
        },
        {
            "neptune_cluster_multi_az": Expected(good=["wide"], bad=["narrow"]),
            "neptune_cluster_iam_auth": Expected(good=["wide"], bad=["narrow"]),
            "neptune_cluster_audit_logs": Expected(bad=["wide", "narrow"]),
            "neptune_snapshot_encrypted": Expected(good=["kms"], bad=["plain", "nightly"]),
            "neptune_snapshot_not_public": Expected(good=["kms", "plain"]),
        },
    )
