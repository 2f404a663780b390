from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cloudbench.engine.findings import Status
from cloudbench.models import CloudAccount, CustomControl
from cloudbench.selectors.custom_controls import Said, answer_of, results_in, standings, with_runs
from cloudbench.services import custom_controls
from organizations.permissions import permitted_rows
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer

STATES = [str(status) for status in Status]
COUNTS = {"type": "object", "additionalProperties": {"type": "integer"}}


class CustomResultSerializer(serializers.Serializer):
    """What a custom control said of one collection. ``run``: the first run on it."""

    id = serializers.IntegerField(source="result.pk")
    status = serializers.CharField(source="result.status")
    reason = serializers.CharField(source="result.reason", allow_blank=True)
    affected = serializers.IntegerField(source="result.affected")
    account = serializers.IntegerField(source="result.snapshot.account_id")
    account_name = serializers.CharField(source="result.snapshot.account.name")
    run = serializers.IntegerField(allow_null=True)
    snapshot = serializers.IntegerField(source="result.snapshot_id")
    collected_at = serializers.DateTimeField(source="at")


class CustomRowsSerializer(CustomResultSerializer):
    """The same with the question as it was then, and the rows that failed; none where they were pruned."""

    sql = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField(child=serializers.JSONField(allow_null=True)))


class StandingSerializer(serializers.Serializer):
    """The worst of what was said last of each account. ``accounts``: how many in which status; ``newest``: the last."""

    status = serializers.CharField()
    affected = serializers.IntegerField()
    accounts = serializers.SerializerMethodField()
    newest = CustomResultSerializer()

    @extend_schema_field(COUNTS)
    def get_accounts(self, standing: Any) -> dict[str, int]:
        return {status.lower(): standing.accounts.get(status, 0) for status in STATES}


class CustomControlSerializer(OwnedSerializer):
    """A control of an organization's own: a SELECT whose every row is a failing resource."""

    latest = serializers.SerializerMethodField()

    class Meta:
        model = CustomControl
        fields = [
            "id", "organization", "title", "description", "remediation", "severity", "sql", "enabled", "latest",
            "created_at",
        ]  # fmt: skip
        validators: list[Any] = []  # the service names the field
        extra_kwargs = {"sql": {"trim_whitespace": False}}

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields

    @extend_schema_field(StandingSerializer(allow_null=True))
    def get_latest(self, control: CustomControl) -> dict[str, Any] | None:
        standing = getattr(control, "standing", None)
        return StandingSerializer(standing).data if standing else None


class CustomControlViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet
):  # fmt: skip
    """Custom controls with what they said last. Those that are enabled are evaluated on every collection."""

    queryset = CustomControl.objects.select_related("organization")
    serializer_class = CustomControlSerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    in_part = True
    filterset_fields = ["severity", "enabled"]
    search_fields = ["title", "description", "sql"]
    ordering_fields = ["title", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def accounts(self) -> QuerySet[CloudAccount]:
        """Return the accounts whose results may be seen."""
        return permitted_rows(self.request.user, "view_compliance", CloudAccount.objects.connected())

    def get_object(self) -> CustomControl:
        fresh = not hasattr(self, "_row")
        control: CustomControl = super().get_object()
        if fresh:
            self.with_standings([control])
        return control

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        return self.with_standings(page or []) if self.action == "list" else page

    def with_standings(self, controls: list[CustomControl]) -> list[CustomControl]:
        found = standings(controls, self.accounts()) if controls else {}
        for control in controls:
            control.standing = found.get(control.pk)
        return controls

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = custom_controls.create_control(
            actor=self.request.user, organization=values.pop("organization"), values=values
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = custom_controls.change_control(
            actor=self.request.user, control=serializer.instance, values=serializer.validated_data
        )

    def perform_destroy(self, instance: CustomControl) -> None:
        custom_controls.delete_control(actor=self.request.user, control=instance)

    @extend_schema(responses=CustomResultSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def results(self, request: Request, pk: str) -> Response:
        """Return what the control said of each collection, the newest first."""
        rows = results_in(self.every_account()).filter(control=self.get_object())
        page = with_runs(self.paginate_queryset(rows) or [])
        return self.get_paginated_response(CustomResultSerializer(page, many=True).data)

    @extend_schema(responses=CustomRowsSerializer)
    @action(
        detail=True, methods=["get"], filter_backends=[], pagination_class=None,
        url_path="results/(?P<result>[0-9]{1,18})",
    )  # fmt: skip
    def result(self, request: Request, pk: str, result: str) -> Response:
        """Return one result with its rows."""
        said = self.one_result(int(result))
        answer = answer_of(said.result)
        told = CustomResultSerializer(said).data
        return Response({**told, "sql": said.result.sql, "columns": answer.columns, "rows": answer.rows})

    def one_result(self, result: int) -> Said:
        row = results_in(self.every_account()).filter(control=self.get_object(), pk=result).first()
        if row is None:
            raise Http404
        return with_runs([row])[0]

    def every_account(self) -> QuerySet[CloudAccount]:
        """Return the accounts whose results may be seen, those that were removed as well."""
        return permitted_rows(self.request.user, "view_compliance", CloudAccount.objects.all())
