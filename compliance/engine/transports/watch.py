"""The clock of one run: when it has lasted too long, or been silent too long."""

from time import monotonic

from compliance.engine.transports.base import Limits, Reason, Target, TransportError


class Watch:
    """Starts with the run; ``heard`` is called for every byte that came."""

    def __init__(self, target: Target, limits: Limits) -> None:
        self._target, self._limits = target, limits
        self._started = self._last = monotonic()

    def heard(self) -> None:
        self._last = monotonic()

    @property
    def seconds(self) -> float:
        return monotonic() - self._started

    @property
    def silence_s(self) -> float:
        return monotonic() - self._last

    def left_s(self, *, answered: bool) -> float:
        """Return the seconds to the next limit; ``answered`` says that the shell stands. Raises TransportError then."""
        host, limits = self._target.host, self._limits
        total = limits.total_s - self.seconds
        if total <= 0:
            text = (
                f"The script on {host} was not done after {limits.total_s:g} s; find what is slow or raise the limit."
            )
            raise TransportError(Reason.DEADLINE, text)
        silent = (limits.idle_s - self.silence_s) if answered else (limits.login_s - self.seconds)
        if silent <= 0 and answered:
            text = f"The script on {host} wrote nothing for {limits.idle_s:g} s; a command of it hangs there."
            raise TransportError(Reason.IDLE, text)
        if silent <= 0:
            text = (
                f"No shell answered on {host} within {limits.login_s:g} s;"
                f" the login shell of {self._target.user}, or sudo, waits for an answer (give the user a normal shell)."
            )
            raise TransportError(Reason.LOGIN_SHELL_UNUSABLE, text)
        return min(total, silent)
