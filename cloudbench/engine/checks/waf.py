"""What must hold of WAF Classic, global and regional: nothing in it may be empty, and web ACLs must log."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import View, check


def _register_not_empty(check_id: str, over: str, details: str, content: str, missing: str) -> None:
    """Register a check that fails for a row of ``over`` without rows in ``details``."""

    @check(check_id, over=over, reads=(details,))
    def is_not_empty(row: Resource, view: View) -> Verdict:
        count = len(view.all_of(details, row))
        return verdict(count > 0, f"It has {count} {content}.", missing, Count=count)


# Fails for what lets all requests past it: a web ACL without rules or rule groups (GetWebACL, Rules), a rule group
# without rules (ListActivatedRulesInRuleGroup), a rule without conditions (GetRule, Predicates).
for _check_id, _over, _details, _content, _missing in (
    ("waf_classic_global_acl_rule", "waf.web_acls", "waf.web_acl_rules", "rules", "The web ACL has no rule."),
    (
        "waf_classic_global_group_rule",
        "waf.rule_groups",
        "waf.rule_group_rules",
        "rules",
        "The rule group has no rule.",
    ),
    (
        "waf_classic_global_rule_condition",
        "waf.rules",
        "waf.rule_predicates",
        "conditions",
        "The rule has no condition.",
    ),
    (
        "waf_classic_regional_acl_rule",
        "waf-regional.web_acls",
        "waf-regional.web_acl_rules",
        "rules",
        "The web ACL has no rule.",
    ),
    (
        "waf_classic_regional_group_rule",
        "waf-regional.rule_groups",
        "waf-regional.rule_group_rules",
        "rules",
        "The rule group has no rule.",
    ),
    (
        "waf_classic_regional_rule_condition",
        "waf-regional.rules",
        "waf-regional.rule_predicates",
        "conditions",
        "The rule has no condition.",
    ),
):
    _register_not_empty(_check_id, _over, _details, _content, _missing)


@check("waf_classic_global_acl_logging", over="waf.web_acls", reads=("waf.logging_configurations",))
def logs_requests(acl: Resource, view: View) -> Verdict | None:
    """Fail if a global web ACL logs nothing. Source: ListLoggingConfigurations, ResourceArn, LogDestinationConfigs."""
    configurations = view.in_region("waf.logging_configurations", GLOBAL)
    destinations = [place for one in configurations if one.arn == acl.arn for place in one["LogDestinationConfigs"]]
    return verdict(
        bool(destinations),
        "Requests are logged.",
        "No logging is configured for the web ACL.",
        LogDestinationConfigs=destinations,
    )
