"""Score alerts: a score below 70 or 50, and a score that fell against its baseline."""

from collections.abc import Container, Mapping
from datetime import datetime, timedelta

from compliance.engine import regression, scoring
from compliance.engine.regression import Fall
from compliance.models import Blob, Scan, Stream
from compliance.selectors.results import read_results
from compliance.services.check_states import StateChange
from itsm.models import Alert
from itsm.services.alerts import News, raise_alert
from templates_app.language.meanings import same_meaning

OLDEST_PREVIOUS = timedelta(days=30)
MOST_EARLIER = 100
MOST_NAMED = 50
TOLD = (Stream.Role.POLICY, Stream.Role.BY_HAND)
"""Whose scores people are told of; secondary and provisioning streams speak where they are shown."""


def tell_of_fall(scan: Scan, before: float | None, now: datetime) -> None:
    """Raise an alert when the score of ``scan`` crossed 70 or 50 since ``before``."""
    threshold = scoring.crossing(before, scan.score)
    if threshold is None or scan.score is None or scan.stream is None or scan.stream.role not in TOLD:
        return
    critical = threshold == scoring.CRITICAL_SCORE
    was = f"It was {before:.1f} at the scan before." if before is not None else "It is the first scan of this host."
    news = News(
        kind="compliance_low_score",
        severity=Alert.Severity.CRITICAL if critical else Alert.Severity.WARNING,
        title=f"{scan.host} scores {scan.score:.1f} against {scan.template.name}",
        message=f"The score is below {threshold:.0f}. {was} {scan.failed} fail, {scan.failed_critical} critical.",
        dedupe_key=f"compliance_low_score:{scan.stream_id}",
        subject_kind="scan",
        subject_id=str(scan.pk),
        subject_label=str(scan.host),
        details={"score": scan.score, "before": before, "threshold": threshold},
    )
    raise_alert(organization=scan.organization, news=news, now=now)


def tell_of_regression(stream: Stream, scan: Scan, change: StateChange, now: datetime) -> None:
    """Raise an alert when ``scan`` fell more than 10 points below the baseline of ``stream``, once for each fall.

    Sets ``stream.alerted_score``, which the caller saves.
    """
    if stream.role != Stream.Role.POLICY or scan.score is None:
        return
    fall = fall_of(scan, change, now)
    if fall is None:
        return
    if fall.drop <= regression.RE_ARM:
        stream.alerted_score = None
    told = stream.alerted_score
    if fall.drop <= regression.DROP or (told is not None and told - scan.score <= regression.DROP):
        return
    stream.alerted_score = scan.score
    raise_alert(organization=scan.organization, news=regression_news(stream, scan, fall, change), now=now)


def regression_news(stream: Stream, scan: Scan, fall: Fall, change: StateChange) -> News:
    ended = sum(change.before.get(one) == "waived" for one in fall.newly_failed)
    against = "the mean of the last 7 days" if fall.baseline_type == regression.Baseline.ROLLING else "the scan before"
    cause = f"{len(fall.newly_failed)} checks fail that did not at the scan before"
    cause += f", {ended} of them because an exception ended." if ended else "."
    return News(
        kind="compliance_score_regression",
        severity=Alert.Severity.WARNING,
        title=f"{scan.host} fell by {fall.drop:.1f} points against {scan.template.name}",
        message=f"The score is {fall.current:.1f}, {against} is {fall.baseline:.1f}. {cause}",
        dedupe_key=f"compliance_score_regression:{stream.pk}",
        subject_kind="scan",
        subject_id=str(scan.pk),
        subject_label=str(scan.host),
        details={
            "baseline_type": fall.baseline_type.value,
            "baseline": fall.baseline,
            "current": fall.current,
            "drop": fall.drop,
            "newly_failed": list(fall.newly_failed[:MOST_NAMED]),
            "newly_failed_total": len(fall.newly_failed),
            "exceptions_ended": ended,
        },
    )


def fall_of(scan: Scan, change: StateChange, now: datetime) -> Fall | None:
    """Return how far ``scan`` is below its baseline, on the checks that both have; None without a baseline."""
    earlier = earlier_scans(scan, now)
    if not earlier:
        return None
    alike = all(comparable(one, scan) for one in earlier)
    if alike:
        scores = {one.pk: one.score for one in earlier}
        current, before = scan.score, change.before
    else:
        common = common_checks(earlier[0], scan, change.after)
        if len(common) < regression.ENOUGH_COMMON * len(change.after):
            return None
        statuses = {one.pk: statuses_of(one, common) for one in earlier}
        scores = {pk: regression.score_of(found) for pk, found in statuses.items()}
        before = statuses[earlier[0].pk]
        current = regression.score_of({one: change.after[one] for one in common})
    zone = scan.organization.zone
    window = [one for one in earlier if ended(one) >= now - timedelta(days=regression.WINDOW_DAYS)]
    recent = [(ended(one).astimezone(zone).date(), score) for one in window if (score := scores[one.pk]) is not None]
    baseline = regression.baseline_of(recent, scores[earlier[0].pk])
    if baseline is None or current is None:
        return None
    after = {one: status for one, status in change.after.items() if alike or one in before}
    return Fall(baseline[0], baseline[1], current, baseline[1] - current, regression.newly_failed(before, after))


def earlier_scans(scan: Scan, now: datetime) -> list[Scan]:
    """Return the complete scored scans of the last 7 days in the stream, newest first; else the last one before."""
    complete = (
        Scan.objects.filter(stream=scan.stream_id, status=Scan.Status.COMPLETED, incomplete=False)
        .exclude(pk=scan.pk)
        .exclude(score=None)
        .filter(finished_at__lte=now, finished_at__gte=now - OLDEST_PREVIOUS)
        .order_by("-finished_at", "-pk")
    )
    fields = ("pk", "finished_at", "score", "template_sha256", "template_id", "profile", "benchmark", "results_id")
    found = list(complete.only(*fields)[:MOST_EARLIER])
    recent = [one for one in found if ended(one) >= now - timedelta(days=regression.WINDOW_DAYS)]
    return recent or found[:1]


def ended(scan: Scan) -> datetime:
    if scan.finished_at is None:
        raise ValueError(f"scan {scan.pk} has not ended")
    return scan.finished_at


def comparable(one: Scan, other: Scan) -> bool:
    return (one.template_sha256, one.profile, one.benchmark) == (other.template_sha256, other.profile, other.benchmark)


def common_checks(previous: Scan, scan: Scan, after: Mapping[str, str]) -> frozenset[str]:
    """Return the checks of ``scan`` that meant the same at ``previous`` and stood in its results."""
    if previous.benchmark != scan.benchmark:
        return frozenset()
    same: frozenset[str] = same_meaning(previous.template.document, scan.template.document)
    return same & after.keys() & statuses_of(previous, after.keys()).keys()


def statuses_of(scan: Scan, wanted: Container[str]) -> dict[str, str]:
    """Return {check id: status} of a completed scan for the ``wanted`` checks; none when its details are gone."""
    if scan.results_id is None:
        return {}
    blob = Blob.objects.get(pk=scan.results_id)
    return {one.check_id: one.status.value for one in read_results(blob) if one.check_id in wanted}
