"""The scheduler's tick over 100,000 hosts on PostgreSQL: how long it takes when 1,000 are due, and when none is.

Every host was scanned a day ago. The fleet is inserted into the tables, not scanned. ``BENCH_HOSTS=10000`` makes a
smaller one.
"""

import os
import subprocess
import sys
from time import perf_counter, process_time

HOSTS, DUE = int(os.environ.get("BENCH_HOSTS", "100000")), 1000

if "BENCH_INNER" not in os.environ:
    from tests.peers.postgres import running_postgres

    with running_postgres() as url:
        inner = {**os.environ, "BENCH_INNER": "1", "TEST_DATABASE_URL": url}
        sys.exit(subprocess.run([sys.executable, "-m", "tests.bench.tick"], env=inner).returncode)

from tests.bench import ground  # noqa: E402

ground.set_up()

from datetime import timedelta  # noqa: E402

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from compliance.models import Host, Policy, Scan, Stream  # noqa: E402
from compliance.services import scan_requests  # noqa: E402
from compliance.services.schedule import tick  # noqa: E402
from compliance.services.streams import assign_policy  # noqa: E402
from organizations.models.users import SystemActor  # noqa: E402
from templates_app.models import Template  # noqa: E402
from tests.factories.organizations import OrganizationFactory  # noqa: E402

ROUNDS = 5
now = timezone.now()


def fleet() -> Policy:
    """Insert the hosts and have the policy's streams begun by the product's own service."""
    organization = OrganizationFactory()
    hosts = (Host(organization=organization, hostname=f"host-{number}.example.com") for number in range(HOSTS))
    Host.objects.bulk_create(hosts, batch_size=2000)
    level_1 = Template.objects.latest_of("cis-l1-linux")
    policy = Policy.objects.create(organization=organization, os_type="linux", template=level_1, batch_size=DUE)
    assign_policy(policy=policy, now=now)
    return policy


def rest(policy: Policy, due: int) -> None:
    """End what waits, and have ``due`` hosts be due now and all others some time in the next day."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_scan SET status = 'cancelled', finished_at = now() WHERE status = 'pending'")
        cursor.execute(
            "UPDATE compliance_stream SET scanned_at = %s, due_at = %s + (random() * 85000 + 1) * interval '1 second' "
            "WHERE role = 'policy'",
            [now - timedelta(hours=24), now],
        )
        cursor.execute(
            "UPDATE compliance_stream SET due_at = %s - (id %% 1700) * interval '1 second' WHERE id IN "
            "(SELECT id FROM compliance_stream WHERE role = 'policy' ORDER BY random() LIMIT %s)",
            [now, due],
        )
        cursor.execute("VACUUM ANALYZE compliance_stream")
        cursor.execute("VACUUM ANALYZE compliance_scan")


def measure(due: int, secondaries: int, aim: str = "") -> None:
    """Tick some times and tell the times of the wall and of this process."""
    walls, used = [], []
    for _ in range(ROUNDS):
        rest(policy, due)
        started, cpu = perf_counter(), process_time()
        report = tick(now=now)
        walls.append((perf_counter() - started) * 1000)
        used.append((process_time() - cpu) * 1000)
        if (report.hosts, report.secondaries) != (due, due * secondaries):
            sys.exit(f"The tick asked for {report}, not for {due} hosts.")
    timing = ground.Timing(walls, used)
    ground.tell(f"a tick, {HOSTS:,} hosts, {due:,} due, {secondaries} secondary templates", timing, aim)


policy = fleet()
measure(DUE, 0, "1 s")
measure(0, 0)
level_2 = Template.objects.latest_of("cis-l2-linux")
policy.secondaries.create(organization=policy.organization, template=level_2)
assign_policy(policy=policy, now=now)
measure(DUE, 1)
rest(policy, 0)
Stream.objects.primary().exclude(pk__in=Stream.objects.primary().order_by("pk")[:10_000]).update(
    ended_at=now, due_at=None
)
started = perf_counter()
asked = scan_requests.request_policy(actor=SystemActor("bench"), policy=policy, now=now)
ground.tell(
    f"a scan asked for on {asked.requested:,} hosts at once, with the secondary template",
    f"{perf_counter() - started:.1f} s, {Scan.objects.filter(status='pending').count():,} scans",
)
