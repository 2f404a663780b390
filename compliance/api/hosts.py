from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.host_drift import DriftSerializer, drift_document
from compliance.api.host_import import (
    CsvParser,
    ImportReportSerializer,
    asked_for_dry_run,
    import_document,
    owner_of_import,
    uploaded,
)
from compliance.api.scans import ScanSerializer
from compliance.models import Host, HostKey, Scan, Stream
from compliance.selectors.drift import comparable, drift_between
from compliance.selectors.hosts import history_of, latest_scans
from compliance.services import connection_tests, host_keys, hosts
from compliance.services.host_import import import_hosts, plan_import
from organizations.errors import Invalid
from organizations.permissions import permitted_to
from organizations.web.lists import wanted_id
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer


class HostSerializer(OwnedSerializer):
    """A machine that is scanned."""

    online = serializers.BooleanField(read_only=True)

    class Meta:
        model = Host
        fields = [
            "id", "organization", "hostname", "address", "port", "os_type", "connection", "credential", "groups",
            "os_name", "online", "last_seen_at", "unreachable_since", "retired_at", "created_at",
        ]  # fmt: skip
        validators: list[Any] = []  # the service names the field
        read_only_fields = ["os_name", "last_seen_at", "unreachable_since", "retired_at"]
        extra_kwargs = {
            "groups": {"required": False},
            "os_type": {"choices": [("linux", "Linux")]},
            "connection": {"default": Host.Connection.SSH},
        }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields


class HostKeySerializer(serializers.ModelSerializer):
    """A public key that the host has shown, or that was pinned by hand."""

    class Meta:
        model = HostKey
        fields = ["type", "fingerprint", "state", "first_contact", "seen_at"]


class AcceptedKeySerializer(serializers.Serializer):
    """The fingerprint to trust from now on."""

    fingerprint = serializers.CharField(max_length=100)


class ConnectionTestSerializer(serializers.Serializer):
    """How a login went."""

    ok = serializers.BooleanField()
    message = serializers.CharField()
    reason = serializers.CharField()
    privilege = serializers.CharField()
    os = serializers.CharField()
    host_key = serializers.CharField()
    seconds = serializers.FloatField()


@extend_schema_serializer(component_name="HostCompliance")
class HostComplianceSerializer(ScanSerializer):
    """The latest result of a host in one stream: under its policy, a secondary template, or by hand."""

    stream = serializers.IntegerField(source="stream_id", read_only=True, allow_null=True)
    role = serializers.SerializerMethodField()
    ended_at = serializers.SerializerMethodField()

    class Meta(ScanSerializer.Meta):
        fields = [*ScanSerializer.Meta.fields, "stream", "role", "ended_at"]

    @extend_schema_field(serializers.ChoiceField(choices=Stream.Role.choices, allow_null=True))
    def get_role(self, scan: Scan) -> str | None:
        return scan.stream.role if scan.stream else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_ended_at(self, scan: Scan) -> datetime | None:
        return scan.stream.ended_at if scan.stream else None


class HostViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Hosts. Deleting one retires it: it is scanned no more, and its history stays."""

    queryset = Host.objects.select_related("organization", "credential").prefetch_related("groups")
    serializer_class = HostSerializer
    permissions = {
        "read": "view_compliance", "write": "manage_compliance", "test_connection": "manage_compliance",
        "accept_host_key": "manage_settings",
    }  # fmt: skip
    filterset_fields = {"os_type": ["exact"], "connection": ["exact"], "groups": ["exact"], "retired_at": ["isnull"]}
    search_fields = ["hostname", "address", "os_name"]
    ordering_fields = ["hostname", "last_seen_at", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = hosts.create_host(
            actor=self.request.user, organization=values.pop("organization"), values=values, now=timezone.now()
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = hosts.change_host(
            actor=self.request.user, host=serializer.instance, values=serializer.validated_data, now=timezone.now()
        )

    def perform_destroy(self, instance: Host) -> None:
        hosts.retire_host(actor=self.request.user, host=instance, now=timezone.now())

    @extend_schema(request=None, responses=ConnectionTestSerializer)
    @action(detail=True, methods=["post"], url_path="test-connection")
    def test_connection(self, request: Request, pk: str) -> Response:
        """Log in and out again, and say how that went."""
        tested = connection_tests.try_connection(actor=request.user, host=self.get_object(), now=timezone.now())
        return Response(ConnectionTestSerializer(asdict(tested)).data)

    @extend_schema(responses=HostKeySerializer(many=True))
    @action(detail=True, methods=["get"], url_path="host-keys", pagination_class=None, filter_backends=[])
    def host_keys(self, request: Request, pk: str) -> Response:
        """List the keys that the host has shown and those that are pinned."""
        return Response(HostKeySerializer(self.get_object().keys.all(), many=True).data)

    @extend_schema(request=AcceptedKeySerializer, responses=HostKeySerializer)
    @host_keys.mapping.post
    def accept_host_key(self, request: Request, pk: str) -> Response:
        """Trust one key, named by its fingerprint, and no other."""
        wanted = AcceptedKeySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        key = host_keys.accept_key(
            actor=request.user, host=self.get_object(), now=timezone.now(), **wanted.validated_data
        )
        return Response(HostKeySerializer(key).data)

    @extend_schema(responses=HostComplianceSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def compliance(self, request: Request, pk: str) -> Response:
        """Return the latest completed scan of each stream of the host, the policy's first, ended streams last."""
        return Response(HostComplianceSerializer(latest_scans(self.get_object()), many=True).data)

    @extend_schema(responses=ScanSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def history(self, request: Request, pk: str) -> Response:
        """List the completed scans of the host, newest first."""
        page = self.paginate_queryset(history_of(self.get_object()))
        return self.get_paginated_response(ScanSerializer(page, many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("from", int, required=True, description="Id of a completed scan of this host."),
            OpenApiParameter("to", int, required=True, description="Id of another; any two may be compared."),
        ],
        responses=DriftSerializer,
    )
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def drift(self, request: Request, pk: str) -> Response:
        """Return what changed between two scans of the host, check by check."""
        wanted = {name: wanted_id(request.query_params.get(name, "")) for name in ("from", "to")}
        found = comparable(self.get_object().pk, [pk for pk in wanted.values() if pk is not None])
        if wrong := [name for name, pk in wanted.items() if pk not in found]:
            raise Invalid(dict.fromkeys(wrong, "Write the id of a completed scan of this host."))
        before, after = (found[pk] for pk in wanted.values() if pk is not None)
        return Response(drift_document(before, after, drift_between(before, after)))

    @extend_schema(
        parameters=[OpenApiParameter("dry_run", bool, description="Only say what the file would do.")],
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "organization": {"type": "integer"},
                },
                "required": ["file"],
            },
            "text/csv": {"type": "string"},
        },
        responses=ImportReportSerializer,
    )
    @action(
        detail=False, methods=["post"], url_path="import", pagination_class=None, filter_backends=[],
        parser_classes=[MultiPartParser, CsvParser],
    )  # fmt: skip
    def import_file(self, request: Request) -> Response:
        """Enter and change the hosts of a CSV file: all of them, or none and 400 with each problem by line and column.

        With ``dry_run`` the answer says what would be done, and lists the problems.
        """
        permitted = permitted_to(request.user, self.codename())
        if not permitted.exists():
            raise PermissionDenied(f"This needs the permission {self.codename()} in an organization.")
        dry_run, content = asked_for_dry_run(request), uploaded(request)
        organization = owner_of_import(request, permitted)
        if dry_run:
            plan = plan_import(actor=request.user, organization=organization, content=content)
        else:
            plan = import_hosts(actor=request.user, organization=organization, content=content, now=timezone.now())
        return Response(import_document(plan, dry_run=dry_run))
