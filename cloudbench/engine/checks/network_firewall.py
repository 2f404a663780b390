"""What must hold of Network Firewall: its firewalls, their policies, and stateless rule groups."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

FIREWALLS = "network_firewall.firewalls"
FIREWALL = "network_firewall.firewall"
POLICIES = "network_firewall.policies"
POLICY = "network_firewall.policy"
SAFE_ACTIONS = ("aws:drop", "aws:forward_to_sfe")
"""What may happen to packets that no stateless rule is about. Source: Security Hub NetworkFirewall.4 and .5."""


@check("networkfirewall_deletion_protection", over=FIREWALLS, reads=(FIREWALL,))
def firewall_cannot_be_deleted(firewall: Resource, view: View) -> Verdict | None:
    """Fail if a firewall can be deleted at once. Source: DescribeFirewall, DeleteProtection.

    Control: Security Hub NetworkFirewall.9.
    """
    return _protected(firewall, view, "DeleteProtection", "deletion")


@check("networkfirewall_subnet_change_protection", over=FIREWALLS, reads=(FIREWALL,))
def firewall_keeps_its_subnets(firewall: Resource, view: View) -> Verdict | None:
    """Fail if the subnets of a firewall can be changed at once. Source: DescribeFirewall, SubnetChangeProtection.

    Control: Security Hub NetworkFirewall.10.
    """
    return _protected(firewall, view, "SubnetChangeProtection", "changes of its subnets")


def _protected(firewall: Resource, view: View, field: str, what: str) -> Verdict | None:
    said = view.one_of(FIREWALL, firewall)
    if said is None:
        return None
    on = bool(said.get(field, False))
    return verdict(on, f"It is protected against {what}.", f"It is not protected against {what}.", **{field: on})


@check("networkfirewall_logging", over=FIREWALLS, reads=("network_firewall.logging",))
def firewall_logs(firewall: Resource, view: View) -> Verdict:
    """Fail if a firewall logs nothing. Source: DescribeLoggingConfiguration, LogDestinationConfigs.

    Control: Security Hub NetworkFirewall.2.
    """
    logs = [
        f"{one['LogType']} to {one['LogDestinationType']}" for one in view.all_of("network_firewall.logging", firewall)
    ]
    return verdict(bool(logs), f"It logs {', '.join(logs)}.", "It logs nothing.", LogDestinationConfigs=logs)


@check("networkfirewall_policy_has_rule_group", over=POLICIES, reads=(POLICY,))
def policy_has_rules(policy: Resource, view: View) -> Verdict | None:
    """Fail if a policy has no rule group, stateless or stateful. Source: DescribeFirewallPolicy.

    Control: Security Hub NetworkFirewall.3.
    """
    said = view.one_of(POLICY, policy)
    if said is None:
        return None
    counts = {kind: len(said.get(f"{kind}RuleGroupReferences") or ()) for kind in ("Stateless", "Stateful")}
    told = f"Rule groups: {counts['Stateless']} stateless, {counts['Stateful']} stateful."
    return verdict(any(counts.values()), told, "It has no rule group.", **counts)


@check("networkfirewall_full_packet_default_action", over=POLICIES, reads=(POLICY,))
def full_packets_are_inspected(policy: Resource, view: View) -> Verdict | None:
    """Fail unless full packets without a stateless rule are dropped or forwarded to stateful rules.

    Source: DescribeFirewallPolicy, StatelessDefaultActions. Control: Security Hub NetworkFirewall.4.
    """
    return _default_action(policy, view, "StatelessDefaultActions", "full packets")


@check("networkfirewall_fragment_default_action", over=POLICIES, reads=(POLICY,))
def fragments_are_inspected(policy: Resource, view: View) -> Verdict | None:
    """Fail unless fragments without a stateless rule are dropped or forwarded to stateful rules.

    Source: DescribeFirewallPolicy, StatelessFragmentDefaultActions. Control: Security Hub NetworkFirewall.5.
    """
    return _default_action(policy, view, "StatelessFragmentDefaultActions", "fragments")


def _default_action(policy: Resource, view: View, field: str, packets: str) -> Verdict | None:
    said = view.one_of(POLICY, policy)
    if said is None:
        return None
    actions = list(said.get(field) or ())
    told = ", ".join(actions) or "nothing"
    return verdict(
        any(action in SAFE_ACTIONS for action in actions),
        f"For {packets} that no stateless rule is about it does {told}.",
        f"For {packets} that no stateless rule is about it does {told}: nothing inspects them.",
        **{field: actions},
    )


@check(
    "networkfirewall_stateless_group_not_empty",
    over="network_firewall.stateless_rule_groups",
    reads=("network_firewall.stateless_rule_group",),
)
def group_has_rules(group: Resource, view: View) -> Verdict:
    """Fail if a stateless rule group has no rules. Source: DescribeRuleGroup, RulesSource (absent without rules).

    Control: Security Hub NetworkFirewall.6.
    """
    said = view.one_of("network_firewall.stateless_rule_group", group)
    count = said["Rules"] if said else 0
    return verdict(count > 0, f"Rules: {count}.", "It has no rules.", Rules=count)
