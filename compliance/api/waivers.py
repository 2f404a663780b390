from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import Waiver
from compliance.selectors.waivers import WITH_NAMES, titles_for
from compliance.services import waivers
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer

FIXED = ("organization", "check_id", "host", "host_group")
"""What an exception is about; another check or scope is another exception."""


class WaiverSerializer(OwnedSerializer):
    """An exception: a decision to live with one failing check."""

    number = serializers.CharField(source="__str__", read_only=True)
    check_title = serializers.SerializerMethodField()
    hostname = serializers.CharField(source="host.hostname", read_only=True, default=None, allow_null=True)
    host_group_name = serializers.CharField(source="host_group.name", read_only=True, default=None, allow_null=True)
    scope = serializers.CharField(read_only=True)
    created_by_name = serializers.CharField(source="created_by.username", read_only=True)
    requested_by_name = serializers.CharField(source="requested_by.username", read_only=True)
    decided_by_name = serializers.CharField(source="decided_by.username", read_only=True, default=None, allow_null=True)
    ended_by_name = serializers.CharField(source="ended_by.username", read_only=True, default=None, allow_null=True)

    class Meta:
        model = Waiver
        fields = [
            "id", "number", "organization", "check_id", "check_title", "host", "hostname", "host_group",
            "host_group_name", "scope", "reason", "expires_at", "status", "created_at", "created_by",
            "created_by_name", "requested_by", "requested_by_name", "decided_by", "decided_by_name", "decided_at",
            "decision_reason", "ended_by", "ended_by_name", "ended_at",
        ]  # fmt: skip
        read_only_fields = [name for name in fields if name not in (*FIXED, "reason", "expires_at")]
        validators: list[Any] = []  # the service names the field, or the other exception

    def get_fields(self) -> dict[str, Any]:
        """Have an exception that exists keep what it is about."""
        fields = super().get_fields()
        for name in FIXED if self.instance is not None else ():
            fields[name].read_only = True
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse to move an exception rather than ignore what was sent."""
        if self.instance is not None and (sent := [name for name in FIXED if name in self.initial_data]):
            words = "This cannot be changed; revoke the exception and ask for another one."
            raise serializers.ValidationError(dict.fromkeys(sent, words))
        return attrs

    def get_check_title(self, waiver: Waiver) -> str:
        """Return what the newest template calls the check; asked once for all rows of an answer."""
        whole: Any = self.parent or self
        if not hasattr(whole, "titles"):
            whole.titles = titles_for([waiver] if whole is self else whole.instance)
        return whole.titles.get(waiver.check_id, waiver.check_id)


class RejectionSerializer(serializers.Serializer):
    """Why an exception is refused; may be left out."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=waivers.LONGEST_DECISION)


class WaiverViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, OwnedReadViewSet):
    """Exceptions: asked for, approved or rejected by another user, edited while active, revoked."""

    queryset = Waiver.objects.select_related(*WITH_NAMES)
    serializer_class = WaiverSerializer
    permissions = {
        "read": "view_compliance", "write": "manage_compliance", "approve": "approve_exception",
        "reject": "approve_exception",
    }  # fmt: skip
    filterset_fields = ["status", "check_id", "host", "host_group"]
    search_fields = ["check_id", "reason", "host__hostname", "host_group__name"]
    ordering_fields = ["created_at", "expires_at", "status", "check_id"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = waivers.create_waiver(
            actor=self.request.user, now=timezone.now(), **serializer.validated_data
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        waiver = serializer.instance
        serializer.instance = waivers.update_waiver(
            actor=self.request.user, waiver=waiver, now=timezone.now(),
            **{"expires_at": waiver.expires_at} | serializer.validated_data,
        )  # fmt: skip

    @extend_schema(responses={200: WaiverSerializer})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Revoke a pending or active exception; the record stays and is returned."""
        waiver = waivers.revoke_waiver(actor=request.user, waiver=self.get_object(), now=timezone.now())
        return Response(self.get_serializer(waiver).data)

    @extend_schema(request=None, responses=WaiverSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let a pending exception count. 403 for whoever asked for it."""
        waiver = waivers.approve_waiver(actor=request.user, waiver=self.get_object(), now=timezone.now())
        return Response(self.get_serializer(waiver).data)

    @extend_schema(request=RejectionSerializer, responses=WaiverSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Refuse a pending exception. 403 for whoever asked for it."""
        waiver, wanted = self.get_object(), RejectionSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        reason = wanted.validated_data.get("reason", "")
        waiver = waivers.reject_waiver(actor=request.user, waiver=waiver, reason=reason, now=timezone.now())
        return Response(self.get_serializer(waiver).data)
