"""Trails, as each region sees them, and what their home region tells: status, event selectors, the bucket written to.

A multi-region trail shows up in every region, with its HomeRegion. Its details are asked there, once.
"""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "cloudtrail.trails",
    "cloudtrail.describe_trails",
    items="trailList",
    arn="{TrailARN}",
    label="Name",
    keep=(
        "Name",
        "TrailARN",
        "HomeRegion",
        "S3BucketName",
        "IsMultiRegionTrail",
        "IsOrganizationTrail",
        "IncludeGlobalServiceEvents",
        "LogFileValidationEnabled",
        "CloudWatchLogsLogGroupArn",
        "KmsKeyId",
    ),
)


def _its_home(trail: Resource) -> str:
    return str(trail["HomeRegion"])


def _its_bucket(trail: Resource) -> Data:
    return {"Bucket": trail["S3BucketName"]}


def _has_bucket(trail: Resource) -> bool:
    return bool(trail.get("S3BucketName"))


_of_each_trail = partial(detail, of="cloudtrail.trails", region_of=_its_home)
_of_each_bucket = partial(_of_each_trail, ask=_its_bucket, when=_has_bucket)

_of_each_trail(
    "cloudtrail.trail_statuses",
    "cloudtrail.get_trail_status",
    ask=lambda trail: {"Name": trail["TrailARN"]},
    keep=("IsLogging", "LatestDeliveryTime", "LatestCloudWatchLogsDeliveryTime", "LatestCloudWatchLogsDeliveryError"),
)
_of_each_trail(
    "cloudtrail.event_selectors",
    "cloudtrail.get_event_selectors",
    ask=lambda trail: {"TrailName": trail["TrailARN"]},
    keep=("EventSelectors", "AdvancedEventSelectors"),
)

# S3 leads a request for a bucket of another region on to that region.
_of_each_bucket("cloudtrail.bucket_logging", "s3.get_bucket_logging", items="LoggingEnabled", keep=("TargetBucket",))
_of_each_bucket("cloudtrail.bucket_acls", "s3.get_bucket_acl", keep=("Owner", "Grants"))
_of_each_bucket("cloudtrail.bucket_policies", "s3.get_bucket_policy", keep=("Policy",), absent=("NoSuchBucketPolicy",))
_of_each_bucket(
    "cloudtrail.bucket_public_access_blocks",
    "s3.get_public_access_block",
    items="PublicAccessBlockConfiguration",
    absent=("NoSuchPublicAccessBlockConfiguration",),
)
