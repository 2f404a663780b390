"""A VM for the handover gate: a real sshd in a root of its own, which one may harden for real.

The root is made of copies on write of this machine's programs and settings, in mount, process, host name and IPC
namespaces of its own: what is changed in it lies in memory and goes with its processes. The kernel's settings are shown
read-only. The network is this machine's, so the VM is met at 127.0.0.1 and a port.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from tests.peers.ports import free_port
from tests.peers.sshd import _children, _fingerprint, _listens, _make_key, _spawn

HERE = Path(__file__).parent
TOOLS = ("/usr/sbin/sshd", "/usr/bin/sudo", "/usr/bin/ssh-keygen", "/usr/bin/unshare", "/usr/bin/nsenter")
USER = "ubuntu"
READY_S = 20


def lacking() -> str:
    """Return what this machine lacks to have a VM, as words; empty when it has all."""
    tools = [tool for tool in TOOLS if not Path(tool).exists()]
    return "root" if os.geteuid() != 0 else ", ".join(tools)


@dataclass(frozen=True)
class Key:
    """An SSH key of Ed25519 without passphrase."""

    private: str
    public: str


def new_key() -> Key:
    with TemporaryDirectory() as place:
        path = Path(place) / "id"
        _make_key(path, "ed25519")
        return Key(path.read_text(), path.with_suffix(".pub").read_text())


@dataclass(frozen=True)
class Vm:
    """A running VM. Its key opens the user USER, who may use sudo without a password."""

    name: str
    port: int
    fingerprint: str
    pid: int
    """Of its process 1, which is sshd."""

    def run(self, script: str, timeout_s: float = 60) -> str:
        """Run a shell ``script`` in the VM as root and return what it prints. Raises CalledProcessError."""
        inside = ["nsenter", "--mount", "--pid", "--uts", "--ipc", "--root", "--wd", f"--target={self.pid}"]
        done = subprocess.run(
            [*inside, "/bin/sh", "-eu"], input=script, capture_output=True, text=True, timeout=timeout_s,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{self.name}: the script ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def harden(self) -> None:
        """Repair the VM as an administrator would, file by file, and have sshd read its settings anew."""
        self.run((HERE / "harden.sh").read_text())
        deadline = monotonic() + READY_S
        while not _listens(self.port):
            if monotonic() > deadline:
                raise RuntimeError(f"The sshd of {self.name} did not come back.")
            sleep(0.05)


@contextmanager
def running_vm(name: str, key: Key) -> Iterator[Vm]:
    """Run a VM that ``key`` opens until the block ends; it is not hardened and has faults on purpose."""
    with TemporaryDirectory(prefix="plumbline-vm-", ignore_cleanup_errors=True) as place:
        directory, port = Path(place), free_port()
        (directory / "id.pub").write_text(key.public)
        _make_key(directory / "host", "ed25519")
        log = directory / "log"
        own = ["--mount", "--propagation", "private", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]
        with log.open("wb") as output:
            outer = _spawn(
                ["unshare", *own, "sh", "-eu", str(HERE / "root.sh"), place, str(port), name], output.fileno()
            )
        try:
            _wait(outer, port, log)
            yield Vm(name, port, _fingerprint(directory / "host")[1], _children(outer.pid)[0])
        finally:
            with suppress(ProcessLookupError):
                outer.kill()
            outer.wait()


def _wait(outer: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = monotonic() + READY_S
    while not _listens(port):
        if outer.poll() is not None or monotonic() > deadline:
            raise RuntimeError(f"The VM did not come up: {log.read_text(errors='replace')[-2000:]}")
        sleep(0.02)
