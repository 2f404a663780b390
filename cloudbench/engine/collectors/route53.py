"""Route 53: hosted zones, and in one listing which of them log their queries."""

from collections.abc import Iterator

from cloudbench.engine.inventory import Data
from cloudbench.engine.registry import Scope, listing


def _zones(answer: Data) -> Iterator[Data]:
    for zone in answer["HostedZones"]:
        yield {
            "Id": zone["Id"].removeprefix("/hostedzone/"),
            "Name": zone["Name"],
            "PrivateZone": zone.get("Config", {}).get("PrivateZone", False),
        }


listing(
    "route53.hosted_zones",
    "route53.list_hosted_zones",
    scope=Scope.GLOBAL,
    items=_zones,
    arn="arn:{partition}:route53:::hostedzone/{Id}",
    label="Name",
)

listing(
    "route53.query_logging_configs",
    "route53.list_query_logging_configs",
    scope=Scope.GLOBAL,
    items="QueryLoggingConfigs",
    arn="arn:{partition}:route53:::queryloggingconfig/{Id}",
    keep=("HostedZoneId", "CloudWatchLogsLogGroupArn"),
)
