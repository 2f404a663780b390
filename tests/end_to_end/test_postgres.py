"""The same code on the other database: what depends on it is run once more, on a PostgreSQL server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.peers.postgres import postgres  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_DATABASE = tuple(
    f"--ignore-glob=tests/compliance/test_{name}*"
    for name in ("transports", "collectors", "reports_formats", "scoring")
)
AGAIN = (
    "tests/organizations", "tests/compliance", "tests/itsm", "tests/borders",
    *(f"tests/templates_app/test_templates_{name}.py" for name in ("models", "services", "concurrency")),
)  # fmt: skip


@pytest.mark.timeout(420)
@pytest.mark.skipif(connection.vendor == "postgresql", reason="this run is on PostgreSQL already")
def test_what_depends_on_the_database_holds_on_postgresql_too(postgres):  # noqa: F811
    folders = [folder for folder in AGAIN if (ROOT / folder).exists()]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "not root and not browser", *WITHOUT_DATABASE, *folders],
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE_URL": postgres, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert result.returncode == 0, result.stdout[-4000:]
