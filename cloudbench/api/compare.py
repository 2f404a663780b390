from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cloudbench.models import Run
from cloudbench.selectors.compare import Change, Match, Row, compared, resources_between, summary_of
from cloudbench.web.compare import RowFilters, matching, two_runs, wanted_change
from organizations.permissions import holds_anywhere, permitted_rows, read_once

VIEW = "view_compliance"
NOT_DONE = OpenApiResponse(OpenApiTypes.OBJECT, "A run is not completed.")


class ComparedRunSerializer(serializers.Serializer):
    """One of the two runs. Scores are unrounded."""

    id = serializers.IntegerField()
    benchmark = serializers.CharField(source="benchmark.slug")
    benchmark_title = serializers.CharField(source="benchmark.title")
    benchmark_version = serializers.CharField(source="benchmark.version")
    account = serializers.IntegerField(source="account_id")
    account_id = serializers.CharField(source="account.account_id")
    account_name = serializers.CharField(source="account.name")
    score = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class ControlChangeSerializer(serializers.Serializer):
    """A control of the first run beside one of the second. ``match``: by what they are held side by side."""

    control_a = serializers.CharField(allow_null=True)
    control_b = serializers.CharField(allow_null=True)
    title = serializers.CharField()
    severity = serializers.CharField(allow_null=True)
    status_a = serializers.CharField(allow_null=True)
    status_b = serializers.CharField(allow_null=True)
    affected_a = serializers.IntegerField(allow_null=True)
    affected_b = serializers.IntegerField(allow_null=True)
    match = serializers.ChoiceField(choices=[str(match) for match in Match])
    shared_checks = serializers.ListField(child=serializers.CharField())
    change = serializers.ChoiceField(choices=[str(change) for change in Change])


class ChangedResourceSerializer(serializers.Serializer):
    """A resource that began or ceased to fail a check."""

    check = serializers.CharField()
    arn = serializers.CharField()
    region = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)


class ChangedResourcesSerializer(serializers.Serializer):
    """What began and what ceased to fail, at most 200 of each; ``why_not`` says why that cannot be told."""

    told = serializers.BooleanField()
    why_not = serializers.CharField(allow_blank=True)
    truncated = serializers.BooleanField()
    newly_failing = ChangedResourceSerializer(many=True, source="failing")
    repaired = ChangedResourceSerializer(many=True)


class ComparisonSerializer(serializers.Serializer):
    """Two runs side by side. ``score_change``: points from the first to the second, null unless both have a score."""

    runs = ComparedRunSerializer(many=True)
    score_change = serializers.FloatField(allow_null=True)
    summary = serializers.DictField(child=serializers.IntegerField())
    changes = ControlChangeSerializer(many=True)
    resources = ChangedResourcesSerializer()


class CompareView(APIView):
    """Two completed runs side by side: of one benchmark, of two versions or of two frameworks, also of two accounts."""

    @extend_schema(
        parameters=[
            OpenApiParameter("runs", str, required=True, description="Two ids, e.g. 12,15: the earlier one first."),
            OpenApiParameter("change", str, enum=[*Change], description="Only controls of which this became."),
        ],
        responses={200: ComparisonSerializer, 409: NOT_DONE},
    )
    def get(self, request: Request) -> Response:
        """Return what became of each control, and the resources that began or ceased to fail."""
        if not holds_anywhere(request.user, (VIEW,), in_part=True):
            raise PermissionDenied(f"This needs the permission {VIEW} in at least one organization.")
        read_once(request.user)
        change = wanted_change(request.query_params)
        seen = permitted_rows(request.user, VIEW, Run.objects.all())
        a, b = two_runs(seen, request.query_params.get("runs", ""))
        rows = compared(a, b)
        comparison = {
            "runs": [a, b],
            "score_change": None if a.score is None or b.score is None else b.score - a.score,
            "summary": summary_of(rows),
            "changes": [told(row) for row in matching(rows, RowFilters(change=change))],
            "resources": resources_between(a, b),
        }
        return Response(ComparisonSerializer(comparison).data)


def told(row: Row) -> dict[str, Any]:
    """Return a row by the names of the API."""
    return {
        "control_a": row.a.control.id if row.a else None,
        "control_b": row.b.control.id if row.b else None,
        "title": row.title,
        "severity": row.severity or None,
        "status_a": (row.a.status or None) if row.a else None,
        "status_b": (row.b.status or None) if row.b else None,
        "affected_a": row.a.affected if row.a else None,
        "affected_b": row.b.affected if row.b else None,
        "match": row.match,
        "shared_checks": row.shared,
        "change": row.change,
    }
