from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session

from organizations.models.tokens import ApiToken

LOGIN_RECORDS_KEPT = timedelta(days=90)
EXPIRED_TOKENS_KEPT = timedelta(days=30)


def prune(*, now: datetime) -> dict[str, int]:
    """Delete sessions that ended, tokens that expired long ago and old login records; audit events stay for ever."""
    counts = {
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "tokens": ApiToken.objects.filter(expiry__lt=now - EXPIRED_TOKENS_KEPT).delete()[0],
    }
    records = (AccessAttempt, AccessFailureLog, AccessLog)
    before = now - LOGIN_RECORDS_KEPT
    return {
        **counts,
        "login records": sum(kind.objects.filter(attempt_time__lt=before).delete()[0] for kind in records),
    }
