from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import TerraformConnection
from compliance.selectors.terraform_connections import notification_path, run_task_path
from compliance.services import terraform_connections
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer

SECRET = {"write_only": True, "required": False, "allow_blank": True, "trim_whitespace": False, "max_length": 4_000}
KEY = SECRET | {"max_length": 500, "help_text": "At least 16 characters; the same as in Terraform."}


class ConnectionOutcomeSerializer(serializers.Serializer):
    """Whether a connection works, as a sentence that names what to do when it does not."""

    ok = serializers.BooleanField()
    message = serializers.CharField()


class TerraformConnectionSerializer(OwnedSerializer):
    """A way to HCP Terraform or TFE. Secrets go in and never come out; ``has_...`` tells which are set.

    The two URLs are paths of this server: one for a notification, one for a run task.
    """

    projects = serializers.DictField(
        child=serializers.CharField(max_length=terraform_connections.LONGEST_NAME), required=False,
        help_text="Workspace name to project name; a workspace that is not named is its own project.",
    )  # fmt: skip
    has_token = serializers.SerializerMethodField()
    has_notification_key = serializers.SerializerMethodField()
    has_run_task_key = serializers.SerializerMethodField()
    notification_url = serializers.SerializerMethodField()
    run_task_url = serializers.SerializerMethodField()

    class Meta:
        model = TerraformConnection
        fields = [
            "id", "organization", "name", "host", *terraform_connections.SECRETS, "projects", "ca_certificate",
            "has_token", "has_notification_key", "has_run_task_key", "notification_url", "run_task_url",
            "last_heard_at", "created_at",
        ]  # fmt: skip
        validators: list[Any] = []  # the service names the field
        read_only_fields = ["last_heard_at"]
        extra_kwargs = {"token": SECRET, "notification_key": KEY, "run_task_key": KEY} | {
            "ca_certificate": {"max_length": 200_000}
        }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields

    def get_has_token(self, connection: TerraformConnection) -> bool:
        return bool(connection.token)

    def get_has_notification_key(self, connection: TerraformConnection) -> bool:
        return bool(connection.notification_key)

    def get_has_run_task_key(self, connection: TerraformConnection) -> bool:
        return bool(connection.run_task_key)

    def get_notification_url(self, connection: TerraformConnection) -> str:
        return notification_path(connection)

    def get_run_task_url(self, connection: TerraformConnection) -> str:
        return run_task_path(connection)


class TerraformConnectionViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet
):
    """Connections to Terraform. Deleting one forgets its token and keys; its runs and VMs stay."""

    queryset = TerraformConnection.objects.filter(removed_at=None).select_related("organization")
    serializer_class = TerraformConnectionSerializer
    permissions = {"read": "manage_settings", "write": "manage_settings"}
    filterset_fields = ["host"]
    search_fields = ["name", "host"]
    ordering_fields = ["name", "host", "last_heard_at", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = terraform_connections.create_connection(
            actor=self.request.user, organization=values.pop("organization"), values=values
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = terraform_connections.change_connection(
            actor=self.request.user, connection=serializer.instance, values=serializer.validated_data
        )

    def perform_destroy(self, instance: TerraformConnection) -> None:
        terraform_connections.remove_connection(actor=self.request.user, connection=instance, now=timezone.now())

    @extend_schema(request=None, responses=ConnectionOutcomeSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def test(self, request: Request, pk: str) -> Response:
        """Ask the host whose token it is, within 15 seconds."""
        outcome = terraform_connections.try_connection(actor=request.user, connection=self.get_object())
        return Response(ConnectionOutcomeSerializer(outcome).data)
