"""The same code on the other database: what depends on it is run once more, on a PostgreSQL server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.peers.postgres import postgres  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]
AGAIN = {
    "the floor, the cloud, postures": [
        "tests/organizations/test_[!r]*.py", "tests/itsm/test_*.py", "tests/borders/test_api_borders.py",
        "tests/templates_app/test_templates_models.py", "tests/templates_app/test_templates_services.py",
        "tests/templates_app/test_templates_concurrency.py", "tests/templates_app/test_checks_api.py",
        "tests/cloudbench/test_accounts_[as]*.py", "tests/cloudbench/test_schedules_*.py",
        "tests/cloudbench/test_score_alerts_services.py", "tests/cloudbench/test_runs_services.py",
        "tests/compliance/test_fleet_rows.py", "tests/compliance/test_postures_services.py",
    ],
    "scans, schedule, answers": [
        "tests/compliance/test_scan*_services.py", "tests/compliance/test_schedule_[!l]*.py",
        "tests/compliance/test_streams_services.py", "tests/compliance/test_policies_services.py",
        "tests/compliance/test_re_evaluation_services.py", "tests/compliance/test_waivers_[cs]*.py",
        "tests/compliance/test_retention_services.py", "tests/compliance/test_previews_services.py",
        "tests/compliance/test_*_selectors.py", "tests/compliance/test_[st]*_api.py",
        "tests/compliance/test_hosts_api.py", "tests/compliance/test_host_import_services.py",
    ],
    "provisioning": [
        "tests/compliance/test_provisioned_vms_services.py", "tests/compliance/test_vm_work_services.py",
        "tests/compliance/test_handovers_services.py", "tests/compliance/test_vm_turns_services.py",
        "tests/compliance/test_vm_addresses.py", "tests/compliance/test_provision_schedule_services.py",
    ],
}  # fmt: skip
"""What depends on the database: services, reads, and answers. Pages are translation and run on SQLite only."""
LEFT_OUT = "not (ten_thousand or whatever_the_bytes or equals_a_whole or without_credentials or aws_tells)"
"""What takes long and does the same on every database."""


@pytest.mark.timeout(300)
@pytest.mark.skipif(connection.vendor == "postgresql", reason="this run is on PostgreSQL already")
@pytest.mark.parametrize("part", AGAIN)
def test_what_depends_on_the_database_holds_on_postgresql_too(part, postgres):  # noqa: F811
    files = [str(path) for pattern in AGAIN[part] for path in sorted(ROOT.glob(pattern))]
    assert len(files) >= len(AGAIN[part])
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "not root and not browser", "-k", LEFT_OUT, *files],
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE_URL": postgres, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert result.returncode == 0, result.stdout[-4000:]
