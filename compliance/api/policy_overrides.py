"""What stands under a policy: overrides for single hosts, and secondary templates."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request

from compliance.models import Host, Policy, PolicyOverride, PolicySecondary
from compliance.services import policies
from organizations.permissions import require, rows_in_reach
from organizations.web.viewsets import OwnedReadViewSet, OwnedRelatedField, OwnedSerializer
from templates_app.models import Template

POLICY = OpenApiParameter("policy_pk", int, OpenApiParameter.PATH, description="The policy.")


class PolicyPart(OwnedReadViewSet):
    """Rows of the policy that the path names: 404 for a policy out of reach, as for any row."""

    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    policy: Policy

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        rows = Policy.objects.in_force().select_related("organization")
        self.policy = get_object_or_404(rows_in_reach(request.user, rows), pk=self.kwargs["policy_pk"])
        require(request.user, self.codename(), self.policy.organization)

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(policy=self.kwargs["policy_pk"], policy__removed_at=None)


class PolicyOverrideSerializer(OwnedSerializer):
    """Another template for one host; the newest published version of its family counts."""

    host = OwnedRelatedField(queryset=Host.objects.all())
    hostname = serializers.CharField(source="host.hostname", read_only=True)
    template = OwnedRelatedField(queryset=Template.objects.defer("document"), shared=True)
    template_name = serializers.CharField(source="template.name", read_only=True)

    class Meta:
        model = PolicyOverride
        fields = ["id", "policy", "host", "hostname", "template", "template_name", "created_at"]
        read_only_fields = ["policy"]
        validators: list[Any] = []  # the service names the field

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["host"].read_only = self.instance is not None
        return fields


@extend_schema(parameters=[POLICY])
class PolicyOverrideViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, PolicyPart):
    """Overrides of a policy, by host; they count from the host's next scan on."""

    queryset = PolicyOverride.objects.select_related("organization", "policy__organization", "host", "template").defer(
        "template__document"
    )
    serializer_class = PolicyOverrideSerializer
    filterset_fields = ["host", "template"]
    search_fields = ["host__hostname", "host__address", "template__name"]
    ordering_fields = ["host__hostname", "created_at"]
    http_method_names: ClassVar[list[str]] = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = policies.add_override(
            actor=self.request.user, policy=self.policy, **serializer.validated_data
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        template = serializer.validated_data.get("template", serializer.instance.template)
        serializer.instance = policies.change_override(
            actor=self.request.user, override=serializer.instance, template=template
        )

    def perform_destroy(self, instance: PolicyOverride) -> None:
        policies.remove_override(actor=self.request.user, override=instance)


class PolicySecondarySerializer(OwnedSerializer):
    """A further template that is evaluated on the same facts, as a stream of its own."""

    template = OwnedRelatedField(queryset=Template.objects.defer("document"), shared=True)
    template_name = serializers.CharField(source="template.name", read_only=True)

    class Meta:
        model = PolicySecondary
        fields = ["id", "policy", "template", "template_name", "created_at"]
        read_only_fields = ["policy"]
        validators: list[Any] = []  # the service names the field


@extend_schema(parameters=[POLICY])
class PolicySecondaryViewSet(mixins.CreateModelMixin, mixins.DestroyModelMixin, PolicyPart):
    """Secondary templates of a policy; they move no fleet figures."""

    queryset = PolicySecondary.objects.select_related("organization", "policy__organization", "template").defer(
        "template__document"
    )
    serializer_class = PolicySecondarySerializer
    filterset_fields = ["template"]
    search_fields = ["template__name"]
    ordering_fields = ["created_at"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = policies.add_secondary(
            actor=self.request.user, policy=self.policy, now=timezone.now(), **serializer.validated_data
        )

    def perform_destroy(self, instance: PolicySecondary) -> None:
        policies.remove_secondary(actor=self.request.user, secondary=instance, now=timezone.now())
