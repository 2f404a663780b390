import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROLE = f"arn:aws:iam::{ACCOUNT}:role/fn"


def _arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _code() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): ...")
    return held.getvalue()


@on_moto()
def functions_with_limits_and_networks(aws: Aws) -> Verdicts:
    aws("iam").create_role(RoleName="fn", AssumeRolePolicyDocument="{}")
    ec2, functions = aws("ec2"), aws("lambda")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = {
        number: ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=REGION + zone)["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("aab")
    }

    def create(name: str, **settings: Any) -> None:
        functions.create_function(
            FunctionName=name,
            Role=ROLE,
            Runtime="python3.13",
            Handler="index.handler",
            Code={"ZipFile": _code()},
            **settings,
        )

    create("plain")
    create("limited")
    create("one-zone", VpcConfig={"SubnetIds": [subnets[0], subnets[1]], "SecurityGroupIds": ["sg-1"]})
    create("two-zones", VpcConfig={"SubnetIds": [subnets[0], subnets[2]], "SecurityGroupIds": ["sg-1"]})
    functions.put_function_concurrency(FunctionName="limited", ReservedConcurrentExecutions=5)
    functions.put_function_concurrency(FunctionName="one-zone", ReservedConcurrentExecutions=0)
    return {
        "lambda_function_in_vpc": Expected(good=["one-zone", "two-zones"], bad=["plain", "limited"]),
        "lambda_function_multi_az": Expected(good=["two-zones"], bad=["one-zone"]),
        "lambda_function_concurrency_limit": Expected(good=["limited", "one-zone"], bad=["plain", "two-zones"]),
    }


def _statement(principal: Any, condition: Any = None, **more: Any) -> dict[str, Any]:
    told = {"Sid": "s", "Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": "*"}
    return {**told, **({"Condition": condition} if condition else {}), **more}


POLICIES = {
    "closed": None,
    "own-account": [_statement({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})],
    "organization": [_statement("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}})],
    "bucket-of-account": [
        _statement({"Service": "s3.amazonaws.com"}, {"StringEquals": {"AWS:SourceAccount": ACCOUNT}})
    ],
    "bucket-of-anyone": [_statement({"Service": "s3.amazonaws.com"})],
    "star": [_statement("*")],
    "aws-star": [_statement({"AWS": "*"})],
    "open-url": [_statement("*", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}})],
    "star-denied": [_statement("*"), _statement("*", Effect="Deny")],
}


@on_answers
def functions_that_others_may_invoke() -> Answers:
    def policy(params: Mapping[str, Any]) -> Any:
        statements = POLICIES[params["FunctionName"]]
        if statements is None:
            return CallFailed("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements}), "RevisionId": "1"}

    return Answers(
        says={
            "lambda.list_functions": {
                "Functions": [{"FunctionName": name, "FunctionArn": _arn(name)} for name in POLICIES]
            },
            "lambda.get_policy": policy,
        },
        verdicts={
            "lambda_function_not_public": Expected(
                good=["closed", "own-account", "organization", "bucket-of-account", "star-denied"],
                bad=["bucket-of-anyone", "star", "aws-star", "open-url"],
            )
        },
    )


@on_answers
def functions_with_dead_letter_queues() -> Answers:  # which moto forgets
    targets: dict[str, dict[str, Any]] = {
        "queued": {"DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"}},
        "emptied": {"DeadLetterConfig": {}},
        "never": {},
    }
    functions = [{"FunctionName": name, "FunctionArn": _arn(name), **told} for name, told in targets.items()]
    return Answers(
        says={"lambda.list_functions": {"Functions": functions}},
        verdicts={"lambda_function_dead_letter_queue": Expected(good=["queued"], bad=["emptied", "never"])},
    )


@on_answers
def functions_with_urls() -> Answers:
    kinds = {"signed": ["AWS_IAM"], "open": ["NONE"], "none": [], "alias": ["AWS_IAM", "NONE"]}

    def urls(params: Mapping[str, Any]) -> dict[str, Any]:
        name = params["FunctionName"]
        return {
            "FunctionUrlConfigs": [
                {
                    "FunctionUrl": f"https://{name}{number}.lambda-url.{REGION}.on.aws/",
                    "FunctionArn": _arn(name) + (f":v{number}" if number else ""),
                    "AuthType": kind,
                    "CreationTime": "2026-01-01T00:00:00Z",
                    "LastModifiedTime": "2026-01-01T00:00:00Z",
                }
                for number, kind in enumerate(kinds[name])
            ]
        }

    return Answers(
        says={
            "lambda.list_functions": {
                "Functions": [{"FunctionName": name, "FunctionArn": _arn(name)} for name in kinds]
            },
            "lambda.list_function_url_configs": urls,
        },
        verdicts={
            "lambda_function_url_authenticated": Expected(
                good=[_arn("signed"), _arn("alias")], bad=[_arn("open"), _arn("alias:v1")]
            )
        },
    )


def _runtimes(at: datetime, expected: Expected) -> Answers:
    runtimes = {"py38": "python3.8", "py313": "python3.13", "node20": "nodejs20.x", "preview": "nodejs26.x"}
    functions: list[dict[str, Any]] = [
        {"FunctionName": name, "FunctionArn": _arn(name), "Runtime": runtime, "PackageType": "Zip"}
        for name, runtime in runtimes.items()
    ]
    image = {"FunctionName": "image", "FunctionArn": _arn("image"), "PackageType": "Image"}
    return Answers(
        says={"lambda.list_functions": {"Functions": [*functions, image]}},
        verdicts={"lambda_function_supported_runtime": expected},
        at=at,
    )


@on_answers
def functions_with_old_and_new_runtimes() -> Answers:
    last_day = datetime(2026, 4, 29, 23, 59, tzinfo=UTC)
    return _runtimes(last_day, Expected(good=["py313", "node20", "preview"], bad=["py38"]))


@on_answers
def functions_on_the_day_on_which_node_20_ends() -> Answers:
    return _runtimes(datetime(2026, 4, 30, tzinfo=UTC), Expected(good=["py313", "preview"], bad=["py38", "node20"]))
