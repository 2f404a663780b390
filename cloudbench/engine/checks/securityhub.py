"""What must hold of Security Hub."""

from cloudbench.engine.findings import Verdict, failed, passed
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check


@check("securityhub_enabled", over=EACH_REGION, reads=("securityhub.hubs",))
def hub_is_on(region: Resource, view: View) -> Verdict:
    """Fail a region in which the account is not subscribed to Security Hub. Source: DescribeHub, HubArn."""
    hubs = view.in_region("securityhub.hubs", region.name)
    if not hubs:
        return failed("Security Hub is not enabled in this region.")
    return passed("Security Hub is enabled.", HubArn=hubs[0].arn, SubscribedAt=hubs[0].get("SubscribedAt"))
