"""The walk of the file systems of this machine, beside bare finds over the same ones.

A find that only prints names does not look at the files at all; one that compares permissions must, as the walk does.
"""

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


def bare(mounts: list[str], *test: str) -> float:
    started = perf_counter()
    command = ["nice", "-n", "19", "find", *mounts, "-xdev", *test]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return perf_counter() - started


def middle(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]


walk()
mounts = facts.sections["fs_walk"].value["mounts"]
walks, looks, names = [], [], []
for _ in range(5):
    names.append(bare(mounts))
    looks.append(bare(mounts, "-perm", "-0002", "-type", "f"))
    walks.append(walk())
ground.tell(
    f"walk of {', '.join(mounts)}",
    f"median {middle(walks):.2f} s, which is {middle(walks) / middle(looks):.2f} x a find for one permission "
    f"({middle(looks):.2f} s), {middle(walks) / middle(names):.2f} x one that only prints names "
    f"({middle(names):.2f} s); 5 runs each, warm",
    "1.3 x",
)
