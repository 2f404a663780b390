"""Previews: what was last seen of many hosts, read in bulk and kept while it is needed, and what a preview said."""

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from django.db.models import F, OuterRef, QuerySet, Subquery
from zstandard import ZstdError

from compliance.models import Blob, Host, HostGroup, Preview, PreviewHost, Snapshot, Stream, Waiver
from compliance.selectors.waivers import nearness
from organizations.models.organizations import Organization
from templates_app.language import stored_facts
from templates_app.language.facts import Section
from templates_app.models import Template

SECTIONS_KEPT_BYTES = 8_000_000
"""Of stored JSON; read into memory it is about eight times as large."""
RESULTS_KEPT = 200
UNREADABLE = (ZstdError, KeyError, TypeError, ValueError, IndexError)
"""What stored bytes that were damaged, or written by another version, raise."""
T = TypeVar("T")


class Seen(NamedTuple):
    """The last facts of one host; with ``stream_id`` None they were never evaluated within a stream."""

    host_id: int
    stream_id: int | None
    profile: str
    template_id: int | None
    template_sha256: str
    results_id: int | None
    score: float | None
    incomplete: bool
    manifest_id: int
    collected_at: datetime
    collector_version: str
    plan_sha256: str
    privilege: str


STREAM_COLUMNS = (
    "host_id", "pk", "profile", "latest__template_id", "latest__template_sha256", "latest__results_id",
    "latest__score", "latest__incomplete", "latest__snapshot__manifest_id", "latest__snapshot__collected_at",
    "latest__snapshot__collector_version", "latest__snapshot__plan_sha256", "latest__snapshot__privilege",
)  # fmt: skip
SNAPSHOT_COLUMNS = ("host_id", "manifest_id", "collected_at", "collector_version", "plan_sha256", "privilege")


def fleet(organization: Organization, os_type: str) -> list[int]:
    """Return the ids of the hosts that a template of ``os_type`` could be for: those in service."""
    hosts = Host.objects.of(organization).in_service().filter(os_type=os_type)
    return list(hosts.order_by("pk").values_list("pk", flat=True))


def followers(organization: Organization, family: str, but: str) -> list[int]:
    """Return the ids of the hosts in service whose last result of ``family`` is of another document than ``but``."""
    streams = Stream.objects.of(organization).going().filter(family=family, host__retired_at=None)
    behind = streams.exclude(latest=None).exclude(latest__template_sha256=but)
    return sorted(set(behind.values_list("host_id", flat=True)))


def last_seen(hosts: Collection[int], family: str) -> dict[int, Seen]:
    """Return what was last seen of each of ``hosts``; those that were never scanned are left out.

    Of several streams of a host the one of ``family`` counts, else that of its policy, else the one scanned last.
    Without any, its newest snapshot.
    """
    streams = Stream.objects.going().filter(host__in=hosts, latest__snapshot__isnull=False)
    ranked: dict[int, tuple[tuple[bool, bool, datetime], Seen]] = {}
    for *values, role, own, at in streams.values_list(*STREAM_COLUMNS, "role", "family", "latest__finished_at"):
        seen, rank = Seen(*values), (own == family, role == Stream.Role.POLICY, at)
        if seen.host_id not in ranked or ranked[seen.host_id][0] < rank:
            ranked[seen.host_id] = rank, seen
    found = {host_id: seen for host_id, (_, seen) in ranked.items()}
    newest = Snapshot.objects.filter(host=OuterRef("host")).order_by("-collected_at", "-pk").values("pk")[:1]
    without = Snapshot.objects.filter(host__in=set(hosts) - found.keys(), pk=Subquery(newest))
    for host_id, *facts in without.values_list(*SNAPSHOT_COLUMNS):
        found[host_id] = Seen(host_id, None, "server", None, "", None, None, False, *facts)
    return found


def documents_of(template_ids: Iterable[int]) -> dict[int, str]:
    """Return the frozen document of each template."""
    return dict(Template.objects.filter(pk__in=set(template_ids)).values_list("pk", "document"))


class WaiversInForce:
    """The waivers of an organization that count at one moment, asked for many hosts with one query for each batch."""

    def __init__(self, organization: Organization, at: datetime) -> None:
        rows = Waiver.objects.of(organization).in_force(at)
        names = ("organization", "host", "host_group", "decided_by")
        self._rows = sorted(rows.select_related(*names), key=lambda waiver: (nearness(waiver), waiver.pk))
        self._groups = {waiver.host_group_id for waiver in self._rows if waiver.host_group_id}

    def on(self, hosts: Collection[int]) -> Callable[[int], dict[str, Waiver]]:
        """Return what gives {check id: waiver} for each of ``hosts``, the nearest scope winning."""
        lies_in: dict[int, set[int]] = defaultdict(set)
        if self._groups:
            through = HostGroup.hosts.through.objects.filter(hostgroup__in=self._groups, host__in=hosts)
            for host_id, group_id in through.values_list("host_id", "hostgroup_id"):
                lies_in[host_id].add(group_id)

        def of(host_id: int) -> dict[str, Waiver]:
            return {
                waiver.check_id: waiver
                for waiver in self._rows
                if (waiver.host_id in (None, host_id))
                and (waiver.host_group_id is None or waiver.host_group_id in lies_in[host_id])
            }

        return of


class Kept(Generic[T]):
    """Values by key; those not used for longest go once all together weigh more than ``most``."""

    def __init__(self, most: int) -> None:
        self._most, self._weight = most, 0
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: T, weight: int) -> None:
        self._values[key] = value, weight
        self._weight += weight
        while self._weight > self._most and len(self._values) > 1:
            _, (_, dropped) = self._values.popitem(last=False)
            self._weight -= dropped


class FactReader:
    """Reads stored results and sections of many hosts of one organization, each blob once as long as it is kept.

    Blobs that are damaged are left out of every answer.
    """

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._sections: Kept[Section] = Kept(SECTIONS_KEPT_BYTES)
        self._statuses: Kept[dict[str, str]] = Kept(RESULTS_KEPT)

    def statuses(self, results_ids: Collection[int]) -> dict[int, dict[str, str]]:
        """Return {blob id: {check id: status}} of stored results."""
        found = {pk: kept for pk in results_ids if (kept := self._statuses.get(pk)) is not None}
        for blob in Blob.objects.filter(pk__in=set(results_ids) - found.keys()).iterator(chunk_size=50):
            with suppress(*UNREADABLE):
                found[blob.pk] = {row[0]: row[1] for row in json.loads(blob.unpacked())}
                self._statuses.put(blob.pk, found[blob.pk], 1)
        return found

    def manifests(self, manifest_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """Return {blob id: manifest}."""
        found = {}
        for blob in Blob.objects.filter(pk__in=set(manifest_ids)).iterator(chunk_size=50):
            with suppress(*UNREADABLE):
                found[blob.pk] = json.loads(blob.unpacked())
        return found

    def sections(self, wanted: Mapping[str, str]) -> dict[str, Section]:
        """Return {sha256: section} for ``wanted``, {sha256: section name}."""
        found = {sha256: kept for sha256 in wanted if (kept := self._sections.get(sha256)) is not None}
        rows = Blob.objects.of(self._organization).filter(sha256__in=wanted.keys() - found.keys())
        for blob in rows.iterator(chunk_size=50):
            with suppress(*UNREADABLE):
                content = blob.unpacked()
                section = stored_facts.read_section(json.loads(content), wanted[blob.sha256])
                found[blob.sha256] = section
                self._sections.put(blob.sha256, section, len(content))
        return found


# --- What a preview said ----------------------------------------------------------------------------------------------


def newest_preview(template: Template, organization: Organization) -> Preview | None:
    """Return the preview of ``template`` over the hosts of ``organization`` that was asked for last."""
    rows = Preview.objects.of(organization).filter(template=template).defer("document")
    return rows.select_related("organization", "requested_by", "template").defer("template__document").first()


SHOWN = {
    "changed": "Would change", "worse": "Would fall", "better": "Would rise", "same": "Would stay the same",
    "new": "Not scored before", "not_tried": "Could not be tried", "all": "All hosts",
}  # fmt: skip
"""Which rows of a preview can be asked for."""


def preview_hosts(preview: Preview, show: str = "changed") -> QuerySet[PreviewHost]:
    """Return the rows of ``preview`` that ``show`` names, those with most changes first."""
    rows = PreviewHost.objects.filter(preview=preview).select_related("host")
    match show:
        case "changed":
            rows = rows.filter(changed__gt=0, stream__isnull=False, note="")
        case "worse":
            rows = rows.filter(score_then__lt=F("score_before"))
        case "better":
            rows = rows.filter(score_then__gt=F("score_before"))
        case "same":
            rows = rows.filter(changed=0, stream__isnull=False, note="")
        case "new":
            rows = rows.filter(stream=None, note="")
        case "not_tried":
            rows = rows.exclude(note="")
    return rows.order_by("-changed", "pk")


def titles_in(document: str, check_ids: Sequence[str]) -> dict[str, str]:
    """Return {check id: title} of those of ``check_ids`` that a frozen document has."""
    wanted = set(check_ids)
    checks = (one["check"] for one in json.loads(document)["checks"])
    return {check["id"]: check["title"] for check in checks if check["id"] in wanted}
