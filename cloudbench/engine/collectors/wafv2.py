"""WAF: web ACLs and rule groups for regional resources, asked in each region, and for CloudFront, asked once."""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import Scope, detail, listing

NEXT_PAGE = ("NextMarker", "NextMarker")
REGIONAL_TYPES = (
    "APPLICATION_LOAD_BALANCER",
    "API_GATEWAY",
    "APPSYNC",
    "COGNITO_USER_POOL",
    "APP_RUNNER_SERVICE",
    "VERIFIED_ACCESS_INSTANCE",
    "AGENTCORE_GATEWAY",
)
"""What a regional web ACL can guard, as ListResourcesForWebACL names it; a call asks for one type."""

METRICS = "VisibilityConfig.CloudWatchMetricsEnabled"
WEB_ACL = """WebACL.{
    Rules: Rules[].Name,
    FirewallManagerGroups: [PreProcessFirewallManagerRuleGroups, PostProcessFirewallManagerRuleGroups][].Name
}"""
RULE_GROUP = f"RuleGroup.{{Metrics: {METRICS}, Rules: Rules[].{{Name: Name, Metrics: {METRICS}}}}}"


def _by_name_and_id(row: Resource) -> Data:
    return {"Name": row["Name"], "Id": row["Id"]}


def _by_arn(acl: Resource) -> Data:
    return {"WebACLArn": acl.arn}


def _register(prefix: str, scope: Scope, waf_scope: str) -> None:
    """Register the collections of one of WAF's two scopes under names that begin with ``prefix``."""
    here = {"Scope": waf_scope}
    listed = partial(listing, scope=scope, params={**here, "Limit": 100}, next_page=NEXT_PAGE)
    listed(
        f"{prefix}web_acls",
        "wafv2.list_web_acls",
        items="WebACLs",
        arn="{ARN}",
        label="Name",
        keep=("Name", "Id"),
    )
    listed(
        f"{prefix}rule_groups",
        "wafv2.list_rule_groups",
        items="RuleGroups",
        arn="{ARN}",
        label="Name",
        keep=("Name", "Id"),
    )
    listed(
        f"{prefix}logging_configurations",
        "wafv2.list_logging_configurations",
        items="LoggingConfigurations",
        arn="{ResourceArn}",
        keep=("ResourceArn", "LogDestinationConfigs"),
    )
    asked = partial(detail, ask=_by_name_and_id, params=here)
    asked(f"{prefix}web_acl_rules", "wafv2.get_web_acl", of=f"{prefix}web_acls", items=WEB_ACL)
    asked(f"{prefix}rule_group_rules", "wafv2.get_rule_group", of=f"{prefix}rule_groups", items=RULE_GROUP)


_register("wafv2.", Scope.REGIONAL, "REGIONAL")
_register("wafv2.cloudfront_", Scope.GLOBAL, "CLOUDFRONT")


def _register_guarded(name: str, of: str, resource_type: str) -> None:
    detail(
        name,
        "wafv2.list_resources_for_web_acl",
        of=of,
        ask=_by_arn,
        params={"ResourceType": resource_type},
        items="ResourceArns[].{ResourceArn: @}",
        arn="{ResourceArn}",
        absent=("WAFInvalidParameterException:RESOURCE_TYPE",),  # a region that does not know a type has none of it
    )


for _type in REGIONAL_TYPES:
    _register_guarded(f"wafv2.guarded_{_type.lower()}", "wafv2.web_acls", _type)
_register_guarded("wafv2.guarded_amplify", "wafv2.cloudfront_web_acls", "AMPLIFY")
