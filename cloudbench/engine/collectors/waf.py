"""WAF Classic, for CloudFront (once) and in each region: the same API under two names."""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import Scope, detail, listing

PAGE = {"Limit": 100}
NEXT_PAGE = ("NextMarker", "NextMarker")


def _this_acl(acl: Resource) -> Data:
    return {"WebACLId": acl["WebACLId"]}


def _this_group(group: Resource) -> Data:
    return {"RuleGroupId": group["RuleGroupId"]}


def _this_rule(rule: Resource) -> Data:
    return {"RuleId": rule["RuleId"]}


def _register(service: str, scope: Scope, arns: str) -> None:
    """Register the collections of ``service``, "waf" or "waf-regional"; ``arns`` is how its ARNs begin."""
    listed = partial(listing, scope=scope, params=PAGE, next_page=NEXT_PAGE, label="Name")
    listed(f"{service}.web_acls", f"{service}.list_web_acls", items="WebACLs", arn=arns + "webacl/{WebACLId}")
    listed(
        f"{service}.rule_groups",
        f"{service}.list_rule_groups",
        items="RuleGroups",
        arn=arns + "rulegroup/{RuleGroupId}",
    )
    listed(f"{service}.rules", f"{service}.list_rules", items="Rules", arn=arns + "rule/{RuleId}")
    detail(
        f"{service}.web_acl_rules",
        f"{service}.get_web_acl",
        of=f"{service}.web_acls",
        ask=_this_acl,
        items="WebACL.Rules",
        keep=("RuleId", "Type"),
    )
    detail(
        f"{service}.rule_group_rules",
        f"{service}.list_activated_rules_in_rule_group",
        of=f"{service}.rule_groups",
        ask=_this_group,
        params=PAGE,
        next_page=NEXT_PAGE,
        items="ActivatedRules",
        keep=("RuleId", "Type"),
    )
    detail(
        f"{service}.rule_predicates",
        f"{service}.get_rule",
        of=f"{service}.rules",
        ask=_this_rule,
        items="Rule.Predicates",
        keep=("DataId", "Type", "Negated"),
    )


_register("waf", Scope.GLOBAL, "arn:{partition}:waf::{account}:")
_register("waf-regional", Scope.REGIONAL, "arn:{partition}:waf-regional:{region}:{account}:")

listing(
    "waf.logging_configurations",
    "waf.list_logging_configurations",
    scope=Scope.GLOBAL,
    params=PAGE,
    next_page=NEXT_PAGE,
    items="LoggingConfigurations",
    arn="{ResourceArn}",
    keep=("ResourceArn", "LogDestinationConfigs"),
)
