from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.api.dashboard import FailingCheckSerializer, FrameworkScoreSerializer
from compliance.api.scans import SeveritiesSerializer
from compliance.models import CheckTally, Stream
from compliance.selectors.compliance_report import compliance_report, report_hosts, worded
from compliance.selectors.csv_export import exported
from compliance.selectors.dashboard import SEVERITIES, described, failing_checks, posture
from compliance.services import compliance_reports
from compliance.web.csv_export import STATUSES, download, wanted
from organizations.errors import Conflict, Invalid, NotReady
from organizations.models.organizations import Organization
from organizations.models.reports import ReportRequest
from organizations.web.files import FileNegotiation
from organizations.web.one_organization import ORGANIZATION_PARAMETER, one_organization
from organizations.web.schema import sealed_file
from organizations.web.viewsets import OwnedSerializer, OwnedViewSet

TRUTHS = {"true": True, "1": True, "false": False, "0": False, "": False}


class ComplianceReportSerializer(serializers.Serializer):
    """The summary of one organization. Above 80 and below 50 are strict, and compared with unrounded scores."""

    organization = serializers.IntegerField()
    generated_at = serializers.DateTimeField()
    total_hosts = serializers.IntegerField()
    avg_score = serializers.FloatField(allow_null=True)
    hosts_above_80 = serializers.IntegerField()
    hosts_below_50 = serializers.IntegerField()
    hosts_scanned = serializers.IntegerField()
    hosts_scored = serializers.IntegerField()
    hosts_incomplete = serializers.IntegerField()
    by_framework = FrameworkScoreSerializer(many=True)
    failing_checks = FailingCheckSerializer(many=True, required=False)


class ComplianceReportView(APIView):
    """The compliance report of one organization."""

    @extend_schema(
        parameters=[
            ORGANIZATION_PARAMETER,
            OpenApiParameter("include_details", bool, default=False, description="Add failing_checks."),
        ],
        responses=ComplianceReportSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the summary, with ``include_details=true`` also every failing check."""
        organization = one_organization(request, "view_compliance")
        text = request.query_params.get("include_details", "").lower()
        if text not in TRUTHS:
            raise Invalid({"include_details": "Write true or false."})
        report = compliance_report(Organization.objects.filter(pk=organization.pk), details=TRUTHS[text])
        shown: dict[str, Any] = {
            "organization": organization.pk,
            "generated_at": timezone.now(),
            "total_hosts": report.hosts,
            "avg_score": report.standing.average,
            "hosts_above_80": report.standing.above_80,
            "hosts_below_50": report.standing.below_50,
            "hosts_scanned": report.standing.scanned,
            "hosts_scored": report.standing.counted,
            "hosts_incomplete": report.standing.incomplete,
            "by_framework": [asdict(one) for one in report.by_framework],
        }
        if report.failing is not None:
            shown["failing_checks"] = report.failing
        return Response(ComplianceReportSerializer(shown).data)


class ReportHostSerializer(OwnedSerializer):
    """Where one host stands under its policy. Scores are unrounded; null before the first scored scan."""

    hostname = serializers.CharField(read_only=True)
    address = serializers.CharField(source="host.where", read_only=True)
    groups = serializers.SerializerMethodField()
    policy_name = serializers.CharField(source="policy", read_only=True)
    template_name = serializers.CharField(source="template.name", default=None, allow_null=True, read_only=True)
    template_version = serializers.IntegerField(
        source="template.version", default=None, allow_null=True, read_only=True
    )
    failed_by_severity = serializers.SerializerMethodField()
    last_scan = serializers.IntegerField(source="latest_id", allow_null=True, read_only=True)
    online = serializers.BooleanField(source="host.online", read_only=True)

    class Meta:
        model = Stream
        fields = [
            "organization", "host", "hostname", "address", "groups", "policy", "policy_name", "template",
            "template_name", "template_version", "score", "score_without_waivers", "coverage", "incomplete", "passed",
            "failed", "waived", "errors", "failed_by_severity", "last_scan", "scanned_at", "online",
        ]  # fmt: skip
        read_only_fields = fields

    def get_groups(self, stream: Stream) -> list[str]:
        return [group.name for group in stream.host.groups.all()]

    @extend_schema_field(SeveritiesSerializer)
    def get_failed_by_severity(self, stream: Stream) -> dict[str, int]:
        return {severity: getattr(stream, f"failed_{severity}") for severity in SEVERITIES}


class OneOrganizationViewSet(mixins.ListModelMixin, OwnedViewSet):
    """A list about one organization as a whole."""

    permissions = {"read": "view_compliance"}
    http_method_names = ["get", "head", "options"]
    one_organization = True

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none()
        chosen = one_organization(self.request, self.codename())
        return self.rows_in(chosen)

    def rows_in(self, organization: Organization) -> QuerySet[Any]:
        raise NotImplementedError


class ReportHostViewSet(OneOrganizationViewSet):
    """One row for each host under a policy."""

    queryset = Stream.objects.all()
    serializer_class = ReportHostSerializer
    filterset_fields = ["host", "policy", "incomplete"]
    search_fields = ["host__hostname", "host__address"]
    ordering_fields = ["hostname", "score", "coverage", "failed", "scanned_at"]

    def rows_in(self, organization: Organization) -> QuerySet[Stream]:
        return report_hosts([organization.pk]).select_related("policy__organization").prefetch_related("host__groups")

    @extend_schema(parameters=[ORGANIZATION_PARAMETER])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the hosts under a policy with where each stands."""
        return super().list(request, *args, **kwargs)


class FailingCheckViewSet(OneOrganizationViewSet):
    """The checks that do not pass on every host, those that fail on most hosts first."""

    queryset = CheckTally.objects.all()
    serializer_class = FailingCheckSerializer
    filter_backends = []

    def rows_in(self, organization: Organization) -> QuerySet[Any]:
        self.standing = posture(Organization.objects.filter(pk=organization.pk))
        rows = worded(failing_checks([organization.pk]), self.standing, self.request.query_params.get("search", ""))
        return self.ordered(self.of_severity(rows))

    def of_severity(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        severity = self.request.query_params.get("severity")
        if severity and severity not in SEVERITIES:
            raise Invalid({"severity": f"Choose among {', '.join(SEVERITIES)}."})
        return rows.filter(rank=SEVERITIES.index(severity)) if severity else rows

    def ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        columns = {"check_id": "check_id", "severity": "rank", "hosts_failing": "failing"}
        asked = self.request.query_params.get("ordering", "")
        if not asked:
            return rows
        if asked.removeprefix("-") not in columns:
            raise Invalid({"ordering": f"This list can be ordered by {', '.join(columns)}, not by {asked}."})
        column = columns[asked.removeprefix("-")]
        return rows.order_by(f"-{column}" if asked.startswith("-") else column, "check_id")

    @extend_schema(
        parameters=[
            ORGANIZATION_PARAMETER,
            OpenApiParameter("search", str, description="Words of the title or the check id."),
            OpenApiParameter("severity", str, enum=SEVERITIES),
            OpenApiParameter("ordering", str, description="check_id, severity or hosts_failing; with - descending."),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the failing checks; ``share`` is of the scanned hosts."""
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(FailingCheckSerializer(described(page, self.standing), many=True).data)


class ExportView(APIView):
    """The CSV export."""

    content_negotiation_class = FileNegotiation

    @extend_schema(
        parameters=[
            ORGANIZATION_PARAMETER,
            OpenApiParameter("status", str, many=True, enum=STATUSES),
            OpenApiParameter("severity", str, many=True, enum=SEVERITIES),
            OpenApiParameter("check", str),
            OpenApiParameter("policy", int),
            OpenApiParameter("host", int),
            OpenApiParameter("host_group", int),
        ],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Return one row for each host and check, streamed."""
        organization = one_organization(request, "view_compliance")
        chosen = wanted(request.query_params)
        return download(exported(Organization.objects.filter(pk=organization.pk), chosen), timezone.now())


class ReportPdfView(APIView):
    """The compliance report as PDF."""

    content_negotiation_class = FileNegotiation

    @extend_schema(
        parameters=[ORGANIZATION_PARAMETER],
        responses={**sealed_file("application/pdf"), 409: OpenApiResponse(None, "It cannot be made; detail says why.")},
    )
    def get(self, request: Request) -> HttpResponse:
        """Return the report, at most ten minutes old, or 202 while it is made; 409 says why it cannot be made."""
        organization = one_organization(request, "view_compliance")
        wish = compliance_reports.followed(actor=request.user, organization=organization, now=timezone.now())
        if wish.status == ReportRequest.Status.FAILED:
            raise Conflict(f"{wish.reason} It can be tried again in a few minutes.")
        if wish.report is None:
            raise NotReady("The report is being made.")
        sealed = wish.report
        response = HttpResponse(bytes(sealed.content), content_type=sealed.media_type)
        response["Content-Disposition"] = f'attachment; filename="{sealed.filename}"'
        response["X-Report-Id"], response["X-Content-SHA256"] = sealed.report_id, sealed.sha256
        return response
