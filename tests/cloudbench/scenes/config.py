from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROLE = f"arn:aws:iam::{ACCOUNT}:role/config"
SECOND, THIRD = "eu-west-1", "eu-west-2"
IAM_TYPES = ["AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"]


def record(aws: Aws, region: str, group: dict[str, Any], *, start: bool = True) -> None:
    config = aws("config", region)
    aws("s3").create_bucket(Bucket=f"config-{region}", CreateBucketConfiguration={"LocationConstraint": REGION})
    recorder = {"name": "default", "roleARN": ROLE, "recordingGroup": group}
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": f"config-{region}"})
    if start:
        config.start_configuration_recorder(ConfigurationRecorderName="default")


@on_moto(regions=(REGION, SECOND))
def recorded_everywhere(aws: Aws) -> Verdicts:
    record(aws, REGION, {"allSupported": True, "includeGlobalResourceTypes": True})
    record(aws, SECOND, {"allSupported": True, "includeGlobalResourceTypes": False})
    return {"config_recorder_enabled_all_regions": Expected(good=[REGION, SECOND, "root"])}


@on_moto(regions=(REGION, SECOND, THIRD))
def recorded_in_part(aws: Aws) -> Verdicts:
    record(aws, REGION, {"allSupported": True, "includeGlobalResourceTypes": True}, start=False)
    record(aws, SECOND, {"allSupported": False, "resourceTypes": ["AWS::EC2::Instance"]})
    return {"config_recorder_enabled_all_regions": Expected(bad=[REGION, SECOND, THIRD])}


def told(group: dict[str, Any], verdicts: Expected, status: str = "Success") -> Answers:
    says = {
        "config.describe_configuration_recorders": {
            "ConfigurationRecorders": [{"name": "default", "recordingGroup": group}]
        },
        "config.describe_configuration_recorder_status": {
            "ConfigurationRecordersStatus": [{"name": "default", "recording": True, "lastStatus": status}]
        },
    }
    return Answers(says, {"config_recorder_enabled_all_regions": verdicts})


def all_but(*kinds: str) -> dict[str, Any]:
    strategy = {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}
    excluded = {"resourceTypes": list(kinds)}
    return {"allSupported": False, "recordingStrategy": strategy, "exclusionByResourceTypes": excluded}


@on_answers
def all_but_global_types() -> Answers:
    return told(all_but(*IAM_TYPES), Expected(good=[REGION], bad=[f"{ACCOUNT}:root"]))


@on_answers
def all_but_instances() -> Answers:
    return told(all_but("AWS::EC2::Instance"), Expected(bad=[REGION]))


@on_answers
def a_recorder_that_fails() -> Answers:
    group = {"allSupported": True, "includeGlobalResourceTypes": True}
    return told(group, Expected(bad=[REGION]), status="Failure")
