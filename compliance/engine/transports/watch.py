"""The clock of one run: when it has lasted too long, or been silent too long."""

from time import monotonic

from compliance.engine.transports.base import Limits, Reason, Target, TransportError
from compliance.engine.transports.shell import Dialogue


class Watch:
    """Starts with the run; ``heard`` is called whenever something came."""

    def __init__(self, target: Target, limits: Limits) -> None:
        self._host, self._limits = target.host, limits
        self._started = self._last = monotonic()

    def heard(self) -> None:
        """Begin the silence anew."""
        self._last = monotonic()

    @property
    def seconds(self) -> float:
        """Return how long the run has lasted."""
        return monotonic() - self._started

    @property
    def silence_s(self) -> float:
        """Return how long nothing has come."""
        return monotonic() - self._last

    def left_s(self, dialogue: Dialogue) -> float:
        """Return the seconds to the next limit: of the run, of silence, or until a shell answers.

        Raises TransportError when a limit has passed.
        """
        limits = self._limits
        total = limits.total_s - self.seconds
        if total <= 0:
            text = f"The script on {self._host} was not done after {limits.total_s:g} s; find what is slow there."
            raise TransportError(Reason.DEADLINE, text)
        if dialogue.privilege is None:
            login = limits.login_s - self.seconds
            if login <= 0:
                raise dialogue.explain_end(waited_s=limits.login_s)
            return min(total, login)
        idle = limits.idle_s - self.silence_s
        if idle <= 0:
            text = f"The script on {self._host} wrote nothing for {limits.idle_s:g} s; a command of it hangs there."
            raise TransportError(Reason.IDLE, text)
        return min(total, idle)
