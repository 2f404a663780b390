"""Firehose: streams are listed by name and described one by one; their destinations, with secrets, are not taken."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "firehose.streams",
    "firehose.list_delivery_streams",
    params={"Limit": 10_000},
    items="DeliveryStreamNames[].{DeliveryStreamName: @}",
    arn="arn:{partition}:firehose:{region}:{account}:deliverystream/{DeliveryStreamName}",
    label="DeliveryStreamName",
    next_page=("ExclusiveStartDeliveryStreamName", "HasMoreDeliveryStreams && DeliveryStreamNames[-1]"),
)


def _this_stream(stream: Resource) -> Data:
    return {"DeliveryStreamName": stream["DeliveryStreamName"], "Limit": 1}


detail(
    "firehose.stream_settings",
    "firehose.describe_delivery_stream",
    of="firehose.streams",
    ask=_this_stream,
    items="""DeliveryStreamDescription.{
        DeliveryStreamType: DeliveryStreamType, Encryption: DeliveryStreamEncryptionConfiguration.Status,
        KeyType: DeliveryStreamEncryptionConfiguration.KeyType,
        KinesisStreamARN: Source.KinesisStreamSourceDescription.KinesisStreamARN
    }""",
)


def _has_source(stream: Resource) -> bool:
    return bool(stream["KinesisStreamARN"])


def _its_source(stream: Resource) -> Data:
    return {"StreamName": stream["KinesisStreamARN"].rpartition("/")[2]}


detail(
    "firehose.source_streams",
    "kinesis.describe_stream_summary",
    of="firehose.stream_settings",
    ask=_its_source,
    when=_has_source,
    items="StreamDescriptionSummary",
    keep=("StreamName", "EncryptionType"),
    absent=("ResourceNotFoundException",),
)
