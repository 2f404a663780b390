"""What must hold of CodeBuild projects and report groups."""

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

ENABLED = "ENABLED"


@check("codebuild_env_no_plaintext_credentials", over="codebuild.projects")
def environment_holds_no_credentials(project: Resource, view: View) -> Verdict:
    """Fail if a plain variable holds a credential, by its name or by what its value looks like; values are never kept.

    Variables that refer to Parameter Store or Secrets Manager pass. Source: BatchGetProjects,
    environment.environmentVariables (PLAINTEXT when no type is given).
    """
    names = [f"{one['name']} ({one['holds']})" for one in project["variables"] if one["holds"]]
    if names:
        return failed(
            f"Credentials in clear text: {', '.join(names)}.",
            environmentVariables=[one["name"] for one in project["variables"] if one["holds"]],
        )
    return passed("No variable holds a credential in clear text.")


@check("codebuild_source_url_no_credentials", over="codebuild.projects")
def source_urls_hold_no_credentials(project: Resource, view: View) -> Verdict:
    """Fail if the URL of a source carries a token, or a user name with a password; a user name alone passes.

    Source: BatchGetProjects, source.location and secondarySources[].location.
    """
    found = [one for one in project["sources"] if one["holds"]]
    if found:
        words = ", ".join(f"{one['location']} carries {one['holds']}" for one in found)
        return failed(f"A source URL holds a credential: {words}.", location=[one["location"] for one in found])
    return passed("No source URL carries a credential.")


@check("codebuild_no_privileged_mode", over="codebuild.projects")
def builds_are_not_privileged(project: Resource, view: View) -> Verdict:
    """Fail if builds run in privileged mode. Source: BatchGetProjects, environment.privilegedMode."""
    return verdict(
        not project["privilegedMode"],
        "Builds run without privileged mode.",
        "Builds run in privileged mode, with access to the host's devices.",
        privilegedMode=project["privilegedMode"],
    )


@check("codebuild_project_logging", over="codebuild.projects")
def builds_are_logged(project: Resource, view: View) -> Verdict:
    """Fail if builds are logged neither to CloudWatch, which is on unless turned off, nor to S3.

    Source: BatchGetProjects, logsConfig.cloudWatchLogs.status (ENABLED when absent) and s3Logs.status (DISABLED).
    """
    config = project.get("logsConfig") or {}
    cloudwatch = (config.get("cloudWatchLogs") or {}).get("status", ENABLED)
    s3 = (config.get("s3Logs") or {}).get("status", "DISABLED")
    where = [name for name, status in (("CloudWatch", cloudwatch), ("S3", s3)) if status == ENABLED]
    return verdict(
        bool(where),
        f"Builds are logged to {' and '.join(where)}.",
        "Builds are logged neither to CloudWatch nor to S3.",
        cloudWatchLogs=cloudwatch,
        s3Logs=s3,
    )


@check("codebuild_s3_logs_encrypted", over="codebuild.projects")
def logs_in_s3_are_encrypted(project: Resource, view: View) -> Verdict | None:
    """Fail if logs go to S3 with encryption turned off; projects without logs in S3 are left out.

    Source: BatchGetProjects, logsConfig.s3Logs.encryptionDisabled (false when absent).
    """
    logs = (project.get("logsConfig") or {}).get("s3Logs") or {}
    if logs.get("status") != ENABLED:
        return None
    where = logs.get("location", "S3")
    return verdict(
        not logs.get("encryptionDisabled", False),
        f"Logs in {where} are encrypted.",
        f"Logs in {where} are stored with encryption turned off.",
        encryptionDisabled=bool(logs.get("encryptionDisabled", False)),
    )


@check("codebuild_report_export_encrypted", over="codebuild.report_groups")
def exported_reports_are_encrypted(group: Resource, view: View) -> Verdict | None:
    """Fail if test reports are exported to S3 with encryption turned off; groups that export nothing are left out.

    Source: BatchGetReportGroups, exportConfig.s3Destination.encryptionDisabled (false when absent).
    """
    config = group.get("exportConfig") or {}
    if config.get("exportConfigType") != "S3":
        return None
    destination = config.get("s3Destination") or {}
    where = destination.get("bucket", "S3")
    return verdict(
        not destination.get("encryptionDisabled", False),
        f"Reports in {where} are encrypted.",
        f"Reports in {where} are stored with encryption turned off.",
        encryptionDisabled=bool(destination.get("encryptionDisabled", False)),
    )
