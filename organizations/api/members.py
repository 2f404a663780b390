from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import mixins, serializers

from organizations import permissions
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.owned import Owned
from organizations.models.scopes import ScopeGrant, scope_codenames, scope_kind, scope_of
from organizations.models.users import User
from organizations.services import memberships
from organizations.web.problems import NO_SUCH_ROW
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer


class ScopeGrantsSerializer(serializers.Serializer):
    """What is granted for one part of the organization, such as a host group."""

    kind = serializers.CharField(max_length=60, help_text="host_group")
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    name = serializers.CharField(read_only=True)
    permissions = serializers.ListField(child=serializers.ChoiceField(permissions.CODENAMES))


class MembershipSerializer(OwnedSerializer):
    """A member: who, in which organization, in which role, and what was granted beside the role.

    ``grants`` hold in the whole organization, ``scope_grants`` only for the parts that they name.
    """

    username = serializers.CharField(
        source="user.username", max_length=254, help_text="Username or e-mail address of the person."
    )
    email = serializers.EmailField(source="user.email", read_only=True)
    grants = serializers.ListField(child=serializers.ChoiceField(permissions.CODENAMES), required=False)
    scope_grants = ScopeGrantsSerializer(many=True, required=False)

    class Meta:
        model = Membership
        fields = ["id", "organization", "username", "email", "role", "grants", "scope_grants", "created_at"]

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
        if not hasattr(instance, "scope_grants"):
            instance.scope_grants = by_scope(permissions.scope_grants([instance])[instance.pk])
        return super().to_representation(instance)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the scopes, for whoever may grant at all."""
        if "scope_grants" in attrs:
            organization = self.instance.organization if self.instance else attrs["organization"]
            permissions.require(self.context["request"].user, "manage_settings", organization)
            attrs["scope_grants"] = wanted_grants(organization, attrs["scope_grants"])
        return attrs

    def validate_username(self, value: str) -> User:
        """Find the person."""
        found = User.objects.filter(Q(username=value) | Q(email__iexact=value), is_active=True).first()
        if found is None:
            raise serializers.ValidationError("There is no such user.")
        return found


def by_scope(grants: list[ScopeGrant]) -> list[dict[str, Any]]:
    """Return ``grants`` as the API writes them: one entry for each scope, with its permissions."""
    shown: dict[Owned, dict[str, Any]] = {}
    for one in grants:
        named = {"kind": scope_kind(type(one.scope)), "id": one.scope.pk, "name": str(one.scope)}
        shown.setdefault(one.scope, named | {"permissions": []})["permissions"].append(one.codename)
    return list(shown.values())


def wanted_grants(organization: Organization, entries: list[dict[str, Any]]) -> list[ScopeGrant]:
    """Return the grants that ``entries`` write. Raises ValidationError for a scope that ``organization`` has not."""
    wanted, errors = [], {}
    for number, entry in enumerate(entries):
        scope = scope_of(organization, entry["kind"], entry["id"])
        possible = scope_codenames(type(scope)) if scope else ()
        if scope is None:
            errors[str(number)] = [NO_SUCH_ROW]
        elif set(entry["permissions"]) - set(possible):
            errors[str(number)] = [f"Only {', '.join(possible)} can be granted for it."]
        else:
            wanted += [ScopeGrant(scope, codename) for codename in entry["permissions"]]
    if errors:
        raise serializers.ValidationError({"scope_grants": errors})
    return wanted


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
        granted, for_scopes = permissions.all_granted_by_hand(page), permissions.scope_grants(page)
        for membership in page:
            membership.grants = granted[membership.pk]
            membership.scope_grants = by_scope(for_scopes[membership.pk])
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
        for shown in ("grants", "scope_grants"):
            vars(serializer.instance).pop(shown, None)
        if "grants" in serializer.validated_data:
            memberships.set_grants(
                actor=self.request.user,
                membership=serializer.instance,
                codenames=serializer.validated_data["grants"],
            )
        if "scope_grants" in serializer.validated_data:
            memberships.set_scope_grants(
                actor=self.request.user,
                membership=serializer.instance,
                grants=serializer.validated_data["scope_grants"],
            )
