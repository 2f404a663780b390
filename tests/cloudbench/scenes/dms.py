import json
from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ARN = f"arn:aws:dms:{REGION}:{ACCOUNT}"


@on_moto()
def replication_instances(aws: Aws) -> Verdicts:
    dms = aws("dms")
    dms.create_replication_instance(
        ReplicationInstanceIdentifier="careful", ReplicationInstanceClass="dms.t3.small", PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True, MultiAZ=True,
    )  # fmt: skip
    dms.create_replication_instance(
        ReplicationInstanceIdentifier="careless", ReplicationInstanceClass="dms.t3.small", PubliclyAccessible=True,
        AutoMinorVersionUpgrade=False, MultiAZ=False,
    )  # fmt: skip
    either = Expected(good=["careful"], bad=["careless"])
    return {
        "dms_replication_instance_not_public": either,
        "dms_replication_instance_minor_upgrade": either,
        "dms_replication_instance_multi_az": either,
    }


@on_answers
def endpoints() -> Answers:
    def endpoint(name: str, engine: str, mode: str = "none", **settings: Any) -> dict[str, Any]:
        return {
            "EndpointIdentifier": name,
            "EndpointArn": f"{ARN}:endpoint:{name}",
            "EndpointType": "TARGET",
            "EngineName": engine,
            "SslMode": mode,
            **settings,
        }

    neptune: dict[str, Any] = {"S3BucketName": "staging", "S3BucketFolder": "load"}
    redis: dict[str, Any] = {"ServerName": "cache", "Port": 6379}
    return Answers(
        {
            "dms.describe_endpoints": {
                "Endpoints": [
                    endpoint("mysql-ssl", "mysql", "require"),
                    endpoint("oracle-ca", "oracle", "verify-ca"),
                    endpoint("postgres-plain", "postgres"),
                    endpoint("bucket", "s3"),
                    endpoint("graph-iam", "neptune", NeptuneSettings=neptune | {"IamAuthEnabled": True}),
                    endpoint("graph-open", "neptune", NeptuneSettings=neptune | {"IamAuthEnabled": False}),
                    endpoint("graph-bare", "neptune"),
                    endpoint("mongo-password", "mongodb", "require", MongoDbSettings={"AuthType": "password"}),
                    endpoint("mongo-open", "mongodb", "verify-full", MongoDbSettings={"AuthType": "no"}),
                    endpoint("mongo-bare", "mongodb", "require"),
                    endpoint("redis-tls", "redis", RedisSettings=redis | {"SslSecurityProtocol": "ssl-encryption"}),
                    endpoint("redis-plain", "redis", RedisSettings=redis | {"SslSecurityProtocol": "plaintext"}),
                    endpoint("redis-default", "redis", RedisSettings=redis),
                ]
            }
        },
        {
            "dms_endpoint_ssl": Expected(
                good=["mysql-ssl", "oracle-ca", "mongo-password", "mongo-open", "mongo-bare"], bad=["postgres-plain"]
            ),
            "dms_neptune_endpoint_iam_auth": Expected(good=["graph-iam"], bad=["graph-open", "graph-bare"]),
            "dms_mongodb_endpoint_auth": Expected(good=["mongo-password"], bad=["mongo-open", "mongo-bare"]),
            "dms_redis_endpoint_tls": Expected(good=["redis-tls", "redis-default"], bad=["redis-plain"]),
        },
    )


def task(name: str, settings: dict[str, Any] | None) -> dict[str, Any]:
    told = {"ReplicationTaskSettings": json.dumps(settings)} if settings is not None else {}
    return {"ReplicationTaskIdentifier": name, "ReplicationTaskArn": f"{ARN}:task:{name}", **told}


def logging(enabled: bool, **levels: str) -> dict[str, Any]:
    components = [{"Id": name, "Severity": f"LOGGER_SEVERITY_{level}"} for name, level in levels.items()]
    return {"TargetMetadata": {}, "Logging": {"EnableLogging": enabled, "LogComponents": components}}


@on_answers
def replication_tasks() -> Answers:
    every = {"SOURCE_CAPTURE": "DEFAULT", "SOURCE_UNLOAD": "DEBUG", "TARGET_APPLY": "DETAILED_DEBUG",
             "TARGET_LOAD": "DEFAULT"}  # fmt: skip
    return Answers(
        {
            "dms.describe_replication_tasks": {
                "ReplicationTasks": [
                    task("careful", logging(True, **every)),
                    task("source-coarse", logging(True, **(every | {"SOURCE_UNLOAD": "ERROR"}))),
                    task("target-missing", logging(True, SOURCE_CAPTURE="DEFAULT", SOURCE_UNLOAD="DEFAULT")),
                    task("off", logging(False, **every)),
                    task("untold", {"Logging": None}),
                    task("bare", None),
                ]
            }
        },
        {
            "dms_task_source_logging": Expected(
                good=["careful", "target-missing"], bad=["source-coarse", "off", "untold", "bare"]
            ),
            "dms_task_target_logging": Expected(
                good=["careful", "source-coarse"], bad=["target-missing", "off", "untold", "bare"]
            ),
        },
    )


@on_answers
def nothing_replicates() -> Answers:
    none = CallFailed("ResourceNotFoundFault", "No Endpoints found matching provided filter", 400)
    return Answers(
        {"dms.describe_endpoints": none, "dms.describe_replication_tasks": none},
        {"dms_endpoint_ssl": Expected(), "dms_task_source_logging": Expected()},
    )
