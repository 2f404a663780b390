"""Scans as a user starts them, and what a peer's view of the machine is covered with to make it odd."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from compliance.engine.transports import opening
from compliance.engine.transports.local import LocalTransport
from tests.peers.sshd import SshPeer


@dataclass(frozen=True)
class Scanned:
    """What scan_host printed as JSON."""

    scan: dict[str, Any]
    results: list[dict[str, Any]]

    @property
    def verdicts(self) -> dict[str, str]:
        return {result["check_id"]: result["status"] for result in self.results}

    @property
    def told(self) -> dict[str, tuple[str, str, str]]:
        return {result["check_id"]: (result["status"], result["actual"], result["message"]) for result in self.results}

    def of(self, status: str) -> set[str]:
        """Return the checks that ended with ``status``."""
        return {check for check, verdict in self.verdicts.items() if verdict == status}


def scan_host(*arguments: str, password: str = "", template: str = "cis-l2-linux") -> Scanned:
    """Run manage.py scan_host with ``arguments``; ``password`` is what its user types. Raises CommandError."""
    printed = io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(f"{password}\n")
    try:
        call_command(
            "scan_host", *arguments, f"--template={template}", "--format=json", stdout=printed, stderr=io.StringIO()
        )
    finally:
        sys.stdin = before
    document = json.loads(printed.getvalue())
    return Scanned(document["scan"], document["results"])


def login(peer: SshPeer, user: str, *more: str) -> list[str]:
    """Return the arguments of scan_host for ``user`` on ``peer``, whose host key is given."""
    pin = peer.fingerprints["ssh-ed25519"]
    return [peer.host, f"--user={user}", f"--port={peer.port}", f"--host-key={pin}", *more]


def by_key(peer: SshPeer, user: str, *more: str) -> list[str]:
    return login(peer, user, f"--key={peer.directory / 'id'}", *more)


def stand_inside(monkeypatch: pytest.MonkeyPatch, inside: tuple[str, ...], shell: str = "/bin/sh") -> None:
    """Have local scans run ``inside`` another view of the machine, with any ``shell``."""
    monkeypatch.setitem(opening.TRANSPORTS, "local", partial(LocalTransport, inside=inside, shell=shell))


def within(peer: SshPeer, script: str) -> None:
    """Run ``script`` in the peer's view of the machine, as root."""
    subprocess.run([*peer.inside, "/bin/sh", "-ec", script], check=True, stdin=subprocess.DEVNULL)


@contextmanager
def covered_paths(peer: SshPeer, contents: dict[str, str]) -> Iterator[None]:
    """Put executable files of ``contents`` over existing ones of the peer's view, until the block ends."""
    for path, text in contents.items():
        stub = cover_file(peer, path)
        stub.write_text(text)
        stub.chmod(0o755)
        within(peer, f"mount --bind {stub} {path}")
    try:
        yield
    finally:
        for path in contents:
            within(peer, f"umount -l {path}")  # something may still run it


def cover_file(peer: SshPeer, path: str) -> Path:
    return peer.directory / f"cover{path.replace('/', '-')}"


def count_as_full_host(peer: SshPeer) -> None:
    """Hide from scripts in the peer's view that this machine is a container, so that most checks apply.

    Other tests' files below /tmp are hidden too, or the walks of two scans would differ.
    """
    stub = cover_file(peer, "/usr/bin/systemd-detect-virt")
    stub.write_text("#!/bin/sh\necho none\nexit 1\n")
    stub.chmod(0o755)
    within(
        peer,
        f"""
        [ ! -e /usr/bin/systemd-detect-virt ] || mount --bind {stub} /usr/bin/systemd-detect-virt
        [ ! -e /.dockerenv ] || mount --bind /dev/null /.dockerenv
        mount --bind {peer.directory} /mnt; mount -t tmpfs -o mode=1777 none /tmp
        mkdir -m 755 {peer.directory}; mount --move /mnt {peer.directory}""",
    )
