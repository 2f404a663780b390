"""A large fleet in a database that is kept between runs, as long as neither the tables nor the plan change."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from tests.peers.postgres import running_postgres

ROOT = Path(__file__).resolve().parents[2]
CHECKS, DAYS = 250, 90
ORGANIZATION = "Bench"
STALE = timedelta(days=3)
# As an operator would set a server with 4 GB for the database; durability is off as in all benchmarks here.
SERVER = (
    "shared_buffers=512MB",
    "work_mem=16MB",
    "effective_cache_size=2GB",
    "max_wal_size=4GB",
    "random_page_cost=1.1",
)


def fingerprint() -> str:
    """Return a hash of what the kept rows depend on."""
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("*/migrations/*.py"), *Path(__file__).parent.glob("*_rows.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def kept_directory(name: str) -> Path:
    """Return where the database called ``name`` is kept, emptied when its rows would not fit any more."""
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    directory = Path(tempfile.gettempdir()) / f"plumbline-bench-{checkout}-{name}"
    mark = directory.with_suffix(".mark")
    fresh = mark.exists() and mark.read_text() == fingerprint()
    if not fresh or datetime.now(UTC) - datetime.fromtimestamp(mark.stat().st_mtime, UTC) > STALE:
        shutil.rmtree(directory, ignore_errors=True)
        mark.unlink(missing_ok=True)
    return directory


@contextmanager
def database(vendor: str, hosts: int) -> Iterator[dict[str, str]]:
    """Give the environment in which Django finds a fleet of ``hosts`` hosts; it is built unless it is there."""
    directory = kept_directory(f"{vendor}-{hosts}")
    mark = directory.with_suffix(".mark")
    if vendor == "postgresql":
        with running_postgres(kept=directory, options=SERVER) as url:
            yield built({**os.environ, "TEST_DATABASE_URL": url}, hosts, mark)
    else:
        directory.mkdir(exist_ok=True)
        yield built({**os.environ, "PLUMBLINE_DATA": str(directory)}, hosts, mark)


def built(environment: dict[str, str], hosts: int, mark: Path) -> dict[str, str]:
    environment = {**environment, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    if not mark.exists():
        subprocess.run([sys.executable, "-m", "tests.bench.kept_fleet", str(hosts)], env=environment, check=True)
        mark.write_text(fingerprint())
    return environment


def build(hosts: int) -> None:
    """Fill the database that the environment names."""
    from tests.bench import ground

    ground.set_up()
    from django.db import connection

    from tests.bench.fleet_rows import Fleet, Plan
    from tests.factories.compliance import some_facts
    from tests.factories.organizations import OrganizationFactory
    from tests.factories.postures import a_policy
    from tests.factories.templates_app import a_check, published_template

    started = perf_counter()
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    plan = Plan(hosts, CHECKS, DAYS, now)
    checks = [
        a_check(one, severity=severity, title=f"Check {one[-3:]} of the bench")
        for one, severity in plan.severities.items()
    ]
    organization = OrganizationFactory(name=ORGANIZATION, slug="bench")
    policy = a_policy(organization, published_template(checks, organization=organization))
    Fleet(plan, policy, some_facts()).build()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        cursor.execute(
            "SELECT pg_database_size(current_database())"
            if connection.vendor == "postgresql"
            else "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        )
        size = cursor.fetchone()[0]
    ground.tell(
        f"{connection.vendor}: {hosts} hosts x {CHECKS} checks x {DAYS} days built in",
        f"{perf_counter() - started:.0f} s; {size / 1e6:.0f} MB, {size / hosts / DAYS:.0f} bytes a host-day",
        "600 s",
    )


if __name__ == "__main__":
    build(int(sys.argv[1]))
