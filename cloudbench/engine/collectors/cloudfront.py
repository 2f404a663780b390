"""CloudFront: one listing tells nearly all of the distributions; root object and logs are in their configurations."""

import re
from collections.abc import Iterator

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import Scope, detail, listing

# The custom headers of origins often hold secrets; they are not taken.
DISTRIBUTIONS = """DistributionList.Items[].{
    Id: Id, ARN: ARN, DomainName: DomainName, Enabled: Enabled, WebACLId: WebACLId,
    ViewerCertificate: ViewerCertificate,
    OriginGroups: OriginGroups.Items[].{Id: Id, Members: Members.Items[].OriginId},
    Behaviors: [[DefaultCacheBehavior], CacheBehaviors.Items][].{
        PathPattern: PathPattern, ViewerProtocolPolicy: ViewerProtocolPolicy, TargetOriginId: TargetOriginId,
        FieldLevelEncryptionId: FieldLevelEncryptionId
    },
    Origins: Origins.Items[].{
        Id: Id, DomainName: DomainName, CustomOriginConfig: CustomOriginConfig, VpcOriginConfig: VpcOriginConfig,
        OriginAccessControlId: OriginAccessControlId
    }
}"""

listing(
    "cloudfront.distributions",
    "cloudfront.list_distributions",
    scope=Scope.GLOBAL,
    items=DISTRIBUTIONS,
    arn="{ARN}",
    label="Id",
)


def _this_distribution(distribution: Resource) -> Data:
    return {"Id": distribution["Id"]}


detail(
    "cloudfront.distribution_configs",
    "cloudfront.get_distribution_config",
    of="cloudfront.distributions",
    ask=_this_distribution,
    items="DistributionConfig",
    keep=("DefaultRootObject", "Logging"),
)

S3_ENDPOINT = re.compile(
    r"(?P<bucket>.+)\.s3(?:[.-](?:dualstack\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com"
)


def _buckets_of_origins(answer: Data) -> Iterator[Data]:
    """Yield each bucket that a distribution takes content from; those asked by their website endpoints are left out."""
    for distribution in answer["DistributionList"].get("Items", []):
        for origin in distribution["Origins"].get("Items", []):
            endpoint = S3_ENDPOINT.match(origin["DomainName"])
            if endpoint:
                yield {
                    "ARN": distribution["ARN"],
                    "DistributionId": distribution["Id"],
                    "OriginId": origin["Id"],
                    "Bucket": endpoint["bucket"],
                    "BucketRegion": endpoint["region"] or "",
                }


listing(
    "cloudfront.origin_buckets",
    "cloudfront.list_distributions",
    scope=Scope.GLOBAL,
    items=_buckets_of_origins,
    arn="{ARN}",
    label="DistributionId",
)


def _its_bucket(origin: Resource) -> Data:
    return {"Bucket": origin["Bucket"]}


def _its_region(origin: Resource) -> str:
    return str(origin["BucketRegion"]) or origin.region


detail(
    "cloudfront.found_buckets",
    "s3.head_bucket",
    of="cloudfront.origin_buckets",
    ask=_its_bucket,
    region_of=_its_region,
    absent=("404", "NoSuchBucket"),
)
