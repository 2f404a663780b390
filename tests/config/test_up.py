import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(data: Path, port: int) -> tuple[list[str], dict[str, str]]:
    environment = {"PATH": os.environ["PATH"], "PLUMBLINE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return [sys.executable, "manage.py", "up", "--port", str(port)], environment


def answer(port: int, path: str) -> int:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


def wait_for(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.3)


MARKS = {
    "queue": "queue.sock", "web": "gunicorn", "worker": " worker ", "beat": " beat ", "local": "scan_this_machine",
}  # fmt: skip


def children(pid: int) -> dict[str, int]:
    """Return {what it is: pid} of the direct children of ``pid``."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        line = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
        for name, mark in MARKS.items():
            if mark in line:
                found[name] = int(child)
    return found


def environment_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def niceness(pid: int) -> set[int]:
    """Return that of the process and, where Linux shares its time between sessions, of its session."""
    session = Path(f"/proc/{pid}/autogroup")
    told = session.read_text().split()[-1:] if session.exists() else []
    return {os.getpriority(os.PRIO_PROCESS, pid), *map(int, told)}


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[tuple[subprocess.Popen, int, Path]]:
    data, port = tmp_path_factory.mktemp("up") / "data", free_port()
    arguments, environment = command(data, port)
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_for(lambda: answer(port, "/readyz") == 200)
        yield process, port, data
    finally:
        process.kill()
        process.wait()


@pytest.mark.timeout(400)
def test_one_command_runs_all_and_ends_clean(running):
    process, port, data = running
    assert answer(port, "/healthz") == 200
    assert answer(port, "/accounts/login/") == 200
    wait_for(lambda: set(children(process.pid)) - {"local"} == {"queue", "web", "worker", "beat"})

    told = {environment_of(pid)["PUBLIC_URL"] for name, pid in children(process.pid).items() if name != "queue"}
    assert told == {f"http://127.0.0.1:{port}"}
    assert [niceness(children(process.pid)[name]) for name in ("web", "worker")] == [{0}, {10}]
    if os.geteuid() == 0:
        the_worker_gave_up_root_and_this_machine_is_scanned_as_root(process, data, port)

    second = subprocess.run(
        command(data, free_port())[0], cwd=ROOT, env=command(data, 1)[1], capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1
    assert "runs already" in second.stderr

    for name in ("queue", "web"):
        old = children(process.pid)[name]
        os.kill(old, signal.SIGKILL)
        wait_for(lambda old=old, name=name: children(process.pid).get(name, old) != old)
    wait_for(lambda: answer(port, "/readyz") == 200)

    ours = list(children(process.pid).values())
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not [pid for pid in ours if alive(pid)]


ASK = """
from django.utils import timezone
from compliance.services.own_scans import Login, host_called
from compliance.services.scan_requests import request_scan
from organizations.models.users import SystemActor
from templates_app.models import Template
host = host_called("localhost", Login())
template = Template.objects.latest_of("cis-l1-linux")
scan = request_scan(actor=SystemActor("tests"), host=host, template=template, now=timezone.now())
print("asked", scan.pk)
"""
TELL = """
from compliance.models import Scan
scan = Scan.objects.latest("pk")
print("told", scan.status, scan.privilege or "-", scan.error)
"""


def said(data: Path, port: int, code: str) -> str:
    _, environment = command(data, port)
    shell = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    return subprocess.run(shell, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60).stdout


def the_worker_gave_up_root_and_this_machine_is_scanned_as_root(process, data, port) -> None:
    here = children(process.pid)
    if Path(f"/proc/{here['worker']}").stat().st_uid == 0:
        assert "local" not in here  # nobody else can read this checkout: all stay root
        return
    assert Path(f"/proc/{here['local']}").stat().st_uid == 0
    assert "asked" in said(data, port, ASK)
    wait_for(lambda: "told completed root" in said(data, port, TELL), 120)


@pytest.mark.timeout(200)
def test_taken_port_and_missing_broker_are_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments, environment = command(tmp_path / "data", taken.getsockname()[1])
        result = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert "cannot be used" in result.stderr
    arguments, environment = command(tmp_path / "data", free_port())
    environment["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    result = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90)
    assert (result.returncode, result.stderr.strip()) == (
        1,
        "CommandError: The Redis server that REDIS_URL names does not answer.",
    )
