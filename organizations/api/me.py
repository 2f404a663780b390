from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from organizations.api.members import ScopeGrantsSerializer, by_scope
from organizations.models.memberships import Membership
from organizations.permissions import codenames_of, in_reach_of, scope_grants


class ReachSerializer(serializers.Serializer):
    """An organization and what one may do there."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    time_zone = serializers.CharField()
    automation_paused = serializers.BooleanField()
    permissions = serializers.ListField(child=serializers.CharField())
    scope_grants = ScopeGrantsSerializer(many=True)


class MeSerializer(serializers.Serializer):
    """Who is asking, and how far that reaches."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.EmailField()
    is_superuser = serializers.BooleanField()
    token = serializers.CharField(allow_blank=True)
    organizations = ReachSerializer(many=True)


class MeView(APIView):
    """The caller: organizations in reach and the permissions held in each."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return the caller."""
        user = request.user
        reach = list(in_reach_of(user))
        own = list(Membership.objects.filter(user=user, organization__in=reach))
        granted = scope_grants(own)
        for_scopes = {membership.organization_id: by_scope(granted[membership.pk]) for membership in own}
        for organization in reach:
            organization.permissions = codenames_of(user, organization)
            organization.scope_grants = for_scopes.get(organization.pk, [])
        shown = {
            "id": user.pk,
            "username": user.username,
            "email": user.email,
            "is_superuser": user.is_superuser,
            "token": user.token_name,
            "organizations": reach,
        }
        return Response(MeSerializer(shown).data)
