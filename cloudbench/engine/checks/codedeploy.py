"""What must hold of CodeDeploy deployment groups."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

ALL_AT_ONCE = ("CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.AllAtOnce")


@check(
    "codedeploy_lambda_gradual_traffic_shift",
    over="codedeploy.deployment_groups",
    reads=("codedeploy.own_deployment_configs",),
)
def shifts_traffic_gradually(group: Resource, view: View) -> Verdict:
    """Fail a group on Lambda that moves all traffic to a new version at once, by AWS's configuration or an own one.

    Source: BatchGetDeploymentGroups, deploymentConfigName; GetDeploymentConfig, trafficRoutingConfig.type.
    """
    name = group["deploymentConfigName"]
    at_once = name in ALL_AT_ONCE
    if not name.startswith("CodeDeployDefault."):
        own = view.one_of("codedeploy.own_deployment_configs", group)
        at_once = own is None or (own.get("trafficRoutingConfig") or {}).get("type", "AllAtOnce") == "AllAtOnce"
    return verdict(
        not at_once,
        f"{name} shifts traffic step by step.",
        f"{name} moves all traffic to the new version at once.",
        deploymentConfigName=name,
    )
