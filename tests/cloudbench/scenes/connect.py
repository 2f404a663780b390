from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers


@on_answers
def instances() -> Answers:
    logged = {"logged": "true", "silent": "false"}

    def attribute(params: Any) -> dict[str, Any]:
        assert params["AttributeType"] == "CONTACTFLOW_LOGS"
        return {"Attribute": {"AttributeType": "CONTACTFLOW_LOGS", "Value": logged[params["InstanceId"]]}}

    states = dict.fromkeys(logged, "ACTIVE") | {"new": "CREATION_IN_PROGRESS"}
    arn = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/"
    return Answers(
        says={
            "connect.list_instances": {
                "InstanceSummaryList": [
                    {"Id": name, "Arn": arn + name, "InstanceStatus": state} for name, state in states.items()
                ]
            },
            "connect.describe_instance_attribute": attribute,
        },
        verdicts={"connect_instance_flow_logging": Expected(good=["logged"], bad=["silent"])},
    )
