import json
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto


@on_moto()
def stacks_with_notifications(aws: Aws) -> Verdicts:
    cloudformation = aws("cloudformation")
    topic = aws("sns").create_topic(Name="stacks")["TopicArn"]
    template = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {}}}})
    cloudformation.create_stack(StackName="told", TemplateBody=template, NotificationARNs=[topic])
    cloudformation.create_stack(StackName="quiet", TemplateBody=template)
    return {
        "cloudformation_stack_notifications": Expected(good=["told"], bad=["quiet"]),
        "cloudformation_stack_drift_free": Expected(bad=["told", "quiet"]),
    }


@on_answers
def stacks_with_and_without_drift() -> Answers:
    drift: dict[str, dict[str, Any]] = {
        "same": {"StackDriftStatus": "IN_SYNC", "LastCheckTimestamp": "2026-05-01T00:00:00Z"},
        "changed": {"StackDriftStatus": "DRIFTED", "LastCheckTimestamp": "2026-05-01T00:00:00Z"},
        "unseen": {"StackDriftStatus": "NOT_CHECKED"},
    }
    stacks: list[dict[str, Any]] = [
        {
            "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1",
            "StackName": name,
            "StackStatus": "CREATE_COMPLETE",
            "CreationTime": "2026-01-01T00:00:00Z",
            "DriftInformation": told,
        }
        for name, told in drift.items()
    ]
    stacks.append({**stacks[0], "StackName": "planned", "StackStatus": "REVIEW_IN_PROGRESS"})
    return Answers(
        says={"cloudformation.describe_stacks": {"Stacks": stacks}},
        verdicts={"cloudformation_stack_drift_free": Expected(good=["same"], bad=["changed", "unseen"])},
    )
