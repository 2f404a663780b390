from collections.abc import Callable
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

IDENT = "11111111-2222-3333-4444-555555555555"


def arn(kind: str, name: str) -> str:
    return f"arn:aws:network-firewall:{REGION}:{ACCOUNT}:{kind}/{name}"


@on_moto()
def firewalls(aws: Aws) -> Verdicts:
    service, ec2 = aws("network-firewall"), aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    for name, protected in {"guarded": True, "loose": False}.items():
        service.create_firewall(
            FirewallName=name,
            FirewallPolicyArn=arn("firewall-policy", "all"),
            VpcId=vpc,
            SubnetMappings=[{"SubnetId": subnet}],
            DeleteProtection=protected,
            SubnetChangeProtection=protected,
        )
    service.update_logging_configuration(
        FirewallName="guarded",
        LoggingConfiguration={
            "LogDestinationConfigs": [
                {"LogType": "FLOW", "LogDestinationType": "S3", "LogDestination": {"bucketName": "logs"}}
            ]
        },
    )
    verdicts = Expected(["guarded"], ["loose"])
    return {
        "networkfirewall_deletion_protection": verdicts,
        "networkfirewall_subnet_change_protection": verdicts,
        "networkfirewall_logging": verdicts,
    }


def by_name(parameter: str, answers: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda params: answers[params[parameter].rpartition("/")[2]]


def listed(kind: str, names: dict[str, Any]) -> list[dict[str, str]]:
    return [{"Name": name, "Arn": arn(kind, name)} for name in names]


@on_answers
def policies() -> Answers:
    def policy(full: list[str], fragments: list[str], **more: Any) -> dict[str, Any]:
        said = {"StatelessDefaultActions": full, "StatelessFragmentDefaultActions": fragments, **more}
        response = {
            "FirewallPolicyName": "any",
            "FirewallPolicyArn": arn("firewall-policy", "any"),
            "FirewallPolicyId": IDENT,
        }
        return {"UpdateToken": IDENT, "FirewallPolicyResponse": response, "FirewallPolicy": said}

    stateful = {"StatefulRuleGroupReferences": [{"ResourceArn": arn("stateful-rulegroup", "web")}]}
    stateless = {"StatelessRuleGroupReferences": [{"ResourceArn": arn("stateless-rulegroup", "web"), "Priority": 1}]}
    told = {
        "forwards": policy(["aws:forward_to_sfe"], ["aws:drop"], **stateful),
        "counts-and-drops": policy(["count", "aws:drop"], ["aws:forward_to_sfe"], **stateless),
        "passes": policy(["aws:pass"], ["count", "aws:pass"], StatefulRuleGroupReferences=[]),
        "passes-fragments": policy(["aws:drop"], ["aws:pass"], **stateful, **stateless),
        "untold": policy([], []),
    }
    return Answers(
        says={
            "network-firewall.list_firewall_policies": {"FirewallPolicies": listed("firewall-policy", told)},
            "network-firewall.describe_firewall_policy": by_name("FirewallPolicyArn", told),
        },
        verdicts={
            "networkfirewall_policy_has_rule_group": Expected(
                ["forwards", "counts-and-drops", "passes-fragments"], ["passes", "untold"]
            ),
            "networkfirewall_full_packet_default_action": Expected(
                ["forwards", "counts-and-drops", "passes-fragments"], ["passes", "untold"]
            ),
            "networkfirewall_fragment_default_action": Expected(
                ["forwards", "counts-and-drops"], ["passes", "passes-fragments", "untold"]
            ),
        },
    )


@on_answers
def stateless_rule_groups() -> Answers:
    def group(source: dict[str, Any] | None) -> dict[str, Any]:
        response = {
            "RuleGroupArn": arn("stateless-rulegroup", "any"),
            "RuleGroupName": "any",
            "RuleGroupId": IDENT,
        }
        told = {} if source is None else {"RuleGroup": {"RulesSource": source}}
        return {"UpdateToken": IDENT, "RuleGroupResponse": response, **told}

    drop = {"RuleDefinition": {"MatchAttributes": {}, "Actions": ["aws:drop"]}, "Priority": 1}
    told = {
        "full": group({"StatelessRulesAndCustomActions": {"StatelessRules": [drop]}}),
        "empty": group({"StatelessRulesAndCustomActions": {"StatelessRules": []}}),
        "bare": group({}),
        "untold": group(None),
    }
    return Answers(
        says={
            "network-firewall.list_rule_groups": {"RuleGroups": listed("stateless-rulegroup", told)},
            "network-firewall.describe_rule_group": by_name("RuleGroupArn", told),
        },
        verdicts={"networkfirewall_stateless_group_not_empty": Expected(["full"], ["empty", "bare", "untold"])},
    )
