from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from cloudbench.lib.benchmarks import Benchmark as Document
from cloudbench.lib.benchmarks import Control
from cloudbench.lib.content import read_content
from cloudbench.lib.severity import gravity_of
from cloudbench.models import Benchmark
from cloudbench.selectors.benchmarks import document_of, runnable
from organizations.errors import Invalid
from organizations.permissions import holds_anywhere


class BenchmarkCountsSerializer(serializers.Serializer):
    """How many controls there are, by the publisher's label; ``with_checks`` are evaluated whatever it says."""

    total = serializers.IntegerField()
    automated = serializers.IntegerField()
    manual = serializers.IntegerField()
    with_checks = serializers.IntegerField()


LEVEL = {"type": "object", "properties": {"id": {"type": "string"}, "label": {"type": "string"}}, "required": ["id"]}
LEVELS = {"type": "array", "items": LEVEL}


class BenchmarkSerializer(serializers.ModelSerializer):
    """One version of a published benchmark."""

    cadence = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    levels = serializers.SerializerMethodField()

    class Meta:
        model = Benchmark
        fields = [
            "slug", "title", "publisher", "version", "revision", "cadence", "content_date", "sha256", "counts",
            "levels", "loaded_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_cadence(self, benchmark: Benchmark) -> str:
        return document_of(benchmark).cadence

    @extend_schema_field(BenchmarkCountsSerializer)
    def get_counts(self, benchmark: Benchmark) -> dict[str, int]:
        return counts_of(document_of(benchmark))

    @extend_schema_field(LEVELS)
    def get_levels(self, benchmark: Benchmark) -> list[dict[str, str]]:
        return [{"id": level.id, "label": level.label} for level in document_of(benchmark).levels]


class ControlSerializer(serializers.Serializer):
    """One control of a benchmark, as it is published and as it is checked here."""

    id = serializers.CharField()
    section = serializers.CharField()
    title = serializers.CharField()
    level = serializers.CharField(allow_blank=True)
    severity = serializers.CharField(allow_null=True)
    severity_derived = serializers.BooleanField()
    manual = serializers.BooleanField()
    automated = serializers.BooleanField()
    checks = serializers.ListField(child=serializers.CharField())
    guidance = serializers.CharField(allow_blank=True)


def counts_of(document: Document) -> dict[str, int]:
    """Return the counts of a benchmark by what they are called."""
    counts = document.counts
    with_checks = sum(1 for control in document.controls if control.checks)
    return {
        "total": counts.total,
        "automated": counts.automated,
        "manual": counts.manual,
        "with_checks": with_checks,
    }


class BenchmarkViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet):
    """The published benchmarks in their newest revision. They are shared: any holder of view_compliance reads them."""

    queryset = Benchmark.objects.newest()
    serializer_class = BenchmarkSerializer
    filter_backends: list[Any] = []
    lookup_field = "slug"
    lookup_value_regex = "[a-z0-9_]{1,40}"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse whoever may see nothing of the kind anywhere."""
        super().initial(request, *args, **kwargs)
        if not holds_anywhere(request.user, ("view_compliance",), in_part=True):
            raise PermissionDenied("This needs the permission view_compliance in at least one organization.")

    @extend_schema(
        parameters=[
            OpenApiParameter("level", str, description="Only what this level or baseline selects, e.g. L1."),
            OpenApiParameter("automated", bool, description="Only controls with checks, or only those without."),
            OpenApiParameter("search", str, description="Words of the id or the title."),
        ],
        responses=ControlSerializer(many=True),
    )
    @action(detail=True, methods=["get"])
    def controls(self, request: Request, slug: str) -> Response:
        """Return the controls in the publisher's order."""
        document = document_of(self.get_object())
        wanted = chosen(document, request.query_params)
        return self.get_paginated_response([told(control) for control in self.paginate_queryset(wanted) or []])


def chosen(document: Document, asked: Any) -> Sequence[Control]:
    """Return the controls that a query string asks for. Raises Invalid."""
    controls: Sequence[Control] = document.controls
    if level := asked.get("level", ""):
        try:
            controls = document.at_level(level)
        except KeyError:
            there = ", ".join(known.id for known in document.levels) or "none"
            raise Invalid({"level": f"This benchmark has no level {level[:20]!r}; it has {there}."}) from None
    automated = asked.get("automated", "").lower()
    if automated not in ("", "true", "false", "1", "0"):
        raise Invalid({"automated": "Write true or false."})
    if automated:
        controls = [control for control in controls if bool(runnable(control)) is (automated in ("true", "1"))]
    words = asked.get("search", "").lower().split()[:20]
    return [c for c in controls if all(word in f"{c.id} {c.title}".lower() for word in words)] if words else controls


def told(control: Control) -> dict[str, Any]:
    gravity = gravity_of(control, read_content().texts)
    return {
        "id": control.id,
        "section": control.section,
        "title": control.title,
        "level": " ".join(control.levels),
        "severity": gravity.severity or None,
        "severity_derived": gravity.derived,
        "manual": control.assessment == "manual",
        "automated": bool(control.checks),
        "checks": list(control.checks),
        "guidance": control.guidance,
    }
