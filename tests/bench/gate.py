"""The handover gate: 500 VMs of one state registered, and answers for pipelines while 16 scans run; on both databases.

Polls come 50 a second, at their times whether the earlier ones were answered or not, each on a connection of its own
with a token; what is told is the time from when a poll was due to its whole answer. The web server is gunicorn as
`manage.py up` starts it, with two processes beside PostgreSQL and one beside SQLite. The 16 scans are those of VMs,
over SSH and stored, by one worker process; their targets are on this machine too, but at its lowest priority, for
elsewhere they have processors of their own. ``BENCH_VENDOR=sqlite`` measures one database only, ``BENCH_SECONDS=5``
polls shorter.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from time import perf_counter

SECONDS, RATE, SCANS, VMS, ROUNDS = float(os.environ.get("BENCH_SECONDS", "20")), 50, 16, 500, 3

if "BENCH_INNER" not in os.environ:
    from tests.bench.kept_fleet import SERVER
    from tests.peers.postgres import running_postgres

    def measured(**environment: str) -> int:
        inner = {**os.environ, "BENCH_INNER": "1", **environment}
        return subprocess.run([sys.executable, "-m", "tests.bench.gate"], env=inner).returncode

    code = 0
    if os.environ.get("BENCH_VENDOR", "postgresql") == "postgresql":
        with running_postgres(options=SERVER) as url:
            code |= measured(TEST_DATABASE_URL=url, WEB_WORKERS="2")
    if os.environ.get("BENCH_VENDOR", "sqlite") == "sqlite":
        code |= measured(WEB_WORKERS="1")
    sys.exit(code)

from tests.bench import ground  # noqa: E402

if "BENCH_SCANS" in os.environ:
    import django

    django.setup()
else:
    ground.set_up()

import http.client  # noqa: E402
import logging  # noqa: E402
import random  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from compliance.models import Credential, HandoverSettings, Host, ProvisionedVm, ProvisioningRun, Scan  # noqa: E402
from compliance.selectors.handover_settings import settings_of  # noqa: E402
from compliance.services import scan_runs  # noqa: E402
from compliance.services.own_scans import operators_organization  # noqa: E402
from compliance.services.provisioning_runs import Submission, submit  # noqa: E402
from compliance.services.vm_streams import A_HANDOVER_WAITS, ask_for_scan  # noqa: E402
from config.management.commands.up import PAGES_FIRST  # noqa: E402
from config.supervisor import give_way  # noqa: E402
from organizations.models.organizations import Organization  # noqa: E402
from organizations.models.users import SystemActor  # noqa: E402
from tests.factories.organizations import ApiTokenFactory, member  # noqa: E402
from tests.peers.sshd import SshPeer, running_sshd  # noqa: E402

PORT = 9600 + os.getpid() % 1000
RESOURCE = next(
    one
    for one in json.loads(Path("tests/data/terraform/show_aws.json").read_text())["values"]["root_module"]["resources"]
    if one["address"] == "aws_instance.bastion"
)
BENCH = SystemActor("bench")
logging.getLogger("kombu").setLevel(logging.ERROR)  # it warns that the queue of a benchmark lies in memory


# --- Registering ------------------------------------------------------------------------------------------------------


def state(name: str, count: int = VMS) -> bytes:
    """Return a document of ``count`` VMs as Terraform shows it, each with all that the real one has."""
    resources: list[dict[str, Any]] = []
    for number in range(count):
        address = f"10.{77 + len(name) % 100}.{number // 250}.{number % 250 + 1}"
        values = {
            **RESOURCE["values"],
            "id": f"i-{name}-{number:06}",
            "private_ip": address,
            "public_ip": "",
            "private_dns": f"{name}-{number}.eu-central-1.compute.internal",
            "public_dns": "",
            "ipv6_addresses": [],
            "tags": {"Name": f"{name}-{number}"},
        }
        resources.append({**RESOURCE, "address": f"aws_instance.this[{number}]", "index": number, "values": values})
    document = {
        "format_version": "1.0",
        "terraform_version": "1.9.8",
        "values": {"root_module": {"resources": resources}},
    }
    return json.dumps(document).encode()


def registering(organization: Organization) -> None:
    """Tell how long the service takes for a new state, a repeat, and the same VMs in a later apply."""
    first, repeat, later = [], [], []
    for number in range(ROUNDS):
        body = state(f"in{number}")
        for run, times in (("run-1", first), ("run-1", repeat), ("run-2", later)):
            started = perf_counter()
            posted = Submission(f"in-process-{number}", body, run_id=run)
            submit(actor=BENCH, organization=organization, submission=posted, now=timezone.now())
            times.append(perf_counter() - started)
    assert ProvisionedVm.objects.count() == ROUNDS * VMS
    for what, times in (("new", first), ("posted again", repeat), ("known ones of a later apply", later)):
        ground.tell(f"{VMS} VMs of one state ({len(body) / 1e6:.1f} MB), {what}, in-process", spread(times), "2 s")


def registering_over_http(key: str, organization: Organization) -> None:
    times = []
    for number in range(ROUNDS):
        path = f"/api/v1/provisioning/runs/?organization={organization.pk}&project=http-{number}&run_id=run-1"
        started = perf_counter()
        status, answer = asked(key, "POST", path, state(f"http{number}"))
        times.append(perf_counter() - started)
        if status != 202 or len(answer["vms"]) != VMS:
            sys.exit(f"The run was answered {status}: {str(answer)[:300]}")
    ground.tell(f"{VMS} VMs of one state, new, over HTTP", spread(times), "2 s")


def spread(times: list[float]) -> str:
    ordered = sorted(times)
    return f"median {ordered[len(ordered) // 2]:.2f} s, longest {ordered[-1]:.2f} s, {len(ordered)} times"


# --- Polling ----------------------------------------------------------------------------------------------------------


def asked(key: str, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    """Ask on a connection of its own, as each curl of a pipeline does."""
    line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        line.request(method, path, body, {"Authorization": f"Token {key}", "Content-Type": "application/json"})
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def polling(key: str, paths: list[str], what: str, aim: str = "") -> None:
    """Poll RATE times a second for SECONDS and tell the times of the answers."""
    took, wrong = [], []
    begin = perf_counter() + 0.2

    def poll(number: int) -> None:
        due = begin + number / RATE
        time.sleep(max(due - perf_counter(), 0))
        status, answer = asked(key, "GET", random.choice(paths))
        took.append((perf_counter() - due) * 1000)
        if status != 200 or "allowed" not in answer:
            wrong.append((status, answer))

    with ThreadPoolExecutor(RATE) as pool:
        list(pool.map(poll, range(int(SECONDS * RATE))))
    ordered = sorted(took)
    middle, late, last = (ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.95, 1))
    over = f"; {len(wrong)} wrong answers, such as {wrong[0]}" if wrong else ""
    figures = f"median {middle:.0f} ms, p95 {late:.0f} ms, longest {last:.0f} ms, {len(ordered)} polls{over}"
    ground.tell(f"{RATE} polls a second with a token, {what}", figures, aim)


# --- Scans meanwhile --------------------------------------------------------------------------------------------------


def scanned_vms(organization: Organization, peer: SshPeer) -> ProvisioningRun:
    """Register SCANS VMs whose hosts are the addresses of ``peer``."""
    submission = Submission("scanned", state("scanned", SCANS), run_id="run-1")
    run, _ = submit(actor=BENCH, organization=organization, submission=submission, now=timezone.now())
    for number, vm in enumerate(run.vms.order_by("pk")):
        Host.objects.filter(pk=vm.host_id).update(address=f"127.0.0.{number + 1}", port=peer.port)
    return run


def keep_below(peer: SshPeer) -> None:
    """Have what ``peer`` does as a target run only when nothing else wants to."""
    assert peer.daemon is not None
    os.setpriority(os.PRIO_PROCESS, peer.daemon.pid, 19)
    with contextlib.suppress(OSError):  # a kernel that does not share its time between sessions
        Path(f"/proc/{peer.daemon.pid}/autogroup").write_text("19")
    session = "{ echo 19 >/proc/$$/autogroup; } 2>/dev/null"  # each is one of its own, and niceness counts within it
    subprocess.run([*peer.inside, "sh", "-c", f"echo '{session}' >/home/ops/.bashrc"], check=True)


def scan_meanwhile() -> None:
    """Be a worker of SCANS threads until the time of the measurement is over, and print how many scans there were."""
    give_way(PAGES_FIRST)  # as the product's own worker
    until = perf_counter() + SECONDS + 2
    organization = operators_organization()
    vms = list(ProvisionedVm.objects.filter(project__name="scanned").select_related("host", "organization"))

    def work(vm: ProvisionedVm) -> None:
        while perf_counter() < until:
            with transaction.atomic():
                ask_for_scan(vm, settings_of(organization), priority=A_HANDOVER_WAITS, now=timezone.now(), actor=BENCH)
            scan_runs.drain(clock=timezone.now)
        connection.close()

    sys.stdout.write("go\n")
    sys.stdout.flush()
    with ThreadPoolExecutor(SCANS) as pool:
        list(pool.map(work, vms))
    ended = Scan.objects.filter(host__vm__in=vms)
    done = ended.filter(status="completed").count()
    sys.stdout.write(f"{done} scans stored, {ended.exclude(status='completed').count()} not completed\n")


def main() -> None:
    organization = operators_organization()
    with running_sshd(addresses=SCANS) as peer:
        keep_below(peer)
        credential = Credential.objects.create(
            organization=organization, name="bench", username="ops", private_key=peer.key, sudo="nopasswd"
        )
        HandoverSettings.objects.create(
            organization=organization, enabled=True, enforcement_mode="block", ssh_user="ops", ssh_credential=credential
        )
        registering(organization)
        run = scanned_vms(organization, peer)
        key = ApiTokenFactory(user=member(organization, role="provisioner"), organization=organization).key
        web = ["config.wsgi", "--worker-class", "gthread", "--workers", str(settings.WEB_WORKERS), "--threads", "8",
               "--bind", f"127.0.0.1:{PORT}", "--log-level", "error", "--no-control-socket"]  # fmt: skip
        server = subprocess.Popen([sys.executable, "-m", "gunicorn", *web], start_new_session=True)
        try:
            wait()
            ground.tell(
                f"{connection.vendor}, {settings.WEB_WORKERS} web processes of 8 threads, load", os.getloadavg()[0]
            )
            registering_over_http(key, organization)
            with connection.cursor() as cursor:  # what the server's own maintenance does within a minute
                cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
            one_vm = [f"/api/v1/provisioning/vms/{pk}/handover/" for pk in run.vms.values_list("pk", flat=True)]
            whole_run = [f"/api/v1/provisioning/runs/{run.pk}/handover/"]
            polling(key, one_vm, "for one VM, no scans")
            polling(key, whole_run, f"for a run of {SCANS} VMs, no scans")
            for paths, what in ((one_vm, "for one VM"), (whole_run, f"for a run of {SCANS} VMs")):
                with scans_running() as told:
                    polling(key, paths, f"{what}, {SCANS} scans run", "p95 50 ms")
                ground.tell("  meanwhile", told[-1])
        finally:
            server.terminate()
            server.wait()


class scans_running:  # noqa: N801 - reads as a verb
    """Runs the worker until the block ends; gives a list that then holds what it printed."""

    def __enter__(self) -> list[str]:
        inner = {**os.environ, "BENCH_SCANS": "1"}
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.gate"], env=inner, stdout=subprocess.PIPE, text=True
        )
        assert self.worker.stdout is not None
        assert self.worker.stdout.readline() == "go\n"
        time.sleep(1)
        self.told: list[str] = []
        return self.told

    def __exit__(self, *error: object) -> None:
        self.told.append(self.worker.communicate()[0].strip())


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


if __name__ == "__main__":
    if "BENCH_SCANS" in os.environ:
        scan_meanwhile()
    else:
        main()
