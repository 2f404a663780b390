from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

KINDS = {
    "inspector_ec2_scanning": "ec2",
    "inspector_ecr_scanning": "ecr",
    "inspector_lambda_scanning": "lambda",
    "inspector_lambda_code_scanning": "lambdaCode",
}


def scanning(good: bool, **statuses: str) -> Answers:
    def state(kind: str) -> dict[str, Any]:
        return {"status": statuses[kind], "errorCode": "RESOURCE_NOT_FOUND", "errorMessage": "none"}

    whole = {"status": "ENABLED", "errorCode": "RESOURCE_NOT_FOUND", "errorMessage": "none"}
    account = {"accountId": ACCOUNT, "state": whole, "resourceState": {kind: state(kind) for kind in statuses}}
    says = {"inspector2.batch_get_account_status": {"accounts": [account], "failedAccounts": []}}
    expected = Expected(good=[REGION]) if good else Expected(bad=[REGION])
    return Answers(says, {check: expected for check, kind in KINDS.items() if kind in statuses})


@on_answers
def everything_is_scanned() -> Answers:
    return scanning(True, **dict.fromkeys(KINDS.values(), "ENABLED"))


@on_answers
def nothing_is_scanned() -> Answers:
    return scanning(False, ec2="DISABLED", ecr="SUSPENDED", lambdaCode="ENABLING", **{"lambda": "DISABLED"})


@on_answers
def code_scanning_is_not_told() -> Answers:
    answers = scanning(False, ec2="DISABLED", ecr="DISABLED")
    return Answers(answers.says, {"inspector_lambda_code_scanning": Expected(bad=[REGION])})
