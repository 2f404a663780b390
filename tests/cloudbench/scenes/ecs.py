from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto


@on_moto()
def clusters_with_and_without_insights(aws: Aws) -> Verdicts:
    ecs = aws("ecs")
    for name, value in {"watched": "enabled", "closely": "enhanced", "off": "disabled"}.items():
        ecs.create_cluster(clusterName=name, settings=[{"name": "containerInsights", "value": value}])
    ecs.create_cluster(clusterName="never-set")
    return {"ecs_cluster_container_insights": Expected(good=["watched", "closely"], bad=["off", "never-set"])}


SAFE = {
    "name": "app",
    "image": "app:1",
    "memory": 128,
    "readonlyRootFilesystem": True,
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "app"}},
}


@on_moto()
def task_definitions_with_faults(aws: Aws) -> Verdicts:
    ecs = aws("ecs")

    def register(family: str, *containers: dict[str, Any], **settings: Any) -> None:
        ecs.register_task_definition(family=family, containerDefinitions=list(containers), **settings)

    def variables(**values: str) -> dict[str, Any]:
        return {**SAFE, "environment": [{"name": name, "value": value} for name, value in values.items()]}

    bare = {"name": "bare", "image": "app:1", "memory": 128}
    register("safe", variables(STAGE="live", DB_PASSWORD="arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"))
    register("mended", {**SAFE, "privileged": True}, pidMode="host")
    register("mended", SAFE)  # only the newest revision counts
    register("privileged", SAFE, {**SAFE, "name": "side", "privileged": True})
    register("writable", SAFE, {**SAFE, "name": "side", "readonlyRootFilesystem": False})
    register("silent", SAFE, bare)
    register("key-by-name", variables(AWS_SECRET_ACCESS_KEY="x"))
    register("key-by-value", variables(ID="AKIA" + "Q" * 16))
    register("password", variables(DB_PASSWORD="correct horse"))
    register("host-pid", SAFE, pidMode="host")
    register("task-pid", SAFE, pidMode="task")
    register("host-root", SAFE, networkMode="host")
    register("host-root-by-name", {**SAFE, "user": "root:root"}, networkMode="host")
    register("host-user", {**SAFE, "user": "1000"}, networkMode="host")
    register("host-declared", {**SAFE, "privileged": True}, networkMode="host")
    every = [
        "safe", "mended", "privileged", "writable", "silent", "key-by-name", "key-by-value", "password", "host-pid",
        "task-pid", "host-root", "host-root-by-name", "host-user", "host-declared",
    ]  # fmt: skip

    def all_but(*bad: str) -> Expected:
        revision = {"mended": "mended:2"}
        named = {name: f"task-definition/{revision.get(name, name + ':1')}" for name in every}
        prefix = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
        return Expected(
            good=[prefix + named[name] for name in every if name not in bad], bad=[prefix + named[name] for name in bad]
        )

    return {
        "ecs_container_not_privileged": all_but("privileged", "host-declared"),
        "ecs_container_readonly_root": all_but("writable", "silent"),
        "ecs_task_logging_configured": all_but("silent"),
        "ecs_container_env_no_secrets": all_but("key-by-name", "key-by-value", "password"),
        "ecs_task_no_host_pid": all_but("host-pid"),
        "ecs_task_host_network_user": all_but("host-root", "host-root-by-name"),
    }


def _service(name: str, **settings: Any) -> dict[str, Any]:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/{name}"
    return {"serviceArn": arn, "serviceName": name, "status": "ACTIVE", **settings}


@on_answers
def services_on_fargate_and_elsewhere() -> Answers:
    def network(value: str) -> dict[str, Any]:
        return {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": value}}}

    on_fargate, spot = {"launchType": "FARGATE"}, {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}
    services = [
        _service("latest", platformVersion="LATEST", platformFamily="Linux", **on_fargate, **network("DISABLED")),
        _service("newest", platformVersion="1.4.0", platformFamily="Linux", **spot, **network("ENABLED")),
        _service("old", platformVersion="1.3.0", platformFamily="Linux", **on_fargate, **network("DISABLED")),
        _service("old-spot", platformVersion="1.3.0", **spot),
        _service("windows", platformVersion="1.0.0", platformFamily="Windows Server 2022", **on_fargate),
        _service("instances", launchType="EC2"),
        {**_service("gone", platformVersion="1.3.0", **on_fargate, **network("ENABLED")), "status": "INACTIVE"},
    ]
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"

    def described(params: Any) -> dict[str, Any]:
        assert params["cluster"] == cluster
        return {"services": [service for service in services if service["serviceArn"] in params["services"]]}

    return Answers(
        says={
            "ecs.list_clusters": {"clusterArns": [cluster]},
            "ecs.list_services": {"serviceArns": [service["serviceArn"] for service in services]},
            "ecs.describe_services": described,
        },
        verdicts={
            "ecs_fargate_platform_latest": Expected(good=["latest", "newest", "windows"], bad=["old", "old-spot"]),
            "ecs_service_no_public_ip": Expected(good=["latest", "old"], bad=["newest"]),
        },
    )
