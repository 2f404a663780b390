"""Score alerts: the score of a scheduled run fell by more than its schedule allows."""

from datetime import datetime

from cloudbench.models import Run
from itsm.models import Alert
from itsm.services.alerts import News, raise_alert

KIND = "cloud_score_drop"


def after_run(*, run: Run, now: datetime) -> Alert | None:
    """Raise an alert if ``run``, which has completed, lost more points than its schedule allows.

    Called twice for one run it raises one alert, counted once. Returns it, or None.
    """
    schedule = run.schedule
    if schedule is None or not schedule.alert_on_drop or run.status != Run.Status.COMPLETED:
        return None
    if run.trend is None or run.score is None or run.trend >= -schedule.drop_points or _told_of(run):
        return None
    return raise_alert(organization=run.organization, news=news_of(run, -run.trend, schedule.drop_points), now=now)


def key_of(run: Run) -> str:
    return f"{KIND}:{run.account_id}:{run.benchmark.slug}"


def _told_of(run: Run) -> bool:
    """Return whether an alert tells of this run already, or of a later one."""
    return Alert.objects.of(run.organization).filter(dedupe_key=key_of(run), details__run__gte=run.pk).exists()


def news_of(run: Run, drop: float, allowed: int) -> News:
    before = run.score + drop if run.score is not None else None
    return News(
        kind=KIND,
        severity=Alert.Severity.WARNING,
        title=f"{run.account} fell by {drop:.1f} points against {run.benchmark}",
        message=(
            f"The score is {run.score:.1f}; it was {before:.1f} at the run before. The schedule tells of drops of more "
            f"than {allowed} points. {run.failed} controls fail, {run.critical_failed} of them critical."
        ),
        dedupe_key=key_of(run),
        subject_kind="cloud_run",
        subject_id=str(run.pk),
        subject_label=str(run.account),
        details={
            "run": run.pk, "score": run.score, "before": before, "drop": drop, "drop_points": allowed,
            "benchmark": run.benchmark.slug, "account_id": run.account.account_id,
        },
    )  # fmt: skip
