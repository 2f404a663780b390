"""Preview of a draft over a fleet: real recorded facts as snapshots, each host a little different from all others."""

import os

from tests.bench import ground

ground.set_up()

import dataclasses  # noqa: E402
from pathlib import Path  # noqa: E402
from time import perf_counter, process_time  # noqa: E402

import zstandard  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from compliance.models import Scan  # noqa: E402
from compliance.services import previews, scan_requests  # noqa: E402
from compliance.services import results as stored_results  # noqa: E402
from compliance.services.own_scans import operators_organization  # noqa: E402
from compliance.services.snapshots import store_blobs, store_snapshot  # noqa: E402
from organizations.models.users import SystemActor  # noqa: E402
from templates_app.language import stored_facts  # noqa: E402
from templates_app.language.facts import Facts  # noqa: E402
from templates_app.language.templates import compiled_template  # noqa: E402
from templates_app.models import Template  # noqa: E402
from templates_app.services.templates import copy_template  # noqa: E402
from tests.factories.compliance import HostFactory, a_scan  # noqa: E402

HOSTS = int(os.environ.get("BENCH_HOSTS", "1000"))
AIM_S = 60 * HOSTS / 10_000
DATA = Path(__file__).parents[1] / "data" / "hosts"
ACTOR = SystemActor("bench")

organization = operators_organization()
template = Template.objects.latest_of("cis-l1-linux")
compiled = compiled_template(template.sha256, template.document, "debian12", "server")


def recorded(name: str):
    raw = zstandard.ZstdDecompressor().decompress((DATA / f"debian12-{name}.facts.zst").read_bytes())
    return stored_facts.load(raw.decode())


def own(facts, number: int):
    """Return ``facts`` as another host would have them: every section is one of its own."""
    os = dataclasses.replace(facts.os, hostname=f"web-{number}")
    sections = {
        name: dataclasses.replace(section, reason=f"{section.reason} {number}".strip())
        for name, section in facts.sections.items()
    }
    return dataclasses.replace(facts, os=os, sections=sections)


def build() -> None:
    """Store the fleet: a snapshot with blobs of its own for each host, and its scan with results of its own."""
    kinds = [recorded("open"), recorded("hardened")]
    results = [compiled.evaluate(Facts(facts)) for facts in kinds]
    now = timezone.now()
    for number in range(HOSTS):
        with transaction.atomic():
            host = HostFactory(organization=organization)
            snapshot = store_snapshot(host=host, facts=own(kinds[number % 2], number), walked_at=None)
            found = results[number % 2]
            first = found[0]._replace(message=f"host {number}")
            blob = store_blobs(organization, [stored_results.packed([first, *found[1:]])])
            stream = scan_requests.stream_of(host, template, "server")
            stream.latest = a_scan(
                host, template, stream=stream, status=Scan.Status.COMPLETED, snapshot=snapshot, benchmark="debian12",
                results_id=next(iter(blob.values())), finished_at=now, score=60.0,
            )  # fmt: skip
            stream.save()


def change(name: str, share: int) -> Template:
    """Return a copy of the template in which every ``share``-th check means something else."""
    draft = copy_template(actor=ACTOR, template=template, organization=organization, name=name)
    for number, row in enumerate(draft.checks.order_by("position")):
        definition = row.definition
        if number % share == 0 and definition.get("missing") in ("fail", "pass"):
            definition["missing"] = "pass" if definition["missing"] == "fail" else "fail"
            row.save()
    for row in draft.checks.order_by("position")[:3]:
        row.enabled = False
        row.save()
    return draft


def preview(draft: Template) -> None:
    previews.request_preview(actor=ACTOR, template=draft, organization=organization)
    started, used = perf_counter(), process_time()
    with ground.PeakMemory() as memory:
        resting = ground.rss_mb()
        previews.drain(clock=timezone.now)
    wall, cpu = perf_counter() - started, process_time() - used
    ground.tell(
        f"{connection.vendor}: preview over {HOSTS} hosts, {draft.name}",
        f"{wall:.1f} s ({wall / HOSTS * 1000:.1f} ms a host, CPU {cpu:.1f} s), "
        f"{memory.mb - resting:.0f} MB above {resting:.0f} MB",
        f"{AIM_S:.1f} s",
    )


build()
preview(change("3 checks switched off", 100_000))
preview(change("one check in twenty changed", 20))
preview(change("every check changed", 1))
