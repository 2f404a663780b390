import gc
import os
from collections.abc import Callable

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from rest_framework.test import APIClient

from organizations.models.guards import guarded_tables
from organizations.models.organizations import Organization
from organizations.models.users import User
from tests.factories.organizations import OrganizationFactory, UserFactory, member


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(100_000, 50, 50)  # thousands of collected tests are looked through each time
    _flush_in_spite_of_guards()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("needs root")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not run, so that a green line cannot hide it."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"Not run: {count} tests: {reason.removeprefix('Skipped: ')}")


def _flush_in_spite_of_guards() -> None:
    """Let the tests that commit clean up after themselves: take the triggers away, flush, have them made anew.

    Flushing ends with post_migrate, which makes them.
    """
    tear_down = TransactionTestCase._fixture_teardown

    def without_guards(self: TransactionTestCase) -> None:
        with connection.cursor() as cursor:
            for table, guard in guarded_tables():
                for name, _, _ in guard.triggers(table):
                    on = f' ON "{table}"' if connection.vendor == "postgresql" else ""
                    cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}')
        tear_down(self)

    TransactionTestCase._fixture_teardown = without_guards


@pytest.fixture(autouse=True)
def _no_counts_left_over() -> None:
    cache.clear()


@pytest.fixture
def organization(db: None) -> Organization:
    return OrganizationFactory()


@pytest.fixture
def other_organization(db: None) -> Organization:
    """Another tenant, of which the tests' actors must see nothing."""
    return OrganizationFactory(name="The other tenant")


@pytest.fixture
def admin(organization: Organization) -> User:
    return member(organization, role="admin")


@pytest.fixture
def superuser(db: None) -> User:
    return UserFactory(is_superuser=True, is_staff=True)


@pytest.fixture
def api(admin: User) -> APIClient:
    """The API as an admin of ``organization``."""
    client = APIClient()
    client.force_authenticate(admin)
    return client


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """The API as a given user."""

    def client(user: User) -> APIClient:
        made = APIClient()
        made.force_authenticate(user)
        return made

    return client


@pytest.fixture
def enqueued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, int]]]:
    """Collect (name, ids) of every job sent, in place of sending it."""
    sent: list[tuple[str, dict[str, int]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs, **options: sent.append((name, kwargs)))
    return sent
