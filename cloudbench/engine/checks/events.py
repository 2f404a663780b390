"""What must hold of event buses."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check("eventbridge_bus_resource_policy", over="events.event_buses")
def bus_says_who_may_put(bus: Resource, view: View) -> Verdict | None:
    """Fail a custom event bus without a resource policy.

    The default bus and those of partners (aws.partner/...) are left out. Source: ListEventBuses, Policy.
    """
    if bus["Name"] == "default" or bus["Name"].startswith("aws.partner/"):
        return None
    return verdict(bool(bus.get("Policy")), "The bus has a resource policy.", "The bus has no resource policy.")
