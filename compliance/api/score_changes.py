from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.models.trends import Movement
from compliance.selectors.score_changes import score_changes
from compliance.web.periods import host_named, period, policy_named
from organizations.web.one_organization import ORGANIZATION_PARAMETER, one_organization


class ScoreChangeItemSerializer(serializers.Serializer):
    """One cause and the points that it moved the score by."""

    cause = serializers.ChoiceField(Movement.Cause.choices)
    check_id = serializers.CharField(allow_blank=True)
    title = serializers.CharField()
    points = serializers.FloatField()
    changes = serializers.IntegerField()


class ScoreChangeSerializer(serializers.Serializer):
    """The scores at the end of both days and what moved them; the points add up to ``moved``."""

    start = serializers.DateField()
    end = serializers.DateField()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)
    moved = serializers.FloatField(allow_null=True)
    items = ScoreChangeItemSerializer(many=True)


class ScoreChangeView(APIView):
    """What moved the average score, or one host's, between two days."""

    @extend_schema(
        parameters=[
            ORGANIZATION_PARAMETER,
            OpenApiParameter("from", str, description="The first day, by default 30 days before the last."),
            OpenApiParameter("to", str, description="The last day, by default today."),
            OpenApiParameter("policy", int, description="Only hosts under this policy."),
            OpenApiParameter("host", int, description="Only this host."),
        ],
        responses=ScoreChangeSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the movement between the ends of two days."""
        organization = one_organization(request, "view_compliance")
        asked = request.query_params
        today = timezone.now().astimezone(organization.zone).date()
        start, end = period(asked.get("from"), asked.get("to"), today)
        policy = policy_named(asked.get("policy"), organization)
        host = host_named(asked.get("host"), organization)
        return Response(ScoreChangeSerializer(score_changes(organization, start, end, policy, host)).data)
