"""This machine as the target: the same limits and words as over SSH, under every shell that is here."""

import os
import shutil
from dataclasses import replace
from time import monotonic, sleep

import pytest

from compliance.engine.transports.base import Limits, Output, Privilege, Reason, Sudo, Target, TransportError
from compliance.engine.transports.local import LocalTransport
from compliance.engine.transports.opening import open_transport
from compliance.engine.transports.recorded import RecordedTransport

SHORT = Limits(login_s=3, idle_s=3, total_s=10)
AS_ROOT = Privilege.ROOT if os.geteuid() == 0 else Privilege.USER
NAP = f"{186400 + os.getpid()}"
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="not run: becoming another user needs root")
SHELLS = ("/bin/dash", "/bin/bash", "/bin/bash --posix", "/bin/busybox sh", "/bin/sh")


def refusal(script: bytes, limits: Limits) -> TransportError:
    with pytest.raises(TransportError) as caught, open_transport("local", Target(), limits) as transport:
        transport.run(script)
    return caught.value


def napping() -> bool:
    """Say whether a nap goes on, a second after it was to end."""
    deadline = monotonic() + 1
    while _napping() and monotonic() < deadline:
        sleep(0.02)
    return _napping()


def _napping() -> bool:
    return any(NAP in _command(pid) for pid in os.listdir("/proc") if pid.isdecimal())


def _command(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except OSError:
        return ""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_runs_whole_under_every_posix_shell(shell: str) -> None:
    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"not run: {shell} is not installed")
    script = b"cat /proc/$$/cmdline | tr '\\0' ' '; echo; echo aside >&2\n" + b"# filler\n" * 30_000 + b"exit 3\n"
    with LocalTransport(Target(sudo=Sudo.NONE), SHORT, shell=shell) as transport:
        output = transport.run(script)
    assert output.data == f"{shell} -s \n".encode()
    assert (output.stderr, output.exit_status, output.privilege) == (b"aside\n", 3, AS_ROOT)


def test_the_script_has_no_terminal_no_environment_and_no_file_of_ours() -> None:
    with open_transport("local", Target(sudo=Sudo.NONE)) as transport:
        output = transport.run(b"tty; env | cut -d= -f1 | sort | tr '\\n' ' '; ls /proc/$$/fd | tr '\\n' ' '")
    terminal, rest = output.data.decode().split("\n", 1)
    assert terminal == "not a tty"
    assert set(rest.split()) <= {
        "LANGUAGE",
        "LC_ALL",
        "OLDPWD",
        "PATH",
        "PWD",
        "SHLVL",
        "_",
        "0",
        "1",
        "2",
        "3",
        "10",
        "255",
    }


@pytest.mark.parametrize(
    ("limits", "script", "reason"),
    [
        (replace(SHORT, idle_s=0.4), f"sleep {NAP}", Reason.IDLE),
        (replace(SHORT, total_s=0.6), f"sleep {NAP} & while :; do echo x; sleep 0.1; done", Reason.DEADLINE),
        (replace(SHORT, output_bytes=100_000), f"sleep {NAP} & yes", Reason.OUTPUT_FLOOD),
        (replace(SHORT, output_bytes=100_000), f"sleep {NAP} & yes >&2", Reason.OUTPUT_FLOOD),
        (replace(SHORT, idle_s=0.4), f"trap '' TERM; sleep {NAP}", Reason.IDLE),
    ],
    ids=["idle", "deadline", "flood", "error-flood", "stubborn"],
)
def test_a_limit_ends_the_shell_and_all_it_started(limits: Limits, script: str, reason: Reason) -> None:
    started = monotonic()
    assert refusal(script.encode(), limits).reason is reason
    assert monotonic() - started < 5
    assert not napping()


def test_what_a_script_leaves_in_the_background_is_ended_too() -> None:
    with open_transport("local", Target(), SHORT) as transport:
        output = transport.run(f"sleep {NAP} & echo done".encode())
    assert output.data == b"done\n"
    assert not napping()


def test_output_of_megabytes_comes_back_whole_and_bounded_errors_say_so() -> None:
    limits = replace(SHORT, error_bytes=1000)
    with open_transport("local", Target(), limits) as transport:
        output = transport.run(b"head -c 5000000 /dev/zero & head -c 2000000 /dev/zero >&2; wait")
    assert output.data == bytes(5_000_000)
    assert (len(output.stderr), output.truncated) == (1000, True)


def test_lines_are_handed_on_and_a_killed_shell_has_no_status() -> None:
    lines: list[bytes] = []
    with open_transport("local", Target(), SHORT) as transport:
        output = transport.run(b"echo a; echo b; printf c; kill -KILL $$", on_line=lines.append)
    assert (lines, output.exit_status) == ([b"a", b"b"], None)


@NEEDS_ROOT
@pytest.mark.parametrize(
    ("sudo", "reason"),
    [(Sudo.NOPASSWD, Reason.SUDO_NEEDS_PASSWORD), (Sudo.PASSWORD, Reason.SUDO_NEEDS_PASSWORD)],
)
def test_a_user_whom_sudo_refuses_here_is_told_so(sudo: Sudo, reason: Reason) -> None:
    nobody = ("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    transport = LocalTransport(Target(user="nobody", sudo=sudo), SHORT, inside=nobody)
    with transport, pytest.raises(TransportError) as caught:
        transport.run(b"id -un")
    assert caught.value.reason is reason


@NEEDS_ROOT
def test_auto_goes_on_without_rights_where_sudo_refuses() -> None:
    nobody = ("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    with LocalTransport(Target(user="nobody"), SHORT, inside=nobody) as transport:
        output = transport.run(b"id -un")
    assert (output.data, output.privilege) == (b"nobody\n", Privilege.USER)


def test_a_recording_gives_its_outputs_in_order_and_then_refuses() -> None:
    output = Output(b"recorded\nlines\n")
    lines: list[bytes] = []
    with RecordedTransport([output]) as transport:
        assert transport.run(b"anything", on_line=lines.append) is output
        with pytest.raises(TransportError, match="no more output"):
            transport.run(b"again")
    assert (lines, transport.scripts) == ([b"recorded", b"lines"], [b"anything", b"again"])
