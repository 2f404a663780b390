"""What must hold of Athena's workgroups."""

from cloudbench.engine.findings import Verdict, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SETTINGS = "athena.workgroup_settings"


@check("athena_workgroup_results_encrypted", over="athena.workgroups", reads=(SETTINGS,))
def encrypts_results(workgroup: Resource, view: View) -> Verdict:
    """Fail unless results are encrypted: by the workgroup's setting, or since Athena manages and encrypts them.

    Source: GetWorkGroup, ResultConfiguration.EncryptionConfiguration, ManagedQueryResultsConfiguration.Enabled.
    """
    settings = view.one_of(SETTINGS, workgroup)
    managed = (settings.get("ManagedQueryResultsConfiguration") if settings else None) or {}
    if managed.get("Enabled", False):
        return passed("Athena keeps the results itself, encrypted.", ManagedQueryResults=True)
    results = (settings.get("ResultConfiguration") if settings else None) or {}
    option = (results.get("EncryptionConfiguration") or {}).get("EncryptionOption")
    return verdict(
        bool(option),
        f"Results are encrypted ({option}).",
        "The workgroup sets no encryption for results.",
        EncryptionOption=option,
    )


@check("athena_workgroup_logging", over="athena.workgroups", reads=(SETTINGS,))
def publishes_metrics(workgroup: Resource, view: View) -> Verdict:
    """Fail unless queries are recorded in CloudWatch. Source: GetWorkGroup, PublishCloudWatchMetricsEnabled."""
    settings = view.one_of(SETTINGS, workgroup)
    enabled = settings.get("PublishCloudWatchMetricsEnabled", False) if settings else False
    return verdict(
        enabled,
        "Queries are recorded in CloudWatch.",
        "Queries are not recorded in CloudWatch.",
        PublishCloudWatchMetricsEnabled=enabled,
    )
