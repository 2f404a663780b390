"""CodeDeploy applications; of those on Lambda the deployment groups and their own deployment configurations."""

from cloudbench.engine.inventory import Data
from cloudbench.engine.registry import batch, detail, listing

listing(
    "codedeploy.application_names",
    "codedeploy.list_applications",
    items="applications[].{name: @}",
    arn="arn:{partition}:codedeploy:{region}:{account}:application:{name}",
    label="name",
)
batch(
    "codedeploy.applications",
    "codedeploy.batch_get_applications",
    of="codedeploy.application_names",
    size=100,
    ask_many=lambda applications: {"applicationNames": [application["name"] for application in applications]},
    items="applicationsInfo",
    arn="arn:{partition}:codedeploy:{region}:{account}:application:{applicationName}",
    label="applicationName",
    keep=("applicationName", "computePlatform"),
)


def _named(answer: Data) -> list[Data]:
    return [{"application": answer["applicationName"], "name": name} for name in answer["deploymentGroups"]]


detail(
    "codedeploy.deployment_group_names",
    "codedeploy.list_deployment_groups",
    of="codedeploy.applications",
    ask=lambda application: {"applicationName": application["applicationName"]},
    when=lambda application: application.get("computePlatform") == "Lambda",
    items=_named,
    arn="arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:{application}/{name}",
    label="name",
)
batch(
    "codedeploy.deployment_groups",
    "codedeploy.batch_get_deployment_groups",
    of="codedeploy.deployment_group_names",
    size=100,
    group=lambda group: str(group["application"]),
    ask_many=lambda groups: {
        "applicationName": groups[0]["application"],
        "deploymentGroupNames": [group["name"] for group in groups],
    },
    items="deploymentGroupsInfo",
    arn="arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:{applicationName}/{deploymentGroupName}",
    label="deploymentGroupName",
    keep=("applicationName", "deploymentConfigName", "computePlatform"),
)
detail(  # what AWS's own configurations do, their names say
    "codedeploy.own_deployment_configs",
    "codedeploy.get_deployment_config",
    of="codedeploy.deployment_groups",
    ask=lambda group: {"deploymentConfigName": group["deploymentConfigName"]},
    when=lambda group: not group["deploymentConfigName"].startswith("CodeDeployDefault."),
    items="deploymentConfigInfo",
    keep=("deploymentConfigName", "trafficRoutingConfig"),
)
