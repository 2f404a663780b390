from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.models import Host
from compliance.selectors.try_outs import TryOut, try_on_host
from organizations.errors import Invalid
from organizations.permissions import in_reach_of, read_once, require
from organizations.web.viewsets import OwnedRelatedField
from templates_app.models import Template, TemplateCheck
from templates_app.selectors.documents import read_variables, values_of, variables_of
from templates_app.web.strict_json import StrictJsonParser


class StoredCheckField(OwnedRelatedField):
    """A check of a template that one may see, by its row's id."""

    def get_queryset(self) -> QuerySet[Any]:
        visible = Template.objects.visible_in(in_reach_of(self.context["request"].user))
        return TemplateCheck.objects.filter(template__in=visible.values("pk")).select_related("template")


class TryOutRequestSerializer(serializers.Serializer):
    """A check, written out or by the id of its row, the host, and the template whose variables count."""

    host = OwnedRelatedField(queryset=Host.objects.select_related("organization"))
    definition = serializers.DictField(child=serializers.JSONField(allow_null=True), required=False)
    check = StoredCheckField(queryset=TemplateCheck.objects.all(), required=False)
    template = OwnedRelatedField(queryset=Template.objects.all(), shared=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse neither and both."""
        if ("definition" in attrs) == ("check" in attrs):
            raise serializers.ValidationError({"definition": "Give a definition or the id of a check."})
        return attrs


class EvidenceSerializer(serializers.Serializer):
    """Where a value was seen."""

    source = serializers.CharField()  # type: ignore[assignment]  # a declared field, which the metaclass takes away
    line = serializers.IntegerField(allow_null=True)
    value = serializers.CharField(allow_blank=True)
    how = serializers.CharField(allow_blank=True)


class TryOutSerializer(serializers.Serializer):
    """What the check says of the host; ``hint`` is not empty when the host's facts are not enough."""

    host = serializers.IntegerField(source="host.pk")
    hostname = serializers.CharField(source="host.hostname")
    collected_at = serializers.DateTimeField()
    check_id = serializers.CharField(source="result.check_id")
    status = serializers.CharField(source="result.status")
    skip_reason = serializers.CharField(source="result.skip_reason", allow_blank=True)
    expected = serializers.CharField(source="result.expected")
    actual = serializers.CharField(source="result.actual")
    evidence = EvidenceSerializer(source="result.evidence", many=True)
    message = serializers.CharField(source="result.message", allow_blank=True)
    hint = serializers.CharField(allow_blank=True)


class TryOutView(APIView):
    """A check against the last facts of a host; nothing is stored, the host is not touched."""

    parser_classes: list[type[BaseParser]] = [StrictJsonParser]

    @extend_schema(
        request=TryOutRequestSerializer,
        responses={200: TryOutSerializer, 409: OpenApiResponse(OpenApiTypes.OBJECT, "The host has no facts yet.")},
    )
    def post(self, request: Request) -> Response:
        """Return expected, actual, evidence and status; 400 names every error by its place in the definition."""
        read_once(request.user)
        asked = TryOutRequestSerializer(data=request.data, context={"request": request})
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        require(request.user, "manage_compliance", values["host"])
        return Response(TryOutSerializer(tried(values)).data)


def tried(values: dict[str, Any]) -> TryOut:
    check: TemplateCheck | None = values.get("check")
    template: Template | None = values.get("template") or (check.template if check else None)
    definition = check.definition if check else values["definition"]
    return try_on_host(definition=definition, host=values["host"], values=standing_values(template))


def standing_values(template: Template | None) -> dict[str, Any]:
    """Return what each variable of ``template`` stands for. Raises Invalid when they cannot be read."""
    if template is None:
        return {}
    raw, values = variables_of(template)
    variables, problems = read_variables(raw)
    if problems:
        raise Invalid(problems)
    return values_of(variables, values)
