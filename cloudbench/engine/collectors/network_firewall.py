"""Network Firewall: firewalls, policies and stateless rule groups are listed, then described one by one."""

from collections.abc import Callable
from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

PAGE = {"MaxResults": 100}


def _by_arn(parameter: str) -> Callable[[Resource], Data]:
    return lambda row: {parameter: row.arn}


listing(
    "network_firewall.firewalls",
    "network-firewall.list_firewalls",
    params=PAGE,
    items="Firewalls",
    arn="{FirewallArn}",
    label="FirewallName",
    keep=("FirewallName", "FirewallArn"),
)
_of_each_firewall = partial(detail, of="network_firewall.firewalls", ask=_by_arn("FirewallArn"))
_of_each_firewall(
    "network_firewall.firewall",
    "network-firewall.describe_firewall",
    items="Firewall",
    keep=("FirewallPolicyArn", "VpcId", "SubnetMappings", "DeleteProtection", "SubnetChangeProtection"),
)
_of_each_firewall(
    "network_firewall.logging",
    "network-firewall.describe_logging_configuration",
    items="LoggingConfiguration.LogDestinationConfigs",
    keep=("LogType", "LogDestinationType", "LogDestination"),
)

listing(
    "network_firewall.policies",
    "network-firewall.list_firewall_policies",
    params=PAGE,
    items="FirewallPolicies",
    arn="{Arn}",
    label="Name",
)
detail(
    "network_firewall.policy",
    "network-firewall.describe_firewall_policy",
    of="network_firewall.policies",
    ask=_by_arn("FirewallPolicyArn"),
    items="FirewallPolicy",
    keep=(
        "StatelessDefaultActions", "StatelessFragmentDefaultActions", "StatelessRuleGroupReferences",
        "StatefulRuleGroupReferences",
    ),
)  # fmt: skip

listing(
    "network_firewall.stateless_rule_groups",
    "network-firewall.list_rule_groups",
    params={"Type": "STATELESS", **PAGE},
    items="RuleGroups",
    arn="{Arn}",
    label="Name",
)
detail(
    "network_firewall.stateless_rule_group",
    "network-firewall.describe_rule_group",
    of="network_firewall.stateless_rule_groups",
    ask=_by_arn("RuleGroupArn"),
    items="RuleGroup.RulesSource.StatelessRulesAndCustomActions.{Rules: length(StatelessRules || `[]`)}",
)
