from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import mixins, serializers

from organizations import permissions
from organizations.models.memberships import Membership
from organizations.models.users import User
from organizations.services import memberships
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer


class MembershipSerializer(OwnedSerializer):
    """A member: who, in which organization, in which role, and what was granted beside the role."""

    username = serializers.CharField(source="user.username", help_text="Username or e-mail address of the person.")
    email = serializers.EmailField(source="user.email", read_only=True)
    grants = serializers.ListField(child=serializers.ChoiceField(permissions.CODENAMES), required=False)

    class Meta:
        model = Membership
        fields = ["id", "organization", "username", "email", "role", "grants", "created_at"]

    def get_fields(self) -> dict[str, Any]:
        """Keep organization and person as they are once the membership stands."""
        fields = super().get_fields()
        if self.instance is not None:
            fields["organization"].read_only = fields["username"].read_only = True
        return fields

    def to_representation(self, instance: Membership) -> dict[str, Any]:
        """Show the grants beside the row."""
        if not hasattr(instance, "grants"):
            instance.grants = permissions.granted_by_hand(instance.user, instance.organization)
        return super().to_representation(instance)

    def validate_username(self, value: str) -> User:
        """Find the person."""
        found = User.objects.filter(Q(username=value) | Q(email__iexact=value), is_active=True).first()
        if found is None:
            raise serializers.ValidationError("There is no such user.")
        return found


class MembershipViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Members of the organizations that one may configure."""

    queryset = Membership.objects.select_related("organization", "user")
    serializer_class = MembershipSerializer
    permissions = {"read": "manage_settings", "write": "manage_settings"}
    filterset_fields = ["role"]
    search_fields = ["user__username", "user__email"]
    ordering_fields = ["role", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def paginate_queryset(self, queryset: QuerySet[Membership]) -> list[Membership] | None:
        """Return the page, with the grants of all its rows read at once."""
        page = super().paginate_queryset(queryset) or []
        granted = permissions.all_granted_by_hand(page)
        for membership in page:
            membership.grants = granted[membership.pk]
        return page

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        """Add a member."""
        wanted = serializer.validated_data
        serializer.instance = memberships.add_member(
            actor=self.request.user,
            organization=wanted["organization"],
            user=wanted["user"]["username"],
            role=wanted.get("role", Membership.Role.VIEWER),
        )
        self._grant(serializer)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        """Change role or grants."""
        if "role" in serializer.validated_data:
            serializer.instance = memberships.change_role(
                actor=self.request.user, membership=serializer.instance, role=serializer.validated_data["role"]
            )
        self._grant(serializer)

    def perform_destroy(self, instance: Membership) -> None:
        """End the membership."""
        memberships.remove_member(actor=self.request.user, membership=instance)

    def _grant(self, serializer: serializers.BaseSerializer) -> None:
        if hasattr(serializer.instance, "grants"):
            del serializer.instance.grants
        if "grants" in serializer.validated_data:
            memberships.set_grants(
                actor=self.request.user,
                membership=serializer.instance,
                codenames=serializer.validated_data["grants"],
            )
