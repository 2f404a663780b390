"""What must hold of AWS WAF's web ACLs and rule groups, those of regions and those of CloudFront."""

from typing import Any

from cloudbench.engine.findings import Verdict, failed, verdict
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import View, check

WEB_ACLS = ("wafv2.web_acls", "wafv2.cloudfront_web_acls")
RULE_GROUPS = ("wafv2.rule_groups", "wafv2.cloudfront_rule_groups")
GUARDED = (
    "wafv2.guarded_application_load_balancer",
    "wafv2.guarded_api_gateway",
    "wafv2.guarded_appsync",
    "wafv2.guarded_cognito_user_pool",
    "wafv2.guarded_app_runner_service",
    "wafv2.guarded_verified_access_instance",
    "wafv2.guarded_agentcore_gateway",
)


def _is_of_cloudfront(row: Resource) -> bool:
    return row.collection.startswith("wafv2.cloudfront_")


def _counterpart(row: Resource, name: str) -> str:
    """Return the collection ``name`` of the scope that ``row`` is of."""
    return f"wafv2.cloudfront_{name}" if _is_of_cloudfront(row) else f"wafv2.{name}"


@check(
    "wafv2_acl_associated",
    over=WEB_ACLS,
    reads=(*GUARDED, "wafv2.guarded_amplify", "cloudfront.distributions"),
)
def guards_something(acl: Resource, view: View) -> Verdict:
    """Fail if a web ACL inspects no resource.

    Source: ListResourcesForWebACL for each type of resource; for CloudFront ListDistributions, WebACLId.
    """
    guarded = _guarded_by_global(acl, view) if _is_of_cloudfront(acl) else _guarded_by_regional(acl, view)
    return verdict(
        bool(guarded),
        f"The web ACL inspects requests to {len(guarded)} resources.",
        "The web ACL is associated with no resource.",
        Resources=guarded[:10],
    )


def _guarded_by_regional(acl: Resource, view: View) -> list[str]:
    return sorted({row.arn for name in GUARDED for row in view.all_of(name, acl)})


def _guarded_by_global(acl: Resource, view: View) -> list[str]:
    distributions = view.in_region("cloudfront.distributions", GLOBAL)
    apps = view.all_of("wafv2.guarded_amplify", acl)
    return sorted({row.arn for row in apps} | {row.arn for row in distributions if row["WebACLId"] == acl.arn})


@check("wafv2_acl_has_rule", over=WEB_ACLS, reads=("wafv2.web_acl_rules", "wafv2.cloudfront_web_acl_rules"))
def has_rule(acl: Resource, view: View) -> Verdict:
    """Fail if a web ACL has neither a rule nor a rule group, also none from Firewall Manager.

    Source: GetWebACL, Rules, PreProcessFirewallManagerRuleGroups, PostProcessFirewallManagerRuleGroups.
    """
    rules = view.one_of(_counterpart(acl, "web_acl_rules"), acl)
    names = [*(rules["Rules"] or []), *(rules["FirewallManagerGroups"] or [])] if rules else []
    return verdict(bool(names), f"The web ACL has {len(names)} rules.", "The web ACL has no rule.", Rules=len(names))


@check(
    "wafv2_acl_logging",
    over=WEB_ACLS,
    reads=("wafv2.logging_configurations", "wafv2.cloudfront_logging_configurations"),
)
def logs_requests(acl: Resource, view: View) -> Verdict:
    """Fail if a web ACL logs nothing. Source: ListLoggingConfigurations, ResourceArn, LogDestinationConfigs."""
    configurations = view.in_region(_counterpart(acl, "logging_configurations"), acl.region)
    destinations = [place for one in configurations if one.arn == acl.arn for place in one["LogDestinationConfigs"]]
    return verdict(
        bool(destinations),
        "Requests are logged.",
        "No logging is configured for the web ACL.",
        LogDestinationConfigs=destinations,
    )


@check(
    "wafv2_rule_metrics_enabled",
    over=RULE_GROUPS,
    reads=("wafv2.rule_group_rules", "wafv2.cloudfront_rule_group_rules"),
)
def counts_matches(group: Resource, view: View) -> Verdict:
    """Fail if a rule group, or a rule in it, sends no metrics. Source: GetRuleGroup, CloudWatchMetricsEnabled."""
    settings = view.one_of(_counterpart(group, "rule_group_rules"), group)
    if settings is None or not settings["Metrics"]:
        return failed("The rule group sends no metrics to CloudWatch.", CloudWatchMetricsEnabled=False)
    rules: list[dict[str, Any]] = settings["Rules"] or []
    silent = [rule["Name"] for rule in rules if not rule["Metrics"]]
    return verdict(
        not silent,
        "The rule group and all its rules send metrics to CloudWatch.",
        f"These rules send no metrics to CloudWatch: {', '.join(silent)}.",
        Rules=silent,
    )
