from rest_framework import serializers

from organizations.models.audit import AuditEvent
from organizations.web.viewsets import OwnedReadViewSet


class AuditEventSerializer(serializers.ModelSerializer):
    """Who did what, when, to what, before and after."""

    class Meta:
        model = AuditEvent
        fields = [
            "id",
            "organization",
            "sequence",
            "at",
            "actor_kind",
            "actor_label",
            "action",
            "subject_kind",
            "subject_id",
            "subject_label",
            "before",
            "after",
            "details",
            "previous_hash",
            "hash",
        ]


class AuditEventViewSet(OwnedReadViewSet):
    """The audit log, newest first."""

    queryset = AuditEvent.objects.all()
    serializer_class = AuditEventSerializer
    permissions = {"read": "view_audit"}
    filterset_fields = ["action", "actor_kind", "subject_kind", "subject_id"]
    search_fields = ["action", "actor_label", "subject_label"]
    ordering_fields = ["at"]
