"""CodeBuild projects, without the values of their variables and the credentials in their URLs, and report groups."""

from collections.abc import Iterator

from cloudbench.engine.collectors.credentials import credential_in, credential_in_url, without_user
from cloudbench.engine.inventory import Data
from cloudbench.engine.registry import batch, listing

listing(
    "codebuild.project_names",
    "codebuild.list_projects",
    items="projects[].{name: @}",
    arn="arn:{partition}:codebuild:{region}:{account}:project/{name}",
    label="name",
)


def _without_secrets(answer: Data) -> Iterator[Data]:
    """Yield each project; of plain variables and URLs there remains what they look like."""
    for project in answer["projects"]:
        environment = project.get("environment", {})
        yield {
            **project,
            "privilegedMode": environment.get("privilegedMode", False),
            "variables": [_variable(one) for one in environment.get("environmentVariables", ())],
            "sources": [_source(one) for one in (project.get("source", {}), *project.get("secondarySources", ()))],
        }


def _variable(told: Data) -> Data:
    kind = told.get("type", "PLAINTEXT")
    holds = credential_in(told["name"], told.get("value", "")) if kind == "PLAINTEXT" else ""
    return {"name": told["name"], "type": kind, "holds": holds}


def _source(told: Data) -> Data:
    location = told.get("location", "")
    return {"type": told.get("type", ""), "location": without_user(location), "holds": credential_in_url(location)}


batch(
    "codebuild.projects",
    "codebuild.batch_get_projects",
    of="codebuild.project_names",
    size=100,
    ask_many=lambda projects: {"names": [project["name"] for project in projects]},
    items=_without_secrets,
    arn="{arn}",
    label="name",
    keep=("privilegedMode", "variables", "sources", "logsConfig"),
)
listing(
    "codebuild.report_group_arns",
    "codebuild.list_report_groups",
    params={"maxResults": 100},
    items="reportGroups[].{arn: @}",
    arn="{arn}",
    label="arn",
)
batch(
    "codebuild.report_groups",
    "codebuild.batch_get_report_groups",
    of="codebuild.report_group_arns",
    size=100,
    ask_many=lambda groups: {"reportGroupArns": [group.arn for group in groups]},
    items="reportGroups",
    arn="{arn}",
    label="name",
    keep=("type", "exportConfig"),
)
