from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cloudbench.lib.access_policies import PRINCIPAL, Access, names_of, terraform
from cloudbench.models import CloudAccount
from cloudbench.selectors.access_policies import actions_of, wanted_slugs
from organizations.errors import Invalid
from organizations.permissions import holds_anywhere, permitted_rows
from organizations.web.lists import wanted_id
from organizations.web.viewsets import NO_SUCH_ROW

FORMATS = ("json", "terraform")


class AccessPolicySerializer(serializers.Serializer):
    """One IAM policy: its name and its document."""

    name = serializers.CharField()
    document = serializers.JSONField()


class AccessSerializer(serializers.Serializer):
    """The least that a role needs, as as many policies as IAM's limit of length takes, and its trust policy."""

    benchmarks = serializers.ListField(child=serializers.CharField())
    actions = serializers.ListField(child=serializers.CharField())
    policies = AccessPolicySerializer(many=True)
    trust_policy = serializers.JSONField()


class FirstRenderer(BaseContentNegotiation):
    """Leave ``?format=`` to the view."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def parameter(name: str, description: str, kind: Any = OpenApiTypes.STR, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=description, **more)


class AccessPolicyView(APIView):
    """The read-only policy that an account's role needs, from the operations of the benchmarks, and its trust."""

    content_negotiation_class = FirstRenderer

    @extend_schema(
        parameters=[
            parameter("benchmarks", "Slugs with commas between them; all unless given."),
            parameter("format", "json unless given; terraform answers with a file.", enum=FORMATS),
            parameter("account", "Id of an account, whose external id the trust policy asks for.", OpenApiTypes.INT),
            parameter("principal", "ARN of the user or role that this server runs as."),
        ],
        responses={(200, "application/json"): AccessSerializer, (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR)},
    )  # fmt: skip
    def get(self, request: Request) -> Response | HttpResponse:
        """Return the policies."""
        if not holds_anywhere(request.user, ("view_compliance",), in_part=True):
            raise PermissionDenied("This needs the permission view_compliance in at least one organization.")
        asked = request.query_params
        wanted = asked.get("format") or FORMATS[0]
        if wanted not in FORMATS:
            raise Invalid({"format": f"The format is one of {', '.join(FORMATS)}."})
        slugs = wanted_slugs(asked.getlist("benchmarks"))
        principal = asked.get("principal", "")
        if principal and not PRINCIPAL.fullmatch(principal):
            raise Invalid({"principal": "Write the ARN of a user or role, such as arn:aws:iam::111122223333:role/app."})
        access = Access(tuple(actions_of(slugs)), principal, external_id_of(request))
        if wanted == "terraform":
            return HttpResponse(terraform(access), content_type="text/plain; charset=utf-8")
        documents = access.documents
        policies = [{"name": n, "document": d} for n, d in zip(names_of(documents), documents, strict=True)]
        answer = {"benchmarks": slugs, "actions": access.actions, "policies": policies, "trust_policy": access.trust}
        return Response(AccessSerializer(answer).data)


def external_id_of(request: Request) -> str:
    """Return the external id of the account that the query names, "" where it names none. Raises Invalid."""
    asked = request.query_params.get("account", "")
    if not asked:
        return ""
    accounts = permitted_rows(request.user, "view_compliance", CloudAccount.objects.connected())
    account = accounts.filter(pk=wanted_id(asked)).first()
    if account is None:
        raise Invalid({"account": NO_SUCH_ROW})
    return str(account.external_id)
