"""What must hold of Step Functions state machines."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check("stepfunctions_logging", over="stepfunctions.state_machines", reads=("stepfunctions.state_machine_logging",))
def logs_executions(machine: Resource, view: View) -> Verdict:
    """Fail unless executions are logged to a destination. Source: DescribeStateMachine, loggingConfiguration.level
    (OFF when absent) and destinations.
    """
    told = view.one_of("stepfunctions.state_machine_logging", machine)
    config = (told.get("loggingConfiguration") if told else None) or {}
    level = config.get("level", "OFF")
    return verdict(
        level != "OFF" and bool(config.get("destinations")),
        f"Executions are logged at level {level}.",
        "Executions are not logged.",
        level=level,
    )
