"""A real sshd on loopback that shows this machine, with test users that the machine itself does not have.

It runs in a mount namespace of its own. Overlays over /etc, /home, /run, /var/log and /var/lib/sudo hold the users,
their homes and what sshd and sudo write, so the real directories stay as they are, and all goes with the processes.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pytest

from compliance.engine.transports.base import Sudo, Target
from tests.peers.ports import free_port

COVERED = ("/etc", "/home", "/run", "/var/log", "/var/lib/sudo")
KEY_TYPES = ("ed25519", "ecdsa", "rsa")
READY_S = 10
FIRST_UID = 61001
TOOLS = ("/usr/sbin/sshd", "/usr/bin/sudo", "/usr/bin/ssh-keygen", "/usr/bin/unshare", "/usr/bin/nsenter")
CONFIG = """
{host_keys}
{listen}
PidFile {directory}/sshd.pid
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
UsePAM yes
PermitRootLogin prohibit-password
PasswordAuthentication yes
KbdInteractiveAuthentication yes
PrintMotd no
MaxStartups {max_startups}
Match User asked
  PasswordAuthentication no
Match User both
  AuthenticationMethods publickey,password
Match User forced
  ForceCommand /bin/echo only backups are allowed here
"""
MENU = '#!/bin/sh\necho "1) status  2) quit"\nwhile read -r choice; do echo "unknown choice $choice"; done\n'
QUIET_MENU = '#!/bin/sh\nread -r choice\necho "$choice" >"$HOME/swallowed"\n'
NOISY = "echo 'Willkommen, schön \\e[31mhier'\necho 'deprecated setting' >&2\nprintf 'no newline'\n"


@dataclass(frozen=True)
class User:
    """A test user: its login shell and what sudoers says of it."""

    shell: str = "/bin/bash"
    sudoers: str = ""


USERS = {
    "ops": User(sudoers="ops ALL=(ALL) NOPASSWD: ALL"),
    "opspw": User(shell="/bin/sh", sudoers="opspw ALL=(ALL) ALL\nDefaults:opspw lecture=always"),
    "plain": User(shell="/bin/sh"),
    "needtty": User(sudoers="needtty ALL=(ALL) NOPASSWD: ALL\nDefaults:needtty requiretty"),
    "onlytrue": User(sudoers="onlytrue ALL=(ALL) NOPASSWD: /bin/true"),
    "asked": User(),  # password only by keyboard-interactive
    "both": User(),  # key and password, one after the other
    "forced": User(),
    "noisy": User(sudoers="noisy ALL=(ALL) NOPASSWD: ALL"),
    "restricted": User(shell="/bin/rbash"),
    "nologin": User(shell="/usr/sbin/nologin"),
    "fishy": User(shell="{directory}/menu"),
    "waiting": User(shell="{directory}/quiet-menu"),
}


@dataclass
class SshPeer:
    """A running sshd. ``passwords`` by user; ``key`` (Ed25519, without passphrase) opens root and every user."""

    directory: Path
    port: int
    key: str
    passwords: dict[str, str]
    namespace: subprocess.Popen[bytes]
    daemon: subprocess.Popen[bytes] | None = None
    host: str = "127.0.0.1"
    fingerprints: dict[str, str] = field(default_factory=dict)  # ssh-ed25519 -> SHA256:...

    @property
    def inside(self) -> tuple[str, ...]:
        """Return the command that runs another one in this peer's view of the machine."""
        return ("/usr/bin/nsenter", "--mount", f"--target={self.namespace.pid}", "--wd=/")

    def target(
        self,
        user: str = "root",
        *,
        key: bool = True,
        password: bool = False,
        sudo: Sudo = Sudo.AUTO,
        pinned: bool = True,
    ) -> Target:
        """Return a target for ``user`` with its key, or its password, which sudo is given with Sudo.PASSWORD."""
        secret = self.passwords.get(user)
        return Target(
            host=self.host,
            port=self.port,
            user=user,
            key=self.key if key else None,
            password=secret if password else None,
            sudo=sudo,
            sudo_password=secret if sudo is Sudo.PASSWORD else None,
            host_keys=tuple(f"{kind} {print_}" for kind, print_ in self.fingerprints.items()) if pinned else (),
            trust_first_contact=not pinned,
        )

    def restart_with_new_host_key(self) -> None:
        """Replace every host key, as a reinstalled machine would; the fingerprints follow."""
        self.stop()
        self.start(new_keys=True)

    def start(self, *, new_keys: bool = False) -> None:
        """Start sshd and wait until it listens."""
        for kind in KEY_TYPES:
            path = self.directory / f"host_{kind}"
            if new_keys or not path.exists():
                _make_key(path, kind)
            name, fingerprint = _fingerprint(path)
            self.fingerprints[name] = fingerprint
        command = [
            *self.inside,
            "/usr/sbin/sshd",
            "-D",
            "-e",
            "-f",
            f"{self.directory}/sshd_config",
            "-p",
            str(self.port),
        ]
        with (self.directory / "sshd.log").open("ab") as log:
            self.daemon = _spawn(command, log.fileno())
        deadline = monotonic() + READY_S
        while not _listens(self.port):
            if self.daemon.poll() is not None or monotonic() > deadline:
                raise RuntimeError(f"sshd did not start: {(self.directory / 'sshd.log').read_text()}")
            sleep(0.02)

    def stop(self) -> None:
        """Stop sshd and the sessions it has."""
        if self.daemon is not None:
            for pid in (*_children(self.daemon.pid), self.daemon.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            self.daemon.wait(READY_S)
            self.daemon = None


@pytest.fixture(scope="session")
def sshd() -> Iterator[SshPeer]:
    """Give a real sshd with the users of USERS; skips with a line "not run: ..." where there cannot be one."""
    lacking = [tool for tool in TOOLS if not Path(tool).exists()]
    if os.geteuid() != 0 or lacking:
        pytest.skip(f"not run: a real sshd needs root and {', '.join(lacking) or 'nothing else'}")
    with running_sshd() as peer:
        yield peer


@contextmanager
def running_sshd(*, max_startups: str = "100:30:200", addresses: int = 1) -> Iterator[SshPeer]:
    """Run an sshd on the first ``addresses`` of 127.0.0.1, 127.0.0.2 ... until the block ends.

    Its directory is not pytest's, which other users must not enter.
    """
    with TemporaryDirectory(prefix="plumbline-sshd-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        _write_files(directory, max_startups, addresses)
        namespace = _enter_namespace(directory)
        peer = SshPeer(directory, free_port(), (directory / "id").read_text(), {}, namespace)
        try:
            peer.passwords.update(_add_users(peer))
            peer.start()
            yield peer
        finally:
            peer.stop()
            namespace.kill()
            namespace.wait()


def _write_files(directory: Path, max_startups: str, addresses: int) -> None:
    directory.chmod(0o755)
    _make_key(directory / "id", "ed25519")
    shutil.copy(directory / "id.pub", directory / "authorized_keys")
    for name, text in (("menu", MENU), ("quiet-menu", QUIET_MENU)):
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
    host_keys = "\n".join(f"HostKey {directory}/host_{kind}" for kind in KEY_TYPES)
    listen = "\n".join(f"ListenAddress 127.0.0.{number + 1}" for number in range(addresses))
    config = CONFIG.format(host_keys=host_keys, listen=listen, directory=directory, max_startups=max_startups)
    (directory / "sshd_config").write_text(config)


def _enter_namespace(directory: Path) -> subprocess.Popen[bytes]:
    """Start a process that holds a mount namespace with overlays over COVERED, and wait until they stand."""
    lines = []
    for place in (place for place in COVERED if Path(place).is_dir()):
        layer = directory / f"layer{place.replace('/', '-')}"
        (layer / "upper").mkdir(parents=True)
        (layer / "work").mkdir()
        shutil.copystat(place, layer / "upper")
        lines.append(f"mount -t overlay none -o lowerdir={place},upperdir={layer}/upper,workdir={layer}/work {place}")
    ready = directory / "ready"
    script = " && ".join([*lines, "mkdir -p -m 755 /run/sshd", f": >{ready}", "exec sleep infinity"])
    with (directory / "namespace.log").open("wb") as log:
        holder = _spawn(["/usr/bin/unshare", "--mount", "--propagation", "private", "sh", "-c", script], log.fileno())
    deadline = monotonic() + READY_S
    while not ready.exists():
        if holder.poll() is not None or monotonic() > deadline:
            holder.kill()
            raise RuntimeError(f"no mount namespace: {(directory / 'namespace.log').read_text()}")
        sleep(0.01)
    return holder


def _add_users(peer: SshPeer) -> dict[str, str]:
    """Write USERS into the overlays and return their passwords."""
    passwords, lines, shadow, sudoers = {}, [], [], []
    for number, (name, user) in enumerate(USERS.items(), FIRST_UID):
        passwords[name] = secrets.token_urlsafe(12)
        shell = user.shell.format(directory=peer.directory)
        lines.append(f"{name}:x:{number}:100::/home/{name}:{shell}")
        shadow.append(f"{name}:{_hash(passwords[name])}:19000:0:99999:7:::")
        sudoers.append(user.sudoers)
        home = peer.directory / "layer-home/upper" / name
        home.mkdir()
        os.chown(home, number, 100)
    (peer.directory / "layer-home/upper/noisy/.bashrc").write_text(NOISY)
    etc = peer.directory / "layer-etc/upper"
    for name, more in (("passwd", lines), ("shadow", shadow)):
        _extend(Path("/etc") / name, etc / name, more)
    (etc / "sudoers.d").mkdir()
    shutil.copystat("/etc/sudoers.d", etc / "sudoers.d")
    (etc / "sudoers.d/peer").write_text("\n".join(sudoers) + "\n")
    (etc / "sudoers.d/peer").chmod(0o440)
    return passwords


def _extend(source: Path, copy: Path, lines: list[str]) -> None:
    shutil.copy2(source, copy)
    os.chown(copy, source.stat().st_uid, source.stat().st_gid)
    with copy.open("a") as file:
        file.write("\n".join(lines) + "\n")


def _spawn(command: list[str], log: int) -> subprocess.Popen[bytes]:
    """Start a child that gets SIGTERM should this process die."""
    return subprocess.Popen(
        ["/usr/bin/setpriv", "--pdeathsig", "TERM", *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _make_key(path: Path, kind: str) -> None:
    for old in (path, path.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)


def _fingerprint(path: Path) -> tuple[str, str]:
    words = subprocess.run(["ssh-keygen", "-lf", f"{path}.pub"], check=True, capture_output=True, text=True).stdout
    return Path(f"{path}.pub").read_text().split()[0], words.split()[1]


def _hash(password: str) -> str:
    command = ["openssl", "passwd", "-6", "-stdin"]
    return subprocess.run(command, input=password, check=True, capture_output=True, text=True).stdout.strip()


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
