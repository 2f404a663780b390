"""Application, Network and Gateway Load Balancers, their attributes, listeners, rules and web ACLs."""

from collections.abc import Iterable, Iterator

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "elbv2.load_balancers",
    "elbv2.describe_load_balancers",
    items="LoadBalancers",
    arn="{LoadBalancerArn}",
    label="LoadBalancerName",
    keep=("LoadBalancerName", "Type", "Scheme", "DNSName", "VpcId", "AvailabilityZones", "SecurityGroups"),
)


def _by_key(answer: Data) -> list[Data]:
    return [{attribute["Key"]: attribute["Value"] for attribute in answer["Attributes"]}]


def _this_balancer(balancer: Resource) -> Data:
    return {"LoadBalancerArn": balancer.arn}


detail(
    "elbv2.load_balancer_attributes",
    "elbv2.describe_load_balancer_attributes",
    of="elbv2.load_balancers",
    ask=_this_balancer,
    items=_by_key,
)


def _sends_to_https(actions: Iterable[Data]) -> bool:
    return any(one["Type"] == "redirect" and one["RedirectConfig"].get("Protocol") == "HTTPS" for one in actions)


def _listeners(answer: Data) -> Iterator[Data]:
    """Yield listeners, named e.g. "HTTPS:443", and whether their default action sends the client to HTTPS."""
    for listener in answer["Listeners"]:
        name = f"{listener.get('Protocol', 'GENEVE')}:{listener.get('Port', 6081)}"
        yield {**listener, "Name": name, "RedirectsToHttps": _sends_to_https(listener["DefaultActions"])}


def _rules(answer: Data) -> Iterator[Data]:
    """Yield rules with the types of their actions, and whether these send the client to HTTPS."""
    for rule in answer["Rules"]:
        types = [action["Type"] for action in rule["Actions"]]
        yield {**rule, "ActionTypes": types, "RedirectsToHttps": _sends_to_https(rule["Actions"])}


detail(
    "elbv2.listeners",
    "elbv2.describe_listeners",
    of="elbv2.load_balancers",
    ask=_this_balancer,
    items=_listeners,
    arn="{ListenerArn}",
    label="Name",
    keep=("Protocol", "Port", "SslPolicy", "RedirectsToHttps"),
)
detail(  # a listener whose default does not redirect needs no look at its rules
    "elbv2.listener_rules",
    "elbv2.describe_rules",
    of="elbv2.listeners",
    ask=lambda listener: {"ListenerArn": listener.arn},
    when=lambda listener: listener.get("Protocol") == "HTTP" and listener["RedirectsToHttps"],
    items=_rules,
    arn="{RuleArn}",
    label="RuleArn",
    keep=("Priority", "IsDefault", "ActionTypes", "RedirectsToHttps"),
)
detail(
    "wafv2.web_acl_of_load_balancer",
    "wafv2.get_web_acl_for_resource",
    of="elbv2.load_balancers",
    ask=lambda balancer: {"ResourceArn": balancer.arn},
    when=lambda balancer: balancer["Type"] == "application",
    items="WebACL",
    keep=("Name", "ARN"),
    absent=("WAFNonexistentItemException",),
)
