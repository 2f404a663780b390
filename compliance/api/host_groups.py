from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.policies import RequestedSerializer
from compliance.models import HostGroup
from compliance.services import host_groups, scan_requests
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer


class HostGroupSerializer(OwnedSerializer):
    """Hosts that belong together."""

    class Meta:
        model = HostGroup
        fields = ["id", "organization", "name", "description", "created_at"]
        validators: list[Any] = []  # the service names the field

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields


class HostGroupViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Groups of hosts."""

    queryset = HostGroup.objects.select_related("organization")
    serializer_class = HostGroupSerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    search_fields = ["name", "description"]
    ordering_fields = ["name", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = host_groups.create_group(
            actor=self.request.user, organization=values.pop("organization"), values=values
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = host_groups.change_group(
            actor=self.request.user, group=serializer.instance, values=serializer.validated_data
        )

    def perform_destroy(self, instance: HostGroup) -> None:
        host_groups.delete_group(actor=self.request.user, group=instance)

    @extend_schema(request=None, responses={202: RequestedSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def scan(self, request: Request, pk: str) -> Response:
        """Scan every host of the group under its policy now; those that are offline are left out and counted."""
        asked = scan_requests.request_group(actor=request.user, group=self.get_object(), now=timezone.now())
        return Response(RequestedSerializer(asked).data, status=202)
