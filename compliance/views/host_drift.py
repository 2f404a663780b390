from typing import Any

from django.views.generic import TemplateView

from compliance.models import Host, Scan, Stream
from compliance.selectors.drift import Drift, Kind, comparable, drift_between
from compliance.selectors.hosts import history_of
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage

OFFERED = 200
"""Scans that can be chosen; older ones by their number in the address."""
GROUPS = (
    (Kind.NEWLY_FAILING, "Newly failing", "fail"),
    (Kind.FIXED, "Fixed", "pass"),
    (Kind.CHANGED, "Other changes", "info"),
    (Kind.ADDED, "Added checks", "info"),
    (Kind.REMOVED, "Removed checks", "info"),
)
CAUSES = {
    "exception": "An exception began or ended", "template": "The template says something else",
    "rights": "The login had other rights", "host": "The host changed", "product": "Plumbline decides it otherwise",
}  # fmt: skip


class HostDrift(OwnedPage, TemplateView):
    """What changed between two scans of a host, the last two of its stream unless others are chosen."""

    template_name = "compliance/host_drift.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        host = self.row(Host.objects.select_related("organization"), pk=pk)
        offered = list(history_of(host).defer("block_reasons")[:OFFERED])
        before, after = self.chosen(host, offered)
        found = drift_between(before, after) if before and after else None
        return super().get_context_data(**kwargs) | {
            "host": host,
            "tab": "drift",
            "offered": offered,
            "before": before,
            "after": after,
            "drift": found,
            "groups": groups_of(found) if found else [],
            "causes": CAUSES,
        }

    def chosen(self, host: Host, offered: list[Scan]) -> tuple[Scan | None, Scan | None]:
        """Return the scans to compare: those asked for, else the newest and the one before it in its stream."""
        asked = [wanted_id(self.request.GET.get(name, "")) for name in ("from", "to")]
        newest, previous = last_two(offered)
        wanted = [pk or (scan.pk if scan else 0) for pk, scan in zip(asked, (previous, newest), strict=True)]
        found = comparable(host.pk, wanted)
        return found.get(wanted[0]), found.get(wanted[1])


def last_two(scans: list[Scan]) -> tuple[Scan | None, Scan | None]:
    """Return the newest of ``scans``, which are sorted so, and the one before it in the same stream.

    The policy's own stream comes before those of secondary templates, and both before scans by hand.
    """
    if not scans:
        return None, None
    streams = Stream.objects.in_bulk({scan.stream_id for scan in scans if scan.stream_id})
    rank = {pk: 0 if stream.role == Stream.Role.POLICY and not stream.ended_at else 1 for pk, stream in streams.items()}
    newest = min(scans, key=lambda scan: rank.get(scan.stream_id, 2))
    earlier = [scan for scan in scans[scans.index(newest) + 1 :] if scan.stream_id == newest.stream_id]
    return newest, next(iter(earlier), None)


def groups_of(found: Drift) -> list[dict[str, Any]]:
    """Return the kinds of change that there are, in order, each with its changes, the most severe first."""
    order = ("critical", "high", "medium", "low")
    groups = [{"label": label, "look": look, "changes": found.of(kind)} for kind, label, look in GROUPS]
    for group in groups:
        group["changes"] = sorted(group["changes"], key=lambda one: (order.index(one.severity), one.check_id))
    return [group for group in groups if group["changes"]]
