from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.web.viewsets import OwnedRelatedField, OwnedViewSet
from templates_app.language.forms import kind_forms
from templates_app.models import Template, TemplateCheck
from templates_app.selectors.listing import filtered_checks
from templates_app.services import checks

ONE_CHECK = r"checks/(?P<check>[0-9]{1,18})"


class TemplateCheckSerializer(serializers.ModelSerializer):
    """One check of a template; ``definition`` is its content as written."""

    class Meta:
        model = TemplateCheck
        fields = [
            "id", "check_id", "position", "title", "severity", "assessment", "enabled", "area", "sections", "profiles",
            "definition",
        ]  # fmt: skip
        read_only_fields = ["check_id", "title", "assessment", "sections"]
        extra_kwargs: dict[str, Any] = {
            "position": {"required": False, "min_value": 0, "max_value": 1_000_000},
            "definition": {"help_text": "What must hold; it begins with {id, title, description, rationale, ...}."},
            "profiles": {"required": False, "help_text": "[server, workstation], or {benchmark: [..]}."},
        }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["severity"].read_only = self.instance is None  # a new check has the one of its definition
        return fields


class BulkToggleSerializer(serializers.Serializer):
    """Checks by their ids, and whether they are to be evaluated."""

    check_ids = serializers.ListField(child=serializers.CharField(max_length=80), allow_empty=False, max_length=2_000)
    enabled = serializers.BooleanField()


class TakeOverSerializer(serializers.Serializer):
    """Checks of another template to take over."""

    source = OwnedRelatedField(  # type: ignore[assignment]  # a declared field, which the metaclass takes away
        queryset=Template.objects.select_related("organization"), shared=True
    )
    check_ids = serializers.ListField(child=serializers.CharField(max_length=80), allow_empty=False, max_length=2_000)
    position = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=1_000_000)


class TakenOverSerializer(serializers.Serializer):
    """The new checks, and the variables that came with them because they ask for them."""

    checks = TemplateCheckSerializer(many=True, source="rows")
    variables = serializers.ListField(child=serializers.CharField())


class ChangedSerializer(serializers.Serializer):
    """How many checks are another than before."""

    changed = serializers.IntegerField()


class FieldFormSerializer(serializers.Serializer):
    """One parameter of a probe, as a form shows it."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a declared field, which the metaclass takes away
    type = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # a declared field, which the metaclass takes away
    default = serializers.JSONField(allow_null=True)
    choices = serializers.ListField(child=serializers.CharField(allow_blank=True))
    help = serializers.CharField()


class OperatorFormSerializer(serializers.Serializer):
    """One way to expect something."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a declared field, which the metaclass takes away
    takes = serializers.CharField()
    presence = serializers.BooleanField()
    help = serializers.CharField(allow_blank=True)


class KindFormSerializer(serializers.Serializer):
    """One fact kind: its fields, what it needs, and the operators that fit what it finds."""

    name = serializers.CharField()
    summary = serializers.CharField()
    os = serializers.ListField(child=serializers.CharField())
    sections = serializers.ListField(child=serializers.CharField())
    needs_root = serializers.ChoiceField(choices=["never", "sometimes", "always"])
    fields = FieldFormSerializer(many=True)  # type: ignore[assignment]  # a declared field, which the metaclass takes away
    operators = OperatorFormSerializer(many=True)


class CheckFilterSerializer(serializers.Serializer):
    """Which checks a list is to hold: ``search`` in title, id and sections, and fields with just these values."""

    search = serializers.CharField(required=False, help_text="Words, all of which stand in title, id or sections.")
    severity = serializers.ChoiceField(choices=TemplateCheck.Severity.choices, required=False)
    assessment = serializers.ChoiceField(choices=TemplateCheck.Assessment.choices, required=False)
    area = serializers.CharField(required=False, max_length=60)
    enabled = serializers.BooleanField(required=False)


class ChecksOfTemplates(OwnedViewSet):
    """What the paths of a template do with its checks. All of it works on drafts only, but reading."""

    @extend_schema(parameters=[CheckFilterSerializer], responses=TemplateCheckSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def checks(self, request: Request, pk: str) -> Response:
        """List the checks of a template, in its order."""
        asked = {name: value for name, value in request.query_params.items() if value}
        wanted = dict(validated(CheckFilterSerializer(data=asked)))
        words, rows = wanted.pop("search", ""), self.get_object().checks.order_by("position", "pk")
        page = self.paginate_queryset(filtered_checks(rows.filter(**wanted), {"q": words}))
        return self.get_paginated_response(TemplateCheckSerializer(page, many=True).data)

    @extend_schema(request=TemplateCheckSerializer, responses={201: TemplateCheckSerializer})
    @checks.mapping.post
    def add_check(self, request: Request, pk: str) -> Response:
        """Add a check to a draft; every error is named by its place in the definition."""
        values = validated(TemplateCheckSerializer(data=request.data))
        made = checks.add_check(actor=request.user, template=self.get_object(), **values)
        return Response(TemplateCheckSerializer(made).data, status=201)

    @extend_schema(operation_id="templates_checks_retrieve_one", responses=TemplateCheckSerializer)
    @action(detail=True, methods=["get"], url_path=ONE_CHECK, url_name="check", filter_backends=[])
    def one_check(self, request: Request, pk: str, check: str) -> Response:
        """Return one check of a template."""
        return Response(TemplateCheckSerializer(self.row(check)).data)

    @extend_schema(request=TemplateCheckSerializer, responses=TemplateCheckSerializer)
    @one_check.mapping.patch
    def change_check(self, request: Request, pk: str, check: str) -> Response:
        """Change one check of a draft: its definition (whole), severity, place, profiles, or whether it is on."""
        row = self.row(check)
        changes = validated(TemplateCheckSerializer(row, data=request.data, partial=True))
        changed = checks.update_check(actor=request.user, template=self.get_object(), check=row, changes=changes)
        return Response(TemplateCheckSerializer(changed).data)

    @extend_schema(responses={204: None})
    @one_check.mapping.delete
    def remove_check(self, request: Request, pk: str, check: str) -> Response:
        """Take one check out of a draft."""
        checks.remove_check(actor=request.user, template=self.get_object(), check=self.row(check))
        return Response(status=204)

    @extend_schema(request=BulkToggleSerializer, responses=ChangedSerializer)
    @action(detail=True, methods=["post"], url_path="checks/bulk-toggle", filter_backends=[])
    def bulk_toggle(self, request: Request, pk: str) -> Response:
        """Switch many checks of a draft on or off; with one unknown id nothing is changed."""
        values = validated(BulkToggleSerializer(data=request.data))
        changed = checks.bulk_toggle(actor=request.user, template=self.get_object(), **values)
        return Response({"changed": changed})

    @extend_schema(request=TakeOverSerializer, responses={201: TakenOverSerializer})
    @action(detail=True, methods=["post"], url_path="checks/take-over", filter_backends=[])
    def take_over(self, request: Request, pk: str) -> Response:
        """Take checks over from another template, with the variables that they ask for."""
        values = validated(TakeOverSerializer(data=request.data, context=self.get_serializer_context()))
        taken = checks.add_from(actor=request.user, template=self.get_object(), **values)
        return Response(TakenOverSerializer(taken).data, status=201)

    @extend_schema(responses=KindFormSerializer(many=True))
    @action(detail=False, methods=["get"], url_path="fact-kinds", pagination_class=None, filter_backends=[])
    def fact_kinds(self, request: Request) -> Response:
        """List what a check can look at: for each fact kind its fields, the rights it needs, and fitting operators."""
        self.get_queryset()  # answers 403 to whom no template is shown
        return Response([asdict(form) for form in kind_forms()])

    def row(self, check: str) -> TemplateCheck:
        """Return the check of the path. Raises Http404 when the template has none of that id."""
        return get_object_or_404(self.get_object().checks, pk=int(check))


def validated(serializer: serializers.BaseSerializer) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
