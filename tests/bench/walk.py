"""The walk of the file systems of this machine, beside a bare find over the same ones."""

import subprocess
from time import perf_counter

from tests.bench import ground

ground.set_up()

from django.utils import timezone  # noqa: E402

from compliance.engine.collectors.collect import collect  # noqa: E402
from compliance.engine.transports.base import Limits, Target  # noqa: E402
from compliance.engine.transports.opening import open_transport  # noqa: E402
from compliance.services.own_scans import operators_organization  # noqa: E402
from compliance.services.plans import plan_for  # noqa: E402

plan = plan_for(operators_organization(), "linux")
limits = Limits(idle_s=330, total_s=330)


def walk() -> float:
    started = perf_counter()
    with open_transport("local", Target(), limits) as transport:
        global facts
        facts = collect(transport, plan, now=timezone.now(), slow=True).facts
    return perf_counter() - started


def bare(mounts: list[str]) -> float:
    started = perf_counter()
    subprocess.run(["find", *mounts, "-xdev"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return perf_counter() - started


walk()
mounts = facts.sections["fs_walk"].value["mounts"]
walks, finds = [], []
for _ in range(3):
    finds.append(bare(mounts))
    walks.append(walk())
ratio = sorted(walks)[1] / sorted(finds)[1]
ground.tell(
    f"walk of {', '.join(mounts)}",
    f"median {sorted(walks)[1]:.2f} s, bare find {sorted(finds)[1]:.2f} s, ratio {ratio:.2f} (3 runs each, warm)",
    "1.3",
)
