from typing import Any

from rest_framework import mixins, serializers

from compliance.models import Credential
from compliance.models.credentials import validate_networks
from compliance.services import credentials
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer

SECRET = {"write_only": True, "required": False, "allow_blank": True, "trim_whitespace": False, "max_length": 20_000}


class CredentialSerializer(OwnedSerializer):
    """How to log in. Secrets go in and never come out; ``has_...`` tells which are set."""

    networks = serializers.ListField(
        child=serializers.CharField(max_length=50), required=False, validators=[validate_networks]
    )
    has_private_key = serializers.SerializerMethodField()
    has_password = serializers.SerializerMethodField()
    has_sudo_password = serializers.SerializerMethodField()

    class Meta:
        model = Credential
        fields = [
            "id", "organization", "name", "username", "sudo", "groups", "networks", "private_key", "passphrase",
            "password", "sudo_password", "has_private_key", "has_password", "has_sudo_password", "created_at",
        ]  # fmt: skip
        validators: list[Any] = []  # the service names the field
        extra_kwargs = dict.fromkeys(credentials.SECRETS, SECRET) | {"groups": {"required": False}}

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields

    def get_has_private_key(self, credential: Credential) -> bool:
        return bool(credential.private_key)

    def get_has_password(self, credential: Credential) -> bool:
        return bool(credential.password)

    def get_has_sudo_password(self, credential: Credential) -> bool:
        return bool(credential.sudo_password)


class CredentialViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Credentials for logging in to hosts."""

    queryset = Credential.objects.select_related("organization").prefetch_related("groups")
    serializer_class = CredentialSerializer
    permissions = {"read": "manage_settings", "write": "manage_settings"}
    search_fields = ["name", "username"]
    ordering_fields = ["name", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = credentials.create_credential(
            actor=self.request.user, organization=values.pop("organization"), values=values
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = credentials.change_credential(
            actor=self.request.user, credential=serializer.instance, values=serializer.validated_data
        )

    def perform_destroy(self, instance: Credential) -> None:
        credentials.delete_credential(actor=self.request.user, credential=instance)
