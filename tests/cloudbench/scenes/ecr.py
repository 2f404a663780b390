import json
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto


@on_moto()
def repositories(aws: Aws) -> Verdicts:
    ecr = aws("ecr")
    ecr.create_repository(
        repositoryName="team/good", imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}
    )
    ecr.create_repository(repositoryName="plain")
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9},
        "action": {"type": "expire"},
    }
    ecr.put_lifecycle_policy(repositoryName="team/good", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    both = Expected(good=["team/good"], bad=["plain"])
    return {"ecr_repository_tag_immutable": both, "ecr_repository_lifecycle_policy": both}


def _repository(name: str, **settings: Any) -> dict[str, Any]:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"
    return {"repositoryArn": arn, "repositoryName": name, **settings}


@on_answers
def repositories_scanned_in_all_ways() -> Answers:
    kinds: dict[str, dict[str, Any]] = {
        "pushed": {"scanOnPush": True, "scanFrequency": "SCAN_ON_PUSH"},
        "continuous": {"scanOnPush": False, "scanFrequency": "CONTINUOUS_SCAN"},
        "manual": {"scanOnPush": False, "scanFrequency": "MANUAL"},
        "untold": {},
        "own": {"scanOnPush": False, "scanFrequency": "MANUAL"},
    }
    own = {"own": {"scanOnPush": True}}
    mutable = {"pushed": "IMMUTABLE", "continuous": "IMMUTABLE_WITH_EXCLUSION", "manual": "MUTABLE_WITH_EXCLUSION"}
    return Answers(
        says={
            "ecr.describe_repositories": {
                "repositories": [
                    _repository(
                        name,
                        imageTagMutability=mutable.get(name, "MUTABLE"),
                        imageScanningConfiguration=own.get(name, {"scanOnPush": False}),
                    )
                    for name in kinds
                ]
            },
            "ecr.batch_get_repository_scanning_configuration": lambda params: {
                "scanningConfigurations": [_repository(name, **kinds[name]) for name in params["repositoryNames"]]
            },
        },
        verdicts={
            "ecr_repository_scan_on_push": Expected(good=["pushed", "continuous", "own"], bad=["manual", "untold"]),
            "ecr_repository_tag_immutable": Expected(good=["pushed"], bad=["continuous", "manual", "untold", "own"]),
        },
    )
