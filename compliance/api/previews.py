from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import Preview, PreviewHost
from compliance.selectors.previews import SHOWN, newest_preview, preview_hosts
from compliance.services import previews
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.permissions import holds_anywhere, in_reach_of, require
from organizations.web.viewsets import OwnedRelatedField, OwnedViewSet, narrowed
from templates_app.models import Template

ORGANIZATION = OpenApiParameter(
    "organization", int, description="Whose hosts are meant; a system template needs it, others have their own."
)


class PreviewRequestSerializer(serializers.Serializer):
    """Whose hosts the template is tried on; a system template needs it."""

    organization = OwnedRelatedField(queryset=Organization.objects.all(), required=False)


class PreviewSerializer(serializers.ModelSerializer):
    """A template tried on the last facts of a fleet: how far it is, and what it comes to."""

    progress = serializers.SerializerMethodField()
    summary = serializers.JSONField(read_only=True)

    class Meta:
        model = Preview
        fields = [
            "id", "organization", "template", "sha256", "status", "progress", "summary", "error", "requested_by",
            "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_progress(self, preview: Preview) -> dict[str, int]:
        return progress(preview)


class PreviewHostSerializer(serializers.ModelSerializer):
    """What the template would say of one host; the changes are cut short after 40, ``changed`` counts them all."""

    hostname = serializers.CharField(source="host.hostname")
    changes = serializers.SerializerMethodField()

    class Meta:
        model = PreviewHost
        fields = ["host", "hostname", "score_before", "score_then", "note", "changed", "changes"]

    @extend_schema_field(serializers.ListField(child=serializers.DictField(child=serializers.CharField())))
    def get_changes(self, row: PreviewHost) -> list[dict[str, str]]:
        return [dict(zip(("check_id", "before", "then", "why"), change, strict=True)) for change in row.changes]


class StartedSerializer(serializers.Serializer):
    """A preview under way: ask ``url`` how far it is."""

    job = serializers.IntegerField()
    progress = serializers.JSONField()
    url = serializers.CharField()


class PreviewViewSet(OwnedViewSet):
    """What a template would say of the last facts of all hosts of its system."""

    queryset = Template.objects.select_related("organization")
    serializer_class = PreviewSerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    shared = True
    filter_backends = []

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """Let a system template be tried by whoever may manage some organization; which one is asked later."""
        if obj.organization is not None:
            super().check_object_permissions(request, obj)
        elif not holds_anywhere(request.user, (self.codename(),)):
            raise PermissionDenied(f"This needs the permission {self.codename()} in at least one organization.")

    @extend_schema(request=PreviewRequestSerializer, responses={202: StartedSerializer})
    def create(self, request: Request, pk: str) -> Response:
        """Start trying the template, as it is now, on the whole fleet; one under way for the same is joined."""
        asked = PreviewRequestSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        preview = previews.request_preview(
            actor=request.user, template=self.get_object(), organization=asked.validated_data.get("organization")
        )
        url = f"{request.path}?organization={preview.organization_id}"
        return Response({"job": preview.pk, "progress": progress(preview), "url": url}, status=202)

    @extend_schema(parameters=[ORGANIZATION], responses=PreviewSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return the newest preview of the template: how far it is, then its summary. 404 before the first one."""
        return Response(PreviewSerializer(self.preview()).data)

    @extend_schema(request=None, parameters=[ORGANIZATION], responses=PreviewSerializer)
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel the preview that is under way."""
        found = previews.cancel_preview(actor=request.user, preview=self.preview(), now=timezone.now())
        return Response(PreviewSerializer(found).data)

    @extend_schema(
        parameters=[ORGANIZATION, OpenApiParameter("show", str, enum=list(SHOWN), default="changed")],
        responses=PreviewHostSerializer(many=True),
    )
    def hosts(self, request: Request, pk: str) -> Response:
        """List the hosts that would change, most changes first; with ?show= others."""
        show = request.query_params.get("show", "changed")
        if show not in SHOWN:
            raise Invalid({"show": f"Write one of {', '.join(SHOWN)}."})
        page = self.paginate_queryset(preview_hosts(self.preview(), show))
        return self.get_paginated_response(PreviewHostSerializer(page, many=True).data)

    def preview(self) -> Preview:
        """Return the newest preview over the hosts of the organization in question. Raises Http404."""
        template: Template = self.get_object()
        organization = template.organization or self.asked_organization()
        require(self.request.user, self.codename(), organization)
        found = newest_preview(template, organization)
        if found is None:
            raise Http404
        return found

    def asked_organization(self) -> Organization:
        wanted = self.request.query_params.get("organization")
        if not wanted:
            raise Invalid({"organization": "Name the organization whose hosts are meant."})
        return narrowed(Organization.objects.filter(pk__in=reach(self.request)), wanted).get()


def reach(request: Request) -> Any:
    return in_reach_of(request.user).values("pk")


def progress(preview: Preview) -> dict[str, int]:
    """Return how many hosts are done, of how many."""
    return {"done": preview.hosts_done, "total": preview.hosts_total}
