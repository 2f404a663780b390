"""Storing: a first scan and an unchanged repeat, on SQLite and on PostgreSQL; bytes per unchanged host-day."""

import os
import subprocess
import sys

if "BENCH_INNER" not in os.environ:
    from tests.peers.postgres import running_postgres

    inner = {**os.environ, "BENCH_INNER": "1"}
    code = subprocess.run([sys.executable, "-m", "tests.bench.storing"], env=inner).returncode
    with running_postgres() as url:
        code |= subprocess.run(
            [sys.executable, "-m", "tests.bench.storing"], env={**inner, "TEST_DATABASE_URL": url}
        ).returncode
    sys.exit(code)

from tests.bench import ground

ground.set_up()

from time import perf_counter  # noqa: E402

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from compliance.engine.collectors.collect import collect  # noqa: E402
from compliance.engine.transports.base import Target  # noqa: E402
from compliance.engine.transports.opening import open_transport  # noqa: E402
from compliance.models import Scan  # noqa: E402
from compliance.services import scan_claims, scan_requests  # noqa: E402
from compliance.services.evaluation import severities  # noqa: E402
from compliance.services.own_scans import operators_organization  # noqa: E402
from compliance.services.plans import plan_for  # noqa: E402
from compliance.services.scan_outcomes import complete  # noqa: E402
from compliance.services.snapshots import store_snapshot  # noqa: E402
from templates_app.language.facts import Facts  # noqa: E402
from templates_app.language.templates import compiled_template  # noqa: E402
from templates_app.models import Template  # noqa: E402
from tests.factories.compliance import HostFactory, a_scan  # noqa: E402

organization = operators_organization()
template = Template.objects.latest_of("cis-l1-linux")
compiled = compiled_template(template.sha256, template.document, "debian12", "server")
with open_transport("local", Target()) as transport:
    facts = collect(transport, plan_for(organization, "linux"), now=timezone.now()).facts
results = compiled.evaluate(Facts(facts))
graded = severities(compiled)


def store(scan: Scan) -> float:
    """Store one scan as a worker does; return milliseconds."""
    started = perf_counter()
    snapshot = store_snapshot(host=scan.host, facts=facts, walked_at=None)
    complete(
        scan=scan, snapshot=snapshot, results=results, severities=graded, left_out=0, benchmark="debian12",
        now=timezone.now(),
    )  # fmt: skip
    return (perf_counter() - started) * 1000


def claimed(host) -> Scan:
    stream = scan_requests.stream_of(host, template, "server")
    return scan_claims.claim(a_scan(host, template, stream=stream), owner="bench", now=timezone.now())


firsts, repeats = [], []
for _ in range(8):
    host = HostFactory(organization=organization)
    firsts.append(store(claimed(host)))
    repeats += [store(claimed(host)) for _ in range(5)]
ground.tell(
    f"{connection.vendor}: first scan of a host, {len(results)} results", ground.Timing(firsts, firsts), "60 ms"
)
ground.tell(f"{connection.vendor}: unchanged repeat", ground.Timing(repeats, repeats), "15 ms")


def database_bytes() -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        else:
            cursor.execute("SELECT pg_database_size(current_database())")
        return cursor.fetchone()[0]


host = HostFactory(organization=organization)
store(claimed(host))
before = database_bytes()
for _ in range(400):
    store(claimed(host))
ground.tell(
    f"{connection.vendor}: stored per unchanged host-day (one scan a day)",
    f"{(database_bytes() - before) / 400:.0f} bytes, over 400 scans",
    "under 1000 bytes",
)
