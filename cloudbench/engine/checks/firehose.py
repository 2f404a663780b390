"""What must hold of Firehose streams."""

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SOURCES = "firehose.source_streams"


@check("firehose_stream_encrypted", over="firehose.stream_settings", reads=(SOURCES,))
def is_encrypted(stream: Resource, view: View) -> Verdict:
    """Fail if records are stored in plain text while they wait for delivery.

    A stream fed by a Kinesis data stream stores nothing of its own: there the data stream must be encrypted. MSK, as a
    source, always encrypts.
    Source: DescribeDeliveryStream, DeliveryStreamEncryptionConfiguration.Status (KeyType without one: it is on),
    DeliveryStreamType, Source;
    DescribeStreamSummary, EncryptionType.
    """
    kind = stream["DeliveryStreamType"]
    if kind == "MSKAsSource":
        return passed("Records come from MSK, which encrypts them.", DeliveryStreamType=kind)
    if stream["KinesisStreamARN"]:
        return _as_its_source(stream, view)
    status = stream["Encryption"] or ("ENABLED" if stream["KeyType"] else "DISABLED")
    return verdict(
        status == "ENABLED",
        "Records are encrypted.",
        f"Server-side encryption is {status.lower().replace('_', ' ')}.",
        EncryptionStatus=status,
    )


def _as_its_source(stream: Resource, view: View) -> Verdict:
    source, arn = view.one_of(SOURCES, stream), stream["KinesisStreamARN"]
    if source is None:
        return failed("The data stream that records come from does not exist.", KinesisStreamARN=arn)
    return verdict(
        source.get("EncryptionType", "NONE") == "KMS",
        f"Records come from {source['StreamName']}, which encrypts them.",
        f"Records come from {source['StreamName']}, which does not encrypt them.",
        KinesisStreamARN=arn,
    )
