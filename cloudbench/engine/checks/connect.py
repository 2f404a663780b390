"""What must hold of Amazon Connect instances."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check("connect_instance_flow_logging", over="connect.instances", reads=("connect.contact_flow_logs",))
def logs_flows(instance: Resource, view: View) -> Verdict | None:
    """Fail unless flows are logged to CloudWatch; instances being created, or that failed to be, are left out.

    Source: DescribeInstanceAttribute, CONTACTFLOW_LOGS ("true" or "false").
    """
    if instance.get("InstanceStatus") != "ACTIVE":
        return None
    told = view.one_of("connect.contact_flow_logs", instance)
    value = str(told.get("Value", "false")).lower() if told else "false"
    return verdict(value == "true", "Flows are logged to CloudWatch.", "Flows are not logged.", CONTACTFLOW_LOGS=value)
