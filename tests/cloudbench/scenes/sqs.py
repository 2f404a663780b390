import json
from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

OTHER = "210987654321"


def policy(principal: Any, effect: str = "Allow", **condition: Any) -> dict[str, str]:
    statement = {"Effect": effect, "Principal": principal, "Action": "sqs:SendMessage", "Resource": "*"}
    statement |= {"Condition": condition} if condition else {}
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


@on_moto()
def queues_open_and_closed(aws: Aws) -> Verdicts:
    topic = {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"}}
    for name, attributes in (
        ("keyed", {"KmsMasterKeyId": "alias/queues", "SqsManagedSseEnabled": "false"}),
        ("managed", {"SqsManagedSseEnabled": "true"}),
        ("plain", {"SqsManagedSseEnabled": "false"}),
        ("anyone", {"SqsManagedSseEnabled": "true", **policy("*")}),
        ("from-topic", {"SqsManagedSseEnabled": "true", **policy("*", **topic)}),
        ("partner", {"SqsManagedSseEnabled": "true", **policy({"AWS": f"arn:aws:iam::{OTHER}:root"})}),
    ):
        aws("sqs").create_queue(QueueName=name, Attributes=attributes)
    closed = ["keyed", "managed", "plain", "from-topic", "partner"]
    return {
        "sqs_queue_encrypted": Expected(good=["keyed", "managed", "anyone", "from-topic", "partner"], bad=["plain"]),
        "sqs_queue_policy_not_public": Expected(good=closed, bad=["anyone"]),
    }


@on_answers
def queues_without_attributes_and_deleted() -> Answers:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/"

    def attributes(params: dict[str, Any]) -> Any:
        if params["QueueUrl"].endswith("/gone"):
            return CallFailed("AWS.SimpleQueueService.NonExistentQueue", "does not exist", 400)
        return {}

    says = {"sqs.list_queues": {"QueueUrls": [url + "bare", url + "gone"]}, "sqs.get_queue_attributes": attributes}
    verdicts = {"sqs_queue_encrypted": Expected(bad=["bare"]), "sqs_queue_policy_not_public": Expected(good=["bare"])}
    return Answers(says, verdicts)
