"""Score alerts: a scheduled run whose score fell by more than its schedule tolerates."""

from datetime import datetime

from cloudbench.models import Run
from itsm.models.alerts import Alert
from itsm.services.alerts import News, raise_alert


def after_run(*, run: Run, now: datetime) -> None:
    """Record an alert if the completed ``run`` fell by more points than its schedule allows; once for each run."""
    schedule = run.schedule
    if schedule is None or not schedule.alert_on_drop or run.trend is None or run.trend >= -schedule.drop_points:
        return
    words = f"{run.benchmark} on {run.account} fell by {-run.trend:.1f} points to {run.score:.1f}."
    news = News(
        kind="cloud_score_drop", severity=Alert.Severity.HIGH, title=f"Score drop: {run.account}", message=words,
        dedupe_key=f"cloud_score_drop:{run.pk}", subject_kind="cloud_run", subject_id=str(run.pk),
        subject_label=str(run), details={"score": run.score, "trend": run.trend},
    )  # fmt: skip
    raise_alert(organization=run.organization, news=news, now=now)
