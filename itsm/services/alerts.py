"""Alerts: raised once for a key while open, then counted; acknowledged by a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from itsm.models.alerts import Alert
from organizations import audit
from organizations.errors import Conflict
from organizations.models.organizations import Organization
from organizations.models.users import User
from organizations.permissions import require


@dataclass(frozen=True)
class News:
    """What an alert says. ``dedupe_key`` names the trouble: while it is open, a repeat adds an occurrence."""

    kind: str
    severity: Alert.Severity
    title: str
    message: str
    dedupe_key: str
    subject_kind: str = ""
    subject_id: str = ""
    subject_label: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def raise_alert(*, organization: Organization, news: News, now: datetime) -> Alert:
    """Open an alert, or count one more occurrence on the open one of the same key."""
    if alert := _repeat(organization, news, now):
        return alert
    try:
        with transaction.atomic():
            return Alert.objects.create(
                organization=organization,
                kind=news.kind,
                severity=news.severity,
                title=news.title[:200],
                message=news.message,
                dedupe_key=news.dedupe_key,
                subject_kind=news.subject_kind,
                subject_id=news.subject_id,
                subject_label=news.subject_label[:200],
                details=dict(news.details),
                last_seen_at=now,
            )
    except IntegrityError:  # another worker opened it meanwhile
        alert = _repeat(organization, news, now)
        if alert is None:
            raise
        return alert


def _repeat(organization: Organization, news: News, now: datetime) -> Alert | None:
    open_ones = Alert.objects.of(organization).open().filter(dedupe_key=news.dedupe_key)
    open_ones.update(
        occurrences=F("occurrences") + 1,
        last_seen_at=now,
        severity=news.severity,
        title=news.title[:200],
        message=news.message,
        details=dict(news.details),
    )
    return open_ones.first()


@transaction.atomic
def acknowledge_alert(*, actor: User, alert: Alert, now: datetime) -> Alert:
    """Take note of ``alert``. Raises PermissionDenied without manage_compliance, Conflict when it is no longer open."""
    require(actor, "manage_compliance", alert.organization)
    alert = Alert.objects.select_for_update().get(pk=alert.pk)
    if alert.status != Alert.Status.OPEN:
        raise Conflict(f"Only an open alert can be acknowledged; this one is {alert.status}.")
    before = audit.before(alert)
    alert.status, alert.acknowledged_by, alert.acknowledged_at = Alert.Status.ACKNOWLEDGED, actor, now
    alert.save(update_fields=["status", "acknowledged_by", "acknowledged_at"])
    audit.record(actor=actor, action="alert.acknowledged", subject=alert, before=before)
    return alert
