"""Queues and the attributes that checks read."""

from collections.abc import Iterator

from cloudbench.engine.inventory import Data
from cloudbench.engine.registry import detail, listing


def _queues(answer: Data) -> Iterator[Data]:
    yield from ({"QueueUrl": url, "QueueName": url.rpartition("/")[2]} for url in answer.get("QueueUrls") or ())


listing(
    "sqs.queues",
    "sqs.list_queues",
    params={"MaxResults": 1000},  # without it AWS tells no more than a thousand
    items=_queues,
    arn="arn:{partition}:sqs:{region}:{account}:{QueueName}",
    label="QueueName",
)
detail(
    "sqs.queue_attributes",
    "sqs.get_queue_attributes",
    of="sqs.queues",
    ask=lambda queue: {"QueueUrl": queue["QueueUrl"]},
    params={"AttributeNames": ["KmsMasterKeyId", "SqsManagedSseEnabled", "Policy"]},
    items="Attributes || `{}`",
    absent=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
)
