"""What must hold of DMS replication instances, endpoints and tasks."""

import json

from cloudbench.engine.findings import Verdict, failed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

# --- Replication instances --------------------------------------------------------------------------------------------


@check("dms_replication_instance_not_public", over="dms.replication_instances")
def instance_is_not_public(instance: Resource, view: View) -> Verdict:
    """Fail for a replication instance with a public address. Source: DescribeReplicationInstances."""
    public = instance.get("PubliclyAccessible", False)
    return verdict(not public, "It has a private address only.", "It has a public address.", PubliclyAccessible=public)


@check("dms_replication_instance_minor_upgrade", over="dms.replication_instances")
def instance_upgrades_by_itself(instance: Resource, view: View) -> Verdict:
    """Fail unless minor engine versions are installed by themselves. Source: DescribeReplicationInstances."""
    upgrades = instance.get("AutoMinorVersionUpgrade", False)
    return verdict(
        upgrades,
        "Minor engine versions are installed automatically.",
        "Minor engine versions are not installed automatically.",
        AutoMinorVersionUpgrade=upgrades,
    )


@check("dms_replication_instance_multi_az", over="dms.replication_instances")
def instance_has_standby(instance: Resource, view: View) -> Verdict:
    """Fail for a replication instance without a standby in another zone. Source: DescribeReplicationInstances."""
    spans = instance.get("MultiAZ", False)
    return verdict(
        spans,
        "A standby waits in another Availability Zone.",
        "It runs in one Availability Zone only, without a standby.",
        MultiAZ=spans,
    )


# --- Endpoints --------------------------------------------------------------------------------------------------------

WITHOUT_SSL_MODE = frozenset(
    [
        "dynamodb", "elasticsearch", "kafka", "kinesis", "neptune", "opensearch", "redis", "redshift",
        "redshift-serverless", "s3", "timestream",
    ]
)  # fmt: skip
"""Engines for which an endpoint has no SSL mode to set: APIs of AWS (always HTTPS), or with a setting of their own.

Source: the DMS user guide, Using SSL with AWS DMS.
"""


@check("dms_endpoint_ssl", over="dms.endpoints")
def endpoint_uses_ssl(endpoint: Resource, view: View) -> Verdict | None:
    """Fail for an endpoint whose SSL mode is none; engines that know no SSL mode are left out.

    Source: DescribeEndpoints, SslMode.
    """
    if endpoint["EngineName"] in WITHOUT_SSL_MODE:
        return None
    mode = endpoint.get("SslMode") or "none"
    return verdict(
        mode != "none",
        f"The connection is encrypted, SSL mode {mode}.",
        "The connection is not encrypted: the SSL mode is none.",
        SslMode=mode,
        EngineName=endpoint["EngineName"],
    )


@check("dms_neptune_endpoint_iam_auth", over="dms.endpoints")
def neptune_endpoint_signs(endpoint: Resource, view: View) -> Verdict | None:
    """Fail for a Neptune endpoint without IAM authorization. Source: DescribeEndpoints, NeptuneSettings."""
    if endpoint["EngineName"] != "neptune":
        return None
    enabled = endpoint.get("IamAuthEnabled") is True
    return verdict(
        enabled, "It signs its requests with IAM.", "It does not use IAM authorization.", IamAuthEnabled=enabled
    )


@check("dms_mongodb_endpoint_auth", over="dms.endpoints")
def mongodb_endpoint_authenticates(endpoint: Resource, view: View) -> Verdict | None:
    """Fail for a MongoDB endpoint that logs in without a password. Source: DescribeEndpoints, AuthType."""
    if endpoint["EngineName"] != "mongodb":
        return None
    kind = endpoint.get("AuthType") or "no"
    return verdict(kind != "no", "It logs in with a password.", "It connects without authentication.", AuthType=kind)


@check("dms_redis_endpoint_tls", over="dms.endpoints")
def redis_endpoint_uses_tls(endpoint: Resource, view: View) -> Verdict | None:
    """Fail for a Redis endpoint that talks plain text; where nothing is said, TLS is the documented default.

    Source: DescribeEndpoints, RedisSettings.SslSecurityProtocol.
    """
    if endpoint["EngineName"] != "redis":
        return None
    protocol = endpoint.get("SslSecurityProtocol") or "ssl-encryption"
    return verdict(
        protocol == "ssl-encryption",
        "The connection uses TLS.",
        f"The connection is not encrypted: {protocol}.",
        SslSecurityProtocol=protocol,
    )


# --- Tasks ------------------------------------------------------------------------------------------------------------

SOURCE_COMPONENTS = ("SOURCE_CAPTURE", "SOURCE_UNLOAD")
TARGET_COMPONENTS = ("TARGET_APPLY", "TARGET_LOAD")
ENOUGH = frozenset(["LOGGER_SEVERITY_DEFAULT", "LOGGER_SEVERITY_DEBUG", "LOGGER_SEVERITY_DETAILED_DEBUG"])
"""Source: Security Hub DMS.7 and DMS.8: this level or a finer one."""


@check("dms_task_source_logging", over="dms.replication_tasks")
def task_logs_source(task: Resource, view: View) -> Verdict:
    """Fail unless what is done at the source is logged at ENOUGH. Source: DescribeReplicationTasks."""
    return _logs(task, SOURCE_COMPONENTS)


@check("dms_task_target_logging", over="dms.replication_tasks")
def task_logs_target(task: Resource, view: View) -> Verdict:
    """Fail unless what is done at the target is logged at ENOUGH. Source: DescribeReplicationTasks."""
    return _logs(task, TARGET_COMPONENTS)


def _logs(task: Resource, components: tuple[str, ...]) -> Verdict:
    """Source: DescribeReplicationTasks, ReplicationTaskSettings, which is JSON: its part Logging."""
    logging = json.loads(task.get("ReplicationTaskSettings") or "{}").get("Logging") or {}
    if not logging.get("EnableLogging"):
        return failed("Logging is off for this task.", EnableLogging=False)
    levels = {one["Id"]: one.get("Severity", "") for one in logging.get("LogComponents") or ()}
    coarse = [name for name in components if levels.get(name) not in ENOUGH]
    return verdict(
        not coarse,
        f"{' and '.join(components)} are logged.",
        f"{' and '.join(coarse)} are not logged at the default level.",
        **{name: levels.get(name, "not set") for name in components},
    )
