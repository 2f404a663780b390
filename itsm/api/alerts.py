from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from itsm.models import Alert
from itsm.services import alerts
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer


class AlertSerializer(OwnedSerializer):
    """Something that a person should know of."""

    class Meta:
        model = Alert
        fields = [
            "id", "organization", "kind", "severity", "status", "title", "message", "subject_kind", "subject_id",
            "subject_label", "details", "occurrences", "created_at", "last_seen_at", "acknowledged_at",
            "acknowledged_by",
        ]  # fmt: skip


class AlertViewSet(OwnedReadViewSet):
    """Alerts, newest first."""

    queryset = Alert.objects.select_related("organization")
    serializer_class = AlertSerializer
    permissions = {"read": "view_compliance", "acknowledge": "manage_compliance"}
    filterset_fields = ["status", "severity", "kind"]
    search_fields = ["title", "message", "subject_label"]
    ordering_fields = ["last_seen_at", "created_at"]
    http_method_names = ["get", "post", "head", "options"]

    @extend_schema(request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Take note of an open alert."""
        alert = alerts.acknowledge_alert(actor=request.user, alert=self.get_object(), now=timezone.now())
        return Response(AlertSerializer(alert).data)
