"""What must hold of trails. Those that ask for one good trail say so once for the account; the others of each trail."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cloudbench.engine.checks import trails
from cloudbench.engine.checks.exposure import public_access
from cloudbench.engine.checks.trails import READ, SELECTORS, STATUSES, TRAILS, WRITE
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import View, check, survey

S3_OBJECTS, LAMBDA_FUNCTIONS, BEDROCK = "AWS::S3::Object", "AWS::Lambda::Function", "AWS::Bedrock::"
LATEST_DELIVERY = timedelta(days=1)
"""How old the last delivery to CloudWatch Logs may be. CIS AWS Foundations 1.4, 3.4."""


def _of_account(view: View, trail: Resource | None, good: str, bad: str) -> Finding:
    root, ident = view.account.root_arn, view.account.id
    if trail is None:
        return Finding(root, GLOBAL, False, bad, ident)
    told = {"TrailARN": trail.arn, "HomeRegion": trail["HomeRegion"]}
    return Finding(root, GLOBAL, True, f"{good}: {trail.name}.", ident, told)


# --- One good trail for the account -----------------------------------------------------------------------------------


@survey("cloudtrail_any_trail_logging", reads=(TRAILS, STATUSES))
def some_trail_logs(view: View) -> Iterator[Finding]:
    """Fail an account without a trail that is logging, in any region. Source: GetTrailStatus, IsLogging."""
    trail = trails.one_that(view, lambda trail: trails.is_logging(trail, view), (TRAILS, STATUSES))
    yield _of_account(view, trail, "A trail is logging", "No trail is logging.")


def records_everywhere(trail: Resource, view: View) -> bool:
    """Return whether ``trail`` logs management events, reading and writing, in every region."""
    if not trail.get("IsMultiRegionTrail") or not trails.is_logging(trail, view):
        return False
    return trails.management_events(trail, view)[0] == {READ, WRITE}


@survey("cloudtrail_multi_region_trail", reads=(TRAILS, STATUSES, SELECTORS))
def one_trail_covers_all_regions(view: View) -> Iterator[Finding]:
    """Fail an account without a multi-region trail that is logging read and write management events.

    Event sources that a trail leaves out, as one may for KMS, do not matter here.
    Source: DescribeTrails, IsMultiRegionTrail; GetTrailStatus, IsLogging; GetEventSelectors, ReadWriteType, readOnly.
    """
    trail = trails.one_that(view, lambda trail: records_everywhere(trail, view))
    bad = "No multi-region trail is logging both read and write management events."
    yield _of_account(view, trail, "A multi-region trail is logging all management events", bad)


@survey("cloudtrail_security_trail_configured", reads=(TRAILS, STATUSES, SELECTORS))
def one_trail_has_all_virtues(view: View) -> Iterator[Finding]:
    """Fail an account without a trail that has everything at once.

    It must be logging in all regions, with global services, all management events of every source, log file
    validation and a KMS key. Source: DescribeTrails, GetTrailStatus, GetEventSelectors.
    """

    def holds(trail: Resource) -> bool:
        settings = ("IncludeGlobalServiceEvents", "LogFileValidationEnabled", "KmsKeyId")
        whole = all(trail.get(name) for name in settings) and records_everywhere(trail, view)
        return whole and not trails.management_events(trail, view)[1]

    bad = "No trail has all regions, all management events, log file validation and a KMS key at once."
    yield _of_account(view, trails.one_that(view, holds), "A trail has all security settings", bad)


def _data_everywhere(view: View, kind: str) -> Resource | None:
    def holds(trail: Resource) -> bool:
        covered = bool(trail.get("IsMultiRegionTrail")) and trails.is_logging(trail, view)
        return covered and kind in trails.data_events(trail, view, S3_OBJECTS)

    return trails.one_that(view, holds)


@survey("cloudtrail_s3_object_write_events", reads=(TRAILS, STATUSES, SELECTORS))
def object_writing_is_recorded(view: View) -> Iterator[Finding]:
    """Fail an account without a multi-region trail that is logging writes to the objects of every bucket.

    Classic and advanced selectors count. A selector for some buckets does not, but the trail's own may be left out.
    Source: GetEventSelectors, DataResources, FieldSelectors.
    """
    bad = "No multi-region trail is logging writes to the objects of all buckets."
    yield _of_account(view, _data_everywhere(view, WRITE), "A multi-region trail is logging object writes", bad)


@survey("cloudtrail_s3_object_read_events", reads=(TRAILS, STATUSES, SELECTORS))
def object_reading_is_recorded(view: View) -> Iterator[Finding]:
    """Fail an account without a multi-region trail that is logging reads of the objects of every bucket.

    Classic and advanced selectors count. A selector for some buckets does not, but the trail's own may be left out.
    Source: GetEventSelectors, DataResources, FieldSelectors.
    """
    bad = "No multi-region trail is logging reads of the objects of all buckets."
    yield _of_account(view, _data_everywhere(view, READ), "A multi-region trail is logging object reads", bad)


@survey("cloudtrail_bedrock_data_events", reads=(TRAILS, STATUSES, SELECTORS))
def bedrock_is_recorded(view: View) -> Iterator[Finding]:
    """Fail an account without a trail that is logging data events of some Bedrock type: agents, models, guardrails.

    Source: GetEventSelectors, AdvancedEventSelectors, resources.type (AWS::Bedrock::...).
    """

    def holds(trail: Resource) -> bool:
        kinds = trails.data_types(trail, view)
        return any(kind.startswith(BEDROCK) for kind in kinds) and trails.is_logging(trail, view)

    bad = "No trail is logging data events of Amazon Bedrock."
    yield _of_account(view, trails.one_that(view, holds), "A trail is logging Bedrock data events", bad)


@check("cloudtrail_lambda_data_events", over="lambda.functions", reads=(TRAILS, STATUSES, SELECTORS))
def invocations_are_recorded(function: Resource, view: View) -> Verdict:
    """Fail unless a trail that covers the function's region is logging its invocations.

    Invoke is a write event. Source: GetEventSelectors, DataResources, FieldSelectors (AWS::Lambda::Function).
    """

    def holds(trail: Resource) -> bool:
        near = trail.get("IsMultiRegionTrail") or trail["HomeRegion"] == function.region
        recorded = trails.records_data_of(trail, view, LAMBDA_FUNCTIONS, function.arn, WRITE)
        return bool(near) and recorded and trails.is_logging(trail, view)

    trail = trails.one_that(view, holds)
    if trail is None:
        return failed("No trail is logging invocations of the function.")
    return passed(f"The trail {trail.name} is logging invocations.", TrailARN=trail.arn)


# --- Each trail -------------------------------------------------------------------------------------------------------


@check("cloudtrail_log_file_validation", over=TRAILS)
def log_files_can_be_verified(trail: Resource, view: View) -> Verdict | None:
    """Fail a trail without digests of its log files. Source: DescribeTrails, LogFileValidationEnabled."""
    if trails.is_copy(trail, view):
        return None
    enabled = bool(trail.get("LogFileValidationEnabled"))
    return verdict(
        enabled, "Log file validation is on.", "Log file validation is off.", LogFileValidationEnabled=enabled
    )


@check("cloudtrail_logs_kms_encrypted", over=TRAILS)
def logs_are_encrypted_with_a_key(trail: Resource, view: View) -> Verdict | None:
    """Fail a trail whose log files only S3's own keys encrypt. Source: DescribeTrails, KmsKeyId."""
    if trails.is_copy(trail, view):
        return None
    key = trail.get("KmsKeyId")
    return verdict(bool(key), "Log files are encrypted with a KMS key.", "No KMS key is set.", KmsKeyId=key)


@check("cloudtrail_cloudwatch_log_group_set", over=TRAILS)
def names_a_log_group(trail: Resource, view: View) -> Verdict | None:
    """Fail a trail that has no log group, whatever was delivered. Control: Security Hub CloudTrail.5.

    Source: DescribeTrails, CloudWatchLogsLogGroupArn.
    """
    if trails.is_copy(trail, view):
        return None
    group = trail.get("CloudWatchLogsLogGroupArn")
    bad = "The trail has no CloudWatch Logs log group."
    return verdict(bool(group), f"The trail delivers to {group}.", bad, CloudWatchLogsLogGroupArn=group)


@check("cloudtrail_cloudwatch_logs_integration", over=TRAILS, reads=(STATUSES,))
def events_reach_cloudwatch_logs(trail: Resource, view: View) -> Verdict | None:
    """Fail a trail that has no log group, or delivered nothing to it within a day.

    Source: DescribeTrails, CloudWatchLogsLogGroupArn; GetTrailStatus, LatestCloudWatchLogsDeliveryTime.
    """
    if trails.is_copy(trail, view):
        return None
    if not (group := trail.get("CloudWatchLogsLogGroupArn")):
        return failed("The trail has no CloudWatch Logs log group.")
    status = view.one_of(STATUSES, trail)
    latest = status.get("LatestCloudWatchLogsDeliveryTime") if status else None
    fresh = latest is not None and view.now - datetime.fromisoformat(latest) <= LATEST_DELIVERY
    return verdict(
        fresh,
        "The trail delivered to CloudWatch Logs within a day.",
        "The trail delivered nothing to CloudWatch Logs within a day.",
        CloudWatchLogsLogGroupArn=group,
        LatestCloudWatchLogsDeliveryTime=latest,
    )


# --- The bucket of each trail -----------------------------------------------------------------------------------------


@check("cloudtrail_bucket_access_logging", over=TRAILS, reads=("cloudtrail.bucket_logging",))
def trail_bucket_logs_access(trail: Resource, view: View) -> Verdict | None:
    """Fail a trail whose bucket keeps no server access logs. A bucket of another account may be unreadable.

    Source: GetBucketLogging, LoggingEnabled, of the bucket in S3BucketName.
    """
    if not trail.get("S3BucketName") or trails.is_copy(trail, view):
        return None
    bucket = trail["S3BucketName"]
    logging = view.one_of("cloudtrail.bucket_logging", trail)
    target = logging.get("TargetBucket") if logging else None
    return verdict(
        bool(target),
        f"The bucket {bucket} logs access to it in {target}.",
        f"The bucket {bucket} keeps no server access logs.",
        S3BucketName=bucket,
    )


@check(
    "cloudtrail_bucket_not_public",
    over=TRAILS,
    reads=(
        "cloudtrail.bucket_acls", "cloudtrail.bucket_policies", "cloudtrail.bucket_public_access_blocks",
        "s3control.account_public_access_blocks",
    ),
)  # fmt: skip
def trail_bucket_is_private(trail: Resource, view: View) -> Verdict | None:
    """Fail a trail whose bucket anyone can use, by ACL or policy, and no public access block takes that back.

    Source: GetBucketAcl, Grants; GetBucketPolicy; GetPublicAccessBlock of the bucket and of the account.
    """
    if not trail.get("S3BucketName") or trails.is_copy(trail, view):
        return None
    bucket = trail["S3BucketName"]
    faults = public_access(
        acl=view.one_of("cloudtrail.bucket_acls", trail),
        policy=view.one_of("cloudtrail.bucket_policies", trail),
        blocks=[
            *view.all_of("cloudtrail.bucket_public_access_blocks", trail),
            *view.in_region("s3control.account_public_access_blocks", GLOBAL),
        ],
    )
    if faults:
        return failed(f"The bucket {bucket} is public: {'; '.join(faults)}.", S3BucketName=bucket)
    return passed(f"The bucket {bucket} is not public.", S3BucketName=bucket)
