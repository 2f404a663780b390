"""DynamoDB: names by one listing, then a call for each table; and the capacity that Application Auto Scaling moves."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

GONE = ("ResourceNotFoundException", "TableNotFoundException")
"""The table was deleted since it was listed."""


def _this_table(table: Resource) -> Data:
    return {"TableName": table["TableName"]}


listing(
    "dynamodb.table_names",
    "dynamodb.list_tables",
    items="TableNames[].{TableName: @}",
    arn="arn:{partition}:dynamodb:{region}:{account}:table/{TableName}",
    label="TableName",
)
detail(
    "dynamodb.tables",
    "dynamodb.describe_table",
    of="dynamodb.table_names",
    ask=_this_table,
    items="Table",
    keep=("TableName", "TableStatus", "BillingModeSummary", "SSEDescription", "DeletionProtectionEnabled"),
    absent=GONE,
)
detail(
    "dynamodb.continuous_backups",
    "dynamodb.describe_continuous_backups",
    of="dynamodb.table_names",
    ask=_this_table,
    items="ContinuousBackupsDescription",
    keep=("ContinuousBackupsStatus", "PointInTimeRecoveryDescription"),
    absent=GONE,
)
listing(
    "dynamodb.scalable_targets",
    "application-autoscaling.describe_scalable_targets",
    params={"ServiceNamespace": "dynamodb"},
    items="ScalableTargets",
    arn="arn:{partition}:dynamodb:{region}:{account}:{ResourceId}",
    label="ResourceId",
    keep=("ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "SuspendedState"),
)
