"""Buckets: listed once with their regions, then one call for each aspect, in the bucket's own region."""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import Scope, detail, listing

WITH_REGIONS = {"MaxBuckets": 1000}
"""With pages AWS tells each bucket's region."""
BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
EXPRESS_REGIONS = (
    "us-east-1", "us-east-2", "us-west-2", "ap-northeast-1", "ap-south-1", "eu-north-1", "eu-west-1",
)  # fmt: skip
"""Where directory buckets can be listed; elsewhere their endpoint has no address.

Source: "Regional and Zonal endpoints for directory buckets", Amazon S3 user guide.
"""

listing(
    "s3.buckets",
    "s3.list_buckets",
    scope=Scope.GLOBAL,
    params=WITH_REGIONS,
    items="Buckets",
    arn="arn:{partition}:s3:::{Name}",
    label="Name",
    located="BucketRegion",
    keep=("Name", "CreationDate", "BucketRegion"),
)
listing(
    "s3.bucket_regions",  # of all buckets, also in regions that are not scanned
    "s3.list_buckets",
    scope=Scope.GLOBAL,
    params=WITH_REGIONS,
    items="Buckets",
    arn="arn:{partition}:s3:::{Name}",
    label="Name",
    keep=("BucketRegion",),
)
listing(
    "s3.directory_buckets",
    "s3.list_directory_buckets",
    regions=EXPRESS_REGIONS,
    params={"MaxDirectoryBuckets": 1000},
    items="Buckets[?ends_with(Name, '--x-s3')]",  # as all their names do: whatever else is told is no such bucket
    arn="arn:{partition}:s3express:{region}:{account}:bucket/{Name}",
    label="Name",
    keep=("Name", "CreationDate"),
)


def _this_bucket(bucket: Resource) -> Data:
    return {"Bucket": bucket["Name"]}


def _its_region(bucket: Resource) -> str:
    return bucket.region


_of_each_bucket = partial(detail, of="s3.buckets", ask=_this_bucket, region_of=_its_region)
NO_LIFECYCLE = ("NoSuchLifecycleConfiguration",)

_of_each_bucket("s3.bucket_versioning", "s3.get_bucket_versioning", keep=("Status", "MFADelete"))
_of_each_bucket("s3.bucket_logging", "s3.get_bucket_logging", items="LoggingEnabled", keep=("TargetBucket",))
_of_each_bucket("s3.bucket_acls", "s3.get_bucket_acl", keep=("Owner", "Grants"))
_of_each_bucket("s3.bucket_policies", "s3.get_bucket_policy", keep=("Policy",), absent=("NoSuchBucketPolicy",))
_of_each_bucket(
    "s3.bucket_public_access_blocks",
    "s3.get_public_access_block",
    items="PublicAccessBlockConfiguration",
    keep=BLOCK,
    absent=("NoSuchPublicAccessBlockConfiguration",),
)
_of_each_bucket(
    "s3.bucket_ownership",
    "s3.get_bucket_ownership_controls",
    items="OwnershipControls.Rules[]",
    keep=("ObjectOwnership",),
    absent=("OwnershipControlsNotFoundError",),
)
_of_each_bucket(
    "s3.bucket_encryption",
    "s3.get_bucket_encryption",
    items="ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault",
    keep=("SSEAlgorithm", "KMSMasterKeyID"),
    absent=("ServerSideEncryptionConfigurationNotFoundError",),
)
_of_each_bucket(
    "s3.bucket_lifecycle_rules",
    "s3.get_bucket_lifecycle_configuration",
    items="Rules",
    keep=("ID", "Status"),
    absent=NO_LIFECYCLE,
)
_of_each_bucket(
    "s3.bucket_replication_rules",
    "s3.get_bucket_replication",
    items="ReplicationConfiguration.Rules[].{ID: ID, Status: Status, Bucket: Destination.Bucket}",
    absent=("ReplicationConfigurationNotFoundError",),
)
_of_each_bucket(
    "s3.bucket_notifications",
    "s3.get_bucket_notification_configuration",
    keep=("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations", "EventBridgeConfiguration"),
)
_of_each_bucket(
    "s3.bucket_object_lock",
    "s3.get_object_lock_configuration",
    items="ObjectLockConfiguration",
    keep=("ObjectLockEnabled", "Rule"),
    absent=("ObjectLockConfigurationNotFoundError",),
)
detail(
    "s3.directory_bucket_lifecycle_rules",
    "s3.get_bucket_lifecycle_configuration",
    of="s3.directory_buckets",
    ask=_this_bucket,
    items="Rules",
    keep=("ID", "Status"),
    absent=NO_LIFECYCLE,
)
