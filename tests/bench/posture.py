"""Pages and answers over a large fleet: 8 clients at once while 4 scans run, against a real web server.

10,000 hosts on PostgreSQL and 1,000 on SQLite, 250 checks, 90 days. Each client asks for one path after the other and
rests for a quarter of a second between two; what is told is the time from the request to the whole answer. Each of
the 4 scans waits 1 s as for a host, evaluates 464 checks on recorded facts and stores 250 results.
``BENCH_HOSTS=100`` makes another, smaller fleet.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from time import perf_counter

SECONDS, CLIENTS, SCANS, REST_S = float(os.environ.get("BENCH_SECONDS", "20")), 8, 4, 0.25

if "BENCH_INNER" not in os.environ:
    from tests.bench.kept_fleet import database

    code = 0
    for vendor, hosts in (("postgresql", 10_000), ("sqlite", 1_000)):
        if os.environ.get("BENCH_VENDOR", vendor) != vendor:
            continue
        with database(vendor, int(os.environ.get("BENCH_HOSTS", hosts))) as environment:
            inner = {**environment, "BENCH_INNER": "1"}
            code |= subprocess.run([sys.executable, "-m", "tests.bench.posture"], env=inner).returncode
    sys.exit(code)

import django  # noqa: E402

django.setup()

import http.client  # noqa: E402

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from compliance.models import Host, Scan, Stream  # noqa: E402
from compliance.selectors.results import read_results  # noqa: E402
from compliance.selectors.snapshots import load_snapshot  # noqa: E402
from compliance.services import ledgers, scan_outcomes  # noqa: E402
from organizations.models.organizations import Organization  # noqa: E402
from organizations.models.users import User  # noqa: E402
from templates_app.language.facts import Facts  # noqa: E402
from templates_app.language.templates import compiled_template  # noqa: E402
from templates_app.models import Template  # noqa: E402
from tests.bench import ground  # noqa: E402
from tests.bench.fleet_rows import FLIPS, Plan, flipped  # noqa: E402
from tests.bench.kept_fleet import CHECKS, DAYS, ORGANIZATION  # noqa: E402
from tests.factories.organizations import member  # noqa: E402

organization = Organization.objects.get(name=ORGANIZATION)
PORT = 8600 + os.getpid() % 1000


def signed_in() -> str:
    """Return the session cookie of an admin of the fleet's organization."""
    user = User.objects.filter(memberships__organization=organization, memberships__role="admin").first()
    user = user or member(organization, role="admin")
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def paths() -> list[str]:
    some = list(Host.objects.of(organization).order_by("pk").values_list("pk", flat=True)[:2_000])
    host = random.choice(some)
    today = timezone.now().date()
    month_ago = today - timezone.timedelta(days=30)
    return [
        "/",
        "/compliance/hosts/",
        f"/compliance/hosts/?q={random.randint(0, 999):03}&page=2",
        f"/compliance/hosts/{host}/",
        "/compliance/scans/",
        "/compliance/scans/?status=completed&type=scheduled&page=3",
        "/compliance/reports/?days=90",
        f"/compliance/reports/score-changes/?from={month_ago}&to={today}",
        "/compliance/reports/compliance/",
        "/api/v1/dashboard/",
        f"/api/v1/hosts/{host}/history/",
        "/api/v1/trends/?days=90",
        f"/api/v1/score-changes/?from={month_ago}&to={today}",
        "/api/v1/compliance-report/?include_details=true",
        "/api/v1/compliance-report/hosts/?page=50",
    ]


def named(path: str) -> str:
    """Return the path without what differs from one request to the next."""
    bare, _, query = path.partition("?")
    words = "/".join("N" if part.isdigit() else part for part in bare.split("/"))
    return f"{words}?{'&'.join(sorted(one.partition('=')[0] for one in query.split('&')))}" if query else words


def ask(cookie: str, until: float, took: dict[str, list[float]], wrong: list[str]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    while perf_counter() < until:
        for path in random.sample(asked := paths(), len(asked)):
            if perf_counter() > until:
                break
            started = perf_counter()
            line.request("GET", path, headers={"Cookie": cookie, "Accept": "text/html, application/json"})
            answer = line.getresponse()
            answer.read()
            took[named(path)].append((perf_counter() - started) * 1000)
            if answer.status != 200:
                wrong.append(f"{path}: {answer.status}")
            time.sleep(REST_S)
    connection.close()


def scan(until: float, done: list[int]) -> None:
    """Scan one host after the other but for the host itself, which is a pause."""
    plan = Plan(Host.objects.of(organization).count(), CHECKS, DAYS, timezone.now())
    cis = Template.objects.latest_of("cis-l1-linux")
    compiled = compiled_template(cis.sha256, cis.document, "debian12", "server")
    streams = list(Stream.objects.primary().filter(organization=organization).values_list("pk", flat=True))
    while perf_counter() < until:
        time.sleep(1)
        stream = Stream.objects.select_related("host", "policy__template", "latest__snapshot", "latest__results").get(
            pk=random.choice(streams)
        )
        compiled.evaluate(Facts(load_snapshot(stream.latest.snapshot)))
        now = timezone.now()
        template = stream.policy.template
        row = Scan.objects.create(
            organization=organization, host=stream.host, template=template, template_sha256=template.sha256,
            stream=stream, policy=stream.policy, scan_type="scheduled", status="pending", not_before=now,
        )  # fmt: skip
        Scan.objects.filter(pk=row.pk).update(status="running", lease_owner="bench", started_at=now)
        row.status, row.lease_owner = Scan.Status.RUNNING, "bench"
        known = tuple(one.status.value for one in read_results(stream.latest.results))
        scored = [place for place, status in enumerate(known) if status in ("pass", "fail")]
        statuses = flipped(known, random.choice(scored)) if random.random() < FLIPS else known
        scan_outcomes.complete(
            scan=row, snapshot=stream.latest.snapshot, results=plan.results(statuses), severities=plan.severities,
            left_out=0, benchmark="debian12", now=now,
        )  # fmt: skip
        done[0] += 1
    connection.close()


def main() -> None:
    took: dict[str, list[float]] = defaultdict(list)
    wrong: list[str] = []
    ledgers.compact()  # as the scheduler does every minute
    cookie = signed_in()
    workers = "2" if connection.vendor == "postgresql" else "1"
    web = [
        "config.wsgi",
        "--worker-class",
        "gthread",
        "--workers",
        workers,
        "--threads",
        "8",
        "--bind",
        f"127.0.0.1:{PORT}",
    ]
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", *web, "--log-level", "error", "--no-control-socket"])
    try:
        wait()
        ask(cookie, perf_counter() + 4, defaultdict(list), [])
        until = perf_counter() + SECONDS
        worker = subprocess.Popen([sys.executable, "-m", "tests.bench.posture"], env={**os.environ, "BENCH_SCANS": "1"},
                                  stdout=subprocess.PIPE, text=True)  # fmt: skip
        threads = [threading.Thread(target=ask, args=(cookie, until, took, wrong)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = worker.communicate()[0].strip()
    finally:
        server.terminate()
        server.wait()
    hosts = Host.objects.of(organization).count()
    ground.tell(f"{connection.vendor}, {hosts} hosts, {CLIENTS} clients, scans meanwhile", f"{done} in {SECONDS:.0f} s")
    for path, times in sorted(took.items()):
        ordered = sorted(times)
        middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
        over = "" if middle < 100 and late < 250 else "  <-- over"
        ground.tell(f"  {path}", f"median {middle:.0f} ms, p95 {late:.0f} ms, {len(times)} requests{over}")
    if wrong:
        ground.tell("answers that were not 200", sorted(set(wrong))[:10])
    ground.tell("aim", "median under 100 ms, p95 under 250 ms")


def wait() -> None:
    deadline = perf_counter() + 30
    while perf_counter() < deadline:
        try:
            line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            line.request("GET", "/healthz")
            if line.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the web server did not start")


def scan_meanwhile() -> None:
    """Be a worker of 4 threads for the time of the measurement, and print how many scans there were."""
    done = [0]
    until = perf_counter() + SECONDS
    threads = [threading.Thread(target=scan, args=(until, done)) for _ in range(SCANS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(f"{done[0]}\n")


if __name__ == "__main__":
    assert Path.cwd().joinpath("manage.py").exists()
    if "BENCH_SCANS" in os.environ:
        scan_meanwhile()
    else:
        main()
