from typing import Any

from tests.cloudbench.scenes import ACCOUNT, Answers, Expected, on_answers

LOG = "arn:aws:firehose:us-east-1:123456789012:deliverystream/aws-waf-logs-all"


def said_by(service: str) -> dict[str, Any]:
    """Return what WAF Classic says of one full and one empty web ACL, rule group and rule."""

    def predicates(params: dict[str, Any]) -> dict[str, Any]:
        full = [{"Negated": False, "Type": "IPMatch", "DataId": "ips"}] if params["RuleId"] == "full" else []
        return {"Rule": {"RuleId": params["RuleId"], "Name": params["RuleId"], "Predicates": full}}

    def acl_rules(params: dict[str, Any]) -> dict[str, Any]:
        group = {"Priority": 1, "RuleId": "full", "OverrideAction": {"Type": "NONE"}, "Type": "GROUP"}
        rules = [group] if params["WebACLId"] == "full" else []
        return {"WebACL": {"WebACLId": params["WebACLId"], "DefaultAction": {"Type": "ALLOW"}, "Rules": rules}}

    def group_rules(params: dict[str, Any]) -> dict[str, Any]:
        rule = {"Priority": 1, "RuleId": "full", "Action": {"Type": "BLOCK"}, "Type": "REGULAR"}
        return {"ActivatedRules": [rule] if params["RuleGroupId"] == "full" else []}

    return {
        f"{service}.list_web_acls": {"WebACLs": [{"WebACLId": name, "Name": name} for name in ("full", "empty")]},
        f"{service}.get_web_acl": acl_rules,
        f"{service}.list_rule_groups": {
            "RuleGroups": [{"RuleGroupId": name, "Name": name} for name in ("full", "empty")]
        },
        f"{service}.list_activated_rules_in_rule_group": group_rules,
        f"{service}.list_rules": {"Rules": [{"RuleId": name, "Name": name} for name in ("full", "empty")]},
        f"{service}.get_rule": predicates,
    }


@on_answers
def classic_full_and_empty() -> Answers:
    arn = f"arn:aws:waf::{ACCOUNT}:webacl"
    logging = {
        "LoggingConfigurations": [
            {"ResourceArn": f"{arn}/full", "LogDestinationConfigs": [LOG]},
            {"ResourceArn": f"{arn}/of-last-year", "LogDestinationConfigs": [LOG]},
        ]
    }
    full_and_empty = Expected(good=["full"], bad=["empty"])
    return Answers(
        says=said_by("waf") | said_by("waf-regional") | {"waf.list_logging_configurations": logging},
        verdicts={
            "waf_classic_global_acl_logging": full_and_empty,
            "waf_classic_global_acl_rule": full_and_empty,
            "waf_classic_global_group_rule": full_and_empty,
            "waf_classic_global_rule_condition": full_and_empty,
            "waf_classic_regional_acl_rule": full_and_empty,
            "waf_classic_regional_group_rule": full_and_empty,
            "waf_classic_regional_rule_condition": full_and_empty,
        },
    )
