"""What must hold of Kinesis data streams."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SUMMARIES = "kinesis.stream_summaries"
LEAST_RETENTION_HOURS = 168
"""A week: Security Hub, Kinesis.3, minimumBackupRetentionPeriod."""


@check("kinesis_stream_encrypted", over="kinesis.streams", reads=(SUMMARIES,))
def is_encrypted(stream: Resource, view: View) -> Verdict:
    """Fail if records are stored in plain text. Source: DescribeStreamSummary, EncryptionType."""
    summary = view.one_of(SUMMARIES, stream)
    kind = summary.get("EncryptionType", "NONE") if summary else "NONE"
    return verdict(
        kind == "KMS", "Records are encrypted with KMS.", "Records are stored without encryption.", EncryptionType=kind
    )


@check("kinesis_stream_retention", over="kinesis.streams", reads=(SUMMARIES,))
def keeps_records(stream: Resource, view: View) -> Verdict:
    """Fail if records are kept for less than LEAST_RETENTION_HOURS. Source: RetentionPeriodHours."""
    summary = view.one_of(SUMMARIES, stream)
    hours = summary["RetentionPeriodHours"] if summary else 0
    return verdict(
        hours >= LEAST_RETENTION_HOURS,
        f"Records are kept for {hours} hours.",
        f"Records are kept for {hours} hours, not {LEAST_RETENTION_HOURS} or more.",
        RetentionPeriodHours=hours,
    )
