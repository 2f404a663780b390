"""Step Functions state machines and how they log; never their definitions."""

from cloudbench.engine.registry import detail, listing

listing(
    "stepfunctions.state_machines",
    "stepfunctions.list_state_machines",
    params={"maxResults": 1000},
    items="stateMachines",
    arn="{stateMachineArn}",
    label="name",
    keep=("type", "creationDate"),
)
detail(
    "stepfunctions.state_machine_logging",
    "stepfunctions.describe_state_machine",
    of="stepfunctions.state_machines",
    ask=lambda machine: {"stateMachineArn": machine.arn},
    keep=("loggingConfiguration",),
)
