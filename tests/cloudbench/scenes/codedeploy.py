from typing import Any

from tests.cloudbench.scenes import Answers, Expected, on_answers

CONFIGS = {
    "canary": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
    "linear": "OwnLinear",
    "at-once": "CodeDeployDefault.LambdaAllAtOnce",
    "own-at-once": "OwnAtOnce",
}


@on_answers
def deployment_groups() -> Answers:
    platforms = {"functions": "Lambda", "servers": "Server"}

    def listed(params: Any) -> dict[str, Any]:
        assert params["applicationName"] == "functions", "only applications on Lambda are of interest"
        return {"applicationName": "functions", "deploymentGroups": list(CONFIGS)}

    def config(params: Any) -> dict[str, Any]:
        kind = "TimeBasedLinear" if params["deploymentConfigName"] == "OwnLinear" else "AllAtOnce"
        name = params["deploymentConfigName"]
        return {"deploymentConfigInfo": {"deploymentConfigName": name, "trafficRoutingConfig": {"type": kind}}}

    return Answers(
        says={
            "codedeploy.list_applications": {"applications": list(platforms)},
            "codedeploy.batch_get_applications": lambda params: {
                "applicationsInfo": [
                    {"applicationName": name, "computePlatform": platforms[name]} for name in params["applicationNames"]
                ]
            },
            "codedeploy.list_deployment_groups": listed,
            "codedeploy.batch_get_deployment_groups": lambda params: {
                "deploymentGroupsInfo": [
                    {
                        "applicationName": params["applicationName"],
                        "deploymentGroupName": name,
                        "deploymentConfigName": CONFIGS[name],
                        "computePlatform": "Lambda",
                    }
                    for name in params["deploymentGroupNames"]
                ]
            },
            "codedeploy.get_deployment_config": config,
        },
        verdicts={
            "codedeploy_lambda_gradual_traffic_shift": Expected(
                good=["canary", "linear"], bad=["at-once", "own-at-once"]
            )
        },
    )
