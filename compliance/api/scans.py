import json
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django_filters.rest_framework import CharFilter, FilterSet, TypedChoiceFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import Host, Policy, Scan
from compliance.reports import scan_json
from compliance.reports.formats import FORMATS
from compliance.selectors.scan_reports import counts, failed_by_severity, scan_report
from compliance.selectors.scans import tallied
from compliance.services import re_evaluation, scan_reports, scan_requests
from compliance.web.paging import TalliedPages
from compliance.web.projects import of_project
from organizations.errors import Conflict, NotReady
from organizations.models.users import User
from organizations.permissions import permitted_in_part, permitted_to
from organizations.web.lists import wanted_id
from organizations.web.schema import sealed_file
from organizations.web.viewsets import OwnedReadViewSet, OwnedRelatedField, OwnedSerializer, narrowed
from templates_app.language import stored_facts
from templates_app.models import Template

SUFFIXES = ("html", "json", "arf.xml", "junit.xml", "pdf")
NO_REPORT = "The scan is not completed, or the report cannot be made; detail says why."
DEFAULT_TEMPLATES = {"linux": "cis-l1-linux"}


class CountsSerializer(serializers.Serializer):
    """How many checks ended how."""

    total = serializers.IntegerField()
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    error = serializers.IntegerField()
    skipped = serializers.IntegerField()
    waived = serializers.IntegerField()
    not_applicable = serializers.IntegerField()


class SeveritiesSerializer(serializers.Serializer):
    """How many checks of each severity fail."""

    critical = serializers.IntegerField()
    high = serializers.IntegerField()
    medium = serializers.IntegerField()
    low = serializers.IntegerField()


@extend_schema_serializer(component_name="Scan")
class ScanSerializer(OwnedSerializer):
    """One evaluation of one host by one template."""

    hostname = serializers.CharField(source="host.hostname", read_only=True)
    template_name = serializers.CharField(source="template.name", read_only=True)
    template_slug = serializers.CharField(source="template.slug", read_only=True)
    template_version = serializers.IntegerField(source="template.version", read_only=True)
    vm = serializers.IntegerField(source="host.vm.pk", allow_null=True, read_only=True)
    project = serializers.IntegerField(source="host.vm.project_id", allow_null=True, read_only=True)
    project_name = serializers.CharField(source="host.vm.project.name", allow_null=True, read_only=True)
    counts = serializers.SerializerMethodField()
    failed_by_severity = serializers.SerializerMethodField()
    block_reasons = serializers.ListField(child=serializers.CharField(), read_only=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Scan
        fields = [
            "id", "organization", "host", "hostname", "template", "template_name", "template_slug", "template_version",
            "template_sha256", "profile", "policy", "scan_type", "based_on", "status", "privilege", "benchmark",
            "score", "score_without_waivers", "coverage", "incomplete", "counts", "failed_by_severity", "left_out",
            "vm", "project", "project_name", "handover_blocked", "would_block", "block_reasons", "progress",
            "error_code", "error", "created_at",
            "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = [name for name in fields if name not in ("host", "template", "profile")]

    @extend_schema_field(CountsSerializer)
    def get_counts(self, scan: Scan) -> dict[str, int]:
        return counts(scan)

    @extend_schema_field(SeveritiesSerializer)
    def get_failed_by_severity(self, scan: Scan) -> dict[str, int]:
        return failed_by_severity(scan)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_progress(self, scan: Scan) -> dict[str, Any]:
        return {"phase": scan.phase, "done": scan.steps_done, "total": scan.steps_total, "step": scan.step}


class ScanRequestSerializer(serializers.Serializer):
    """Which host to scan: under its policy, or by hand with a template; with neither, the system's Level 1."""

    host = OwnedRelatedField(queryset=Host.objects.select_related("organization"))
    policy = OwnedRelatedField(queryset=Policy.objects.in_force(), required=False)
    template = OwnedRelatedField(queryset=Template.objects.all(), shared=True, required=False)
    profile = serializers.ChoiceField(choices=Scan.Profile.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what the policy decides."""
        if "policy" in attrs and (decided := {"template", "profile"} & attrs.keys()):
            raise serializers.ValidationError(dict.fromkeys(decided, "The policy decides this; leave it out."))
        return attrs


class ReEvaluationSerializer(serializers.Serializer):
    """What to score the stored facts against."""

    template = OwnedRelatedField(queryset=Template.objects.all(), shared=True)


def requested(actor: User, wanted: dict[str, Any]) -> Scan:
    """Ask for the scan that a valid body describes. Raises as the services do."""
    host, now = wanted["host"], timezone.now()
    if "policy" in wanted:
        return scan_requests.request_policy_scan(actor=actor, host=host, policy=wanted["policy"], now=now)
    template = wanted.get("template") or Template.objects.latest_of(DEFAULT_TEMPLATES.get(host.os_type, ""))
    if template is None:
        raise Conflict("The system templates are not loaded; the operator runs manage.py load_content.")
    profile = wanted.get("profile", Scan.Profile.SERVER)
    return scan_requests.request_scan(actor=actor, host=host, template=template, profile=profile, now=now)


TALLIED = frozenset({"status", "scan_type", "policy"})
"""Filters that the tally of scans knows."""
NOT_NARROWING = frozenset({"page", "page_size", "ordering", "organization", "format"})


class ScanFilters(FilterSet):
    """``project`` is that of a provisioned VM, by id or name; ``blocked`` is what enforcement made of a VM's scan."""

    project = CharFilter(method="in_project")
    blocked = TypedChoiceFilter(
        field_name="handover_blocked", choices=(("true", "Blocked"), ("false", "Not blocked")),
        coerce=lambda text: text == "true",
    )  # fmt: skip

    class Meta:
        model = Scan
        fields = {
            "status": ["exact"], "scan_type": ["exact"], "host": ["exact"], "policy": ["exact"], "template": ["exact"],
            "profile": ["exact"], "stream": ["exact"], "created_at": ["gte", "lt"],
        }  # fmt: skip

    def in_project(self, rows: QuerySet[Scan], name: str, wanted: str) -> QuerySet[Scan]:
        return of_project(rows, wanted, self.request.user, "host__vm__project")


class ScanViewSet(mixins.CreateModelMixin, OwnedReadViewSet):
    """Scans: ask for one, look at it, cancel it, take its reports."""

    queryset = Scan.objects.select_related(
        "organization",
        "host__vm__project",
        "template",
        "snapshot__manifest",
        "snapshot__organization",
        "results",
        "requested_by",
    ).defer("template__document", "results__data", "snapshot__manifest__data")
    serializer_class = ScanSerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    filterset_class = ScanFilters
    search_fields = ["host__hostname", "template__name"]
    ordering_fields = ["created_at", "finished_at", "score"]
    http_method_names = ["get", "post", "head", "options"]
    pagination_class = TalliedPages

    def list_length(self, rows: QuerySet[Scan]) -> int:
        """Return how long the list of ``rows`` is: from the tally where that knows, else by counting."""
        asked, organizations = self.request.query_params, permitted_to(self.request.user, self.codename())
        in_parts = permitted_in_part(self.request.user, self.codename()).exclude(pk__in=organizations)
        if {name for name in asked if asked[name]} - NOT_NARROWING - TALLIED or in_parts.exists():
            return rows.order_by().values("pk").count()
        return tallied(
            narrowed(organizations, asked.get("organization")), status=asked.get("status", ""),
            scan_type=asked.get("scan_type", ""), policy=wanted_id(asked.get("policy", "")),
        )  # fmt: skip

    @extend_schema(request=ScanRequestSerializer, responses={201: ScanSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for a scan, at once. 409 while the host is offline."""
        wanted = ScanRequestSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        scan = requested(request.user, wanted.validated_data)
        return Response(ScanSerializer(scan).data, status=201)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def results(self, request: Request, pk: str) -> Response:
        """Return the scan with the result of every check."""
        return Response(scan_json.document(scan_report(self.get_object())))

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 409: OpenApiResponse(None, "The scan has no facts.")})
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def facts(self, request: Request, pk: str) -> Response:
        """Return the facts that the scan evaluated."""
        scan = self.get_object()
        _, facts = re_evaluation.facts_to_score(scan)
        return Response(json.loads(stored_facts.dump(facts)))

    @extend_schema(request=ReEvaluationSerializer, responses={201: ScanSerializer})
    @action(detail=True, methods=["post"], url_path="re-evaluate")
    def re_evaluate(self, request: Request, pk: str) -> Response:
        """Score the stored facts against a published template; the new scan moves no posture. 409 without facts."""
        scan = self.get_object()
        wanted = ReEvaluationSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        made = re_evaluation.re_evaluate(
            actor=request.user, scan=scan, template=wanted.validated_data["template"], now=timezone.now()
        )  # fmt: skip
        return Response(ScanSerializer(made).data, status=201)

    @extend_schema(request=None, responses=ScanSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel a pending or running scan."""
        scan = scan_requests.cancel_scan(actor=request.user, scan=self.get_object(), now=timezone.now())
        return Response(ScanSerializer(scan).data)

    @extend_schema(
        parameters=[OpenApiParameter("suffix", str, OpenApiParameter.PATH, enum=SUFFIXES)],
        responses={**sealed_file(*(one.media_type for one in FORMATS.values())), 409: OpenApiResponse(None, NO_REPORT)},
    )
    @action(
        detail=True, methods=["get"], pagination_class=None, filter_backends=[],
        url_path=r"report\.(?P<suffix>html|json|arf\.xml|junit\.xml|pdf)",
    )  # fmt: skip
    def report(self, request: Request, pk: str, suffix: str) -> HttpResponse:
        """Return a report file, or 202 while it is made."""
        name = suffix.partition(".")[0]
        scan = self.get_object()
        sealed = scan_reports.report_or_request(scan=scan, name=name, actor=request.user, now=timezone.now())
        if sealed is None:
            raise NotReady("The report is being made.")
        response = HttpResponse(bytes(sealed.content), content_type=sealed.media_type)
        response["Content-Disposition"] = f'attachment; filename="scan-{scan.pk}-{FORMATS[name].filename}"'
        response["X-Report-Id"], response["X-Content-SHA256"] = sealed.report_id, sealed.sha256
        return response
