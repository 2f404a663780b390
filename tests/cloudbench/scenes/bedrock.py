from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonBedrockFullAccess"


@on_moto(keep_defaults=True)
def invocations_logged(aws: Aws) -> Verdicts:
    to_bucket = {"s3Config": {"bucketName": "prompts", "keyPrefix": "a"}, "textDataDeliveryEnabled": True}
    aws("s3").create_bucket(Bucket="prompts", CreateBucketConfiguration={"LocationConstraint": REGION})
    aws("bedrock").put_model_invocation_logging_configuration(loggingConfig=to_bucket)
    return {"bedrock_invocation_logging": Expected(good=[ROOT])}


@on_moto(keep_defaults=True)
def invocations_not_logged(aws: Aws) -> Verdicts:
    return {"bedrock_invocation_logging": Expected(bad=[ROOT])}


@on_moto()
def models_reached_privately_and_not(aws: Aws) -> Verdicts:
    ec2 = aws("ec2")
    private, open_, other = (ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in range(3))
    for vpc, service in ((private, "bedrock-runtime"), (other, "bedrock")):
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Interface")
    return {"bedrock_vpc_endpoint_configured": Expected(good=[private], bad=[open_, other])}


def principals(**attached: str) -> dict[str, Any]:
    def policies(kind: str) -> list[dict[str, str]]:
        arn = attached.get(kind)
        return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}] if arn else []

    def detail(kind: str) -> dict[str, Any]:
        return {"Arn": f"arn:aws:iam::{ACCOUNT}:{kind}/one", "AttachedManagedPolicies": policies(kind)}

    return {
        "UserDetailList": [detail("user") | {"UserName": "one"}],
        "GroupDetailList": [detail("group") | {"GroupName": "one"}],
        "RoleDetailList": [detail("role") | {"RoleName": "one"}],
        "Policies": [],
    }


@on_answers
def full_access_granted() -> Answers:
    return Answers(
        says={"iam.get_account_authorization_details": principals(role=FULL_ACCESS)},
        verdicts={"bedrock_full_access_not_attached": Expected(bad=[FULL_ACCESS])},
    )


@on_answers
def full_access_not_granted() -> Answers:
    namesake = f"arn:aws:iam::{ACCOUNT}:policy/AmazonBedrockFullAccess"
    return Answers(
        says={"iam.get_account_authorization_details": principals(user=namesake)},
        verdicts={"bedrock_full_access_not_attached": Expected(good=[FULL_ACCESS])},
    )
