from typing import Any

from django.utils import timezone
from django_filters.rest_framework import CharFilter, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.models import ProvisionedVm, ProvisioningRun
from compliance.reports.handovers import RunHandover, values
from compliance.selectors.handovers import run_handover
from compliance.services import provisioning_runs
from compliance.services.provisioning_runs import Submission
from compliance.terraform.formats import READERS
from compliance.web.documents import DocumentNegotiation, DocumentParser
from compliance.web.projects import of_project
from organizations.web.one_organization import ORGANIZATION_PARAMETER, one_organization
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer

IDENTITIES = ("pinned", "first_contact", "unknown")
SUBMITTED = (
    ORGANIZATION_PARAMETER,
    OpenApiParameter("project", str, required=True, description="Its name; a new one is made."),
    OpenApiParameter("run_id", str, description="What the pipeline calls this apply; else the state itself decides."),
    OpenApiParameter("format", str, enum=[*READERS], description="Left out, what the document looks like decides."),
    OpenApiParameter("workspace", str, description="Tells apart the states of one project, where it has several."),
)
UNUSABLE = "The document is a plan, is encrypted, or is no applied state for another reason; errors says which."


@extend_schema_serializer(component_name="ProvisioningRun")
class RunSerializer(OwnedSerializer):
    """One apply that was posted here or told of by Terraform."""

    project_name = serializers.CharField(source="project.name", read_only=True)
    requested_by = serializers.CharField(source="requested_by.username", allow_null=True, read_only=True)
    groups = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ProvisioningRun
        fields = [
            "id", "organization", "project", "project_name", "run_id", "source", "status", "error", "connection",
            "workspace_id", "workspace_name", "lineage", "serial", "groups", "vms_count", "destroyed_count",
            "requested_by", "created_at", "registered_at",
        ]  # fmt: skip
        read_only_fields = fields


class VmOfRunSerializer(serializers.Serializer):
    """The gate's answer about one VM of a run."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    host = serializers.CharField()
    allowed = serializers.BooleanField()
    state = serializers.ChoiceField(choices=ProvisionedVm.State.choices)
    reasons = serializers.ListField(child=serializers.CharField())
    would_block = serializers.ListField(child=serializers.CharField())
    scan = serializers.IntegerField(allow_null=True)
    identity = serializers.ChoiceField(choices=IDENTITIES)
    waits_for = serializers.CharField(allow_blank=True)
    url = serializers.CharField()


class RunVerdictSerializer(serializers.Serializer):
    """The gate's answer about a run. ``final``: it will not change by itself."""

    allowed = serializers.BooleanField()
    final = serializers.BooleanField()
    state = serializers.ChoiceField(choices=ProvisionedVm.State.choices)
    reasons = serializers.ListField(child=serializers.CharField())


class RunHandoverSerializer(RunVerdictSerializer):
    """The gate's answer about a run and each of its VMs; ``groups`` make machines that its state does not tell."""

    id = serializers.IntegerField()
    run_id = serializers.CharField()
    project = serializers.CharField()
    organization = serializers.CharField()
    status = serializers.ChoiceField(choices=ProvisioningRun.Status.choices)
    groups = serializers.ListField(child=serializers.CharField())
    vms = VmOfRunSerializer(many=True)


class VerdictWithUrlSerializer(RunVerdictSerializer):
    """The gate's answer, and where to ask for it again."""

    url = serializers.CharField()


@extend_schema_serializer(component_name="ProvisioningRunDetail")
class RunDetailSerializer(RunSerializer):
    """A run with its VMs and what the gate says of them."""

    vms = VmOfRunSerializer(many=True)
    handover = VerdictWithUrlSerializer()

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "vms", "handover"]
        read_only_fields = fields


class RunFilters(FilterSet):
    """``project`` is an id or a name."""

    project = CharFilter(method="in_project")

    class Meta:
        model = ProvisioningRun
        fields = {
            "status": ["exact"], "source": ["exact"], "run_id": ["exact"], "connection": ["exact"],
            "created_at": ["gte", "lt"],
        }  # fmt: skip

    def in_project(self, rows: Any, name: str, wanted: str) -> Any:
        return of_project(rows, wanted, self.request.user)


class ProvisioningRunViewSet(OwnedReadViewSet):
    """Applied states: post one, look at what became of it, ask the gate about all of its VMs at once."""

    queryset = ProvisioningRun.objects.select_related("organization", "project", "requested_by")
    serializer_class = RunSerializer
    permissions = {"read": "view_compliance", "write": "submit_runs"}
    filterset_class = RunFilters
    search_fields = ["run_id", "project__name", "workspace_name"]
    ordering_fields = ["created_at", "vms_count"]
    http_method_names = ["get", "post", "head", "options"]
    parser_classes = [DocumentParser]
    content_negotiation_class = DocumentNegotiation

    @extend_schema(
        parameters=[*SUBMITTED], request={"application/json": OpenApiTypes.OBJECT},
        responses={202: RunDetailSerializer, 200: RunDetailSerializer, 422: OpenApiResponse(None, UNUSABLE)},
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        """Take an applied state, as `terraform show -json` or `terraform state pull` writes it; a repeat gives 200."""
        organization, asked = one_organization(request, "submit_runs"), request.query_params
        submission = Submission(
            project=asked.get("project", ""), body=request.data.get("document", b""), run_id=asked.get("run_id", ""),
            workspace=asked.get("workspace", ""), format=asked.get("format", ""),
        )  # fmt: skip
        run, new = provisioning_runs.submit(
            actor=request.user, organization=organization, submission=submission, now=timezone.now()
        )
        return Response(self.detailed(run), status=202 if new else 200)

    @extend_schema(responses=RunDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return a run with its VMs."""
        return Response(self.detailed(self.get_object()))

    @extend_schema(responses=RunHandoverSerializer)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def handover(self, request: Request, pk: str) -> Response:
        """Tell whether all VMs of a run may be handed over, and why not."""
        return Response(values(run_handover(self.get_object())))

    def detailed(self, run: ProvisioningRun) -> dict[str, Any]:
        found = values(handover := run_handover(run))
        shown: dict[str, Any] = dict(self.get_serializer(run).data)
        return {**shown, "vms": found["vms"], "handover": self.verdict(run, handover)}

    def verdict(self, run: ProvisioningRun, handover: RunHandover) -> dict[str, Any]:
        url = self.request.build_absolute_uri(self.reverse_action("handover", args=[run.pk]))
        return {
            "allowed": handover.allowed, "final": handover.final, "state": handover.state, "reasons": handover.reasons,
            "url": url,
        }  # fmt: skip
