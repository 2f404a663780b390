from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer
from templates_app.models import Template, TemplateCheck


class TemplateSerializer(OwnedSerializer):
    """One version of a template; versions of one lineage share ``family``."""

    is_system = serializers.BooleanField(read_only=True)

    class Meta:
        model = Template
        fields = [
            "id", "organization", "family", "slug", "version", "status", "name", "description", "os_type", "framework",
            "scan_interval_hours", "sha256", "is_system", "created_at", "published_at",
        ]  # fmt: skip


class TemplateCheckSerializer(serializers.ModelSerializer):
    """One check of a template; ``definition`` is its content as written."""

    class Meta:
        model = TemplateCheck
        fields = [
            "id", "check_id", "position", "title", "severity", "assessment", "enabled", "area", "sections", "profiles",
            "definition",
        ]  # fmt: skip


class TemplateViewSet(OwnedReadViewSet):
    """Templates: the system's, and those of one's organizations."""

    queryset = Template.objects.select_related("organization").defer("document")
    serializer_class = TemplateSerializer
    permissions = {"read": "view_compliance"}
    shared = True
    in_part = True
    filterset_fields = ["status", "os_type", "family", "framework", "slug"]
    search_fields = ["name", "description", "slug"]
    ordering_fields = ["name", "version", "created_at"]

    @extend_schema(responses=TemplateCheckSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def checks(self, request: Request, pk: str) -> Response:
        """List the checks of a template, in its order."""
        page = self.paginate_queryset(self.get_object().checks.all())
        return self.get_paginated_response(TemplateCheckSerializer(page, many=True).data)
