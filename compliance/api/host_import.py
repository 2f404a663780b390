from typing import Any, BinaryIO

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from compliance.services.host_import import Action, ImportPlan
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.web.viewsets import narrowed


class CsvParser(BaseParser):
    """A body that is the file itself."""

    media_type = "text/csv"

    def parse(self, stream: BinaryIO, media_type: Any = None, parser_context: Any = None) -> dict[str, bytes]:
        """Return the bytes under the name that a form would give them."""
        return {"file": stream.read()}


class ProblemSerializer(serializers.Serializer):
    """What is wrong with the file; line 1 is the header, 0 means the file as a whole."""

    line = serializers.IntegerField()
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class PlannedSerializer(serializers.Serializer):
    """What a line does. ``changes`` is {column: [before, then]} of a host that was there already."""

    line = serializers.IntegerField()
    hostname = serializers.CharField()
    action = serializers.ChoiceField(choices=[action.value for action in Action])
    changes = serializers.DictField(child=serializers.ListField(child=serializers.CharField(allow_blank=True)))


class ImportReportSerializer(serializers.Serializer):
    """What an import did, or would do; hosts that stay as they are only count."""

    dry_run = serializers.BooleanField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    hosts = PlannedSerializer(many=True)
    problems = ProblemSerializer(many=True)


def import_document(plan: ImportPlan, *, dry_run: bool) -> dict[str, Any]:
    """Return the body that ``ImportReportSerializer`` describes."""
    counts = plan.counts
    return {
        "dry_run": dry_run,
        "created": counts["create"],
        "updated": counts["update"],
        "unchanged": counts["unchanged"],
        "hosts": [
            {
                "line": planned.line,
                "hostname": planned.hostname,
                "action": planned.action.value,
                "changes": {name: list(change) for name, change in planned.changes.items()},
            }
            for planned in plan.hosts
            if planned.action is not Action.UNCHANGED
        ],
        "problems": [
            {"line": one.line, "column": one.column, "value": one.value, "message": one.message}
            for one in plan.problems
        ],
    }


YES_OR_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}


def asked_for_dry_run(request: Request) -> bool:
    """Return what ``?dry_run=`` says. Raises Invalid for what is neither yes nor no."""
    text = request.query_params.get("dry_run", "").lower()
    if text not in YES_OR_NO:
        raise Invalid({"dry_run": "Write true or false."})
    return YES_OR_NO[text]


def uploaded(request: Request) -> bytes:
    """Return the file of a form, or the body. Raises Invalid when there is none."""
    file = request.data.get("file")
    if isinstance(file, bytes):
        return file
    if not hasattr(file, "read"):
        raise Invalid({"file": "Send a CSV file, as the field file of a form or as the body with type text/csv."})
    return bytes(file.read())


def owner_of_import(request: Request, permitted: QuerySet[Organization]) -> Organization:
    """Return the organization that is named, or else the only one. Raises Invalid when that is not one."""
    named = request.query_params.get("organization") or str(request.data.get("organization") or "")
    owners = list(narrowed(permitted, named)[:2])
    if len(owners) != 1:
        raise Invalid({"organization": "Name the organization that the hosts belong to: ?organization=<id>."})
    return owners[0]
