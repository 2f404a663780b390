"""Thin tasks: each calls one service."""

from celery import shared_task
from django.utils import timezone

from organizations.services import retention


@shared_task(name="organizations.prune", acks_late=True, ignore_result=True)
def prune() -> None:
    """Delete what retention has passed."""
    retention.prune(now=timezone.now())
