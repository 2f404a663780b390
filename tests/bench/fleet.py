"""Sixteen hosts in parallel over SSH, against the rate that the measured CPU sum allows on this machine."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter, process_time

from tests.bench import ground

ground.set_up()

from django.utils import timezone  # noqa: E402

from compliance.engine.collectors.collect import collect  # noqa: E402
from compliance.engine.transports.opening import open_transport  # noqa: E402
from compliance.services.own_scans import operators_organization  # noqa: E402
from compliance.services.plans import plan_for  # noqa: E402
from templates_app.language.facts import Facts  # noqa: E402
from templates_app.language.templates import compiled_template  # noqa: E402
from templates_app.models import Template  # noqa: E402
from tests.peers.sshd import running_sshd  # noqa: E402

HOSTS, ROUNDS = 16, 6
plan = plan_for(operators_organization(), "linux")
template = Template.objects.latest_of("cis-l1-linux")
compiled = compiled_template(template.sha256, template.document, "debian12", "server")

with running_sshd(addresses=HOSTS) as peer:

    def scan(number: int) -> None:
        target = replace(peer.target(), host=f"127.0.0.{number % HOSTS + 1}")
        with open_transport("ssh", target) as transport:
            facts = collect(transport, plan, now=timezone.now()).facts
        compiled.evaluate(Facts(facts))

    with ThreadPoolExecutor(HOSTS) as pool:
        scan(0)
        resting = ground.rss_mb()
        with ground.PeakMemory() as memory:
            list(pool.map(scan, range(HOSTS)))
        started, used, spent = perf_counter(), process_time(), ground.cpu_of(peer.daemon.pid)
        list(pool.map(scan, range(HOSTS * ROUNDS)))
        wall = perf_counter() - started
        cpu = process_time() - used + ground.cpu_of(peer.daemon.pid) - spent
    number, cores = HOSTS * ROUNDS, os.cpu_count() or 1
    allowed = number / (cpu / cores)
    ground.tell(
        f"{HOSTS} hosts in parallel, {number} scans",
        f"{number / wall:.1f} scans/s; the CPU of both sides ({cpu / number * 1000:.0f} ms a scan on {cores} cores) "
        f"allows {allowed:.1f}: {number / wall / allowed:.0%}",
        "85 %",
    )
    ground.tell(
        f"memory with {HOSTS} scans under way",
        f"{(memory.mb - resting) / HOSTS:.1f} MB a scan at the peak, above {resting:.0f} MB with none",
        "15 MB",
    )
