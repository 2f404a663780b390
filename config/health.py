"""What a load balancer and a monitoring system ask: alive, ready, figures."""

import hmac
import logging
from collections.abc import Iterator

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from kombu.exceptions import OperationalError

from config.schedule import BEAT_SCHEDULE
from organizations.models.audit import AuditEvent
from organizations.models.guards import missing_guards
from organizations.models.organizations import Organization
from organizations.models.users import User

logger = logging.getLogger(__name__)


def alive(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process serves requests."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database, migrations and queue are there, else 503; which part is missing is named."""
    state = {"database": _database(), "queue": _queue()}
    return JsonResponse(state, status=200 if set(state.values()) == {"ok"} else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer figures in Prometheus' text form to whoever holds the operator's token, else 404."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given, settings.METRICS_TOKEN.encode()):
        return HttpResponse(status=404)
    return HttpResponse("".join(_figures()), content_type="text/plain; version=0.0.4")


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "migrations are missing"
        return "immutability triggers are missing" if missing_guards(connection) else "ok"
    except DatabaseError as error:
        logger.warning("health.database", extra={"reason": type(error).__name__})
        return "unreachable"


def _queue() -> str:
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=2)
    except (OperationalError, OSError) as error:
        logger.warning("health.queue", extra={"reason": type(error).__name__})
        return "unreachable"
    return "ok"


def _figures() -> Iterator[str]:
    figures = {
        "plumbline_organizations": Organization.objects.count(),
        "plumbline_users_active": User.objects.filter(is_active=True).count(),
        "plumbline_audit_events": AuditEvent.objects.count(),
        "plumbline_scheduled_jobs": len(BEAT_SCHEDULE),
    }
    for name, value in figures.items():
        yield f"# TYPE {name} gauge\n{name} {value}\n"
