"""What must hold of RDS databases, Aurora clusters, their snapshots, proxies and event subscriptions."""

from collections.abc import Callable
from typing import NamedTuple

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

AURORA_MYSQL = ("aurora-mysql", "aurora")
AURORA_POSTGRES = "aurora-postgresql"
SQLSERVER = ("sqlserver-ee", "sqlserver-se", "sqlserver-ex", "sqlserver-web")
SERVERLESS_V1 = "serverless"
"""The EngineMode of Aurora Serverless v1, which lacks several features. Serverless v2 is "provisioned"."""

# --- What clusters, instances and snapshots of RDS, Neptune and DocumentDB have in common -----------------------------

BACKUP_DAYS = 7
"""Source: Security Hub RDS.11, Neptune.5 and DocumentDB.2, the default of their parameter."""
OWN_KEY_OF_AWS = "sse-rds"


def any_row(row: Resource) -> bool:
    """Return true: the check is about every row."""
    return True


def is_on(
    check_id: str, over: str, field: str, good: str, bad: str, about: Callable[[Resource], bool] = any_row
) -> None:
    """Register a check that fails where ``field`` is false or missing; it judges the rows that it is ``about``."""

    @check(check_id, over=over)
    def judge(row: Resource, view: View) -> Verdict | None:
        return verdict(row.get(field) is True, good, bad, **{field: row.get(field, False)}) if about(row) else None


def encryption_at_rest(row: Resource, field: str) -> Verdict:
    """Fail without encryption at rest. ``field`` tells of KMS keys only; StorageEncryptionType of AWS's own too."""
    if row.get(field):
        return passed("Storage is encrypted with a KMS key.", **{field: True})
    if row.get("StorageEncryptionType") == OWN_KEY_OF_AWS:
        return passed("Storage is encrypted with a key that AWS owns.", StorageEncryptionType=OWN_KEY_OF_AWS)
    return failed("Storage is not encrypted.", **{field: False})


def kept_backups(row: Resource) -> Verdict:
    """Fail unless automated backups are kept for BACKUP_DAYS; 0 days means that there are none."""
    days = row.get("BackupRetentionPeriod", 0)
    kept = f"Automated backups are kept for {days} {'day' if days == 1 else 'days'}"
    bad = f"{kept}, not for {BACKUP_DAYS} or more." if days else "Automated backups are turned off."
    return verdict(days >= BACKUP_DAYS, f"{kept}.", bad, BackupRetentionPeriod=days)


def exports_logs(wanted: frozenset[str], exported: set[str]) -> Verdict:
    """Fail unless all ``wanted`` logs are among those ``exported`` to CloudWatch Logs."""
    missing = sorted(wanted - exported)
    return verdict(
        not missing,
        f"These logs go to CloudWatch Logs: {', '.join(sorted(wanted))}.",
        f"These logs do not go to CloudWatch Logs: {', '.join(missing)}.",
        EnabledCloudwatchLogsExports=sorted(exported),
    )


def exported_logs(row: Resource) -> set[str]:
    return set(row.get("EnabledCloudwatchLogsExports", ()))


def shared_snapshot(snapshot: Resource, view: View, encrypted: str, attributes: str) -> Verdict | None:
    """Fail if a manual snapshot may be restored by everybody. Automated ones cannot be shared.

    AWS refuses to share a snapshot with everybody that a KMS key encrypts, so that those pass without being asked for.
    """
    if snapshot.get("SnapshotType") != "manual":
        return None
    if snapshot.get(encrypted):
        return passed("Encrypted with a KMS key, so that AWS does not let it be public.", **{encrypted: True})
    restore = view.one_of(attributes, snapshot)
    if restore is None:
        return None
    accounts = restore.get("AttributeValues", [])
    return verdict(
        "all" not in accounts,
        f"Shared with {len(accounts)} named accounts." if accounts else "Shared with nobody.",
        "Every AWS account can copy and restore it.",
        AttributeValues=accounts,
    )


def members_in_sync(cluster: Resource) -> bool:
    """Return whether the parameter group of ``cluster`` is in force at all its members."""
    return all(
        member.get("DBClusterParameterGroupStatus", "in-sync") == "in-sync"
        for member in cluster.get("DBClusterMembers", ())
    )


def stands_alone(instance: Resource) -> bool:
    """Return whether ``instance`` is no member of a cluster, which would decide for it."""
    return not instance.get("DBClusterIdentifier")


# --- Instances --------------------------------------------------------------------------------------------------------


@check("rds_instance_encrypted", over="rds.instances")
def instance_is_encrypted(instance: Resource, view: View) -> Verdict:
    """Fail for an instance whose storage is not encrypted. Source: DescribeDBInstances, StorageEncrypted."""
    return encryption_at_rest(instance, "StorageEncrypted")


is_on(
    "rds_instance_minor_upgrade", "rds.instances", "AutoMinorVersionUpgrade",
    "Minor engine versions are installed automatically.", "Minor engine versions are not installed automatically.",
)  # fmt: skip


@check("rds_instance_not_public", over=("rds.instances", "neptune.instances"))
def instance_is_not_public(instance: Resource, view: View) -> Verdict:
    """Fail for an instance that has a public address, whatever its security groups and routes let through today.

    Instances of Neptune can have one too, and Security Hub counts them here; those of DocumentDB cannot.
    Source: DescribeDBInstances, PubliclyAccessible; CIS AWS 3.0 2.3.3 and Security Hub RDS.2 look at this setting.
    """
    public = instance.get("PubliclyAccessible", False)
    return verdict(
        not public,
        "Its name resolves to a private address.",
        "It is publicly accessible: its name resolves to a public address.",
        PubliclyAccessible=public,
    )


@check("rds_instance_in_vpc", over="rds.instances")
def instance_is_in_vpc(instance: Resource, view: View) -> Verdict:
    """Fail for an instance outside of any VPC (EC2-Classic). Source: DescribeDBInstances, DBSubnetGroup.VpcId.

    Security groups of a VPC, which only instances in one have, are evidence as well: VpcSecurityGroups.
    """
    vpc = (instance.get("DBSubnetGroup") or {}).get("VpcId", "")
    groups = [one["VpcSecurityGroupId"] for one in instance.get("VpcSecurityGroups") or ()]
    good = f"It runs in {vpc}." if vpc else f"It runs in the VPC of {', '.join(groups)}."
    return verdict(bool(vpc or groups), good, "It runs in no VPC.", VpcId=vpc, VpcSecurityGroupIds=groups)


@check("rds_instance_automatic_backup", over="rds.instances")
def instance_keeps_backups(instance: Resource, view: View) -> Verdict | None:
    """Fail unless automated backups are kept for BACKUP_DAYS. Read replicas are left out: their source is backed up.

    Source: DescribeDBInstances, BackupRetentionPeriod.
    """
    if instance.get("ReadReplicaSourceDBInstanceIdentifier") or instance.get("ReadReplicaSourceDBClusterIdentifier"):
        return None
    return kept_backups(instance)


is_on(
    "rds_instance_multi_az", "rds.instances", "MultiAZ",
    "A standby runs in another Availability Zone.", "It runs in one Availability Zone only, without a standby.",
    stands_alone,
)  # fmt: skip
is_on(
    "rds_instance_deletion_protection", "rds.instances", "DeletionProtection",
    "It cannot be deleted while protection is on.", "One call deletes it: deletion protection is off.", stands_alone,
)  # fmt: skip
is_on(
    "rds_instance_copy_tags", "rds.instances", "CopyTagsToSnapshot",
    "Its snapshots take over its tags.", "Its snapshots do not take over its tags.", stands_alone,
)  # fmt: skip

IAM_ENGINES = frozenset(["mysql", "mariadb", "postgres", "aurora", "aurora-mysql", AURORA_POSTGRES])
IAM_STATES = frozenset(["available", "backing-up", "storage-optimization", "storage-full"])
"""Engines and states in which Security Hub RDS.10 looks at an instance."""

is_on(
    "rds_instance_iam_auth", "rds.instances", "IAMDatabaseAuthenticationEnabled",
    "IAM database authentication is enabled.", "IAM database authentication is not enabled: only passwords log in.",
    lambda instance: instance["Engine"] in IAM_ENGINES and instance.get("DBInstanceStatus") in IAM_STATES,
)  # fmt: skip


@check("rds_enhanced_monitoring", over="rds.instances")
def instance_is_monitored(instance: Resource, view: View) -> Verdict:
    """Fail without Enhanced Monitoring; members of clusters count, each. Source: DescribeDBInstances."""
    seconds = instance.get("MonitoringInterval", 0)
    return verdict(
        seconds > 0,
        f"Metrics of the operating system are taken every {seconds} seconds.",
        "Enhanced Monitoring is off.",
        MonitoringInterval=seconds,
    )


DEFAULT_ADMINS = frozenset(["admin", "postgres"])
"""What RDS proposes as the master user, by engine. Source: AWS Config rds-instance-default-admin-check."""


def own_admin_name(database: Resource) -> Verdict:
    name = database["MasterUsername"]
    return verdict(
        name not in DEFAULT_ADMINS,
        "The administrator has a name of its own.",
        f"The administrator has the default name {name}.",
        MasterUsername=name,
    )


@check("rds_instance_custom_admin_name", over="rds.instances")
def instance_has_own_admin_name(instance: Resource, view: View) -> Verdict | None:
    """Fail for a default administrator name; members of clusters are left out. Source: DescribeDBInstances."""
    return own_admin_name(instance) if stands_alone(instance) and "MasterUsername" in instance.data else None


# --- Clusters ---------------------------------------------------------------------------------------------------------


@check("rds_cluster_encrypted", over="rds.clusters")
def cluster_is_encrypted(cluster: Resource, view: View) -> Verdict:
    """Fail for a cluster whose storage is not encrypted. Source: DescribeDBClusters, StorageEncrypted."""
    return encryption_at_rest(cluster, "StorageEncrypted")


is_on(
    "rds_cluster_deletion_protection", "rds.clusters", "DeletionProtection",
    "It cannot be deleted while protection is on.", "One call deletes it: deletion protection is off.",
)  # fmt: skip
is_on(
    "rds_cluster_iam_auth", "rds.clusters", "IAMDatabaseAuthenticationEnabled",
    "IAM database authentication is enabled.", "IAM database authentication is not enabled: only passwords log in.",
)  # fmt: skip
is_on(
    "rds_cluster_minor_upgrade", "rds.clusters", "AutoMinorVersionUpgrade",
    "Minor engine versions are installed automatically.", "Minor engine versions are not installed automatically.",
    lambda cluster: not cluster["Engine"].startswith("aurora"),  # Security Hub RDS.35: Multi-AZ clusters only
)  # fmt: skip
is_on(
    "rds_cluster_multi_az", "rds.clusters", "MultiAZ",
    "Its instances run in several Availability Zones.", "All its instances run in one Availability Zone.",
)  # fmt: skip

COPIES, COPIES_NOT = "Its snapshots take over its tags.", "Its snapshots do not take over its tags."
is_on("rds_cluster_copy_tags", "rds.clusters", "CopyTagsToSnapshot", COPIES, COPIES_NOT)
is_on(
    "rds_aurora_mysql_copy_tags", "rds.clusters", "CopyTagsToSnapshot", COPIES, COPIES_NOT,
    lambda cluster: cluster["Engine"] in (*AURORA_MYSQL, "mysql"),
)  # fmt: skip
is_on(
    "rds_aurora_postgres_copy_tags", "rds.clusters", "CopyTagsToSnapshot", COPIES, COPIES_NOT,
    lambda cluster: cluster["Engine"] in (AURORA_POSTGRES, "postgres"),
)  # fmt: skip


@check("rds_cluster_custom_admin_name", over="rds.clusters")
def cluster_has_own_admin_name(cluster: Resource, view: View) -> Verdict | None:
    """Fail for a default administrator name. Secondary clusters of a global database name none: they are left out.

    Source: DescribeDBClusters, MasterUsername.
    """
    return own_admin_name(cluster) if cluster.get("MasterUsername") else None


@check("rds_aurora_backtracking", over="rds.clusters")
def cluster_can_backtrack(cluster: Resource, view: View) -> Verdict | None:
    """Fail for an Aurora MySQL cluster that cannot be wound back. Serverless v1 has no backtracking and is left out.

    Source: DescribeDBClusters, BacktrackWindow (seconds; 0 or missing is off).
    """
    if cluster["Engine"] not in AURORA_MYSQL or cluster.get("EngineMode") == SERVERLESS_V1:
        return None
    seconds = cluster.get("BacktrackWindow", 0)
    return verdict(
        seconds > 0,
        f"It can be wound back by up to {seconds // 3600} hours.",
        "Backtracking is not enabled.",
        BacktrackWindow=seconds,
    )


# --- Ports ------------------------------------------------------------------------------------------------------------

DEFAULT_PORTS = {"aurora": 3306, "mysql": 3306, "mariadb": 3306, "postgres": 5432, "oracle": 1521, "sqlserver": 1433,
                 "db2": 50000, AURORA_POSTGRES: 5432}  # fmt: skip
"""By engine, or by the part of its name before the first hyphen."""


def default_port(engine: str) -> int | None:
    return DEFAULT_PORTS.get(engine) or DEFAULT_PORTS.get(engine.removeprefix("custom-").partition("-")[0])


@check("rds_non_default_port", over=("rds.instances", "rds.clusters"))
def listens_elsewhere(database: Resource, view: View) -> Verdict | None:
    """Fail for the default port of the engine; members of clusters, and what has no endpoint yet, are left out.

    Source: DescribeDBInstances, Endpoint.Port; DescribeDBClusters, Port.
    """
    member = database.collection == "rds.instances" and not stands_alone(database)
    port = database.get("Port") or (database.get("Endpoint") or {}).get("Port")
    default = default_port(database["Engine"])
    if member or not port or default is None:
        return None
    return verdict(
        port != default,
        f"It listens on port {port}; {default} is the default of {database['Engine']}.",
        f"It listens on {port}, the default port of {database['Engine']}.",
        Port=port,
    )


# --- Encryption in transit --------------------------------------------------------------------------------------------

SINCE_MARIADB = (10, 5)
"""The first version of MariaDB that can demand TLS. Source: Security Hub RDS.44."""


class TlsRule(NamedTuple):
    """``engines`` that demand TLS by ``parameter``. ``in_sync``: the parameter group must be in force too."""

    engines: tuple[str, ...]
    parameter: str
    in_sync: bool = False


TLS_RULES = {
    "rds_postgres_tls_enforced": TlsRule(("postgres",), "rds.force_ssl"),
    "rds_mysql_tls_enforced": TlsRule(("mysql",), "require_secure_transport"),
    "rds_mariadb_tls_enforced": TlsRule(("mariadb",), "require_secure_transport", in_sync=True),
    "rds_sqlserver_tls_enforced": TlsRule(SQLSERVER, "rds.force_ssl", in_sync=True),
}
"""Security Hub RDS.38, RDS.39, RDS.44 and RDS.41. SQL Server takes the parameter over at a restart only."""


def is_set(value: str) -> bool:
    return value.lower() in ("1", "on", "true")


def _version(instance: Resource) -> tuple[int, ...]:
    return tuple(int(part) for part in instance["EngineVersion"].split(".")[:2] if part.isdigit())


def _demands_tls(check_id: str, rule: TlsRule) -> None:
    @check(check_id, over="rds.instances", reads=("rds.tls_parameters",))
    def judge(instance: Resource, view: View) -> Verdict | None:
        if instance["Engine"] not in rule.engines or not stands_alone(instance):
            return None
        if instance["Engine"] == "mariadb" and _version(instance) < SINCE_MARIADB:
            return None
        return _tls(instance, view, rule)


def _tls(instance: Resource, view: View, rule: TlsRule) -> Verdict | None:
    """Fail unless the parameter group makes the engine refuse plain connections. Source: DescribeDBParameters."""
    if not instance.get("DBParameterGroups"):
        return None
    name, group = rule.parameter, instance["DBParameterGroups"][0]
    rows = view.all_of("rds.tls_parameters", instance)
    value = next((row.get("ParameterValue", "") for row in rows if row["ParameterName"] == name), "")
    shown = {"DBParameterGroupName": group["DBParameterGroupName"], name: value or "not set"}
    if not is_set(value):
        return failed(f"Connections without TLS are accepted: {name} is {value or 'not set'}.", **shown)
    if rule.in_sync and group.get("ParameterApplyStatus") != "in-sync":
        return failed(f"{name} is set, but the parameter group waits to come into force.", **shown)
    return passed(f"Connections without TLS are refused: {name} is {value}.", **shown)


for _id, _tls_rule in TLS_RULES.items():
    _demands_tls(_id, _tls_rule)

is_on(
    "rds_proxy_tls_required", "rds.proxies", "RequireTLS",
    "The proxy refuses connections without TLS.", "The proxy accepts connections without TLS.",
)  # fmt: skip

# --- Snapshots and backups --------------------------------------------------------------------------------------------


def _kms_field(snapshot: Resource) -> str:
    return "Encrypted" if snapshot.collection == "rds.snapshots" else "StorageEncrypted"


@check("rds_snapshot_encrypted", over=("rds.snapshots", "rds.cluster_snapshots"))
def snapshot_is_encrypted(snapshot: Resource, view: View) -> Verdict:
    """Fail for a snapshot, automated or manual, that is not encrypted.

    Source: DescribeDBSnapshots, Encrypted; DescribeDBClusterSnapshots, StorageEncrypted.
    """
    return encryption_at_rest(snapshot, _kms_field(snapshot))


@check(
    "rds_snapshot_not_public",
    over=("rds.snapshots", "rds.cluster_snapshots"),
    reads=("rds.snapshot_attributes", "rds.cluster_snapshot_attributes"),
)
def snapshot_is_not_public(snapshot: Resource, view: View) -> Verdict | None:
    """Fail for a manual snapshot that every AWS account may restore.

    Source: DescribeDBSnapshotAttributes and DescribeDBClusterSnapshotAttributes, restore.
    """
    return shared_snapshot(snapshot, view, _kms_field(snapshot), f"{snapshot.collection.removesuffix('s')}_attributes")


def backed_up(database: Resource, view: View) -> Verdict:
    """Fail for what AWS Backup has never backed up. Source: AWS Backup ListProtectedResources."""
    protected = {row.arn for row in view.in_region("backup.protected_resources", database.region)}
    return verdict(
        database.arn in protected, "AWS Backup has recovery points of it.", "AWS Backup has no recovery point of it."
    )


@check("rds_instance_in_backup_plan", over="rds.instances", reads=("backup.protected_resources",))
def instance_is_backed_up(instance: Resource, view: View) -> Verdict | None:
    """Fail for an instance that AWS Backup does not protect; members of clusters are left out."""
    return backed_up(instance, view) if stands_alone(instance) else None


@check("rds_aurora_in_backup_plan", over="rds.clusters", reads=("backup.protected_resources",))
def aurora_is_backed_up(cluster: Resource, view: View) -> Verdict | None:
    """Fail for an Aurora cluster that AWS Backup does not protect."""
    return backed_up(cluster, view) if cluster["Engine"].startswith("aurora") else None
