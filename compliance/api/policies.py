from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import Policy
from compliance.selectors.policies import with_figures
from compliance.services import policies, scan_requests
from organizations.web.viewsets import OwnedReadViewSet, OwnedRelatedField, OwnedSerializer
from templates_app.models import Template


class PolicySerializer(OwnedSerializer):
    """Which template the hosts of one OS are held to; ``template_version`` is the version that counts now."""

    template = OwnedRelatedField(queryset=Template.objects.defer("document"), shared=True)
    template_name = serializers.CharField(source="template.name", read_only=True)
    template_version = serializers.IntegerField(source="used_version", read_only=True)
    hosts = serializers.IntegerField(read_only=True, help_text="In service, under this policy.")
    average_score = serializers.FloatField(read_only=True, allow_null=True)
    next_due_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Policy
        fields = [
            "id", "organization", "os_type", "template", "pinned_template_version", "template_name", "template_version",
            "profile", "scan_interval_hours", "batch_size", "approval_mode", "auto_remediate_critical",
            "auto_remediate_high", "auto_remediate_medium", "auto_remediate_low", "hosts", "average_score",
            "next_due_at", "created_at",
        ]  # fmt: skip
        validators: list[Any] = []  # the service names the field
        extra_kwargs = {
            "pinned_template_version": {"min_value": 1, "max_value": 2**31 - 1},
            "scan_interval_hours": {"help_text": "1 to 168; what the template asks for unless given."},
        }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields


class RequestedSerializer(serializers.Serializer):
    """How many hosts are scanned now, how many were waiting for a scan already, and which are left out."""

    queued = serializers.IntegerField(source="requested")
    already_waiting = serializers.IntegerField(source="waiting")
    skipped_offline = serializers.IntegerField(
        source="offline", help_text="The last attempt did not reach them; the scheduler keeps trying."
    )
    without_template = serializers.IntegerField(help_text="No version of their template is published.")


class PolicyViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Policies in force. Deleting one lets go of its hosts; their scans stay."""

    queryset = Policy.objects.in_force().select_related("organization", "template").defer("template__document")
    serializer_class = PolicySerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    filterset_fields = ["os_type", "template", "approval_mode"]
    search_fields = ["template__name", "organization__name"]
    ordering_fields = ["os_type", "scan_interval_hours", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Policy]:
        return with_figures(super().get_queryset(), timezone.now())

    def shown(self, policy: Policy) -> Policy:
        return with_figures(self.queryset.filter(pk=policy.pk), timezone.now()).get()

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        made = policies.create_policy(
            actor=self.request.user, organization=values.pop("organization"), values=values, now=timezone.now()
        )
        serializer.instance = self.shown(made)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        changed = policies.update_policy(
            actor=self.request.user, policy=serializer.instance, values=serializer.validated_data
        )
        serializer.instance = self.shown(changed)

    def perform_destroy(self, instance: Policy) -> None:
        policies.remove_policy(actor=self.request.user, policy=instance, now=timezone.now())

    @extend_schema(request=None, responses={202: RequestedSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def scan(self, request: Request, pk: str) -> Response:
        """Scan every host under the policy now; those that are offline are left out and counted."""
        asked = scan_requests.request_policy(actor=request.user, policy=self.get_object(), now=timezone.now())
        return Response(RequestedSerializer(asked).data, status=202)
