from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.policies import RequestedSerializer
from compliance.models import Host, HostGroup
from compliance.services import host_groups, scan_requests
from organizations.errors import Invalid
from organizations.web.problems import NO_SUCH_ROW
from organizations.web.viewsets import LONGEST_ID, OwnedReadViewSet, OwnedSerializer


class HostGroupSerializer(OwnedSerializer):
    """Hosts that belong together."""

    class Meta:
        model = HostGroup
        fields = ["id", "organization", "name", "description", "created_at"]
        validators: list[Any] = []  # the service names the field

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["organization"].read_only = self.instance is not None
        return fields


class MemberSerializer(OwnedSerializer):
    """A host in the group."""

    class Meta:
        model = Host
        fields = ["id", "hostname", "address", "os_type", "retired_at"]
        read_only_fields = fields


MOST_AT_ONCE = 10_000


class HostId(serializers.IntegerField):
    """The id of a host; thousands are looked up at once, not one by one."""

    def __init__(self, **kwargs: Any) -> None:
        """Keep to numbers that a database takes for an id."""
        super().__init__(min_value=1, max_value=10**LONGEST_ID - 1, **kwargs)


class MoveSerializer(serializers.Serializer):
    """Hosts to put into the group and to take out of it."""

    add = serializers.ListField(child=HostId(), required=False, max_length=MOST_AT_ONCE)
    remove = serializers.ListField(child=HostId(), required=False, max_length=MOST_AT_ONCE)


class MovedSerializer(serializers.Serializer):
    """How many hosts came and went; those that were there, or not there, already are not counted."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class HostGroupViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, OwnedReadViewSet):
    """Groups of hosts."""

    queryset = HostGroup.objects.select_related("organization")
    serializer_class = HostGroupSerializer
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    search_fields = ["name", "description"]
    ordering_fields = ["name", "created_at"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = host_groups.create_group(
            actor=self.request.user, organization=values.pop("organization"), values=values
        )

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        serializer.instance = host_groups.change_group(
            actor=self.request.user, group=serializer.instance, values=serializer.validated_data
        )

    def perform_destroy(self, instance: HostGroup) -> None:
        host_groups.delete_group(actor=self.request.user, group=instance)

    @extend_schema(request=None, responses={202: RequestedSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def scan(self, request: Request, pk: str) -> Response:
        """Scan every host of the group under its policy now; those that are offline are left out and counted."""
        asked = scan_requests.request_group(actor=request.user, group=self.get_object(), now=timezone.now())
        return Response(RequestedSerializer(asked).data, status=202)

    @extend_schema(responses=MemberSerializer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def hosts(self, request: Request, pk: str) -> Response:
        """List the hosts of the group by name."""
        rows = Host.objects.filter(groups=self.get_object()).order_by("hostname", "pk")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(MemberSerializer(page, many=True).data)

    @extend_schema(request=MoveSerializer, responses=MovedSerializer)
    @hosts.mapping.post
    def move_hosts(self, request: Request, pk: str) -> Response:
        """Put hosts into the group and take others out, as many as there are."""
        group, now = self.get_object(), timezone.now()
        wanted = MoveSerializer(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        hosts = {name: self.named(group, name, ids) for name, ids in wanted.validated_data.items()}
        added, removed = host_groups.move_hosts(actor=request.user, group=group, now=now, **hosts)
        return Response({"added": added, "removed": removed})

    def named(self, group: HostGroup, field: str, ids: list[int]) -> list[Host]:
        """Return the hosts of the group's organization with ``ids``. Raises Invalid when one is not among them."""
        found = Host.objects.of(group.organization).in_bulk(ids)
        if len(found) != len(set(ids)):
            raise Invalid({field: NO_SUCH_ROW})
        return list(found.values())
