"""How fast one service in one region is called: a cap in calls per second that halves when AWS throttles, and recovers.

It is kept well below AWS's quotas, for the account's own work shares them. Times are seconds of a monotonic clock.
"""

from dataclasses import dataclass

CALLS_PER_S = 50.0
OTHER_CALLS_PER_S = {
    "account": 5.0,
    "cloudfront": 20.0,
    "cloudtrail": 10.0,
    "iam": 20.0,
    "kms": 200.0,
    "organizations": 10.0,
    "s3": 300.0,
    "ssm": 20.0,
}
"""Caps of services with smaller or larger quotas: about a half of what AWS documents or users report."""
LEAST_CALLS_PER_S = 0.5
BURST_S = 1.0
"""So long a pause of calls can be caught up with."""
GROWTH = 0.02
"""Share of the cap by which each good answer raises the rate."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 20.0


@dataclass
class Pace:
    """The rate at which one service in one region is called. ``cap``: calls per second at most."""

    cap: float
    rate: float = 0.0
    next_at: float = 0.0
    throttled_in_a_row: int = 0

    def __post_init__(self) -> None:
        """Begin at the cap."""
        self.rate = self.rate or self.cap

    def take(self, now: float) -> None:
        """Account for a call that is made ``now``."""
        self.next_at = max(self.next_at, now - BURST_S) + 1.0 / self.rate

    def went_well(self) -> None:
        """Recover a little, up to the cap."""
        self.throttled_in_a_row = 0
        self.rate = min(self.cap, self.rate + self.cap * GROWTH)

    def was_throttled(self, now: float) -> None:
        """Halve the rate and pause: twice as long each time in a row."""
        self.rate = max(LEAST_CALLS_PER_S, self.rate / 2)
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self.throttled_in_a_row)
        self.throttled_in_a_row = min(self.throttled_in_a_row + 1, 10)
        self.next_at = max(self.next_at, now + pause)


def cap_of(service: str, caps: dict[str, float]) -> float:
    """Return the cap of ``service``: its own in ``caps``, else the shipped one, held to ``caps``' default."""
    if service in caps:
        return caps[service]
    shipped = OTHER_CALLS_PER_S.get(service, CALLS_PER_S)
    return min(shipped, caps["default"]) if "default" in caps else shipped
