"""Postures: what a completed scan, or a stream's end, does to the figures of its host and of the fleet."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from compliance.engine.movements import Cause, shares
from compliance.models import CheckState, Policy, Scan, Stream
from compliance.services import ledgers
from compliance.services.check_states import StateChange, record_states
from compliance.services.score_alerts import tell_of_fall, tell_of_regression
from templates_app.language.meanings import same_meaning
from templates_app.language.results import Result
from templates_app.models import Template

FIGURES = (
    "score", "score_without_waivers", "coverage", "incomplete", "passed", "failed", "errors", "waived",
    "failed_critical", "failed_high", "failed_medium", "failed_low",
)  # fmt: skip
"""What a stream repeats of its latest scan, under the same names."""


@transaction.atomic
def follow(
    *, scan: Scan, results: list[Result], severities: Mapping[str, str], waivers: Mapping[str, int], now: datetime
) -> None:
    """Move the stream of the completed ``scan`` on: states, figures, tallies, movements, alerts.

    ``waivers`` is {check id: id of the waiver that made it waived}. A stream that ended meanwhile stays as it was.
    """
    if scan.stream_id is None:
        return
    stream = locked(scan.stream_id)
    if stream.ended_at is not None:
        return
    previous, counted = stream.latest, stream.counted_score
    change = record_states(scan=scan, results=results, severities=severities, waivers=waivers, at=now)
    take_figures(stream, scan)
    if stream.policy is not None and stream.role == Stream.Role.POLICY:
        ledgers.tally_checks(stream.policy, change.counts)
        note_movement(stream, stream.policy, previous, counted, scan, change, now)
    if not scan.incomplete:
        tell_of_fall(scan, previous.score if previous and not previous.incomplete else None, now)
        tell_of_regression(stream, scan, change, now)
    stream.save(
        update_fields=[
            *FIGURES, "latest", "template", "family", "profile", "scanned_at", "counted_score", "alerted_score",
        ]
    )  # fmt: skip


def locked(stream_id: int) -> Stream:
    streams = Stream.objects.select_for_update(of=("self",)).select_related(
        "latest", "policy__organization", "host", "organization"
    )
    return streams.get(pk=stream_id)


def take_figures(stream: Stream, scan: Scan) -> None:
    for name in FIGURES:
        setattr(stream, name, getattr(scan, name))
    stream.latest, stream.template_id, stream.scanned_at = scan, scan.template_id, scan.finished_at
    if stream.role != Stream.Role.BY_HAND:  # a stream by hand is named by its family and profile
        stream.family, stream.profile = scan.template.family, scan.profile
    counts = stream.role == Stream.Role.POLICY and not scan.incomplete and stream.host.retired_at is None
    stream.counted_score = scan.score if counts else None


def note_movement(
    stream: Stream, policy: Policy, previous: Scan | None, was: float | None, scan: Scan, change: StateChange,
    now: datetime,
) -> None:  # fmt: skip
    """Note why the counted score of ``stream`` moved from ``was``."""
    score = stream.counted_score
    if was is None and score is None:
        return
    if was is None or score is None:
        cause = Cause.COVERAGE if previous is not None else Cause.HOST
        points, hosts = (score, 1) if score is not None else (-(was or 0.0), -1)
        ledgers.move(policy, now, [(cause, "", points, hosts)])
        return
    found = shares(change.before, change.after, meaning_the_same(previous, scan))
    ledgers.move(policy, now, [(share.cause, share.check_id, share.points, 0) for share in found])


def meaning_the_same(previous: Scan | None, scan: Scan) -> frozenset[str] | None:
    """Return the checks that meant the same at ``previous``; None means all of them."""
    alike = ("template_sha256", "profile", "benchmark")
    if previous is None or all(getattr(previous, name) == getattr(scan, name) for name in alike):
        return None
    if previous.benchmark != scan.benchmark:
        return frozenset()
    document = Template.objects.only("document").get(pk=previous.template_id).document
    return same_meaning(document, scan.template.document)


@transaction.atomic
def let_go(streams: QuerySet[Stream], now: datetime) -> int:
    """End ``streams``: their figures leave the fleet's, their history stays; return how many ended now."""
    ids = list(streams.filter(ended_at=None).select_for_update(of=("self",)).values_list("pk", flat=True))
    going = Stream.objects.filter(pk__in=ids)
    primary = going.filter(role=Stream.Role.POLICY)
    for row in primary.exclude(counted_score=None).values("policy").annotate(s=Sum("counted_score"), n=Count("pk")):
        policy = Policy.objects.select_related("organization").get(pk=row["policy"])
        ledgers.move(policy, now, [(Cause.HOST, "", -row["s"], -row["n"])])
    states = CheckState.objects.current()
    for policy in Policy.objects.filter(pk__in=primary.values("policy").distinct()):
        rows = states.filter(stream__in=primary.filter(policy=policy)).values_list("check_id", "severity", "status")
        counts: Counter[tuple[str, str, str]] = Counter()
        for check_id, severity, status, hosts in rows.annotate(n=Count("pk")).order_by():
            counts[check_id, severity, status] -= hosts
        ledgers.tally_checks(policy, counts)
    states.filter(stream__in=going).update(valid_to=now)
    return going.update(ended_at=now, due_at=None, counted_score=None)
