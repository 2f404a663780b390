from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import ProviderConnection
from compliance.providers.fields import ENDPOINTS, FIELDS, KINDS, LONGEST_CA, LONGEST_VALUE
from compliance.services import provider_connections
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer


class ProviderFieldSerializer(serializers.Serializer):
    """One value that a kind of connection takes: in ``scope`` or, when it is a secret, in ``secrets``."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides what no answer uses
    secret = serializers.BooleanField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # as above
    help = serializers.CharField()
    default = serializers.CharField()
    multiline = serializers.BooleanField()
    example = serializers.CharField()


class ProviderKindSerializer(serializers.Serializer):
    """A kind of provider and what a connection to it takes; ``endpoint`` is null where there is none to set."""

    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    endpoint = ProviderFieldSerializer(allow_null=True)
    fields = ProviderFieldSerializer(many=True)  # type: ignore[assignment]  # taken out of the class again by DRF


class ProviderConnectionSerializer(OwnedSerializer):
    """Access to where VMs run. ``secrets`` go in and never come out; ``has_secrets`` tells which are set.

    What ``scope`` and ``secrets`` hold depends on the kind: see ``providers/kinds/``. An empty secret stays as it is.
    """

    scope = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST_VALUE, allow_blank=True, trim_whitespace=False), required=False
    )
    secrets = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST_VALUE, allow_blank=True, trim_whitespace=False),
        required=False, write_only=True,
    )  # fmt: skip
    has_secrets = serializers.SerializerMethodField()

    class Meta:
        model = ProviderConnection
        fields = [
            "id", "organization", "name", "kind", "endpoint", "scope", "secrets", "has_secrets", "ca_certificate",
            "tested_at", "test_ok", "test_message", "created_at",
        ]  # fmt: skip
        validators: list[Any] = []  # the service names the field
        read_only_fields = ["tested_at", "test_ok", "test_message"]
        extra_kwargs = {"ca_certificate": {"max_length": LONGEST_CA}}

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = fields["kind"].read_only = self.instance is not None
        return fields

    def get_has_secrets(self, connection: ProviderConnection) -> list[str]:
        return sorted(provider_connections.secrets_of(connection))


class ProviderConnectionViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet
):
    """Connections to VM providers. Deleting one forgets its secrets; what it told of VMs stays."""

    queryset = ProviderConnection.objects.filter(removed_at=None).select_related("organization")
    serializer_class = ProviderConnectionSerializer
    permissions = {"read": "manage_settings", "write": "manage_settings"}
    filterset_fields = ["kind", "test_ok"]
    search_fields = ["name", "endpoint"]
    ordering_fields = ["name", "kind", "tested_at", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = provider_connections.create_connection(
            actor=self.request.user, organization=values.pop("organization"), values=values
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = provider_connections.change_connection(
            actor=self.request.user, connection=serializer.instance, values=serializer.validated_data
        )

    def perform_destroy(self, instance: ProviderConnection) -> None:
        provider_connections.remove_connection(actor=self.request.user, connection=instance, now=timezone.now())

    @extend_schema(request=None, responses=ProviderConnectionSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def test(self, request: Request, pk: str) -> Response:
        """Make one cheap call, within a minute, and keep in ``test_ok`` and ``test_message`` what came of it."""
        tested = provider_connections.try_connection(
            actor=request.user, connection=self.get_object(), now=timezone.now()
        )
        return Response(self.get_serializer(tested).data)

    @extend_schema(responses=ProviderKindSerializer(many=True), filters=False)
    @action(detail=False, methods=["get"], filter_backends=[], pagination_class=None)
    def kinds(self, request: Request) -> Response:
        """Tell the kinds of providers and what a connection to each takes."""
        self.organizations()  # refuses whoever may manage none
        return Response(ProviderKindSerializer(list(map(described, KINDS)), many=True).data)


def described(kind: str) -> dict[str, Any]:
    return {"kind": kind, "label": KINDS[kind], "endpoint": ENDPOINTS.get(kind), "fields": list(FIELDS[kind])}
