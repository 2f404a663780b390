from tests.cloudbench.scenes import Aws, Expected, Verdicts, on_moto


@on_moto(keep_defaults=True)
def streams_encrypted_kept_and_not(aws: Aws) -> Verdicts:
    kinesis = aws("kinesis")
    for name in ("week", "day", "almost"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.start_stream_encryption(StreamName="week", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.increase_stream_retention_period(StreamName="week", RetentionPeriodHours=168)
    kinesis.increase_stream_retention_period(StreamName="almost", RetentionPeriodHours=167)
    return {
        "kinesis_stream_encrypted": Expected(good=["week"], bad=["day", "almost"]),
        "kinesis_stream_retention": Expected(good=["week"], bad=["day", "almost"]),
    }
