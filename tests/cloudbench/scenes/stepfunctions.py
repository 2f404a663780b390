import json
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Aws, Expected, Verdicts, on_moto


@on_moto()
def state_machines(aws: Aws) -> Verdicts:
    machines = aws("stepfunctions")
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    group = {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:sfn:*"}}

    def create(name: str, **logging: Any) -> None:
        more = {"loggingConfiguration": logging} if logging else {}
        machines.create_state_machine(
            name=name, definition=definition, roleArn=f"arn:aws:iam::{ACCOUNT}:role/sfn", **more
        )

    create("errors", level="ERROR", destinations=[group])
    create("all", level="ALL", includeExecutionData=True, destinations=[group])
    create("off", level="OFF")
    create("never")
    return {"stepfunctions_logging": Expected(good=["errors", "all"], bad=["off", "never"])}
