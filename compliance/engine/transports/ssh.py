"""A target over SSH, with nothing but sshd and a POSIX shell on it. paramiko speaks the protocol, time is kept here.

paramiko waits without a limit in several places (the answer to an exec request, the exit status, a full socket).
So each stage has a deadline that cuts the connection, and whatever waits then ends at once.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import sleep
from types import TracebackType
from typing import Self

import paramiko

from compliance.engine.transports import keys
from compliance.engine.transports.base import MEGABYTE, HostKey, Limits, Output, Reason, Target, TransportError
from compliance.engine.transports.channel import BROKEN, GRACE_S, converse
from compliance.engine.transports.shell import Dialogue
from compliance.engine.transports.slots import slot
from compliance.engine.transports.watch import Watch
from compliance.engine.transports.wire import BoundedSocket, Busy, connect

BACKOFF_S = (0.1, 0.3, 1.0, 2.0)  # between tries while sshd drops new sessions
ENDING_S = 3.0  # what ending a given-up run on the target may take
LOG = "compliance.engine.transports.paramiko"  # told nothing: paramiko logs tracebacks and what the server said

logging.getLogger(LOG).setLevel(logging.CRITICAL + 1)


class SshTransport:
    """One SSH connection, opened by entering its ``with`` block; each run is one exec without a terminal."""

    def __init__(self, target: Target, limits: Limits) -> None:
        self._target, self._limits = target, limits
        self._held = ExitStack()
        self._wire: BoundedSocket | None = None
        self._link: paramiko.Transport | None = None
        self._host_key: HostKey | None = None
        self._expired = False

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self, script: bytes, *, on_line: Callable[[bytes], None] | None = None, limits: Limits | None = None
    ) -> Output:
        """Run ``script``; see Transport.run. What a run that is given up has started on the target is ended there."""
        bounds = limits or self._limits
        dialogue = Dialogue(script, self._target, bounds, on_line)
        try:
            return self._perform(dialogue, bounds)
        except BaseException:
            self._end(dialogue)
            self.close()
            raise

    def close(self) -> None:
        """Cut the connection, wait for paramiko's thread and give the address free; may be called from any thread."""
        self._hang_up()
        self._held.close()

    def _open(self) -> None:
        target, limits = self._target, self._limits
        key = keys.load_private_key(target.key, target.passphrase) if target.key else None
        self._held.enter_context(slot(f"{target.address or target.host}:{target.port}", limits.total_s))
        with self._deadline(limits.login_s), self._translated("while logging in", (Exception,)):
            # Any Exception: paramiko hands on whatever its thread died of when a server sends nonsense.
            link = self._trusted_link()
            self._authenticate(link, key)

    def _trusted_link(self) -> paramiko.Transport:
        """Connect and hold the server's key against the pins.

        A server has several keys. When a pin does not say of which type it is and the first key shown does not match,
        the other types are asked for, each with a connection of its own, before the key counts as changed.
        """
        pins, host = self._target.host_keys, self._target.host
        link, shown = self._negotiate(keys.preferred_types(pins))
        for family in keys.other_families(shown, pins) if pins and not keys.is_pinned(shown, pins) else ():
            with suppress(paramiko.ssh_exception.IncompatiblePeer):  # it has no key of that type
                link, other = self._negotiate(family)
                if keys.is_pinned(other, pins):
                    shown = other
                    break
        self._host_key = shown
        if pins and not keys.is_pinned(shown, pins):
            text = (
                f"The host key of {host} changed: pinned {', '.join(pins)}, now {shown}."
                " Accept the new key by its fingerprint if you know why it changed."
            )
            raise TransportError(Reason.HOST_KEY_CHANGED, text, shown)
        if not pins and not self._target.trust_first_contact:
            text = f"The host key of {host} is not known yet: accept {shown} after comparing it with the host's own."
            raise TransportError(Reason.HOST_KEY_UNKNOWN, text, shown)
        return link

    def _negotiate(self, types: tuple[str, ...]) -> tuple[paramiko.Transport, HostKey]:
        self._hang_up()
        self._wire = self._connect()
        self._wire.allow(MEGABYTE)
        self._link = link = paramiko.Transport(self._wire)
        link.set_log_channel(LOG)
        link.banner_timeout = link.handshake_timeout = link.auth_timeout = self._limits.login_s
        link.get_security_options().key_types = types
        if self._expired:
            raise EOFError
        link.start_client()
        return link, keys.host_key(link.get_remote_server_key())

    def _connect(self) -> BoundedSocket:
        target = self._target
        for pause_s in BACKOFF_S:
            with suppress(Busy):
                return connect(target.host, target.address, target.port, self._limits.connect_s)
            sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311  # no secret: it only spreads the tries
        try:
            return connect(target.host, target.address, target.port, self._limits.connect_s)
        except Busy as error:
            text = (
                f"{target.host} hangs up on new sessions before its SSH server says a word;"
                " it is overloaded, blocks this address, or MaxStartups of its sshd is too small."
            )
            raise TransportError(Reason.TOO_MANY_SESSIONS, text) from error

    def _authenticate(self, link: paramiko.Transport, key: paramiko.PKey | None) -> None:
        target = self._target
        pinned = bool(target.host_keys) or target.password_to_unpinned
        if target.asks_sudo_password and not pinned:
            raise self._withheld("sudo password")
        if key is not None and self._accepted(lambda: link.auth_publickey(target.user, key)):
            return
        if target.password is not None and not pinned:
            raise self._withheld("password")
        if target.password is not None and self._accepted(
            lambda: link.auth_password(target.user, target.password or "")
        ):
            return
        tried = " and ".join(name for name, value in (("key", key), ("password", target.password)) if value is not None)
        text = (
            f"{target.host} refused the login of {target.user} with this {tried}; check the user, the credential,"
            " and that sshd allows this kind of login."
            if tried
            else f"The credential for {target.host} has neither a key nor a password; add one."
        )
        raise TransportError(Reason.AUTHENTICATION_REFUSED, text, self._host_key)

    def _accepted(self, attempt: Callable[[], list[str]]) -> bool:
        """Say whether ``attempt`` completed the login; a server may want a second method after one that was right."""
        try:
            return not attempt()
        except paramiko.AuthenticationException:
            if self._link is None or not self._link.is_active():
                raise
            return False

    def _withheld(self, what: str) -> TransportError:
        text = (
            f"The {what} was not sent to {self._target.host}, whose host key is not pinned: accept {self._host_key}"
            " first, or use a key."
        )
        return TransportError(Reason.PASSWORD_TO_UNPINNED_HOST, text, self._host_key)

    def _perform(self, dialogue: Dialogue, limits: Limits) -> Output:
        if self._link is None or self._wire is None:
            raise ValueError("run() belongs inside the with block of the transport")
        watch, link, address = Watch(self._target, limits), self._link, str(self._wire.getpeername()[0])
        self._wire.allow(limits.output_bytes + limits.output_bytes // 4 + 4 * MEGABYTE)
        with self._deadline(limits.total_s + GRACE_S):
            channel = self._start(link, dialogue)
            with self._translated("while the script ran", BROKEN):
                converse(channel, dialogue, watch)
            status = self._exit_status(link, channel)
        if dialogue.privilege is None:
            raise dialogue.explain_end()
        channel.close()
        return Output(
            data=dialogue.data,
            stderr=dialogue.stderr,
            exit_status=status,
            privilege=dialogue.privilege,
            host_key=self._host_key,
            address=address,
            truncated=dialogue.truncated,
            seconds=watch.seconds,
        )

    def _end(self, dialogue: Dialogue) -> None:
        """End what ``dialogue`` has left running; without a terminal sshd would let it go on."""
        if dialogue.group is None or self._link is None or not self._link.is_active():
            return
        group, limits = -dialogue.group, Limits(login_s=ENDING_S, total_s=ENDING_S)
        script = f"kill -TERM {group} && {{ sleep 0.2 || sleep 1; }} && kill -KILL {group}".encode()
        with suppress(TransportError):  # the error that brought us here is the one to tell
            self._perform(Dialogue(script, self._target, limits), limits)

    def _start(self, link: paramiko.Transport, dialogue: Dialogue) -> paramiko.Channel:
        with_quotes = " ".join(f"'{word}'" for word in dialogue.arguments())
        with self._translated("while starting a shell", (Exception,)):  # see _open
            try:
                channel = link.open_session(timeout=self._limits.login_s)
                channel.exec_command(f"exec /bin/sh {with_quotes}")
            except paramiko.SSHException as error:
                if not link.is_active():
                    raise
                host, user = self._target.host, self._target.user
                text = f"{host} lets {user} log in but not run a command; allow it a normal shell."
                raise TransportError(Reason.LOGIN_SHELL_UNUSABLE, text) from error
            return channel

    def _exit_status(self, link: paramiko.Transport, channel: paramiko.Channel) -> int | None:
        if not channel.status_event.wait(GRACE_S) or channel.exit_status < 0:
            if not link.is_active():
                raise self._broken("while the script ran")
            return None
        return channel.exit_status

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Cut the connection when the block lasts longer than ``seconds``."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    @contextmanager
    def _translated(self, stage: str, kinds: tuple[type[Exception], ...]) -> Iterator[None]:
        try:
            yield
        except TransportError:
            raise
        except paramiko.ssh_exception.IncompatiblePeer as error:
            text = f"{self._target.host} offers no secure SSH algorithms that we know; update its SSH server."
            raise TransportError(Reason.NO_COMMON_ALGORITHM, text) from error
        except kinds as error:
            raise self._broken(stage) from error

    def _broken(self, stage: str) -> TransportError:
        host = self._target.host
        if self._expired:
            text = f"{host} did not go on {stage}; check its load, its DNS and its SSH server."
            late = Reason.LOGIN_TIMEOUT if stage == "while logging in" else Reason.DEADLINE
            return TransportError(late, text, self._host_key)
        if self._wire is not None and self._wire.flooded:
            return TransportError(Reason.OUTPUT_FLOOD, f"{host} sent more bytes than allowed {stage}; look at it.")
        text = f"The connection to {host} broke off {stage}; look into the log of its SSH server."
        return TransportError(Reason.CLOSED_MIDWAY, text, self._host_key)

    def _expire(self) -> None:
        self._expired = True
        self._cut()

    def _cut(self) -> None:
        if self._wire is not None:
            with suppress(OSError):  # closed already
                self._wire.shutdown(2)

    def _hang_up(self) -> None:
        self._cut()
        if self._link is not None:
            self._link.packetizer.complete_handshake()  # ends the timer that paramiko keeps for it
            self._link.close()
            if self._link.is_alive():
                self._link.join(GRACE_S)
        if self._wire is not None:
            self._wire.close()
        self._link = None
