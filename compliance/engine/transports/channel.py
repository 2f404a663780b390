"""One exec on an SSH connection: moving bytes both ways."""

import threading

import paramiko

from compliance.engine.transports.shell import Dialogue
from compliance.engine.transports.watch import Watch

BROKEN = (paramiko.SSHException, EOFError, OSError)  # what paramiko raises once the connection is gone
CHUNK_BYTES = 256 * 1024
GRACE_S = 1.0  # how long output may stay open after the shell has ended, and the exit status out after the output
WINDOW_WAIT_S = 0.02  # paramiko has no event for a window that opens


class _News(threading.Event):
    """Set by paramiko when bytes have come; cleared only by us, before we look at both streams: none is missed."""

    def clear(self) -> None:
        """Do nothing: the other stream may have something."""

    def forget(self) -> None:
        super().clear()


def converse(channel: paramiko.Channel, dialogue: Dialogue, watch: Watch) -> None:
    """Move bytes both ways until the output ends, or the shell has ended and its output is silent."""
    news = _News()
    channel.in_buffer.set_event(news)
    channel.in_stderr_buffer.set_event(news)
    channel.settimeout(0)
    while True:
        news.forget()
        over = channel.eof_received or channel.closed
        moved = _receive(channel, dialogue)
        if moved:
            watch.heard()
        elif over or (watch.silence_s > GRACE_S and channel.exit_status_ready()):
            return
        _send(channel, dialogue)
        left_s = watch.left_s(dialogue)
        if not moved:
            news.wait(min(left_s, WINDOW_WAIT_S if dialogue.outgoing else GRACE_S))


def _receive(channel: paramiko.Channel, dialogue: Dialogue) -> bool:
    """Hand on what is there of both streams, a chunk of each; they share one window, so both must be read."""
    moved = False
    if channel.recv_ready():
        dialogue.read_output(channel.recv(CHUNK_BYTES))
        moved = True
    if channel.recv_stderr_ready():
        dialogue.read_error(channel.recv_stderr(CHUNK_BYTES))
        moved = True
    return moved


def _send(channel: paramiko.Channel, dialogue: Dialogue) -> None:
    if dialogue.outgoing and channel.closed:
        dialogue.outgoing = b""
    while dialogue.outgoing and channel.send_ready():
        try:
            sent = channel.send(dialogue.outgoing)
        except OSError:  # closed this moment, or the window is full
            return
        dialogue.outgoing = dialogue.outgoing[sent:]
    if not dialogue.outgoing and dialogue.privilege is not None and not channel.eof_sent:
        channel.shutdown_write()
