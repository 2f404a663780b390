from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import HandoverSettings
from compliance.selectors.handover_settings import exempted_project_names, schedule_of, settings_of
from compliance.services import handover_settings
from organizations.models.organizations import Organization
from organizations.web.viewsets import OwnedSerializer, OwnedViewSet


class ProjectNames(serializers.ListField):
    """Projects, shown by name and taken by name or id."""

    child = serializers.CharField(max_length=120)

    def get_attribute(self, instance: HandoverSettings) -> Iterable[str]:
        return exempted_project_names(instance)


class ScanScheduleSerializer(serializers.Serializer):
    """The rule in words, and when it happens next."""

    words = serializers.CharField()
    next = serializers.ListField(child=serializers.DateTimeField())


class HandoverSettingsSerializer(OwnedSerializer):
    """How an organization scans its provisioned VMs and whether it blocks their handover."""

    exempted_rules = serializers.ListField(
        child=serializers.CharField(max_length=handover_settings.LONGEST_RULE),
        required=False, max_length=handover_settings.MOST_RULES,
        help_text="Check ids, and sections of CIS benchmarks such as 5.1.20, which stand for all checks below them.",
    )  # fmt: skip
    exempted_projects = ProjectNames(
        required=False, max_length=handover_settings.MOST_PROJECTS, help_text="Names; ids are taken as well."
    )
    schedule = serializers.SerializerMethodField()

    class Meta:
        model = HandoverSettings
        fields = ["organization", *handover_settings.FIELDS, "next_scan_at", "schedule"]
        read_only_fields = ["organization", "next_scan_at"]
        extra_kwargs = {"schedule_cron": {"help_text": "Five fields of cron, on the organization's clocks."}}
        validators: list[Any] = []  # there is one for each organization

    @extend_schema_field(ScanScheduleSerializer)
    def get_schedule(self, settings: HandoverSettings) -> dict[str, Any]:
        return dict(ScanScheduleSerializer(schedule_of(settings, timezone.now())).data)


class HandoverSettingsViewSet(OwnedViewSet):
    """The settings of provisioning of one organization; the defaults until something is set."""

    queryset = Organization.objects.all()
    serializer_class = HandoverSettingsSerializer
    permissions = {"read": "view_compliance", "write": "manage_settings"}
    organization_path = "pk"
    http_method_names = ["get", "patch", "head", "options"]

    def organization_of(self, row: Organization) -> Organization:
        return row

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(settings_of(self.get_object())).data)

    @extend_schema(responses=HandoverSettingsSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change what is named; the gate decides anew on every VM."""
        organization = self.get_object()
        asked = self.get_serializer(settings_of(organization), data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        changed = handover_settings.change_settings(
            actor=request.user, organization=organization, values=asked.validated_data, now=timezone.now()
        )
        return Response(self.get_serializer(changed).data)
