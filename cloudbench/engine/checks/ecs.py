"""What must hold of ECS clusters, services and task definitions."""

from typing import Any

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

INSIGHTS_ON = ("enabled", "enhanced")

LATEST_PLATFORM = {"linux": "1.4.0", "windows": "1.0.0"}
"""Newest Fargate platform version by family. Source: Security Hub ECS.10."""

ROOT = ("", "root", "0")
"""Values of a container's user that mean root; "" is an image's default, which is root unless the image says so."""


@check("ecs_cluster_container_insights", over="ecs.clusters")
def has_container_insights(cluster: Resource, view: View) -> Verdict | None:
    """Fail unless Container Insights is enabled, plain or with enhanced observability; deleted clusters are left out.

    Source: DescribeClusters, settings with include SETTINGS, name containerInsights.
    """
    if cluster.get("status") == "INACTIVE":
        return None
    values = [one.get("value", "") for one in cluster.get("settings", ()) if one.get("name") == "containerInsights"]
    value = values[0] if values else "disabled"
    return verdict(
        value in INSIGHTS_ON, f"Container Insights is {value}.", "Container Insights is off.", containerInsights=value
    )


# --- Services ---------------------------------------------------------------------------------------------------------


def _on_fargate(service: Resource) -> bool:
    providers = [one.get("capacityProvider", "") for one in service.get("capacityProviderStrategy", ())]
    return service.get("launchType") == "FARGATE" or any(name in ("FARGATE", "FARGATE_SPOT") for name in providers)


@check("ecs_fargate_platform_latest", over="ecs.services")
def runs_on_latest_platform(service: Resource, view: View) -> Verdict | None:
    """Fail if a service on Fargate is pinned to an older platform version; inactive services are left out.

    Source: DescribeServices, platformVersion ("LATEST" or a number) and platformFamily.
    """
    if service.get("status") == "INACTIVE" or not _on_fargate(service):
        return None
    family = "windows" if str(service.get("platformFamily", "")).lower().startswith("windows") else "linux"
    version, latest = service.get("platformVersion") or "LATEST", LATEST_PLATFORM[family]
    return verdict(
        version in ("LATEST", latest),
        f"It runs on platform version {version}.",
        f"It is pinned to platform version {version}; the newest for {family.capitalize()} is {latest}.",
        platformVersion=version,
        platformFamily=service.get("platformFamily", ""),
    )


@check("ecs_service_no_public_ip", over="ecs.services")
def gives_no_public_addresses(service: Resource, view: View) -> Verdict | None:
    """Fail if its tasks get public IP addresses; services without network interfaces of their own are left out.

    Source: DescribeServices, networkConfiguration.awsvpcConfiguration.assignPublicIp (DISABLED when absent).
    """
    network = (service.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if service.get("status") == "INACTIVE" or not network:
        return None
    assigned = network.get("assignPublicIp", "DISABLED")
    return verdict(
        assigned != "ENABLED",
        "Its tasks get no public IP address.",
        "Each of its tasks gets a public IP address.",
        assignPublicIp=assigned,
        subnets=network.get("subnets", []),
    )


# --- Task definitions: the newest active revision of each family ------------------------------------------------------


def _containers(definition: Resource) -> list[dict[str, Any]]:
    return list(definition.get("containerDefinitions") or ())


def _all_but(definition: Resource, at_fault: list[str], good: str, bad: str) -> Verdict | None:
    """Say ``bad`` of the containers ``at_fault``, else ``good``; nothing of a definition without containers."""
    if not _containers(definition):
        return None
    return failed(f"{bad}: {', '.join(at_fault)}.", containers=at_fault) if at_fault else passed(good)


@check("ecs_container_not_privileged", over="ecs.task_definitions")
def no_container_is_privileged(definition: Resource, view: View) -> Verdict | None:
    """Fail if a container runs privileged. Source: DescribeTaskDefinition, containerDefinitions[].privileged."""
    names = [one["name"] for one in _containers(definition) if one.get("privileged")]
    return _all_but(definition, names, "No container is privileged.", "Privileged, like root on the host")


@check("ecs_container_readonly_root", over="ecs.task_definitions")
def root_file_systems_are_read_only(definition: Resource, view: View) -> Verdict | None:
    """Fail if a container may write to its root file system; absent means it may. Windows does not know the setting.

    Source: DescribeTaskDefinition, containerDefinitions[].readonlyRootFilesystem.
    """
    if (definition.get("runtimePlatform") or {}).get("operatingSystemFamily", "").startswith("WINDOWS"):
        return None
    names = [one["name"] for one in _containers(definition) if not one.get("readonlyRootFilesystem")]
    return _all_but(
        definition, names, "All root file systems are read-only.", "Containers may write to their root file system"
    )


@check("ecs_container_env_no_secrets", over="ecs.task_definitions")
def environments_hold_no_secrets(definition: Resource, view: View) -> Verdict | None:
    """Fail if a variable holds a credential in clear text, by its name or by what its value looks like.

    References to Secrets Manager or Parameter Store (``secrets``) are no variables. Values are never kept.
    Source: DescribeTaskDefinition, containerDefinitions[].environment.
    """
    found = [
        f"{container['name']}/{variable['name']}"
        for container in _containers(definition)
        for variable in container["environment"]
        if variable["holds"]
    ]
    return _all_but(definition, found, "No variable holds a credential.", "Variables hold credentials in clear text")


@check("ecs_task_logging_configured", over="ecs.task_definitions")
def every_container_logs(definition: Resource, view: View) -> Verdict | None:
    """Fail if a container has no log driver. Source: DescribeTaskDefinition, logConfiguration of the containers."""
    names = [one["name"] for one in _containers(definition) if not one["logDriver"]]
    return _all_but(definition, names, "Every container has a log driver.", "Containers have no log driver")


@check("ecs_task_no_host_pid", over="ecs.task_definitions")
def keeps_processes_apart(definition: Resource, view: View) -> Verdict:
    """Fail if tasks share the host's process namespace. Source: DescribeTaskDefinition, pidMode."""
    mode = definition.get("pidMode") or ""
    return verdict(
        mode != "host",
        "Tasks do not see the host's processes.",
        "Tasks share the process namespace of their host.",
        pidMode=mode,
    )


@check("ecs_task_host_network_user", over="ecs.task_definitions")
def host_network_is_for_declared_users(definition: Resource, view: View) -> Verdict:
    """Fail if a container on the host's network runs as root by default: neither privileged nor a user is declared.

    Rule: Security Hub ECS.1, where declaring privileged shows intent. Source: DescribeTaskDefinition, networkMode,
    containerDefinitions[].user and privileged.
    """
    mode = definition.get("networkMode") or "bridge"
    if mode != "host":
        return passed("Tasks do not use the host's network.", networkMode=mode)
    names = [one["name"] for one in _containers(definition) if not one.get("privileged") and _is_root(one)]
    if names:
        return failed(f"On the host's network run as root: {', '.join(names)}.", networkMode=mode, containers=names)
    return passed("Each container on the host's network declares its rights.", networkMode=mode)


def _is_root(container: dict[str, Any]) -> bool:
    return str(container.get("user") or "").partition(":")[0] in ROOT
