"""What every benchmark stands on: Django with a fresh database and the shipped content, and a stopwatch."""

import statistics
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import django


def set_up() -> None:
    """Make the database and load the content."""
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from templates_app.services.content import load_content

    load_content()


@dataclass(frozen=True)
class Timing:
    """Wall and CPU milliseconds of repeated runs."""

    wall: list[float]
    cpu: list[float]

    def __str__(self) -> str:
        return (
            f"wall median {statistics.median(self.wall):.1f} ms (min {min(self.wall):.1f}, max {max(self.wall):.1f}), "
            f"CPU median {statistics.median(self.cpu):.1f} ms, {len(self.wall)} runs"
        )


def timed(work: Callable[[], object], runs: int = 20) -> Timing:
    """Return how long ``work`` takes."""
    wall, cpu = [], []
    for _ in range(runs):
        started, used = perf_counter(), process_time()
        work()
        wall.append((perf_counter() - started) * 1000)
        cpu.append((process_time() - used) * 1000)
    return Timing(wall, cpu)


def tell(what: str, found: object, target: str = "") -> None:
    """Print one figure."""
    sys.stdout.write(f"{what}: {found}{f' [aim: {target}]' if target else ''}\n")
    sys.stdout.flush()


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / 100


class PeakMemory:
    """Watches this process's resident memory until the block ends; ``mb`` is the most there was."""

    def __enter__(self) -> "PeakMemory":
        self.mb, self._end = rss_mb(), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.01):
            self.mb = max(self.mb, rss_mb())


def rss_mb() -> float:
    """Return this process's resident memory in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
