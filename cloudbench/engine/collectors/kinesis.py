"""Kinesis data streams: names are listed, a summary is asked for each."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "kinesis.streams",
    "kinesis.list_streams",
    params={"Limit": 10_000},
    items="StreamNames[].{StreamName: @}",
    arn="arn:{partition}:kinesis:{region}:{account}:stream/{StreamName}",
    label="StreamName",
)


def _this_stream(stream: Resource) -> Data:
    return {"StreamName": stream["StreamName"]}


detail(
    "kinesis.stream_summaries",
    "kinesis.describe_stream_summary",
    of="kinesis.streams",
    ask=_this_stream,
    items="StreamDescriptionSummary",
    keep=("EncryptionType", "KeyId", "RetentionPeriodHours"),
)
