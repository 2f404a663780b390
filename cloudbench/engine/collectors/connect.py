"""Amazon Connect instances and whether they log their contact flows."""

from cloudbench.engine.registry import detail, listing

listing(
    "connect.instances",
    "connect.list_instances",
    items="InstanceSummaryList",
    arn="{Arn}",
    label="Id",
    keep=("Id", "InstanceAlias", "InstanceStatus"),
)
detail(
    "connect.contact_flow_logs",
    "connect.describe_instance_attribute",
    of="connect.instances",
    ask=lambda instance: {"InstanceId": instance["Id"], "AttributeType": "CONTACTFLOW_LOGS"},
    when=lambda instance: instance.get("InstanceStatus") == "ACTIVE",
    items="Attribute",
    keep=("Value",),
)
