"""Access points, and the public access block of the whole account."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import OWN_ACCOUNT, Scope, detail, listing

BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

listing(
    "s3control.account_public_access_blocks",
    "s3control.get_public_access_block",
    scope=Scope.GLOBAL,
    params={"AccountId": OWN_ACCOUNT},
    items="PublicAccessBlockConfiguration",
    keep=BLOCK,
    absent=("NoSuchPublicAccessBlockConfiguration",),
)
listing(
    "s3control.access_points",
    "s3control.list_access_points",
    params={"AccountId": OWN_ACCOUNT},
    items="AccessPointList",
    arn="arn:{partition}:s3:{region}:{account}:accesspoint/{Name}",
    label="Name",
    keep=("Name", "Bucket", "NetworkOrigin"),
)


def _this_access_point(point: Resource) -> Data:
    return {"AccountId": point.arn.split(":")[4], "Name": point["Name"]}


detail(
    "s3control.access_point_public_access_blocks",
    "s3control.get_access_point",
    of="s3control.access_points",
    ask=_this_access_point,
    items="PublicAccessBlockConfiguration",
    keep=BLOCK,
)
listing(
    "s3control.multi_region_access_points",
    "s3control.list_multi_region_access_points",
    scope=Scope.GLOBAL,
    regions=("us-west-2",),  # the home of all of them
    params={"AccountId": OWN_ACCOUNT},
    items="AccessPoints",
    arn="arn:{partition}:s3::{account}:accesspoint/{Alias}",
    label="Name",
    keep=("Name", "Alias", "Status", "PublicAccessBlock", "Regions"),
)
