from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from cloudbench.models import CloudAccount, Schedule
from cloudbench.services import schedules
from organizations.web.viewsets import OwnedReadViewSet, OwnedRelatedField, OwnedSerializer


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", "example": "06:00"})
class ClockTimeField(serializers.TimeField):
    """What a clock shows, without the zone that JSON Schema's times have."""


class ScheduleSerializer(OwnedSerializer):
    """When an account is evaluated by itself, in the wall-clock time of ``time_zone``."""

    account = OwnedRelatedField(queryset=CloudAccount.objects.connected().select_related("organization"))
    account_name = serializers.CharField(source="account.name", read_only=True)
    benchmarks = serializers.ListField(child=serializers.CharField(max_length=40), max_length=50)
    time = ClockTimeField(input_formats=["%H:%M", "%H:%M:%S"], format="%H:%M")

    class Meta:
        model = Schedule
        fields = [
            "id", "organization", "account", "account_name", "benchmarks", "frequency", "weekday", "day", "time",
            "time_zone", "alert_on_drop", "drop_points", "enabled", "next_at", "last_at", "created_at",
        ]  # fmt: skip
        read_only_fields = ["organization", "next_at", "last_at"]
        extra_kwargs = {
            "weekday": {"help_text": "Of a weekly one: 0 is Monday."},
            "day": {"help_text": "Of a monthly one: 1 to 31; 29 to 31 mean the last day of a shorter month."},
        }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["account"].read_only = self.instance is not None
        return fields


class ScheduleViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Schedules of cloud accounts. Runs of a deleted one stay."""

    queryset = Schedule.objects.select_related("organization", "account")
    serializer_class = ScheduleSerializer
    permissions = {"read": "view_compliance", "write": "manage_settings"}
    filterset_fields = ["account", "frequency", "enabled"]
    search_fields = ["account__name", "account__account_id"]
    ordering_fields = ["next_at", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = schedules.create_schedule(
            actor=self.request.user, account=values.pop("account"), values=values, now=timezone.now()
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = schedules.change_schedule(
            actor=self.request.user, schedule=serializer.instance, values=serializer.validated_data, now=timezone.now()
        )

    def perform_destroy(self, instance: Schedule) -> None:
        schedules.delete_schedule(actor=self.request.user, schedule=instance)
