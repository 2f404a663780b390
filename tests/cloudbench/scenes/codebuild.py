from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

ARN = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:"
REPOSITORY = "bitbucket.org/team/app.git"


def _variable(name: str, value: str, kind: str = "PLAINTEXT") -> dict[str, Any]:
    return {"name": name, "value": value, "type": kind}


VARIABLES: dict[str, list[dict[str, Any]]] = {
    "referring": [_variable("STAGE", "live"), _variable("AWS_SECRET_ACCESS_KEY", "/key", "PARAMETER_STORE")],
    "path": [_variable("DB_PASSWORD", "/live/db/password"), _variable("EMPTY_PASSWORD", "")],
    "secrets-manager": [_variable("API_TOKEN", "prod/token:key", "SECRETS_MANAGER")],
    "key-by-name": [_variable("AWS_ACCESS_KEY_ID", "x")],
    "untyped": [{"name": "aws_secret_access_key", "value": "x"}],
    "token": [_variable("DEPLOY", "ghp_" + "a1" * 18)],
    "url": [_variable("DATABASE", "postgres://app:hunter2@db.internal/app")],
}


@on_answers
def projects_with_variables() -> Answers:
    def projects(params: Any) -> dict[str, Any]:
        return {
            "projects": [
                {
                    "name": name,
                    "arn": f"{ARN}project/{name}",
                    "environment": {
                        "type": "LINUX_CONTAINER",
                        "image": "aws/codebuild/standard:7.0",
                        "computeType": "BUILD_GENERAL1_SMALL",
                        "environmentVariables": VARIABLES[name],
                        **({"privilegedMode": name in ("token", "url")} if name != "path" else {}),
                    },
                }
                for name in params["names"]
            ]
        }

    return Answers(
        says={"codebuild.list_projects": {"projects": list(VARIABLES)}, "codebuild.batch_get_projects": projects},
        verdicts={
            "codebuild_env_no_plaintext_credentials": Expected(
                good=["referring", "path", "secrets-manager"], bad=["key-by-name", "untyped", "token", "url"]
            ),
            "codebuild_no_privileged_mode": Expected(
                good=["referring", "path", "secrets-manager", "key-by-name", "untyped"], bad=["token", "url"]
            ),
        },
    )


@on_answers
def projects_with_sources_and_logs() -> Answers:
    on, off = {"status": "ENABLED"}, {"status": "DISABLED"}
    told: dict[str, dict[str, Any]] = {
        "plain": {"source": {"type": "BITBUCKET", "location": f"https://{REPOSITORY}"}},
        "named": {
            "source": {"type": "BITBUCKET", "location": f"https://someone@{REPOSITORY}"},
            "logsConfig": {"cloudWatchLogs": on, "s3Logs": {**on, "location": "logs/x", "encryptionDisabled": False}},
        },
        "password": {
            "source": {"type": "BITBUCKET", "location": f"https://someone:hunter2@{REPOSITORY}"},
            "logsConfig": {"cloudWatchLogs": off, "s3Logs": {**on, "encryptionDisabled": True}},
        },
        "second": {
            "source": {"type": "NO_SOURCE"},
            "secondarySources": [{"type": "BITBUCKET", "location": f"https://x-token-auth:abc@{REPOSITORY}"}],
            "logsConfig": {"cloudWatchLogs": off, "s3Logs": {**off, "encryptionDisabled": True}},
        },
        "token": {"source": {"type": "GITHUB", "location": f"https://ghp_{'a1' * 18}@github.com/team/app"}},
        "bucket": {"source": {"type": "S3", "location": "sources/app.zip"}, "logsConfig": {"cloudWatchLogs": off}},
    }
    return Answers(
        says={
            "codebuild.list_projects": {"projects": list(told)},
            "codebuild.batch_get_projects": lambda params: {
                "projects": [{"name": name, "arn": f"{ARN}project/{name}", **told[name]} for name in params["names"]]
            },
        },
        verdicts={
            "codebuild_source_url_no_credentials": Expected(
                good=["plain", "named", "bucket"], bad=["password", "second", "token"]
            ),
            "codebuild_project_logging": Expected(
                good=["plain", "named", "password", "token"], bad=["second", "bucket"]
            ),
            "codebuild_s3_logs_encrypted": Expected(good=["named"], bad=["password"]),
        },
    )


@on_answers
def report_groups() -> Answers:
    def export(**settings: Any) -> dict[str, Any]:
        return {"exportConfigType": "S3", "s3Destination": {"bucket": "reports", **settings}}

    configs = {
        "encrypted": export(encryptionDisabled=False),
        "default": export(),
        "clear": export(encryptionDisabled=True),
        "kept": {"exportConfigType": "NO_EXPORT"},
    }
    arns = {f"{ARN}report-group/{name}": name for name in configs}
    return Answers(
        says={
            "codebuild.list_report_groups": {"reportGroups": list(arns)},
            "codebuild.batch_get_report_groups": lambda params: {
                "reportGroups": [
                    {"arn": arn, "name": arns[arn], "type": "TEST", "exportConfig": configs[arns[arn]]}
                    for arn in params["reportGroupArns"]
                ]
            },
        },
        verdicts={"codebuild_report_export_encrypted": Expected(good=["encrypted", "default"], bad=["clear"])},
    )
