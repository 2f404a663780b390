from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance.models import ProviderConnection, Scan
from compliance.selectors.handover_settings import settings_of
from compliance.selectors.provisioned_vms import recent_scans
from compliance.selectors.provisioning import overview
from organizations.models.organizations import Organization
from organizations.web.one_organization import ORGANIZATION_PARAMETER, one_organization

RECENT = 20


class RecentScanSerializer(serializers.ModelSerializer):
    """One of the last scans of VMs; ``address`` is the host name where the VM has no address yet."""

    vm = serializers.IntegerField(source="host.vm.pk")
    hostname = serializers.CharField(source="host.hostname")
    address = serializers.CharField(source="host.where")
    provider = serializers.ChoiceField(source="host.vm.provider", choices=ProviderConnection.Kind.choices)
    project_name = serializers.CharField(source="host.vm.project.name")
    state = serializers.CharField(source="host.vm.state", help_text="What the gate says of the VM now.")

    class Meta:
        model = Scan
        fields = [
            "id", "vm", "host", "hostname", "address", "provider", "project_name", "state", "status", "score",
            "failed_critical", "handover_blocked", "would_block", "created_at", "finished_at",
        ]  # fmt: skip


class OverviewSerializer(serializers.Serializer):
    """How the provisioned VMs stand. Scores and the rate are percentages, unrounded; null where nothing was scored.

    ``pass_rate`` is the share of completed, scored scans that reach ``minimum_score``.
    """

    average_score = serializers.FloatField(allow_null=True)
    grade = serializers.ChoiceField(choices=("green", "amber", "red", "grey"))
    vms_scanned = serializers.IntegerField()
    vms_blocked = serializers.IntegerField()
    vms_unverified = serializers.IntegerField()
    vms_pending = serializers.IntegerField()
    pass_rate = serializers.FloatField(allow_null=True)
    minimum_score = serializers.FloatField()
    scans = RecentScanSerializer(many=True)


class ProvisioningOverviewView(APIView):
    """The figures of one organization's provisioned VMs, with their last scans."""

    @extend_schema(parameters=[ORGANIZATION_PARAMETER], responses=OverviewSerializer)
    def get(self, request: Request) -> Response:
        """Return how the provisioned VMs of one organization stand."""
        organization = one_organization(request, "view_compliance")
        figures = overview(Organization.objects.filter(pk=organization.pk))
        shown: dict[str, Any] = {
            "average_score": figures.average_score,
            "grade": figures.grade,
            "vms_scanned": figures.vms_scanned,
            "vms_blocked": figures.vms_blocked,
            "vms_unverified": figures.vms_unverified,
            "vms_pending": figures.vms_pending,
            "pass_rate": figures.pass_rate,
            "minimum_score": settings_of(organization).minimum_score,
            "scans": recent_scans(Scan.objects.filter(organization=organization), RECENT),
        }
        return Response(OverviewSerializer(shown).data)
