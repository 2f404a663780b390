from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

KEY: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}
PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}
ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}


@on_moto()
def tables(aws: Aws) -> Verdicts:
    dynamodb = aws("dynamodb")
    dynamodb.create_table(
        TableName="careful", DeletionProtectionEnabled=True, SSESpecification={"Enabled": True, "SSEType": "KMS"},
        **KEY, **ON_DEMAND,
    )  # fmt: skip
    dynamodb.create_table(TableName="careless", **KEY, **PROVISIONED)
    dynamodb.update_continuous_backups(
        TableName="careful", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    either = Expected(good=["careful"], bad=["careless"])
    return dict.fromkeys(
        [
            "dynamodb_table_deletion_protection", "dynamodb_table_encrypted", "dynamodb_table_kms_encrypted",
            "dynamodb_table_pitr",
        ],
        either,
    )  # fmt: skip


@on_moto()
def capacities(aws: Aws) -> Verdicts:
    for name, mode in (("scaled", PROVISIONED), ("half", PROVISIONED), ("fixed", PROVISIONED), ("demand", ON_DEMAND)):
        aws("dynamodb").create_table(TableName=name, **KEY, **mode)
    for table, what in (("scaled", "Read"), ("scaled", "Write"), ("half", "Read")):
        aws("application-autoscaling").register_scalable_target(
            ServiceNamespace="dynamodb",
            ResourceId=f"table/{table}",
            ScalableDimension=f"dynamodb:table:{what}CapacityUnits",
            MinCapacity=1,
            MaxCapacity=10,
        )
    return {"dynamodb_table_capacity_autoscaled": Expected(good=["scaled", "demand"], bad=["half", "fixed"])}


@on_answers
def tables_in_change() -> Answers:
    """States that moto does not have, and what AWS Backup says."""

    def table(asked: Any) -> dict[str, Any]:
        name = asked["TableName"]
        encryption = {
            "enabling": {"Status": "ENABLING", "SSEType": "KMS"},
            "rotating": {"Status": "UPDATING", "SSEType": "KMS"},
            "ending": {"Status": "DISABLING", "SSEType": "KMS"},
            "old-aes": {"Status": "ENABLED", "SSEType": "AES256"},
        }.get(name)
        state = "CREATING" if name == "enabling" else "ACTIVE"
        told = {"SSEDescription": encryption} if encryption else {}
        return {"Table": {"TableName": name, "TableStatus": state, **told}}

    kept = {"ResourceArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/rotating", "ResourceType": "DynamoDB"}
    return Answers(
        {
            "dynamodb.list_tables": {"TableNames": ["enabling", "rotating", "ending", "old-aes", "default"]},
            "dynamodb.describe_table": table,
            "backup.list_protected_resources": {"Results": [kept]},
        },
        {
            "dynamodb_table_encrypted": Expected(good=["enabling", "rotating", "old-aes"], bad=["ending", "default"]),
            "dynamodb_table_kms_encrypted": Expected(
                good=["enabling", "rotating"], bad=["ending", "old-aes", "default"]
            ),
            "dynamodb_table_in_backup_plan": Expected(good=["rotating"], bad=["ending", "old-aes", "default"]),
        },
    )
