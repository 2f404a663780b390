from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cloudbench.api.custom_controls import CustomControlSerializer
from cloudbench.models import Run, Snapshot
from cloudbench.selectors.queries import tables_of
from cloudbench.services import custom_controls, queries
from organizations.errors import Invalid
from organizations.permissions import holds_anywhere, permitted_rows, read_once
from organizations.web.lists import wanted_id
from organizations.web.paging import PageNumberPages
from organizations.web.viewsets import NO_SUCH_ROW, OwnedRelatedField

VIEW = "view_compliance"
REFUSALS = {
    409: OpenApiResponse(OpenApiTypes.OBJECT, "The run is not completed, or its facts were pruned."),
    429: OpenApiResponse(OpenApiTypes.OBJECT, "Too many questions are being answered; at most two at once for one."),
}


class QueryRequestSerializer(serializers.Serializer):
    """One SELECT over what was collected for a run."""

    run = OwnedRelatedField(queryset=Run.objects.select_related("organization", "snapshot__organization"))
    sql = serializers.CharField(max_length=queries.LONGEST_SQL, trim_whitespace=False)


class QueryResultSerializer(serializers.Serializer):
    """The answer: at most 1,000 rows in the order of ``columns``; cells are texts, numbers or null."""

    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField(child=serializers.JSONField(allow_null=True)))
    truncated = serializers.BooleanField()
    seconds = serializers.FloatField()
    tables_read = serializers.ListField(child=serializers.CharField(), source="reads")


class QueryTableSerializer(serializers.Serializer):
    """A table that can be asked; ``unread`` says what could not be read of it."""

    table = serializers.CharField(source="name")
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.IntegerField()
    unread = serializers.ListField(child=serializers.CharField())


class QueryView(APIView):
    """Questions in SQL about what a run collected. They read a sealed copy, within limits of rows, time and memory."""

    pagination_class = PageNumberPages

    @extend_schema(
        operation_id="v1_cloud_queries_list",
        parameters=[
            OpenApiParameter("run", int, required=True, description="A completed run."),
            OpenApiParameter("search", str, description="Words of the names of a table and its columns."),
        ],
        responses={200: QueryTableSerializer(many=True), 409: REFUSALS[409]},
    )
    def get(self, request: Request) -> Response:
        """Return the tables of a run, and their columns."""
        snapshot = snapshot_of(request)
        queries.refuse_without_facts(snapshot)
        words = request.query_params.get("search", "").lower().split()[:10]
        tables = [
            table
            for table in tables_of(snapshot)
            if all(word in f"{table.name} {' '.join(table.columns)}".lower() for word in words)
        ]
        pages = PageNumberPages()
        page = pages.paginate_queryset(tables, request)
        return pages.get_paginated_response(QueryTableSerializer(page, many=True).data)

    @extend_schema(request=QueryRequestSerializer, responses={200: QueryResultSerializer, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Try a question; nothing is stored."""
        read_once(request.user)
        asked = QueryRequestSerializer(data=request.data, context={"request": request})
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        answer = queries.ask(actor=request.user, snapshot=values["run"].snapshot, sql=values["sql"])
        return Response(QueryResultSerializer(answer).data)


def snapshot_of(request: Request) -> Snapshot:
    """Return the collection of the run that the query names. Raises Invalid, PermissionDenied."""
    if not holds_anywhere(request.user, (VIEW,), in_part=True):
        raise PermissionDenied(f"This needs the permission {VIEW} in at least one organization.")
    runs = permitted_rows(request.user, VIEW, Run.objects.select_related("snapshot"))
    run = runs.filter(pk=wanted_id(request.query_params.get("run", "")) or 0).first()
    if run is None:
        raise Invalid({"run": NO_SUCH_ROW})
    snapshot: Snapshot = run.snapshot
    return snapshot


class SaveQueryView(APIView):
    """A question that is kept: as a custom control, which is evaluated on every collection from then on."""

    @extend_schema(request=CustomControlSerializer, responses={201: CustomControlSerializer, 429: REFUSALS[429]})
    def post(self, request: Request) -> Response:
        """Save a question as a custom control; each row that it gives is a failing resource."""
        read_once(request.user)
        context: dict[str, Any] = {"request": request}
        serializer = CustomControlSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        control = custom_controls.create_control(
            actor=request.user, organization=values.pop("organization"), values=values
        )
        control.standing = None
        return Response(CustomControlSerializer(control, context=context).data, status=201)
