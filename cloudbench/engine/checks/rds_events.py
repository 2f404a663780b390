"""Which events of databases somebody is told of."""

from typing import NamedTuple

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check


class EventRule(NamedTuple):
    """A control that wants subscribers told of ``categories``. ``existing``: only where such a subscription exists."""

    source: str
    categories: frozenset[str]
    existing: bool


EVENT_RULES = {
    "rds_event_subscription_cluster": EventRule("db-cluster", frozenset(["maintenance", "failure"]), existing=True),
    "rds_event_subscription_instance": EventRule(
        "db-instance", frozenset(["maintenance", "configuration change", "failure"]), existing=True
    ),
    "rds_event_subscription_parameter_group": EventRule(
        "db-parameter-group", frozenset(["configuration change"]), existing=False
    ),
    "rds_event_subscription_security_group": EventRule(
        "db-security-group", frozenset(["configuration change", "failure"]), existing=False
    ),
}
"""Security Hub RDS.19 to RDS.22. Regions without any subscription are left out, as the controls say."""


def _tells_of(check_id: str, rule: EventRule) -> None:
    @check(check_id, over=EACH_REGION, reads=("rds.event_subscriptions",))
    def judge(region: Resource, view: View) -> Verdict | None:
        every = view.in_region("rds.event_subscriptions", region.region)
        fitting = [row for row in every if row.get("SourceType") in (rule.source, None, "")]
        return _told(fitting, rule) if fitting or (every and not rule.existing) else None


def _told(subscriptions: list[Resource], rule: EventRule) -> Verdict:
    """Fail unless the enabled ``subscriptions`` together name all categories; one without a list names all.

    Source: DescribeEventSubscriptions, SourceType, EventCategoriesList, Enabled and Status.
    """
    at_work = [row for row in subscriptions if row.get("Enabled") and row.get("Status") == "active"]
    told: set[str] = set()
    for row in at_work:
        told |= set(row.get("EventCategoriesList") or rule.categories)
    missing = sorted(rule.categories - told)
    return verdict(
        not missing,
        f"Subscribers are told of {', '.join(sorted(rule.categories))} of {rule.source}s.",
        f"Nobody is told of {', '.join(missing)} of {rule.source}s.",
        CustSubscriptionId=[row.name for row in at_work],
    )


for _id, _event_rule in EVENT_RULES.items():
    _tells_of(_id, _event_rule)
