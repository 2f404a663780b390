from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"


@on_moto(keep_defaults=True)
def streams_encrypted_and_not(aws: Aws) -> Verdicts:
    firehose, kinesis = aws("firehose"), aws("kinesis")
    to_bucket = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::records"}

    def create(name: str, **settings: Any) -> None:
        firehose.create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=to_bucket, **settings
        )

    def fed(source: str) -> dict[str, Any]:
        arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{source}"
        return {
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": {"KinesisStreamARN": arn, "RoleARN": ROLE},
        }

    for source in ("encrypted", "plain"):
        kinesis.create_stream(StreamName=source, ShardCount=1)
    kinesis.start_stream_encryption(StreamName="encrypted", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    create("open")
    create("fed-encrypted", **fed("encrypted"))
    create("fed-plain", **fed("plain"))
    create("fed-by-nothing", **fed("deleted"))
    return {"firehose_stream_encrypted": Expected(good=["fed-encrypted"], bad=["open", "fed-plain", "fed-by-nothing"])}


@on_answers
def streams_of_several_pages() -> Answers:
    pages = {
        None: {"DeliveryStreamNames": ["of-msk"], "HasMoreDeliveryStreams": True},
        "of-msk": {
            "DeliveryStreamNames": ["own-key", "being-encrypted", "of-deleted"],
            "HasMoreDeliveryStreams": False,
        },
    }
    source = {"KinesisStreamSourceDescription": {"KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/gone"}}
    settings: dict[str, dict[str, Any]] = {
        "of-msk": {"DeliveryStreamType": "MSKAsSource"},
        "of-deleted": {"DeliveryStreamType": "KinesisStreamAsSource", "Source": source},
        "own-key": {
            "DeliveryStreamType": "DirectPut",
            "DeliveryStreamEncryptionConfiguration": {"KeyType": "AWS_OWNED_CMK", "Status": "ENABLED"},
        },
        "being-encrypted": {
            "DeliveryStreamType": "DirectPut",
            "DeliveryStreamEncryptionConfiguration": {"Status": "ENABLING"},
        },
    }

    def describe(params: dict[str, Any]) -> dict[str, Any]:
        name = params["DeliveryStreamName"]
        return {
            "DeliveryStreamDescription": {
                "DeliveryStreamName": name,
                "DeliveryStreamARN": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}",
                "DeliveryStreamStatus": "ACTIVE",
                "VersionId": "1",
                "Destinations": [],
                "HasMoreDestinations": False,
                **settings[name],
            }
        }

    return Answers(
        says={
            "firehose.list_delivery_streams": lambda params: pages[params.get("ExclusiveStartDeliveryStreamName")],
            "firehose.describe_delivery_stream": describe,
            "kinesis.describe_stream_summary": CallFailed("ResourceNotFoundException", "Stream gone not found", 400),
        },
        verdicts={
            "firehose_stream_encrypted": Expected(good=["of-msk", "own-key"], bad=["being-encrypted", "of-deleted"])
        },
    )
