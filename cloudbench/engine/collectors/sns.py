"""Topics and their attributes."""

from cloudbench.engine.registry import detail, listing

DELIVERY_PROTOCOLS = ("HTTP", "Firehose", "Lambda", "Application", "SQS")

listing("sns.topics", "sns.list_topics", items="Topics", arn="{TopicArn}", label="TopicArn", keep=("TopicArn",))
detail(
    "sns.topic_attributes",
    "sns.get_topic_attributes",
    of="sns.topics",
    ask=lambda topic: {"TopicArn": topic["TopicArn"]},
    items="Attributes",
    keep=(
        "KmsMasterKeyId",
        "Policy",
        *(f"{protocol}{result}FeedbackRoleArn" for protocol in DELIVERY_PROTOCOLS for result in ("Success", "Failure")),
    ),
    absent=("NotFound", "NotFoundException"),
)
