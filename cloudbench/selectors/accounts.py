"""Accounts as pages and the API show them."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from cloudbench.models import CloudAccount, Run


def masked(key_id: str) -> str:
    """Return an access key id as it may be shown: its last four characters; "" for none."""
    return f"****{key_id[-4:]}" if key_id else ""


def with_figures(accounts: QuerySet[CloudAccount]) -> QuerySet[CloudAccount]:
    """Return ``accounts`` with ``last_run_at`` (when the last completed run ended) and ``schedule_count`` (enabled)."""
    ended = Run.objects.completed().filter(account=OuterRef("pk")).order_by("-finished_at").values("finished_at")[:1]
    return accounts.annotate(
        last_run_at=Subquery(ended), schedule_count=Count("schedules", filter=Q(schedules__enabled=True))
    )
