from django.urls import path, register_converter

from compliance.reports.formats import FORMATS
from compliance.views.dashboard import DashboardPage
from compliance.views.handover_settings import (
    HandoverSettingsPage,
    ProjectChoices,
    RuleChoices,
    ScheduleWords,
    TryProviderConnection,
    TryTerraformConnection,
)
from compliance.views.host_drift import HostDrift
from compliance.views.host_groups import ChangeHostGroup, HostGroupList, HostGroupPage, MoveHosts
from compliance.views.host_import import HostImport, ImportSample
from compliance.views.hosts import AcceptKey, HostList, HostPage, RetireHost, ScanHost, TryConnection
from compliance.views.policies import (
    CreatePolicy,
    EditPolicy,
    PolicyList,
    RemovePolicy,
    ScanPolicy,
    TemplateOptions,
    VersionField,
)
from compliance.views.policy_overrides import (
    AddSecondary,
    HostChoices,
    PolicyParts,
    RemoveOverride,
    RemoveSecondary,
)
from compliance.views.previews import CancelPreview, PreviewPage, PublishPreviewed
from compliance.views.provisioned_vms import ReleaseVm, ScanVm, VmList, VmPage
from compliance.views.provisioning import ProvisioningOverview, ProvisionScans
from compliance.views.provisioning_runs import ProvisioningRuns
from compliance.views.reports import (
    ComplianceReportPage,
    ExportFile,
    ExportPage,
    HostOptions,
    ReportFile,
    ReportFiles,
    ScoreChangesPage,
    TrendsPage,
)
from compliance.views.scans import (
    CancelScan,
    ReEvaluateScan,
    ResultPage,
    ScanList,
    ScanPage,
    ScanProgress,
    ScanReportFile,
)
from compliance.views.terraform_hooks import TerraformNotification, TerraformRunTask
from compliance.views.try_outs import TryOutHosts, TryOutPart
from compliance.views.waivers import (
    ApproveWaiver,
    EditWaiver,
    NewWaiver,
    RejectWaiver,
    RevokeWaiver,
    WaiverList,
    WaiverOptions,
)

app_name = "compliance"


class FormatConverter:
    """The name of a report format."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FormatConverter, "format")

urlpatterns = [
    path("", DashboardPage.as_view(), name="dashboard"),
    path("compliance/", DashboardPage.as_view(), name="overview"),
    path("compliance/hosts/", HostList.as_view(), name="hosts"),
    path("compliance/hosts/import/", HostImport.as_view(), name="host_import"),
    path("compliance/hosts/import/sample.csv", ImportSample.as_view(), name="host_import_sample"),
    path("compliance/hosts/groups/", HostGroupList.as_view(), name="host_groups"),
    path("compliance/hosts/groups/<int:pk>/", HostGroupPage.as_view(), name="host_group"),
    path("compliance/hosts/groups/<int:pk>/change/", ChangeHostGroup.as_view(), name="change_host_group"),
    path("compliance/hosts/groups/<int:pk>/hosts/", MoveHosts.as_view(), name="move_hosts"),
    path("compliance/hosts/<int:pk>/drift/", HostDrift.as_view(), name="host_drift"),
    path("compliance/hosts/<int:pk>/", HostPage.as_view(), name="host"),
    path("compliance/hosts/<int:pk>/scan/", ScanHost.as_view(), name="scan_host"),
    path("compliance/hosts/<int:pk>/accept-key/", AcceptKey.as_view(), name="accept_key"),
    path("compliance/hosts/<int:pk>/retire/", RetireHost.as_view(), name="retire_host"),
    path("compliance/hosts/<int:pk>/test-connection/", TryConnection.as_view(), name="test_connection"),
    path("compliance/reports/", TrendsPage.as_view(), name="reports"),
    path("compliance/reports/score-changes/", ScoreChangesPage.as_view(), name="score_changes"),
    path("compliance/reports/hosts/", HostOptions.as_view(), name="report_host_options"),
    path("compliance/reports/export/", ExportPage.as_view(), name="export"),
    path("compliance/reports/export.csv", ExportFile.as_view(), name="export_file"),
    path("compliance/reports/compliance/", ComplianceReportPage.as_view(), name="compliance_report"),
    path("compliance/reports/files/", ReportFiles.as_view(), name="report_files"),
    path("compliance/reports/files/<str:report_id>/", ReportFile.as_view(), name="report_file"),
    path("compliance/policies/", PolicyList.as_view(), name="policies"),
    path("compliance/policies/new/", CreatePolicy.as_view(), name="create_policy"),
    path("compliance/policies/templates/", TemplateOptions.as_view(), name="policy_templates"),
    path("compliance/policies/versions/", VersionField.as_view(), name="policy_versions"),
    path("compliance/policies/<int:pk>/", PolicyParts.as_view(), name="policy"),
    path("compliance/policies/<int:pk>/edit/", EditPolicy.as_view(), name="edit_policy"),
    path("compliance/policies/<int:pk>/remove/", RemovePolicy.as_view(), name="remove_policy"),
    path("compliance/policies/<int:pk>/scan/", ScanPolicy.as_view(), name="scan_policy"),
    path("compliance/policies/<int:pk>/hosts/", HostChoices.as_view(), name="policy_hosts"),
    path("compliance/policies/<int:pk>/secondaries/", AddSecondary.as_view(), name="add_secondary"),
    path(
        "compliance/policies/<int:pk>/overrides/<int:override_pk>/remove/",
        RemoveOverride.as_view(),
        name="remove_override",
    ),
    path(
        "compliance/policies/<int:pk>/secondaries/<int:secondary_pk>/remove/",
        RemoveSecondary.as_view(),
        name="remove_secondary",
    ),
    path("compliance/templates/<int:pk>/preview/", PreviewPage.as_view(), name="preview"),
    path("compliance/templates/<int:pk>/preview/cancel/", CancelPreview.as_view(), name="cancel_preview"),
    path("compliance/templates/<int:pk>/preview/publish/", PublishPreviewed.as_view(), name="publish_previewed"),
    path("compliance/templates/<int:pk>/try/", TryOutPart.as_view(), name="try_out"),
    path("compliance/templates/<int:pk>/try/hosts/", TryOutHosts.as_view(), name="try_out_hosts"),
    path("compliance/scans/", ScanList.as_view(), name="scans"),
    path("compliance/scans/<int:pk>/", ScanPage.as_view(), name="scan"),
    path("compliance/scans/<int:pk>/checks/<slug:check_id>/", ResultPage.as_view(), name="result"),
    path("compliance/scans/<int:pk>/progress/", ScanProgress.as_view(), name="scan_progress"),
    path("compliance/scans/<int:pk>/re-evaluate/", ReEvaluateScan.as_view(), name="re_evaluate_scan"),
    path("compliance/scans/<int:pk>/cancel/", CancelScan.as_view(), name="cancel_scan"),
    path("compliance/scans/<int:pk>/report/<format:name>/", ScanReportFile.as_view(), name="report"),
    path("compliance/exceptions/", WaiverList.as_view(), name="waivers"),
    path("compliance/exceptions/new/", NewWaiver.as_view(), name="new_waiver"),
    path("compliance/exceptions/checks/", WaiverOptions.as_view(), {"kind": "checks"}, name="waiver_checks"),
    path("compliance/exceptions/hosts/", WaiverOptions.as_view(), {"kind": "hosts"}, name="waiver_hosts"),
    path("compliance/exceptions/groups/", WaiverOptions.as_view(), {"kind": "groups"}, name="waiver_groups"),
    path("compliance/exceptions/<int:pk>/edit/", EditWaiver.as_view(), name="edit_waiver"),
    path("compliance/exceptions/<int:pk>/approve/", ApproveWaiver.as_view(), name="approve_waiver"),
    path("compliance/exceptions/<int:pk>/reject/", RejectWaiver.as_view(), name="reject_waiver"),
    path("compliance/exceptions/<int:pk>/revoke/", RevokeWaiver.as_view(), name="revoke_waiver"),
    path("hooks/terraform/notification/<int:connection>/", TerraformNotification.as_view(), name="notification_hook"),
    path("hooks/terraform/run-task/<int:connection>/", TerraformRunTask.as_view(), name="run_task_hook"),
    path("provisioning/", ProvisioningOverview.as_view(), name="provisioning"),
    path("provisioning/scans/", ProvisionScans.as_view(), name="provision_scans"),
    path("provisioning/runs/", ProvisioningRuns.as_view(), name="provisioning_runs"),
    path("provisioning/vms/", VmList.as_view(), name="vms"),
    path("provisioning/vms/<int:pk>/", VmPage.as_view(), name="vm"),
    path("provisioning/vms/<int:pk>/release/", ReleaseVm.as_view(), name="release_vm"),
    path("provisioning/vms/<int:pk>/scan/", ScanVm.as_view(), name="scan_vm"),
    path("provisioning/settings/", HandoverSettingsPage.as_view(), name="handover_settings"),
    path("provisioning/settings/schedule/", ScheduleWords.as_view(), name="schedule_words"),
    path("provisioning/settings/rules/", RuleChoices.as_view(), name="exemptable_rules"),
    path("provisioning/settings/projects/", ProjectChoices.as_view(), name="exemptable_projects"),
    path(
        "provisioning/settings/terraform/<int:pk>/test/",
        TryTerraformConnection.as_view(),
        name="test_terraform_connection",
    ),
    path(
        "provisioning/settings/providers/<int:pk>/test/",
        TryProviderConnection.as_view(),
        name="test_provider_connection",
    ),
]
