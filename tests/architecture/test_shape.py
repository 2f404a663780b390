"""What no linter asks: jobs have tasks, modules stay readable, packages hide nothing."""

import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from celery import current_app

from config.schedule import BEAT_SCHEDULE
from organizations.queue import JOBS

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "organizations", "itsm", "templates_app", "compliance", "remediation", "cloudbench")
MODULES = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts]
SHAPELESS = {"utils.py", "helpers.py", "common.py", "misc.py"}


@pytest.fixture(scope="module")
def tasks() -> set[str]:
    current_app.autodiscover_tasks(force=True)
    current_app.loader.import_default_modules()
    return {name for name in current_app.tasks if not name.startswith("celery.")}


def test_every_job_has_a_task(tasks):
    assert set(JOBS) <= tasks


def test_everything_scheduled_has_a_task(tasks):
    assert {entry["task"] for entry in BEAT_SCHEDULE.values()} <= tasks


def test_every_task_acknowledges_late_and_keeps_no_result(tasks):
    for name in tasks:
        task = current_app.tasks[name]
        assert task.acks_late, name
        assert task.ignore_result, name


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_readable(module):
    assert module.name not in SHAPELESS
    assert len(module.read_text().splitlines()) <= 500


def test_packages_re_export_nothing():
    allowed = {"models", "admin", "kinds", "linux", "config", "collectors", "checks"}  # importing a registry fills it
    for package in (path for path in MODULES if path.name == "__init__.py" and path.parent.name not in allowed):
        code = [line for line in package.read_text().splitlines() if line.startswith(("from ", "import "))]
        assert not code, package


def test_no_path_of_one_machine_in_the_tree():
    marks = ("/wo" + "rk/", "/fa" + "rm/", "/tmp/bash" + "_jobs")
    for path in MODULES:
        assert not any(mark in path.read_text() for mark in marks), path


def test_every_interface_stands_in_its_apps_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    protected = {module for contract in contracts for module in contract.get("protected_modules", [])}
    interfaces = ("api", "admin", "views", "tasks", "receivers", "middleware", "management")
    existing = {f"{app}.{name}" for app in APPS[1:] for name in interfaces if find_spec(f"{app}.{name}")}
    assert existing == protected
