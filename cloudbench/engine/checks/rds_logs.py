"""Which logs of databases go to CloudWatch."""

from typing import NamedTuple

from cloudbench.engine.checks.rds import (
    AURORA_MYSQL,
    AURORA_POSTGRES,
    SERVERLESS_V1,
    SQLSERVER,
    exported_logs,
    exports_logs,
    is_set,
    members_in_sync,
    stands_alone,
)
from cloudbench.engine.findings import Verdict, failed, passed
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

_MYSQL = frozenset(["audit", "error", "general", "slowquery"])
_ORACLE = frozenset(["alert", "audit", "listener", "trace"])
_SQLSERVER = frozenset(["agent", "error"])
LOGS = {
    "aurora": _MYSQL,
    "aurora-mysql": _MYSQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "oracle-ee": _ORACLE,
    "oracle-ee-cdb": _ORACLE,
    "oracle-se2": _ORACLE,
    "oracle-se2-cdb": _ORACLE,
    "sqlserver-ee": _SQLSERVER,
    "sqlserver-se": _SQLSERVER,
    "sqlserver-web": _SQLSERVER,
    "sqlserver-ex": frozenset(["error"]),  # Express has no agent
    "postgres": frozenset(["postgresql", "upgrade"]),
    AURORA_POSTGRES: frozenset(["postgresql"]),
}
"""Security Hub RDS.9. RDS Custom exports nothing, and the control names no logs of Db2."""


class LogRule(NamedTuple):
    """A control that wants ``wanted`` logs exported by the ``engines``. ``reads``: where members of clusters occur."""

    engines: tuple[str, ...]
    wanted: frozenset[str]
    reads: tuple[str, ...] = ()


INSTANCE_LOGS = {
    "rds_mariadb_log_export": LogRule(("mariadb",), frozenset(["audit", "error"])),
    "rds_postgres_log_export": LogRule(("postgres",), frozenset(["postgresql"]), reads=("rds.clusters",)),
    "rds_sqlserver_log_export": LogRule(SQLSERVER, _SQLSERVER),
}
"""Security Hub RDS.42, RDS.36 and RDS.40, as far as the engine has the log: SQL Server Express has no agent."""
CLUSTER_LOGS = {
    "rds_aurora_mysql_audit_log_export": LogRule(AURORA_MYSQL, frozenset(["audit"])),
    "rds_aurora_postgres_log_export": LogRule((AURORA_POSTGRES,), frozenset(["postgresql"])),
}
"""Security Hub RDS.34 and RDS.37."""


def _exported_by(instance: Resource, view: View) -> set[str]:
    """Return the logs that ``instance`` exports: its own setting, and for a member that of its cluster."""
    found = exported_logs(instance)
    for cluster in [] if stands_alone(instance) else view.in_region("rds.clusters", instance.region):
        if cluster["DBClusterIdentifier"] == instance["DBClusterIdentifier"]:
            found |= exported_logs(cluster)
    return found


@check("rds_instance_log_export", over="rds.instances", reads=("rds.clusters",))
def instance_exports_its_logs(instance: Resource, view: View) -> Verdict | None:
    """Fail unless every log that LOGS names for the engine is exported, by the instance or by its cluster.

    Source: DescribeDBInstances and DescribeDBClusters, EnabledCloudwatchLogsExports.
    """
    wanted = LOGS.get(instance["Engine"])
    return exports_logs(wanted, _exported_by(instance, view)) if wanted else None


def _instance_logs(check_id: str, rule: LogRule) -> None:
    @check(check_id, over="rds.instances", reads=rule.reads)
    def judge(instance: Resource, view: View) -> Verdict | None:
        if instance["Engine"] not in rule.engines:
            return None
        return exports_logs(rule.wanted & LOGS[instance["Engine"]], _exported_by(instance, view))


def _cluster_logs(check_id: str, rule: LogRule) -> None:
    @check(check_id, over="rds.clusters")
    def judge(cluster: Resource, view: View) -> Verdict | None:
        if cluster["Engine"] not in rule.engines or cluster.get("EngineMode") == SERVERLESS_V1:
            return None
        return exports_logs(rule.wanted, exported_logs(cluster))


for _id, _rule in INSTANCE_LOGS.items():
    _instance_logs(_id, _rule)
for _id, _rule in CLUSTER_LOGS.items():
    _cluster_logs(_id, _rule)


@check("rds_aurora_mysql_audit_enabled", over="rds.clusters", reads=("rds.audit_parameters",))
def cluster_audits(cluster: Resource, view: View) -> Verdict | None:
    """Fail for an Aurora MySQL cluster whose parameter group does not turn auditing on, names no events, or waits.

    Source: DescribeDBClusterParameters, server_audit_logging and server_audit_events; DescribeDBClusters,
    DBClusterMembers.DBClusterParameterGroupStatus.
    """
    if cluster["Engine"] not in AURORA_MYSQL:
        return None
    rows = view.all_of("rds.audit_parameters", cluster)
    values = {row["ParameterName"]: row.get("ParameterValue", "") for row in rows}
    events = values.get("server_audit_events", "")
    shown = {"DBClusterParameterGroup": cluster["DBClusterParameterGroup"], "server_audit_events": events}
    if not is_set(values.get("server_audit_logging", "")):
        return failed("server_audit_logging is off in its parameter group.", **shown)
    if not events.strip(" ,"):
        return failed("Auditing is on, but server_audit_events names no events.", **shown)
    if not members_in_sync(cluster):
        return failed("Auditing is set, but waits for a restart to come into force.", **shown)
    return passed(f"These events are audited: {events}.", **shown)
