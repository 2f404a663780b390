from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.models import Policy
from compliance.selectors.trends import RANGES, trends
from compliance.web.periods import policy_named
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.web.one_organization import ORGANIZATION_PARAMETER, one_organization


class TrendDaySerializer(serializers.Serializer):
    """The scores of one day; null where no host was scanned completely."""

    day = serializers.DateField()
    average = serializers.FloatField(allow_null=True)
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    hosts = serializers.IntegerField()
    incomplete = serializers.IntegerField()


class TrendSummarySerializer(serializers.Serializer):
    """The mean of the daily averages, the lowest and the highest score of all days."""

    average = serializers.FloatField(allow_null=True)
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)


class TrendSerializer(serializers.Serializer):
    """Daily scores, oldest first, a row for every day."""

    summary = TrendSummarySerializer(source="*")
    days = TrendDaySerializer(many=True)


class TrendView(APIView):
    """Daily average, lowest and highest score of the fleet."""

    @extend_schema(
        parameters=[
            ORGANIZATION_PARAMETER,
            OpenApiParameter("days", int, enum=RANGES, default=30, description="How many days back, today included."),
            OpenApiParameter("policy", int, description="Only this policy."),
        ],
        responses=TrendSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the trend of one organization."""
        organization = one_organization(request, "view_compliance")
        days = days_asked(request.query_params.get("days"))
        policy: Policy | None = policy_named(request.query_params.get("policy"), organization)
        today = timezone.now().astimezone(organization.zone).date()
        found: Any = trends(Organization.objects.filter(pk=organization.pk), days, today, policy)
        return Response(TrendSerializer(found).data)


def days_asked(text: str | None) -> int:
    """Return how many days ``?days=`` asks for. Raises Invalid for another number than 7, 14, 30 or 90."""
    if text in (None, ""):
        return 30
    if text not in {str(days) for days in RANGES}:
        raise Invalid({"days": f"Write one of {', '.join(str(days) for days in RANGES)}."})
    return int(str(text))
