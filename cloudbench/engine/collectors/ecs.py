"""ECS clusters, services, and the newest active revision of each family of task definitions."""

from collections.abc import Iterator
from typing import Any

from cloudbench.engine.collectors.credentials import credential_in
from cloudbench.engine.inventory import Data
from cloudbench.engine.registry import batch, detail, listing

PAGE = {"maxResults": 100}

listing(
    "ecs.cluster_arns",
    "ecs.list_clusters",
    params=PAGE,
    items="clusterArns[].{clusterArn: @}",
    arn="{clusterArn}",
    label="clusterArn",
)
batch(
    "ecs.clusters",
    "ecs.describe_clusters",
    of="ecs.cluster_arns",
    size=100,
    ask_many=lambda clusters: {"clusters": [cluster.arn for cluster in clusters], "include": ["SETTINGS"]},
    items="clusters",
    arn="{clusterArn}",
    label="clusterName",
    keep=("clusterName", "status", "settings"),
)
detail(
    "ecs.service_arns",
    "ecs.list_services",
    of="ecs.cluster_arns",
    ask=lambda cluster: {"cluster": cluster.arn},
    params=PAGE,
    items="serviceArns[].{serviceArn: @}",
    arn="{serviceArn}",
    label="serviceArn",
)
batch(
    "ecs.services",
    "ecs.describe_services",
    of="ecs.service_arns",
    size=10,
    group=lambda service: service.parent,
    ask_many=lambda services: {"cluster": services[0].parent, "services": [service.arn for service in services]},
    items="services",
    arn="{serviceArn}",
    label="serviceName",
    keep=(
        "serviceName",
        "clusterArn",
        "status",
        "launchType",
        "capacityProviderStrategy",
        "platformVersion",
        "platformFamily",
        "networkConfiguration",
        "taskDefinition",
    ),
)
listing(
    "ecs.task_families",
    "ecs.list_task_definition_families",
    params={"status": "ACTIVE", **PAGE},
    items="families[].{family: @}",
    arn="arn:{partition}:ecs:{region}:{account}:task-definition/{family}",
    label="family",
)


def _without_values(answer: Data) -> Iterator[Data]:
    """Yield the task definition; of environments the names stay, and what each value looks like."""
    definition = answer["taskDefinition"]
    yield {
        **definition,
        "name": f"{definition['family']}:{definition['revision']}",
        "containerDefinitions": [_container(one) for one in definition["containerDefinitions"]],
    }


def _container(told: dict[str, Any]) -> Data:
    kept: dict[str, Any] = {
        name: told[name] for name in ("name", "privileged", "user", "readonlyRootFilesystem") if name in told
    }
    variables = [(one.get("name", ""), credential_in(one.get("name", ""), one.get("value", ""))) for one in
                 told.get("environment", [])]  # fmt: skip
    return {
        **kept,
        "logDriver": told.get("logConfiguration", {}).get("logDriver", ""),
        "environment": [{"name": name, "holds": holds} for name, holds in variables],
    }


detail(
    "ecs.task_definitions",
    "ecs.describe_task_definition",
    of="ecs.task_families",
    ask=lambda family: {"taskDefinition": family["family"]},  # a family stands for its newest active revision
    items=_without_values,
    arn="{taskDefinitionArn}",
    label="name",
    keep=("family", "revision", "networkMode", "pidMode", "runtimePlatform", "containerDefinitions"),
)
