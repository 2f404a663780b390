"""Buckets: listed once with their regions, then one call for each aspect, in the bucket's own region."""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import Scope, detail, listing

listing(
    "s3.buckets",
    "s3.list_buckets",
    scope=Scope.GLOBAL,
    params={"MaxBuckets": 1000},  # with pages AWS tells each bucket's region
    items="Buckets",
    arn="arn:{partition}:s3:::{Name}",
    label="Name",
    located="BucketRegion",
    keep=("Name", "CreationDate", "BucketRegion"),
)


def _this_bucket(bucket: Resource) -> Data:
    return {"Bucket": bucket["Name"]}


def _its_region(bucket: Resource) -> str:
    return bucket.region


_of_each_bucket = partial(detail, of="s3.buckets", ask=_this_bucket, region_of=_its_region)

_of_each_bucket("s3.bucket_versioning", "s3.get_bucket_versioning", keep=("Status", "MFADelete"))
