"""What must hold of Route 53 hosted zones."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import View, check


@check("route53_public_zone_query_logging", over="route53.hosted_zones", reads=("route53.query_logging_configs",))
def logs_queries(zone: Resource, view: View) -> Verdict | None:
    """Fail if nobody records what is asked of a public zone; private zones are not judged.

    Source: ListHostedZones, PrivateZone; ListQueryLoggingConfigs, HostedZoneId.
    """
    if zone["PrivateZone"]:
        return None
    configs = view.in_region("route53.query_logging_configs", GLOBAL)
    groups = [config["CloudWatchLogsLogGroupArn"] for config in configs if config["HostedZoneId"] == zone["Id"]]
    return verdict(bool(groups), "Queries are logged.", "Queries are not logged.", CloudWatchLogsLogGroupArns=groups)
