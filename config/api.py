"""The API at /api/v1/: every path in one place. Nothing else imports an app's api package."""

from typing import Any

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DynamicRoute, Route, SimpleRouter

from cloudbench.api.access_policies import AccessPolicyView
from cloudbench.api.accounts import CloudAccountViewSet
from cloudbench.api.benchmarks import BenchmarkViewSet
from cloudbench.api.compare import CompareView
from cloudbench.api.custom_controls import CustomControlViewSet
from cloudbench.api.queries import QueryView, SaveQueryView
from cloudbench.api.runs import RunViewSet
from cloudbench.api.schedules import ScheduleViewSet
from compliance.api.compliance_report import (
    ComplianceReportView,
    ExportView,
    FailingCheckViewSet,
    ReportHostViewSet,
    ReportPdfView,
)
from compliance.api.credentials import CredentialViewSet
from compliance.api.dashboard import DashboardView
from compliance.api.handover_settings import HandoverSettingsViewSet
from compliance.api.host_groups import HostGroupViewSet
from compliance.api.hosts import HostViewSet
from compliance.api.policies import PolicyViewSet
from compliance.api.policy_overrides import PolicyOverrideViewSet, PolicySecondaryViewSet
from compliance.api.previews import PreviewViewSet
from compliance.api.projects import ProjectViewSet
from compliance.api.provider_connections import ProviderConnectionViewSet
from compliance.api.provisioned_vms import ProvisionedVmViewSet
from compliance.api.provisioning import ProvisioningOverviewView
from compliance.api.provisioning_runs import ProvisioningRunViewSet
from compliance.api.scans import ScanViewSet
from compliance.api.score_changes import ScoreChangeView
from compliance.api.terraform_connections import TerraformConnectionViewSet
from compliance.api.trends import TrendView
from compliance.api.try_outs import TryOutView
from compliance.api.waivers import WaiverViewSet
from itsm.api.alerts import AlertViewSet
from organizations.api.audit import AuditEventViewSet
from organizations.api.me import MeView
from organizations.api.members import MembershipViewSet
from organizations.api.organizations import OrganizationViewSet
from organizations.api.reports import VerifyReportView
from organizations.api.tokens import ApiTokenViewSet
from templates_app.api.templates import TemplateViewSet


class Router(SimpleRouter):
    """Ends every path with a slash, but for files: ``scans/1/report.pdf``."""

    def _get_dynamic_route(self, route: DynamicRoute, action: Any) -> Route:
        made = super()._get_dynamic_route(route, action)
        return made._replace(url=made.url.replace("{trailing_slash}", "")) if "." in action.url_path else made


router = Router()
router.register("organizations", OrganizationViewSet)
router.register("members", MembershipViewSet)
router.register("tokens", ApiTokenViewSet)
router.register("audit", AuditEventViewSet)
router.register("hosts", HostViewSet)
router.register("host-groups", HostGroupViewSet)
router.register("credentials", CredentialViewSet)
router.register("templates", TemplateViewSet)
router.register("policies", PolicyViewSet)
router.register(r"policies/(?P<policy_pk>[0-9]{1,18})/overrides", PolicyOverrideViewSet)
router.register(r"policies/(?P<policy_pk>[0-9]{1,18})/secondaries", PolicySecondaryViewSet)
router.register("scans", ScanViewSet)
router.register("exceptions", WaiverViewSet)
router.register("alerts", AlertViewSet)
router.register("provisioning/connections", TerraformConnectionViewSet)
router.register("provisioning/projects", ProjectViewSet)
router.register("provisioning/runs", ProvisioningRunViewSet)
router.register("provisioning/vms", ProvisionedVmViewSet)
router.register("providers", ProviderConnectionViewSet)
router.register("cloud/benchmarks", BenchmarkViewSet)
router.register("cloud/runs", RunViewSet)
router.register("compliance-report/hosts", ReportHostViewSet, basename="report-hosts")
router.register("compliance-report/checks", FailingCheckViewSet, basename="report-checks")
router.register("cloud/accounts", CloudAccountViewSet)
router.register("cloud/schedules", ScheduleViewSet)
router.register("cloud/custom-controls", CustomControlViewSet)

PREVIEW = "v1/templates/<int:pk>/preview/"  # needs stored facts, so it is compliance's

SETTINGS = HandoverSettingsViewSet.as_view({"get": "retrieve", "patch": "partial_update"}, detail=True)

urlpatterns = [
    path("v1/me/", MeView.as_view()),
    path("v1/dashboard/", DashboardView.as_view()),
    path("v1/compliance-report/", ComplianceReportView.as_view()),
    path("v1/compliance-report.pdf", ReportPdfView.as_view()),
    path("v1/export.csv", ExportView.as_view()),
    path("v1/trends/", TrendView.as_view()),
    path("v1/score-changes/", ScoreChangeView.as_view()),
    path("v1/checks/try/", TryOutView.as_view()),
    path(PREVIEW, PreviewViewSet.as_view({"get": "retrieve", "post": "create"}, detail=True)),
    path(f"{PREVIEW}cancel/", PreviewViewSet.as_view({"post": "cancel"}, detail=True)),
    path(f"{PREVIEW}hosts/", PreviewViewSet.as_view({"get": "hosts"}, detail=True)),
    path("v1/organizations/<int:pk>/compliance-settings/", SETTINGS),
    path("v1/provisioning/overview/", ProvisioningOverviewView.as_view()),
    path("v1/cloud/policy/", AccessPolicyView.as_view()),
    path("v1/cloud/queries/", QueryView.as_view()),
    path("v1/cloud/queries/save/", SaveQueryView.as_view()),
    path("v1/cloud/compare/", CompareView.as_view()),
    path("v1/reports/<str:report_id>/verify/", VerifyReportView.as_view()),
    path("v1/", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
