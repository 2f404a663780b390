from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from organizations.models.audit import AuditEvent
from organizations.models.organizations import Organization
from organizations.permissions import may_operate
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

    def rows_of(self, rows: QuerySet[AuditEvent], organizations: QuerySet[Organization]) -> QuerySet[AuditEvent]:
        """Return the events of ``organizations``; the operator also sees those of the platform itself."""
        owned = super().rows_of(rows, organizations)
        asked_for_one = bool(self.request.query_params.get("organization"))
        of_platform = may_operate(self.request.user) and not asked_for_one
        return owned | rows.filter(organization=None) if of_platform else owned

    def check_object_permissions(self, request: Request, obj: AuditEvent) -> None:
        """Let the operator read the platform's events; for others they are not in reach."""
        if obj.organization is not None:
            super().check_object_permissions(request, obj)

    filterset_fields = ["action", "actor_kind", "subject_kind", "subject_id"]
    search_fields = ["action", "actor_label", "subject_label"]
    ordering_fields = ["at"]
