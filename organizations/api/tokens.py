from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.models.tokens import ApiToken
from organizations.permissions import in_reach_of, permitted_to
from organizations.services import tokens
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer, narrowed


class ApiTokenSerializer(OwnedSerializer):
    """A token without its key."""

    expires_at = serializers.DateTimeField(source="expiry")
    created_at = serializers.DateTimeField(source="created", read_only=True)
    username = serializers.CharField(
        source="user.username", required=False, max_length=150,
        help_text="Who it acts as: a member of the organization; yourself unless given.",
    )  # fmt: skip

    class Meta:
        model = ApiToken
        fields = ["id", "name", "organization", "username", "expires_at", "created_at"]


class IssuedTokenSerializer(ApiTokenSerializer):
    """A token with its key, shown this once."""

    key = serializers.CharField(read_only=True)

    class Meta(ApiTokenSerializer.Meta):
        fields = [*ApiTokenSerializer.Meta.fields, "key"]


class ApiTokenViewSet(mixins.CreateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """One's own tokens, and those of the organizations that one may configure. The key is shown once."""

    queryset = ApiToken.objects.select_related("organization", "user")
    serializer_class = ApiTokenSerializer
    permissions = {"write": "manage_settings"}
    filterset_fields = ["name"]
    search_fields = ["name"]
    ordering_fields = ["name", "created", "expiry"]

    def get_queryset(self) -> Any:
        """Return one's own tokens and those of organizations that one may configure, within a token's own limit."""
        user = self.request.user
        managed = permitted_to(user, "manage_settings")
        rows = ApiToken.objects.select_related("organization", "user").filter(
            Q(user=user) | Q(organization__in=managed)
        )
        if wanted := self.request.query_params.get("organization"):
            rows = rows.filter(organization__in=narrowed(in_reach_of(user), wanted))
        return rows if user.limited_to_id is None else rows.filter(organization=user.limited_to_id)

    def check_object_permissions(self, request: Request, obj: ApiToken) -> None:
        """Leave it to the services: what is listed may be seen."""

    @extend_schema(request=ApiTokenSerializer, responses={201: IssuedTokenSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a token; its key stands in this answer and nowhere else."""
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        token, key = tokens.issue_token(
            actor=request.user,
            name=wanted.validated_data["name"],
            organization=wanted.validated_data.get("organization"),
            expires_at=wanted.validated_data["expiry"],
            now=timezone.now(),
            username=wanted.validated_data.get("user", {}).get("username", ""),
        )
        token.key = key
        return Response(IssuedTokenSerializer(token, context={"request": request}).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: ApiToken) -> None:
        """Revoke the token."""
        tokens.revoke_token(actor=self.request.user, token=instance)
