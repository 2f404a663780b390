"""SSH against a real sshd that shows this machine, with users for every kind of login, shell and sudo."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic, process_time, sleep

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from compliance.engine.transports.base import Limits, Output, Privilege, Reason, Sudo, Target, TransportError
from compliance.engine.transports.local import LocalTransport
from compliance.engine.transports.opening import TRANSPORTS, open_transport
from compliance.engine.transports.ssh import SshTransport
from tests.peers.sshd import SshPeer, running_sshd

pytest_plugins = ("tests.peers.sshd",)
pytestmark = pytest.mark.root
SHORT = Limits(connect_s=3, login_s=3, idle_s=3, total_s=10)
NAP = f"{86400 + os.getpid()}"  # seconds, a number that no other process sleeps


def run(target: Target, script: bytes = b"id -un", limits: Limits = SHORT) -> Output:
    with open_transport("ssh", target, limits) as transport:
        return transport.run(script)


def refusal(target: Target, script: bytes = b"id -un", limits: Limits = SHORT) -> TransportError:
    with pytest.raises(TransportError) as caught:
        run(target, script, limits)
    return caught.value


def commands() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:  # it has ended
            continue


def napping() -> bool:
    return any(NAP.encode() in command for command in commands())


@pytest.mark.parametrize(
    ("user", "sudo", "name", "privilege"),
    [
        ("root", Sudo.AUTO, "root", Privilege.ROOT),
        ("ops", Sudo.AUTO, "root", Privilege.SUDO),
        ("ops", Sudo.NOPASSWD, "root", Privilege.SUDO),
        ("ops", Sudo.PASSWORD, "root", Privilege.SUDO),
        ("ops", Sudo.NONE, "ops", Privilege.USER),
        ("opspw", Sudo.PASSWORD, "root", Privilege.SUDO),
        ("opspw", Sudo.AUTO, "opspw", Privilege.USER),
        ("plain", Sudo.AUTO, "plain", Privilege.USER),
        ("needtty", Sudo.AUTO, "needtty", Privilege.USER),
        ("noisy", Sudo.AUTO, "root", Privilege.SUDO),
    ],
)
def test_key_login_gets_the_rights_that_sudo_gives(
    sshd: SshPeer, user: str, sudo: Sudo, name: str, privilege: Privilege
) -> None:
    output = run(sshd.target(user, sudo=sudo), b"id -un; echo aside >&2; exit 7")
    assert output.data == f"{name}\n".encode()
    assert (output.stderr, output.exit_status, output.privilege) == (b"aside\n", 7, privilege)
    assert (output.address, str(output.host_key)) == ("127.0.0.1", f"ssh-ed25519 {sshd.fingerprints['ssh-ed25519']}")


@pytest.mark.parametrize(
    ("user", "key"), [("ops", False), ("opspw", False), ("asked", False), ("both", True)], ids=lambda value: str(value)
)
def test_password_login_works_plain_by_keyboard_interactive_and_after_a_key(
    sshd: SshPeer, user: str, key: bool
) -> None:
    output = run(sshd.target(user, key=key, password=True, sudo=Sudo.NONE))
    assert (output.data, output.privilege) == (f"{user}\n".encode(), Privilege.USER)


@pytest.mark.parametrize(
    ("user", "sudo", "reason", "words"),
    [
        ("opspw", Sudo.NOPASSWD, Reason.SUDO_NEEDS_PASSWORD, "wants a password"),
        ("plain", Sudo.PASSWORD, Reason.SUDO_NOT_ALLOWED, "does not allow plain"),
        ("onlytrue", Sudo.PASSWORD, Reason.SUDO_NOT_ALLOWED, "does not allow onlytrue"),
        ("needtty", Sudo.NOPASSWD, Reason.SUDO_REQUIRES_TTY, "!requiretty"),
        ("needtty", Sudo.PASSWORD, Reason.SUDO_REQUIRES_TTY, "!requiretty"),
        ("nologin", Sudo.AUTO, Reason.LOGIN_SHELL_UNUSABLE, "This account is currently not available"),
        ("restricted", Sudo.AUTO, Reason.LOGIN_SHELL_UNUSABLE, "restricted"),
        ("forced", Sudo.AUTO, Reason.LOGIN_SHELL_UNUSABLE, "only backups are allowed here"),
        ("both", Sudo.AUTO, Reason.AUTHENTICATION_REFUSED, "refused the login of both with this key"),
    ],
)
def test_a_refusal_of_login_shell_or_sudo_is_named_with_its_remedy(
    sshd: SshPeer, user: str, sudo: Sudo, reason: Reason, words: str
) -> None:
    error = refusal(sshd.target(user, sudo=sudo))
    assert error.reason is reason
    assert words in error.message


def test_a_menu_as_login_shell_ends_in_time_and_is_quoted(sshd: SshPeer) -> None:
    error = refusal(sshd.target("fishy"), limits=replace(SHORT, login_s=1))
    assert error.reason is Reason.LOGIN_SHELL_UNUSABLE
    assert "1) status 2) quit" in " ".join(error.message.split())


def test_a_shell_that_reads_its_input_gets_no_line_of_the_script(sshd: SshPeer) -> None:
    assert refusal(sshd.target("waiting"), limits=replace(SHORT, login_s=1)).reason is Reason.LOGIN_SHELL_UNUSABLE
    sleep(0.2)
    swallowed = sshd.directory / "layer-home/upper/waiting/swallowed"
    assert not swallowed.exists() or swallowed.read_text() == "\n"


@pytest.mark.parametrize("part", ["login", "sudo"])
def test_a_wrong_password_is_told_apart_for_login_and_sudo(sshd: SshPeer, part: str) -> None:
    if part == "login":
        error = refusal(replace(sshd.target("ops", key=False), password="not this one"), limits=Limits())
        assert error.reason is Reason.AUTHENTICATION_REFUSED
    else:
        error = refusal(
            replace(sshd.target("opspw", sudo=Sudo.PASSWORD), sudo_password="not this one"), limits=Limits()
        )
        assert error.reason is Reason.SUDO_PASSWORD_WRONG
    assert "not this one" not in error.message


def test_a_credential_without_key_and_password_is_refused(sshd: SshPeer) -> None:
    assert "neither a key nor a password" in refusal(sshd.target("ops", key=False)).message


def test_the_script_is_whole_even_when_sudo_asks_for_a_password(sshd: SshPeer) -> None:
    filler = b"# a line that sudo must not take for a password\n" * 20_000
    output = run(sshd.target("opspw", sudo=Sudo.PASSWORD), b"head -c 1000000 /dev/zero\n" + filler + b"echo; echo end")
    assert (len(output.data), output.data[-5:]) == (1_000_005, b"\nend\n")


def test_the_login_shells_noise_is_not_output(sshd: SshPeer) -> None:
    output = run(sshd.target("noisy"), b"echo only this")
    assert (output.data, output.stderr) == (b"only this\n", b"")


def test_two_scripts_run_one_after_another_on_one_connection(sshd: SshPeer) -> None:
    with open_transport("ssh", sshd.target("ops"), SHORT) as transport:
        first = transport.run(b"echo $SSH_CLIENT; echo one; cat /proc/$PPID/stat | cut -d' ' -f1")
        second = transport.run(b"echo two")
    assert b"one\n" in first.data
    assert second.data == b"two\n"


def test_lines_are_handed_on_as_they_come(sshd: SshPeer) -> None:
    lines: list[tuple[bytes, float]] = []
    with open_transport("ssh", sshd.target(), SHORT) as transport:
        transport.run(b"echo a; sleep 0.5; echo b; printf c", on_line=lambda line: lines.append((line, monotonic())))
    assert [line for line, _ in lines] == [b"a", b"b"]
    assert lines[1][1] - lines[0][1] > 0.3


def test_no_terminal_is_asked_for(sshd: SshPeer) -> None:
    assert run(sshd.target("ops"), b"tty; echo ${SSH_TTY:-none}").data == b"not a tty\nnone\n"


def test_first_contact_shows_the_key_and_goes_on_only_if_told_to(sshd: SshPeer) -> None:
    unknown = refusal(replace(sshd.target(pinned=False), trust_first_contact=False))
    assert unknown.reason is Reason.HOST_KEY_UNKNOWN
    output = run(sshd.target(pinned=False))
    assert unknown.host_key == output.host_key
    assert str(output.host_key) in unknown.message


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
@pytest.mark.parametrize("typed", [True, False])
def test_any_key_of_a_server_that_has_several_may_be_the_pinned_one(sshd: SshPeer, kind: str, typed: bool) -> None:
    pin = f"{kind} {sshd.fingerprints[kind]}" if typed else sshd.fingerprints[kind]
    output = run(replace(sshd.target(), host_keys=(pin,)))
    assert (output.host_key.type, output.host_key.fingerprint) == (kind, sshd.fingerprints[kind])


@pytest.mark.parametrize("typed", [True, False])
def test_a_changed_host_key_stops_before_the_login_and_shows_both(sshd: SshPeer, typed: bool) -> None:
    pin = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    error = refusal(replace(sshd.target(), host_keys=(f"ssh-ed25519 {pin}" if typed else pin,)))
    assert error.reason is Reason.HOST_KEY_CHANGED
    assert pin in error.message
    assert error.host_key.fingerprint in error.message


def test_a_reinstalled_host_counts_as_changed_until_its_key_is_accepted() -> None:
    with running_sshd() as peer:
        before = peer.target()
        peer.restart_with_new_host_key()
        assert refusal(before).reason is Reason.HOST_KEY_CHANGED
        assert run(peer.target()).data == b"root\n"


def test_passwords_stay_here_while_the_host_is_not_pinned(sshd: SshPeer) -> None:
    login = sshd.target("ops", key=False, password=True, pinned=False)
    sudo = sshd.target("opspw", sudo=Sudo.PASSWORD, pinned=False)
    for target in (login, sudo):
        error = refusal(target)
        assert error.reason is Reason.PASSWORD_TO_UNPINNED_HOST
        assert str(error.host_key) in error.message
        assert run(replace(target, password_to_unpinned=True)).data == b"root\n"
    assert run(replace(sudo, sudo=Sudo.AUTO, sudo_password=None)).privilege is Privilege.USER


def test_no_secret_stands_in_a_repr_an_error_or_a_command_line(sshd: SshPeer) -> None:
    target = replace(sshd.target("opspw", password=True, sudo=Sudo.PASSWORD), passphrase="opens the key")
    secrets = (target.password, target.key.splitlines()[2], "opens the key")
    seen: list[bytes] = []
    with open_transport("ssh", target, SHORT) as transport:
        transport.run(b"echo there; sleep 0.3", on_line=lambda _: seen.extend(commands()))
    texts = [repr(target), str(refusal(replace(target, host_keys=("SHA256:other",))))]
    assert any(b"/bin/sh" in command for command in seen)
    for secret in secrets:
        assert not any(secret in text for text in texts)
        assert not any(secret.encode() in command for command in seen)


def test_nothing_is_left_on_the_target(sshd: SshPeer) -> None:
    places = ("/tmp", "/var/tmp", "/dev/shm", "/root")
    before = {place: set(os.listdir(place)) for place in places}
    layers = sorted(str(path) for path in sshd.directory.glob("layer-home/upper/ops/**/*"))
    run(sshd.target("ops"), b"echo done")
    new = {place: set(os.listdir(place)) - before[place] for place in places}
    assert not any("sh" in name or "tmp." in name for names in new.values() for name in names if "pytest" not in name)
    assert layers == sorted(str(path) for path in sshd.directory.glob("layer-home/upper/ops/**/*"))


@pytest.mark.parametrize(
    ("user", "limits", "script", "reason"),
    [
        ("root", replace(SHORT, idle_s=0.5), f"sleep {NAP}", Reason.IDLE),
        ("plain", replace(SHORT, idle_s=0.5), f"sleep {NAP}", Reason.IDLE),
        ("ops", replace(SHORT, idle_s=0.5), f"sleep {NAP}", Reason.IDLE),
        ("opspw", replace(SHORT, idle_s=0.5), f"sleep {NAP}", Reason.IDLE),
        ("root", replace(SHORT, total_s=0.7), f"sleep {NAP} & while :; do echo x; sleep 0.1; done", Reason.DEADLINE),
        ("ops", replace(SHORT, output_bytes=100_000), f"sleep {NAP} & yes", Reason.OUTPUT_FLOOD),
    ],
    ids=["root-idle", "plain-idle", "sudo-idle", "sudo-password-idle", "deadline", "flood"],
)
def test_a_limit_ends_the_run_and_what_it_started(
    sshd: SshPeer, user: str, limits: Limits, script: str, reason: Reason
) -> None:
    sudo = Sudo.PASSWORD if user == "opspw" else Sudo.AUTO
    started = monotonic()
    assert refusal(sshd.target(user, sudo=sudo), script.encode(), limits).reason is reason
    assert monotonic() - started < 4
    assert not napping()


def test_a_background_child_that_keeps_the_output_open_does_not_hold_the_run(sshd: SshPeer) -> None:
    output = run(sshd.target(), b"sleep 4 & echo done")
    assert output.data == b"done\n"
    assert output.seconds < 3


def test_a_shell_killed_by_a_signal_has_no_exit_status(sshd: SshPeer) -> None:
    assert run(sshd.target(), b"echo x; kill -KILL $$").exit_status is None


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        *((kind, form) for kind in ("ed25519", "ecdsa", "rsa") for form in ("OpenSSH", "PKCS8")),
        ("ecdsa", "TraditionalOpenSSL"),
        ("rsa", "TraditionalOpenSSL"),
    ],
)
def test_keys_of_every_format_open_the_door(sshd: SshPeer, kind: str, form: str) -> None:
    key = load_ssh_private_key((sshd.directory / f"host_{kind}").read_bytes(), None)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        getattr(serialization.PrivateFormat, form),
        serialization.BestAvailableEncryption(b"opens it"),
    ).decode()
    keys = sshd.directory / "authorized_keys"
    known = keys.read_text()
    keys.write_text(known + (sshd.directory / f"host_{kind}.pub").read_text())
    try:
        output = run(replace(sshd.target(), key=text.replace("\n", "\r\n"), passphrase="opens it"))
    finally:
        keys.write_text(known)
    assert output.data == b"root\n"


def test_sixteen_sessions_in_parallel_all_succeed_and_leave_no_thread(sshd: SshPeer) -> None:
    before = set(threading.enumerate())
    users = ("root", "ops", "opspw", "plain") * 4
    with ThreadPoolExecutor(16) as pool:
        outputs = list(pool.map(lambda user: run(sshd.target(user), b"head -c 200000 /dev/zero", Limits()), users))
    assert {len(output.data) for output in outputs} == {200_000}
    assert set(threading.enumerate()) <= before


def test_a_server_that_drops_sessions_at_random_is_asked_again() -> None:
    with running_sshd(max_startups="1:50:2") as peer, ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(lambda _: run(peer.target(), limits=Limits()), range(8)))
    assert len(outputs) == 8


def test_a_failed_login_leaves_neither_thread_nor_file_descriptor(sshd: SshPeer) -> None:
    refusal(sshd.target("nologin"))
    threads, descriptors = set(threading.enumerate()), len(os.listdir("/proc/self/fd"))
    for target in (sshd.target("nologin"), replace(sshd.target(), host_keys=("SHA256:x",)), sshd.target("both")):
        refusal(target)
    assert set(threading.enumerate()) <= threads
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_one_session_costs_us_little_cpu(sshd: SshPeer) -> None:
    run(sshd.target())
    started = process_time()
    for _ in range(5):
        run(sshd.target())
    assert (process_time() - started) / 5 < 0.030  # 7 ms where measured; the test's machine may be loaded


def test_ssh_and_local_see_the_same_machine(sshd: SshPeer) -> None:
    script = b"sort /etc/passwd | cksum; uname -a; ls /run"
    local = LocalTransport(Target(), SHORT, inside=sshd.inside).run(script)
    assert run(sshd.target("ops"), script).data == local.data


def test_ways_bear_the_names_of_a_hosts_connection() -> None:
    assert set(TRANSPORTS) == {"ssh", "local"}
    assert TRANSPORTS["ssh"] is SshTransport
