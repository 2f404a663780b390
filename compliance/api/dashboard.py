from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.models import Stream
from compliance.selectors.dashboard import dashboard
from organizations.models.organizations import Organization
from organizations.web.one_organization import ORGANIZATION_PARAMETER, one_organization


class FrameworkScoreSerializer(serializers.Serializer):
    """The average over the templates of one framework; null without a scored host."""

    framework = serializers.CharField(source="name")
    average_score = serializers.FloatField(source="average", allow_null=True)
    hosts = serializers.IntegerField()


class WorstHostSerializer(serializers.ModelSerializer):
    """One of the hosts with the lowest scores."""

    hostname = serializers.CharField(source="host.hostname")
    template_name = serializers.CharField(source="template.name", allow_null=True)
    score = serializers.FloatField(source="counted_score")
    scan = serializers.IntegerField(source="latest_id", allow_null=True)

    class Meta:
        model = Stream
        fields = [
            "host", "hostname", "policy", "template_name", "score", "failed", "failed_critical", "failed_high", "scan",
            "scanned_at",
        ]  # fmt: skip


class FailingCheckSerializer(serializers.Serializer):
    """On how many hosts under a policy a check fails, is waived, or cannot be decided; ``share`` in percent."""

    check_id = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.CharField()
    hosts_failing = serializers.IntegerField(source="failing")
    hosts_waived = serializers.IntegerField(source="waived")
    hosts_error = serializers.IntegerField(source="errors")
    share = serializers.FloatField(allow_null=True)


class BucketSerializer(serializers.Serializer):
    """How many hosts score in a range; its upper bound belongs to the next one."""

    range = serializers.CharField()
    hosts = serializers.IntegerField()


class DashboardSerializer(serializers.Serializer):
    """Where the fleet stands. Scores are unrounded; null where no host has one that counts."""

    total_policies = serializers.IntegerField()
    total_scans = serializers.IntegerField()
    average_score = serializers.FloatField(allow_null=True)
    total_hosts = serializers.IntegerField()
    hosts_scanned = serializers.IntegerField()
    hosts_scored = serializers.IntegerField()
    hosts_incomplete = serializers.IntegerField()
    hosts_unreachable = serializers.IntegerField()
    failed_checks = serializers.IntegerField()
    failed_critical = serializers.IntegerField()
    failed_high = serializers.IntegerField()
    open_alerts = serializers.IntegerField()
    framework_scores = FrameworkScoreSerializer(many=True)
    score_distribution = BucketSerializer(many=True)
    worst_hosts = WorstHostSerializer(many=True)
    top_failing_checks = FailingCheckSerializer(many=True)


class DashboardView(APIView):
    """The figures of one organization."""

    @extend_schema(parameters=[ORGANIZATION_PARAMETER], responses=DashboardSerializer)
    def get(self, request: Request) -> Response:
        """Return where the fleet of one organization stands."""
        organization = one_organization(request, "view_compliance")
        figures = dashboard(Organization.objects.filter(pk=organization.pk))
        totals, standing = figures.totals, figures.posture
        shown: dict[str, Any] = {
            "total_policies": totals.policies,
            "total_scans": totals.scans,
            "average_score": standing.average,
            "total_hosts": totals.hosts,
            "hosts_scanned": standing.scanned,
            "hosts_scored": standing.counted,
            "hosts_incomplete": standing.incomplete,
            "hosts_unreachable": totals.unreachable,
            "failed_checks": standing.failed,
            "failed_critical": standing.failed_critical,
            "failed_high": standing.failed_high,
            "open_alerts": totals.open_alerts,
            "framework_scores": [asdict(one) for one in standing.frameworks],
            "score_distribution": [{"range": words, "hosts": hosts} for words, hosts in standing.distribution],
            "worst_hosts": figures.worst,
            "top_failing_checks": figures.failing,
        }
        return Response(DashboardSerializer(shown).data)
