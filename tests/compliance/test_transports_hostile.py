"""SSH against servers that misbehave: every run ends soon, with the reason, and holds no more than it should."""

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import pytest

from compliance.engine.transports import ssh
from compliance.engine.transports.base import Limits, Output, Reason, Target, TransportError
from compliance.engine.transports.opening import open_transport
from tests.peers.hostile import BINARY, HostilePeer, listening, says

pytest_plugins = ("tests.peers.hostile",)
SHORT = Limits(connect_s=1, login_s=1, idle_s=0.7, total_s=1.2, output_bytes=1_000_000)


def run(target: Target, limits: Limits = SHORT) -> Output:
    with open_transport("ssh", target, limits) as transport:
        return transport.run(b"echo hello\n" * 1000)


def refusal(target: Target, limits: Limits = SHORT) -> TransportError:
    started = monotonic()
    with pytest.raises(TransportError) as caught:
        run(target, limits)
    assert monotonic() - started < 10
    return caught.value


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("flood", Reason.OUTPUT_FLOOD),
        ("flood-errors", Reason.OUTPUT_FLOOD),
        ("flood-first", Reason.OUTPUT_FLOOD),
        ("both-streams", Reason.OUTPUT_FLOOD),
        ("hang", Reason.IDLE),
        ("drip", Reason.DEADLINE),
        ("close", Reason.CLOSED_MIDWAY),
        ("close-first", Reason.CLOSED_MIDWAY),
        ("silent-first", Reason.LOGIN_SHELL_UNUSABLE),
        ("echo", Reason.LOGIN_SHELL_UNUSABLE),
        ("no-session", Reason.LOGIN_SHELL_UNUSABLE),
        ("no-exec", Reason.LOGIN_SHELL_UNUSABLE),
        ("exec-unanswered", Reason.DEADLINE),
        ("login-hangs", Reason.LOGIN_TIMEOUT),
        ("login-closes", Reason.CLOSED_MIDWAY),
    ],
)
def test_what_a_hostile_server_does_has_a_name_and_an_end(hostile: HostilePeer, user: str, reason: Reason) -> None:
    error = refusal(hostile.target(user))
    assert error.reason is reason, error.message
    assert error.message.endswith(".")


def test_binary_output_comes_back_as_it_is(hostile: HostilePeer) -> None:
    assert run(hostile.target("binary")).data == BINARY


def test_nothing_and_exit_0_is_empty_output_for_the_reader_to_refuse(hostile: HostilePeer) -> None:
    output = run(hostile.target("silent"))
    assert (output.data, output.exit_status) == (b"", 0)


def test_two_streams_of_two_megabytes_do_not_block_each_other(hostile: HostilePeer) -> None:
    output = run(hostile.target("both-streams"), replace(SHORT, output_bytes=8_000_000, total_s=20, error_bytes=1000))
    assert len(output.data) == 60 * 32768
    assert (len(output.stderr), output.truncated) == (1000, True)


def test_an_exit_status_ends_the_run_though_the_output_stays_open(hostile: HostilePeer) -> None:
    output = run(hostile.target("status-but-open"), replace(SHORT, idle_s=5, total_s=6))
    assert (output.data, output.exit_status) == (b"done\n", 0)
    assert output.seconds < 3


def test_a_closed_channel_without_status_has_none(hostile: HostilePeer) -> None:
    assert run(hostile.target("close-channel")).exit_status is None


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (says(then="wait"), Reason.NOT_SSH),
        (says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), Reason.NOT_SSH),
        (says(b"220 mail ready\r\n", then="wait"), Reason.NOT_SSH),
        (says(b"\x00" * 20_000, then="wait"), Reason.NOT_SSH),
        (says(b"SSH-1.5-old\r\n", then="wait"), Reason.NO_COMMON_ALGORITHM),
        (says(b"SSH-2.0-asleep\r\n", then="wait"), Reason.LOGIN_TIMEOUT),
        (says(b"SSH-2.0-gone\r\n"), Reason.CLOSED_MIDWAY),
        (says(b"SSH-2.0-nonsense\r\n", b"\x00\x00\x00\x0c\x0a" + b"\xff" * 2000, then="wait"), Reason.CLOSED_MIDWAY),
        (says(b"SSH-2.0-huge\r\n", b"\x7f\xff\xff\xf0" + b"\0" * 4_000_000, then="wait"), Reason.CLOSED_MIDWAY),
        (says(then="close"), Reason.TOO_MANY_SESSIONS),
        (says(then="reset"), Reason.TOO_MANY_SESSIONS),
        (says(b"Exceeded MaxStartups\r\n"), Reason.TOO_MANY_SESSIONS),
    ],
    ids=["mute", "http", "smtp", "zeros", "ssh1", "no-kex", "gone", "nonsense", "huge", "close", "reset", "busy"],
)
def test_what_is_no_ssh_server_is_recognised(
    serve: Callable[[socket.socket], None], reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "BACKOFF_S", (0.01, 0.01))
    with listening(serve) as port:
        error = refusal(Target("127.0.0.1", port, password="x", trust_first_contact=True))
    assert error.reason is reason, error.message


def test_a_port_without_listener_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert refusal(Target("127.0.0.1", port)).reason is Reason.CONNECTION_REFUSED


def test_a_host_that_drops_packets_times_out() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        error = refusal(Target("127.0.0.1", full.getsockname()[1]))
        for filler in fillers:
            filler.close()
    assert error.reason is Reason.CONNECT_TIMEOUT


def test_an_address_without_route_is_told_so() -> None:
    assert refusal(Target("web1", 22, address="255.255.255.255")).reason is Reason.NO_ROUTE


def test_an_unknown_name_is_told_so() -> None:
    error = refusal(Target("no-such-host.invalid", 22))
    assert error.reason is Reason.NAME_NOT_FOUND
    assert "no-such-host.invalid" in error.message


def test_the_resolved_address_is_used_and_the_name_is_told(hostile: HostilePeer) -> None:
    target = replace(hostile.target("silent"), host="web1.invalid", address="127.0.0.1")
    assert run(target).address == "127.0.0.1"
    assert "web1.invalid" in refusal(replace(target, user="hang")).message


def test_a_fifth_session_to_one_address_waits_its_turn(hostile: HostilePeer) -> None:
    patient, short = Limits(total_s=30), replace(SHORT, total_s=0.3)
    held = [open_transport("ssh", hostile.target("silent"), patient) for _ in range(4)]
    for transport in held:
        transport.__enter__()
    try:
        assert refusal(hostile.target("silent"), short).reason is Reason.TOO_MANY_SESSIONS
        threading.Timer(0.2, held[0].close).start()
        assert run(hostile.target("silent"), patient).exit_status == 0
    finally:
        for transport in held:
            transport.close()


def test_close_from_another_thread_ends_a_run_under_way(hostile: HostilePeer) -> None:
    with open_transport("ssh", hostile.target("drip"), Limits()) as transport:
        threading.Timer(0.3, transport.close).start()
        with pytest.raises(TransportError) as caught:
            transport.run(b"echo")
    assert caught.value.reason is Reason.CLOSED_MIDWAY


def test_an_error_of_the_line_reader_comes_through_and_closes(hostile: HostilePeer) -> None:
    def refuse(line: bytes) -> None:
        raise KeyError(line)

    before = threading.active_count()
    with open_transport("ssh", hostile.target("status-but-open"), SHORT) as transport, pytest.raises(KeyError):
        transport.run(b"echo", on_line=refuse)
    assert threading.active_count() <= before + 2  # the peer's own two
