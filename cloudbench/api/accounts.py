from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cloudbench.models import CloudAccount
from cloudbench.selectors.accounts import masked
from cloudbench.services import accounts, connection_tests
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer

SECRET = {"write_only": True, "required": False, "allow_blank": True, "trim_whitespace": False, "max_length": 4_000}


class CloudAccountSerializer(OwnedSerializer):
    """An AWS account and the way into it. Keys go in and never come out; ``access_key`` shows the last of the id."""

    regions = serializers.ListField(child=serializers.CharField(max_length=30), required=False, max_length=60)
    access_key = serializers.SerializerMethodField()

    class Meta:
        model = CloudAccount
        fields = [
            "id", "organization", "name", "account_id", "access", "role_arn", "external_id", "access_key_id",
            "secret_access_key", "session_token", "access_key", "regions", "calls_per_second", "created_at",
        ]  # fmt: skip
        validators: list[Any] = []  # the service names the field
        read_only_fields = ["external_id"]
        extra_kwargs = dict.fromkeys(accounts.SECRETS, SECRET) | {
            "access_key_id": {"write_only": True, "help_text": "Empty drops the stored keys."}
        }

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields

    def get_access_key(self, account: CloudAccount) -> str:
        return masked(account.access_key_id)


class CloudConnectionTestRequestSerializer(serializers.Serializer):
    """Which benchmarks the account is tested for; all unless given."""

    benchmarks = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=50)


class UncheckedSerializer(serializers.Serializer):
    """A permission that was not tried."""

    permission = serializers.CharField()
    reason = serializers.CharField()


class CloudConnectionTestSerializer(serializers.Serializer):
    """What a connection test found; ``missing_permissions`` and ``checked`` are IAM actions."""

    ok = serializers.BooleanField()
    account_id = serializers.CharField()
    regions = serializers.ListField(child=serializers.CharField())
    missing_permissions = serializers.ListField(child=serializers.CharField())
    problems = serializers.ListField(child=serializers.CharField())
    checked = serializers.ListField(child=serializers.CharField())
    not_checked = UncheckedSerializer(many=True)
    seconds = serializers.FloatField()


class CloudAccountViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Connected AWS accounts. Deleting one disconnects it; what was found in it stays."""

    queryset = CloudAccount.objects.connected().select_related("organization")
    serializer_class = CloudAccountSerializer
    permissions = {"read": "view_compliance", "write": "manage_settings"}
    filterset_fields = ["access"]
    search_fields = ["name", "account_id"]
    ordering_fields = ["name", "account_id", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = accounts.create_account(
            actor=self.request.user, organization=values.pop("organization"), values=values
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = accounts.change_account(
            actor=self.request.user, account=serializer.instance, values=serializer.validated_data
        )

    def perform_destroy(self, instance: CloudAccount) -> None:
        accounts.remove_account(actor=self.request.user, account=instance, now=timezone.now())

    @extend_schema(request=CloudConnectionTestRequestSerializer, responses=CloudConnectionTestSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def test(self, request: Request, pk: str) -> Response:
        """Enter the account and try what its benchmarks read, within a minute; name each missing permission."""
        asked = CloudConnectionTestRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = connection_tests.try_connection(
            actor=request.user, account=self.get_object(), benchmarks=asked.validated_data.get("benchmarks", [])
        )
        return Response(CloudConnectionTestSerializer(found).data)
