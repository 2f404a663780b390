"""Database Migration Service: replication instances, endpoints and tasks. Its error for "none found" is no failure."""

from cloudbench.engine.registry import listing

NONE_FOUND = ("ResourceNotFoundFault",)

listing(
    "dms.replication_instances",
    "dms.describe_replication_instances",
    items="ReplicationInstances",
    arn="{ReplicationInstanceArn}",
    label="ReplicationInstanceIdentifier",
    keep=(
        "ReplicationInstanceIdentifier", "ReplicationInstanceStatus", "EngineVersion", "PubliclyAccessible",
        "AutoMinorVersionUpgrade", "MultiAZ",
    ),
    absent=NONE_FOUND,
)  # fmt: skip
listing(
    "dms.endpoints",
    "dms.describe_endpoints",
    # Settings of an endpoint may name users and secrets: only what checks read of them is kept.
    items="""Endpoints[].{
        EndpointArn: EndpointArn, EndpointIdentifier: EndpointIdentifier, EndpointType: EndpointType,
        EngineName: EngineName, SslMode: SslMode, Status: Status, IamAuthEnabled: NeptuneSettings.IamAuthEnabled,
        AuthType: MongoDbSettings.AuthType, SslSecurityProtocol: RedisSettings.SslSecurityProtocol
    }""",
    arn="{EndpointArn}",
    label="EndpointIdentifier",
    absent=NONE_FOUND,
)
listing(
    "dms.replication_tasks",
    "dms.describe_replication_tasks",
    items="ReplicationTasks",
    arn="{ReplicationTaskArn}",
    label="ReplicationTaskIdentifier",
    keep=("ReplicationTaskIdentifier", "Status", "MigrationType", "ReplicationTaskSettings"),
    absent=NONE_FOUND,
)
