from typing import Any

from rest_framework import serializers

from compliance.models import Scan
from compliance.selectors.drift import Cause, Change, Drift, Kind, Seen
from templates_app.language.results import Status


class SeenSerializer(serializers.Serializer):
    """What one scan says of one check."""

    status = serializers.ChoiceField(choices=[status.value for status in Status])
    skip_reason = serializers.CharField(allow_blank=True)
    expected = serializers.CharField()
    actual = serializers.CharField()
    message = serializers.CharField(allow_blank=True)


class ChangeSerializer(serializers.Serializer):
    """One check whose result differs; ``since`` is when the status in ``after`` began, where that is known."""

    check_id = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    cause = serializers.ChoiceField(choices=[cause.value for cause in Cause])
    since = serializers.DateTimeField(allow_null=True)
    before = SeenSerializer(allow_null=True)
    after = SeenSerializer(allow_null=True)


class ComparedSerializer(serializers.Serializer):
    """One of the two scans."""

    id = serializers.IntegerField()
    finished_at = serializers.DateTimeField()
    template = serializers.IntegerField()
    template_name = serializers.CharField()
    template_version = serializers.IntegerField()
    profile = serializers.CharField()
    score = serializers.FloatField(allow_null=True)


class DriftSerializer(serializers.Serializer):
    """What changed between two scans of a host; checks that say the same in both are only counted."""

    unchanged = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    changes = ChangeSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {"from": ComparedSerializer(), "to": ComparedSerializer(), **super().get_fields()}


def drift_document(before: Scan, after: Scan, found: Drift) -> dict[str, Any]:
    """Return the body that ``DriftSerializer`` describes."""
    return {
        "from": compared(before),
        "to": compared(after),
        "unchanged": found.unchanged,
        "counts": {kind.value: len(found.of(kind)) for kind in Kind},
        "changes": [document_of(change) for change in found.changes],
    }


def compared(scan: Scan) -> dict[str, Any]:
    return {
        "id": scan.pk,
        "finished_at": scan.finished_at,
        "template": scan.template_id,
        "template_name": scan.template.name,
        "template_version": scan.template.version,
        "profile": scan.profile,
        "score": scan.score,
    }


def document_of(change: Change) -> dict[str, Any]:
    return {
        "check_id": change.check_id,
        "title": change.title,
        "severity": change.severity,
        "kind": change.kind.value,
        "cause": change.cause.value if change.cause else None,
        "since": change.since,
        "before": shown(change.before),
        "after": shown(change.after),
    }


def shown(seen: Seen | None) -> dict[str, str] | None:
    return seen._asdict() | {"status": seen.status.value, "skip_reason": str(seen.skip_reason)} if seen else None
