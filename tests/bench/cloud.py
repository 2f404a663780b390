"""Cloud benchmarks against a moto server: calls, wall time, CPU of both sides, memory, and a bare replay beside it.

BENCH_CLOUD chooses scenes, e.g. "small:1,4,17:0,60 large:4:0" (size:regions:added milliseconds).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
from django.test.utils import override_settings
from django.utils import timezone

from tests.bench import ground

ground.set_up()

from cloudbench.engine import checks, collectors  # noqa: E402, F401
from cloudbench.engine.plan import all_operations  # noqa: E402
from cloudbench.models import Benchmark  # noqa: E402
from cloudbench.services import collecting  # noqa: E402
from cloudbench.services.content import load_content  # noqa: E402
from cloudbench.services.runs import request_runs  # noqa: E402
from organizations.models.users import SystemActor  # noqa: E402
from tests.factories.cloudbench import CloudAccountFactory  # noqa: E402

SCENES = os.environ.get("BENCH_CLOUD", "small:1,4,17:0,60 large:1,4,17:0 large:4:60")
REGIONS = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-north-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ca-central-1",
    "sa-east-1",
]
CONCURRENCY = 32
BENCHMARKS = ("cis_aws_3_0", "all")
BENCH = SystemActor("bench")
PRODUCT = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
"""What is measured runs as users run it, not with the settings of tests."""


@dataclass
class Peer:
    """A running account."""

    url: str
    pid: int
    log: Path

    def order(self, what: str) -> None:
        urllib3.PoolManager().request("GET", f"{self.url}/-/{what}")

    def calls(self) -> list[dict]:
        self.order("flush")
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def peer(size: str, regions: list[str]) -> Iterator[Peer]:
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as directory:
        log = Path(directory) / "calls"
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.cloud_peer", size, ",".join(regions), str(log)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            ground.tell(f"filled {size} over {len(regions)} regions", f"{time.perf_counter() - begun:.0f} s")
            yield Peer(f"http://127.0.0.1:{port}", process.pid, log)
        finally:
            process.terminate()
            process.wait(10)


@dataclass
class Cost:
    wall: float
    cpu: float
    peak_mb: float
    peer_cpu: float
    report: dict


def scanned(at: Peer, benchmark: str, regions: list[str]) -> Cost:
    """Run scan_cloud as a user would, in a process of its own."""
    at.order("mark")
    peer_before = ground.cpu_of(at.pid)
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        environment = {
            **PRODUCT, "AWS_ENDPOINT_URL": at.url, "AWS_ACCESS_KEY_ID": "AKIABENCH", "AWS_SECRET_ACCESS_KEY": "x",
        }  # fmt: skip
        begun = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable, "manage.py", "scan_cloud", "--benchmark", benchmark, "--region", ",".join(regions),
                "--format", "json", "--output", output.name,
            ],
            env=environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"scan_cloud ended {process.returncode}")
        report = json.loads(Path(output.name).read_text())
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(wall, cpu, usage.ru_maxrss / 1024, ground.cpu_of(at.pid) - peer_before, report)


def replayed(at: Peer, calls: list[dict]) -> float:
    """Send the same requests again, as they were signed, with as many connections; return the seconds."""
    pool = urllib3.PoolManager(maxsize=CONCURRENCY, block=True)

    def send(call: dict) -> None:
        url = f"{at.url}{call['path']}" + (f"?{call['query']}" if call["query"] else "")
        headers = {name: value for name, value in call["headers"].items() if name not in ("Host", "Content-Length")}
        pool.request(call["method"], url, body=call["body"].encode("latin-1"), headers=headers, retries=False)

    begun = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENCY) as workers:
        list(workers.map(send, calls))
    return time.perf_counter() - begun


def key(call: dict) -> str:
    """Return what makes two calls the same: service and region of the signature, the action, the parameters."""
    signed = call["headers"].get("Authorization", "").partition("Credential=")[2].split(",")[0].split("/")[2:4]
    target = call["headers"].get("X-Amz-Target", "")
    return json.dumps([signed, target, call["method"], call["path"], call["query"], call["body"]])


def measure(at: Peer, size: str, regions: list[str], delay_ms: int) -> None:
    for benchmark in BENCHMARKS:
        at.order(f"delay/{delay_ms}")
        cost = scanned(at, benchmark, regions)
        calls = at.calls()
        answered = [call for call in calls if call["status"] < 500]
        repeats = len(calls) - len(answered)
        twice = sum(count - 1 for count in Counter(map(key, answered)).values())
        seconds = cost.report["runs"][0]["seconds"]
        bare = replayed(at, calls)
        counts = cost.report["runs"][0]["counts"]
        ground.tell(
            f"{size}, {len(regions)} regions, +{delay_ms} ms, {benchmark}",
            f"wall {cost.wall:.1f} s of which running {seconds:.1f} s, bare replay {bare:.1f} s "
            f"(x {seconds / bare:.2f}); {len(calls)} calls ({repeats} not known to moto, tried again), {twice} twice; "
            f"CPU ours {cost.cpu:.1f} s, moto's {cost.peer_cpu:.1f} s; peak {cost.peak_mb:.0f} MB; {counts}",
            "x 1.3, none twice, 300 MB",
        )


def again(at: Peer, size: str, regions: list[str]) -> None:
    """Tell how long a worker takes for one more benchmark on facts that it collected a moment ago for the others."""
    account = CloudAccountFactory(
        account_id="123456789012", access="keys", role_arn="", access_key_id="AKIABENCH", secret_access_key="x",
        regions=regions,
    )  # fmt: skip
    slugs = sorted(Benchmark.objects.newest().values_list("slug", flat=True))
    last = "soc2"
    with override_settings(AWS_ENDPOINT_URL=at.url), ground.PeakMemory() as memory:
        for asked in ([slug for slug in slugs if slug != last], [last]):
            begun = time.perf_counter()
            runs = request_runs(actor=BENCH, account=account, benchmarks=asked, now=timezone.now())
            collecting.drain(clock=timezone.now)
            took = time.perf_counter() - begun
    runs[0].refresh_from_db()
    calls = runs[0].snapshot.api_calls
    ground.tell(
        f"{size}, {len(regions)} regions, {last} after the six others, by a worker",
        f"{took:.1f} s, {calls} calls; the worker's peak over both {memory.mb:.0f} MB ({runs[0].status})",
        "3 s, no calls, 300 MB",
    )


def start_up() -> None:
    begun = time.perf_counter()
    scan = [sys.executable, "manage.py", "scan_cloud", "--help"]
    subprocess.run(scan, stdout=subprocess.DEVNULL, check=True, env=PRODUCT)
    ground.tell("process start (scan_cloud --help)", f"{time.perf_counter() - begun:.1f} s")


def main() -> None:
    ground.tell("operations known", len(all_operations()))
    list(load_content())
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True, env=PRODUCT)
    start_up()
    for scene in SCENES.split():
        size, counts, delays = scene.split(":")
        for count in map(int, counts.split(",")):
            regions = REGIONS[:count]
            with peer(size, regions) as at:
                scanned(at, "all", regions)  # moto loads a service with its first call
                for delay in map(int, delays.split(",")):
                    measure(at, size, regions, delay)
                again(at, size, regions)


if __name__ == "__main__":
    main()
