from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django_filters.rest_framework import CharFilter, ChoiceFilter, FilterSet, ModelChoiceFilter
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.provisioning_runs import IDENTITIES
from compliance.models import HostKey, ProvisionedVm, ProvisioningRun, VmEvent
from compliance.reports.handovers import awaited
from compliance.selectors.handovers import vm_handover, with_identity
from compliance.selectors.provisioned_vms import timeline_of
from compliance.services import handovers, vm_requests
from compliance.web.projects import of_project
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer

YES_NO = (("true", "Only those"), ("false", "Only the others"))


class VmSerializer(OwnedSerializer):
    """A machine that Terraform made, and whether it may be handed over.

    ``waits_for`` says what the last look at it found missing, ``unverifiable`` why no scan came to results.
    """

    project_name = serializers.CharField(source="project.name", read_only=True)
    run_id = serializers.CharField(source="run.run_id", read_only=True)
    hostname = serializers.CharField(source="host.hostname", read_only=True)
    addresses = serializers.ListField(child=serializers.CharField(), read_only=True)
    tags = serializers.DictField(child=serializers.CharField(allow_blank=True), read_only=True)
    allowed = serializers.BooleanField(read_only=True)
    reasons = serializers.ListField(child=serializers.CharField(), read_only=True)
    would_block = serializers.ListField(child=serializers.CharField(), read_only=True)
    score = serializers.FloatField(source="scan.score", allow_null=True, read_only=True)
    identity = serializers.ChoiceField(choices=IDENTITIES, read_only=True)
    released_by = serializers.CharField(source="released_by.username", allow_null=True, read_only=True)

    class Meta:
        model = ProvisionedVm
        fields = [
            "id", "organization", "project", "project_name", "connection", "workspace", "run", "run_id", "host",
            "hostname", "name", "provider", "provider_connection", "instance_id", "resource_address", "resource_type",
            "addresses", "os_family", "os_hint", "region", "power_state", "tags", "tainted", "identity", "phase",
            "waits_for", "wait_until", "unverifiable", "state", "state_since", "allowed", "reasons", "would_block",
            "scan", "score", "handed_over_at", "released_by", "released_at", "release_reason", "retired_at",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class VmEventSerializer(serializers.ModelSerializer):
    """What happened to a VM; ``state`` is the gate's where it decided."""

    class Meta:
        model = VmEvent
        fields = ["kind", "at", "text", "state", "actor", "scan"]


class VmHostKeySerializer(serializers.ModelSerializer):
    """A key that the VM has shown. ``first_contact``: believed because it was the first, confirmed by nobody."""

    class Meta:
        model = HostKey
        fields = ["type", "fingerprint", "state", "first_contact", "seen_at"]


class VmDetailSerializer(VmSerializer):
    """A VM with the last events of its timeline, oldest first, and the keys of its host."""

    events = serializers.SerializerMethodField()
    host_keys = VmHostKeySerializer(source="host.keys", many=True, read_only=True)

    class Meta(VmSerializer.Meta):
        fields = [*VmSerializer.Meta.fields, "events", "host_keys"]
        read_only_fields = fields

    @extend_schema_field(VmEventSerializer(many=True))
    def get_events(self, vm: ProvisionedVm) -> Any:
        return VmEventSerializer(reversed(timeline_of(vm)), many=True).data


class HandoverSerializer(serializers.Serializer):
    """Whether a VM may be handed over, and every reason. ``would_block`` is what block mode says in any mode."""

    allowed = serializers.BooleanField()
    state = serializers.ChoiceField(choices=ProvisionedVm.State.choices)
    reasons = serializers.ListField(child=serializers.CharField())
    would_block = serializers.ListField(child=serializers.CharField())
    scan = serializers.IntegerField(allow_null=True)
    identity = serializers.ChoiceField(choices=IDENTITIES)
    waits_for = serializers.CharField(allow_blank=True)
    url = serializers.CharField()


class VmScanSerializer(serializers.Serializer):
    """How far a VM is on the way to its scan, and where to ask again."""

    id = serializers.IntegerField()
    phase = serializers.ChoiceField(choices=ProvisionedVm.Phase.choices)
    progress = serializers.CharField()
    url = serializers.CharField()


class ReleaseSerializer(serializers.Serializer):
    """Why the VM may be handed over in spite of what the gate says."""

    reason = serializers.CharField(max_length=handovers.LONGEST_REASON, help_text="Stands in the audit log.")


class VmFilters(FilterSet):
    """``project`` is an id or a name; ``destroyed=true`` lists the VMs that are gone, which are left out otherwise."""

    project = CharFilter(method="in_project")
    run = ModelChoiceFilter(field_name="runs", queryset=ProvisioningRun.objects.all())
    destroyed = ChoiceFilter(choices=YES_NO, method="gone")

    class Meta:
        model = ProvisionedVm
        fields = {"state": ["exact"], "provider": ["exact"], "phase": ["exact"], "connection": ["exact"]}

    def in_project(self, rows: QuerySet[ProvisionedVm], name: str, wanted: str) -> QuerySet[ProvisionedVm]:
        return of_project(rows, wanted, self.request.user)

    def gone(self, rows: QuerySet[ProvisionedVm], name: str, wanted: str) -> QuerySet[ProvisionedVm]:
        return rows.filter(retired_at__isnull=wanted != "true")


def with_keys(vms: QuerySet[ProvisionedVm]) -> QuerySet[ProvisionedVm]:
    """Read with each of ``vms`` its host's keys."""
    return vms.prefetch_related(Prefetch("host__keys", HostKey.objects.order_by("state", "pk")))


class ProvisionedVmViewSet(OwnedReadViewSet):
    """Provisioned VMs: where each stands at the gate; scan one now, release one."""

    queryset = with_identity(
        ProvisionedVm.objects.select_related("organization", "project", "run", "host", "scan", "released_by")
    )
    serializer_class = VmSerializer
    permissions = {"read": "view_compliance", "scan": "manage_compliance", "release": "release_handover"}
    filterset_class = VmFilters
    search_fields = ["name", "instance_id", "host__hostname", "host__address", "resource_address"]
    ordering_fields = ["created_at", "name", "state", "state_since", "scan__score"]
    http_method_names = ["get", "post", "head", "options"]

    def filter_queryset(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Leave destroyed VMs out of the list unless they are asked for; one that is named is found."""
        in_list = self.action == "list" and not self.request.query_params.get("destroyed")
        return super().filter_queryset(rows.filter(retired_at=None) if in_list else rows)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows with what the action shows: the gate needs a few columns of them."""
        rows = super().get_queryset()
        if self.action == "handover":
            return rows.select_related(None).select_related("organization", "host")
        return with_keys(rows) if self.action == "retrieve" else rows

    @extend_schema(responses=VmDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return a VM with its timeline and the keys of its host."""
        return Response(VmDetailSerializer(self.get_object(), context=self.get_serializer_context()).data)

    @extend_schema(responses=HandoverSerializer)
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def handover(self, request: Request, pk: str) -> Response:
        """Tell whether a VM may be handed over, and why not."""
        vm = self.get_object()
        found = vm_handover(vm, vm.identity)
        waits_for = awaited(found, settled=vm.phase == ProvisionedVm.Phase.SETTLED)
        return Response({
            "allowed": found.allowed, "state": found.state, "reasons": found.reasons, "would_block": found.would_block,
            "scan": found.scan, "identity": found.identity, "waits_for": waits_for, "url": found.url,
        })  # fmt: skip

    @extend_schema(request=None, responses={202: VmScanSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def scan(self, request: Request, pk: str) -> Response:
        """Have a VM be looked for and scanned now. 409 while scanning is off, or its project exempt, or it is gone."""
        vm = vm_requests.request_vm_scan(actor=request.user, vm=self.get_object(), now=timezone.now())
        url = request.build_absolute_uri(self.reverse_action("handover", args=[vm.pk]))
        words = vm.waits_for or vm.get_phase_display()
        return Response({"id": vm.pk, "phase": vm.phase, "progress": words, "url": url}, status=202)

    @extend_schema(request=ReleaseSerializer, responses=VmSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def release(self, request: Request, pk: str) -> Response:
        """Let a VM be handed over, for a reason. 409 for one that needs no release or is gone."""
        wanted = ReleaseSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        vm = handovers.release(
            actor=request.user, vm=self.get_object(), reason=wanted.validated_data["reason"], now=timezone.now()
        )
        shown = self.get_queryset().get(pk=vm.pk)
        return Response(VmSerializer(shown, context=self.get_serializer_context()).data)
