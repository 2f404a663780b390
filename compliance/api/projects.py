from compliance.models import Project
from organizations.web.viewsets import OwnedReadViewSet, OwnedSerializer


class ProjectSerializer(OwnedSerializer):
    """A Terraform project or workspace, as it is called here."""

    class Meta:
        model = Project
        fields = ["id", "organization", "name", "created_at"]
        read_only_fields = fields


class ProjectViewSet(OwnedReadViewSet):
    """The projects whose applies were posted or told of; they come with these."""

    queryset = Project.objects.select_related("organization")
    serializer_class = ProjectSerializer
    permissions = {"read": "view_compliance"}
    filterset_fields = ["name"]
    search_fields = ["name"]
    ordering_fields = ["name", "created_at"]
