from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.permissions import holds_anywhere
from organizations.web.viewsets import OwnedReadViewSet, OwnedRelatedField, OwnedSerializer
from templates_app.api.checks import ChecksOfTemplates, validated
from templates_app.models import Template
from templates_app.selectors.documents import variables_of
from templates_app.services import portability, templates
from templates_app.web.strict_json import StrictJsonParser

OS_TYPES = [("linux", "Linux")]


class TemplateSerializer(OwnedSerializer):
    """One version of a template; versions of one lineage share ``family``."""

    slug = serializers.CharField(read_only=True)
    is_system = serializers.BooleanField(read_only=True)
    check_count = serializers.IntegerField(read_only=True)
    enabled_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Template
        fields = [
            "id", "organization", "family", "slug", "version", "status", "name", "description", "os_type", "framework",
            "scan_interval_hours", "sha256", "is_system", "check_count", "enabled_count", "created_at", "published_at",
        ]  # fmt: skip
        read_only_fields = ["family", "slug", "version", "status", "sha256", "published_at"]
        extra_kwargs: dict[str, Any] = {
            "organization": {"required": True, "allow_null": True},
            "os_type": {"choices": OS_TYPES, "required": False},
            "framework": {"required": False},
        }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if self.instance is not None:
            fields["organization"].read_only = fields["os_type"].read_only = True
        return fields

    def validate_organization(self, organization: Organization | None) -> Organization:
        """Refuse none: only the product itself brings templates of no organization."""
        if organization is None:
            raise serializers.ValidationError("Name the organization that the template belongs to.")
        return organization


class TemplateDetailSerializer(TemplateSerializer):
    """One version of a template with its variables: {name: {type, title, default, min, max, choices}}."""

    status = serializers.ChoiceField(
        choices=Template.Status.choices, required=False, help_text='Writing "published" publishes the draft.'
    )
    variables = serializers.DictField(child=serializers.JSONField(), required=False)
    values = serializers.DictField(
        child=serializers.JSONField(), required=False, help_text="What is set for variables in place of the default."
    )

    class Meta(TemplateSerializer.Meta):
        fields = [*TemplateSerializer.Meta.fields, "variables", "values"]
        read_only_fields = [name for name in TemplateSerializer.Meta.read_only_fields if name != "status"]

    def to_representation(self, instance: Template) -> dict[str, Any]:
        variables, values = variables_of(instance)
        return {**super().to_representation(instance), "variables": variables, "values": values}


class CopySerializer(serializers.Serializer):
    """Where the copy goes, and what it is called there; without a name, like the original."""

    organization = OwnedRelatedField(queryset=Organization.objects.all())
    name = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")


class ImportSerializer(serializers.Serializer):
    """A document that export has written, as a JSON value or as its text."""

    organization = OwnedRelatedField(queryset=Organization.objects.all())
    document = serializers.JSONField()
    name = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")


class TemplateViewSet(
    ChecksOfTemplates,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    OwnedReadViewSet,
):
    """Templates: the system's, which are read-only, and one's organizations', of which drafts may be changed."""

    queryset = Template.objects.select_related("organization").counted()
    serializer_class = TemplateSerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance", "copy": "view_compliance"}
    shared = True
    in_part = True
    filterset_fields = ["status", "os_type", "family", "framework", "slug"]
    search_fields = ["name", "description", "slug"]
    ordering_fields = ["name", "version", "created_at", "published_at", "status", "framework"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Template]:
        """Return the rows; their documents, of up to a megabyte, are read when an action asks for them."""
        return super().get_queryset().defer("document")

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        """Return the one that tells a template's variables, for one template."""
        return TemplateDetailSerializer if self.detail else TemplateSerializer

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """Let a system template be read and copied; changing one is refused by the services, with the reason."""
        if obj.organization is not None:
            super().check_object_permissions(request, obj)
        elif not holds_anywhere(request.user, (self.codename(),), in_part=True):
            raise PermissionDenied(f"This needs the permission {self.codename()} in at least one organization.")

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        made = templates.create_template(actor=self.request.user, **serializer.validated_data)
        serializer.instance = self.shown(made)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        fields, template = dict(serializer.validated_data), serializer.instance
        status = fields.pop("status", None)
        if status == Template.Status.PUBLISHED:
            changed = templates.publish_template(
                actor=self.request.user, template=template, changes=fields, now=timezone.now()
            )
        elif status is not None and template.status != status:
            raise Invalid({"status": "A published version never becomes a draft again; make a new version of it."})
        else:
            changed = templates.update_template(actor=self.request.user, template=template, fields=fields)
        serializer.instance = self.shown(changed)

    def perform_destroy(self, instance: Template) -> None:
        templates.delete_template(actor=self.request.user, template=instance)

    @extend_schema(request=CopySerializer, responses={201: TemplateDetailSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def copy(self, request: Request, pk: str) -> Response:
        """Make a draft in an organization of one's own that says what this template says."""
        wanted = validated(CopySerializer(data=request.data, context=self.get_serializer_context()))
        return self.made(templates.copy_template(actor=request.user, template=self.get_object(), **wanted))

    @extend_schema(request=None, responses=TemplateDetailSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def publish(self, request: Request, pk: str) -> Response:
        """Freeze a draft; refused with every error by its place when a check cannot be evaluated."""
        published = templates.publish_template(actor=request.user, template=self.get_object(), now=timezone.now())
        return Response(self.get_serializer(self.shown(published)).data)

    @extend_schema(request=None, responses={201: TemplateDetailSerializer})
    @action(detail=True, methods=["post"], url_path="new-version", filter_backends=[])
    def new_version(self, request: Request, pk: str) -> Response:
        """Make a draft of a published template's next version."""
        return self.made(templates.new_version(actor=request.user, template=self.get_object()))

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"], filter_backends=[])
    def export(self, request: Request, pk: str) -> HttpResponse:
        """Return the template as one JSON document, which import takes."""
        template = self.get_object()
        text = portability.as_text(portability.export_template(template))
        disposition = f'attachment; filename="{portability.file_name(template)}"'
        return HttpResponse(text, content_type="application/json", headers={"Content-Disposition": disposition})

    @extend_schema(request=ImportSerializer, responses={201: TemplateDetailSerializer})
    @action(detail=False, methods=["post"], url_path="import", parser_classes=[StrictJsonParser], filter_backends=[])
    def import_document(self, request: Request) -> Response:
        """Make a draft from an exported document; a bad one is refused whole, with every error by its place."""
        wanted = validated(ImportSerializer(data=request.data, context=self.get_serializer_context()))
        return self.made(portability.import_template(actor=request.user, **wanted))

    def made(self, template: Template) -> Response:
        """Answer with a template that was not there before."""
        return Response(TemplateDetailSerializer(self.shown(template), context=self.get_serializer_context()).data, 201)

    def shown(self, template: Template) -> Template:
        """Return the row as the answer shows it, with its numbers of checks."""
        return self.queryset.get(pk=template.pk)
