from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.models.organizations import Organization, validate_time_zone
from organizations.permissions import in_reach_of
from organizations.services import organizations
from organizations.web.viewsets import OwnedReadViewSet, narrowed


class OrganizationSerializer(serializers.ModelSerializer):
    """An organization as its members see it."""

    time_zone = serializers.CharField(max_length=60, default="UTC", validators=[validate_time_zone])

    class Meta:
        model = Organization
        fields = [
            "id",
            "name",
            "slug",
            "time_zone",
            "is_operator",
            "automation_paused",
            "automation_paused_reason",
            "automation_paused_at",
            "created_at",
        ]
        read_only_fields = ["is_operator", "automation_paused", "automation_paused_reason", "automation_paused_at"]


class PauseSerializer(serializers.Serializer):
    """The kill switch: on or off, and why."""

    paused = serializers.BooleanField()
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class OrganizationViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, OwnedReadViewSet):
    """The organizations in one's reach. Only the operator makes new ones; who may configure one may change it."""

    queryset = Organization.objects.all()
    serializer_class = OrganizationSerializer
    permissions = {"write": "manage_settings"}
    filterset_fields = ["slug", "automation_paused"]
    search_fields = ["name", "slug"]
    ordering_fields = ["name", "created_at"]
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self) -> Any:
        """Return what is in reach: being a member is enough to see its own organization."""
        reach = narrowed(in_reach_of(self.request.user), self.request.query_params.get("organization"))
        return Organization.objects.filter(pk__in=reach)

    def check_object_permissions(self, request: Request, obj: Organization) -> None:
        """Leave it to the services: reading needs no more than reach."""

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        """Make a tenant, as the operator."""
        serializer.instance = organizations.create_organization(actor=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        """Change name, slug or time zone."""
        serializer.instance = organizations.change_organization(
            actor=self.request.user, organization=serializer.instance, **serializer.validated_data
        )

    @extend_schema(request=PauseSerializer, responses=OrganizationSerializer)
    @action(detail=True, methods=["post"], serializer_class=PauseSerializer)
    def pause(self, request: Request, pk: str) -> Response:
        """Pause everything automatic, or let it go on."""
        organization = self.get_object()
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        changed = organizations.pause_automation(
            actor=request.user, organization=organization, now=timezone.now(), **wanted.validated_data
        )
        return Response(OrganizationSerializer(changed).data)
