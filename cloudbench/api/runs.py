from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django_filters.rest_framework import CharFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cloudbench.engine.findings import Status
from cloudbench.engine.scoring import SEVERITIES
from cloudbench.models import CloudAccount, Run
from cloudbench.reports import run_json
from cloudbench.reports.formats import FORMATS
from cloudbench.reports.run_report import ControlReport
from cloudbench.selectors.benchmarks import document_of
from cloudbench.selectors.run_reports import decided_since, resources_of
from cloudbench.services import run_reports
from cloudbench.services.runs import cancel_run, request_runs
from organizations.errors import Invalid, NotReady
from organizations.web.schema import sealed_file
from organizations.web.viewsets import OwnedReadViewSet, OwnedRelatedField, OwnedSerializer

SUFFIXES = {"json": "json", "csv": "csv", "pdf": "pdf", "ocsf.json": "ocsf"}
REPORT_FILES = sealed_file(*(one.media_type for one in FORMATS.values())) | {
    (200, "application/json"): OpenApiTypes.ANY  # OCSF is a list of findings
}
NO_REPORT = "The run is not completed, its detail was pruned, or the report cannot be made; detail says why."


STATES = ("pass", "fail", "skip", "error")
COUNTS = {
    "type": "object",
    "properties": {state: {"type": "integer"} for state in STATES},
    "required": [*STATES],
}
"""How many controls are in which state; those not decided yet count as none."""


class RunProgressSerializer(serializers.Serializer):
    """How many of the controls are decided."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()


class RunSerializer(OwnedSerializer):
    """One benchmark on one account. Scores are unrounded; ``coverage`` is 0 to 1."""

    benchmark = serializers.CharField(source="benchmark.slug", read_only=True)
    benchmark_title = serializers.CharField(source="benchmark.title", read_only=True)
    benchmark_version = serializers.CharField(source="benchmark.version", read_only=True)
    account_id = serializers.CharField(source="account.account_id", read_only=True)
    account_name = serializers.CharField(source="account.name", read_only=True)
    counts = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    api_calls = serializers.IntegerField(source="snapshot.api_calls", read_only=True)
    throttles = serializers.IntegerField(source="snapshot.throttles", read_only=True)
    seconds = serializers.FloatField(source="snapshot.seconds", read_only=True)
    regions = serializers.ListField(child=serializers.CharField(), source="snapshot.regions", read_only=True)
    based_on = serializers.IntegerField(source="snapshot.base_id", allow_null=True, read_only=True)

    class Meta:
        model = Run
        fields = [
            "id", "organization", "account", "account_id", "account_name", "benchmark", "benchmark_title",
            "benchmark_version", "schedule", "snapshot", "based_on", "status", "score", "coverage", "trend",
            "critical_failed", "high_failed", "counts", "progress", "api_calls", "throttles", "seconds", "regions",
            "error_code", "error", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(COUNTS)
    def get_counts(self, run: Run) -> dict[str, int]:
        return {"pass": run.passed, "fail": run.failed, "skip": run.skipped, "error": run.errors}

    @extend_schema_field(RunProgressSerializer)
    def get_progress(self, run: Run) -> dict[str, int]:
        return {"done": run.controls_done, "total": run.controls_total}


class RunRequestSerializer(serializers.Serializer):
    """What to evaluate. ``collect_anew``: take nothing over that was collected a short while ago."""

    account = OwnedRelatedField(queryset=CloudAccount.objects.connected().select_related("organization"))
    benchmarks = serializers.ListField(
        child=serializers.CharField(max_length=40), allow_empty=False, max_length=50, help_text="Slugs."
    )
    collect_anew = serializers.BooleanField(required=False, default=False)


class RunControlSerializer(serializers.Serializer):
    """The state of one control. ``seq`` grows in the order in which controls are decided; 0 for manual ones."""

    seq = serializers.IntegerField()
    id = serializers.CharField()
    title = serializers.CharField()
    section = serializers.CharField()
    level = serializers.CharField(allow_blank=True)
    severity = serializers.CharField(allow_null=True)
    severity_derived = serializers.BooleanField()
    status = serializers.ChoiceField(choices=[str(status) for status in Status])
    reason = serializers.CharField(allow_blank=True)
    manual = serializers.BooleanField()
    automated = serializers.BooleanField()
    description = serializers.CharField(allow_blank=True)
    rationale = serializers.CharField(allow_blank=True)
    remediation = serializers.CharField(allow_blank=True)
    remediation_steps = serializers.ListField(child=serializers.CharField())
    guidance = serializers.CharField(allow_blank=True)
    reference_url = serializers.CharField(allow_blank=True)
    checks = serializers.ListField(child=serializers.CharField())
    affected_count = serializers.IntegerField()
    evaluated_count = serializers.IntegerField()


class AffectedSerializer(serializers.Serializer):
    """A resource that fails a control; ``detail`` states its fault."""

    arn = serializers.CharField()
    region = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField()
    attributes = serializers.DictField()
    check = serializers.CharField()


class RunFilters(FilterSet):
    """``benchmark`` is a slug, as in a run itself."""

    benchmark = CharFilter(field_name="benchmark__slug")

    class Meta:
        model = Run
        fields = {
            "account": ["exact"], "status": ["exact"], "schedule": ["exact"], "created_at": ["gte", "lt"],
        }  # fmt: skip


class RunViewSet(mixins.CreateModelMixin, OwnedReadViewSet):
    """Runs of benchmarks: ask for some, follow them, cancel them, take their reports."""

    queryset = Run.objects.select_related("organization", "account", "benchmark", "snapshot", "requested_by").defer(
        "benchmark__document"
    )
    serializer_class = RunSerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    filterset_class = RunFilters
    search_fields = ["account__name", "account__account_id", "benchmark__title"]
    ordering_fields = ["created_at", "finished_at", "score"]
    http_method_names = ["get", "post", "head", "options"]

    @extend_schema(request=RunRequestSerializer, responses={201: RunSerializer(many=True)})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for runs, one for each benchmark, on one collection; those that wait already are returned instead."""
        wanted = RunRequestSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        runs = request_runs(
            actor=request.user, account=asked["account"], benchmarks=asked["benchmarks"], now=timezone.now(),
            anew=asked["collect_anew"],
        )  # fmt: skip
        return Response(RunSerializer(runs, many=True).data, status=201)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel a pending or running run."""
        run = cancel_run(actor=request.user, run=self.get_object(), now=timezone.now())
        return Response(RunSerializer(run).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("since", int, description="Only controls decided after the one with this seq."),
            OpenApiParameter("status", str, enum=[str(status) for status in Status]),
            OpenApiParameter("severity", str, enum=SEVERITIES),
            OpenApiParameter("level", str, description="Only what this level or baseline selects, e.g. L1."),
            OpenApiParameter("search", str, description="Words of the id or the title."),
        ],
        responses=RunControlSerializer(many=True),
    )
    @action(detail=True, methods=["get"], filter_backends=[])
    def controls(self, request: Request, pk: str) -> Response:
        """Return the controls that are decided so far; with ``since`` those that came later, in that order."""
        run, asked = self.get_object(), request.query_params
        decided = decided_since(run, wanted_seq(asked.get("since", "")))
        rows = [(seq, control) for seq, control in decided if wanted(run, control, asked)]
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([{"seq": seq, **run_json.control(control)} for seq, control in page])

    @extend_schema(responses=AffectedSerializer(many=True))
    @action(
        detail=True, methods=["get"], filter_backends=[], url_path=r"controls/(?P<control>[^/]{1,40})/resources"
    )  # fmt: skip
    def resources(self, request: Request, pk: str, control: str) -> Response:
        """Return the resources that fail a control; empty when it passes, or when its detail was pruned."""
        try:
            rows = resources_of(self.get_object(), control)
        except KeyError:
            raise Http404 from None
        return self.get_paginated_response([run_json.affected(row) for row in self.paginate_queryset(rows) or []])

    @extend_schema(
        parameters=[OpenApiParameter("suffix", str, OpenApiParameter.PATH, enum=[*SUFFIXES])],
        responses={**REPORT_FILES, 409: OpenApiResponse(None, NO_REPORT)},
    )
    @action(
        detail=True, methods=["get"], pagination_class=None, filter_backends=[],
        url_path=r"report\.(?P<suffix>json|csv|pdf|ocsf\.json)",
    )  # fmt: skip
    def report(self, request: Request, pk: str, suffix: str) -> HttpResponse:
        """Return a report file, or 202 while it is made."""
        run = self.get_object()
        sealed = run_reports.report_or_request(run=run, name=SUFFIXES[suffix], actor=request.user, now=timezone.now())
        if sealed is None:
            raise NotReady("The report is being made.")
        response = HttpResponse(bytes(sealed.content), content_type=sealed.media_type)
        response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-{sealed.filename}"'
        response["X-Report-Id"], response["X-Content-SHA256"] = sealed.report_id, sealed.sha256
        return response


def wanted_seq(text: str) -> int:
    """Return the ``since`` of a query string. Raises Invalid."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid({"since": "Write the seq of the last control that you have, a whole number."})
    return int(text)


def wanted(run: Run, control: ControlReport, asked: Any) -> bool:
    """Return whether a query string asks for ``control``. Raises Invalid."""
    status, severity, level = asked.get("status", ""), asked.get("severity", ""), asked.get("level", "")
    if status and status not in {str(one) for one in Status}:
        raise Invalid({"status": f"Choose among {', '.join(Status)}."})
    if severity and severity not in SEVERITIES:
        raise Invalid({"severity": f"Choose among {', '.join(SEVERITIES)}."})
    words = asked.get("search", "").lower().split()[:20]
    return (
        status in ("", control.status)
        and severity in ("", control.severity)
        and (not level or control.id in at(run, level))
        and all(word in f"{control.id} {control.title}".lower() for word in words)
    )


def at(run: Run, level: str) -> set[str]:
    document = document_of(run.benchmark)
    try:
        return {control.id for control in document.at_level(level)}
    except KeyError:
        there = ", ".join(known.id for known in document.levels) or "none"
        raise Invalid({"level": f"This benchmark has no level {level[:20]!r}; it has {there}."}) from None
