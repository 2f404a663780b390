"""Due times: when a host is scanned again after a scan was asked for, ended well, or failed."""

from datetime import datetime, timedelta
from zlib import crc32

from compliance.engine.transports.base import Reason
from compliance.models import Host, Policy, Scan, Stream

TICK = timedelta(minutes=30)
"""Between two ticks of the scheduler; config/schedule.py has beat keep to it."""
SPREAD = 0.05
"""Share of the interval over which the hosts' due times are spread."""
PUNCTUAL = timedelta(hours=1)
"""A host that is scanned no later than this, or half an interval, keeps the time of day of its scans."""
LONGEST_BACK_OFF = timedelta(hours=24)
PASSING = frozenset({
    Reason.NAME_NOT_FOUND, Reason.NO_ROUTE, Reason.CONNECTION_REFUSED, Reason.CONNECT_TIMEOUT, Reason.NOT_SSH,
    Reason.TOO_MANY_SESSIONS, Reason.LOGIN_TIMEOUT, Reason.DEADLINE, Reason.IDLE, Reason.CLOSED_MIDWAY, "worker_lost",
})  # fmt: skip
"""Error codes of what may have passed at the next attempt. All others need a person; they wait for the next round."""


def interval_of(policy: Policy) -> timedelta:
    return timedelta(hours=policy.scan_interval_hours)


def jitter(host_id: int, interval: timedelta) -> timedelta:
    """Return by how much the due times of this host are put off; it is always the same."""
    return interval * SPREAD * (crc32(b"%d" % host_id) / 2**32)


def a_round_after(at: datetime, host_id: int, interval: timedelta) -> datetime:
    return at + interval + jitter(host_id, interval)


def back_off(misses: int, interval: timedelta) -> timedelta:
    """Return how long to wait after ``misses`` attempts in a row that failed: 30 min, 1 h, 2 h and so on, bounded."""
    return min(TICK * 2 ** min(misses - 1, 10), interval, LONGEST_BACK_OFF)


def next_round(stream: Stream, interval: timedelta, now: datetime) -> datetime:
    """Return when ``stream``, whose time has come, is due again if all goes well.

    A punctual host keeps its time of day, so that nothing drifts. One that is scanned late, or for the first time,
    starts anew from ``now``: missed rounds do not pile up, and hosts that came together are spread out.
    """
    late = now - stream.due_at if stream.due_at else interval
    if stream.scanned_at is None or late > min(PUNCTUAL, interval / 2):
        return a_round_after(now, stream.host_id, interval)
    return now - late + interval


def next_try(stream: Stream, interval: timedelta, now: datetime) -> datetime:
    """Return when a host that did not answer is tried again, should this attempt be lost."""
    return now + back_off(stream.misses + 1, interval)


def note_end(*, scan: Scan, now: datetime) -> None:
    """Set when the host of ``scan``, which has just ended and says how, is due again; only a policy's own scans do.

    A good scan that the clock asked for leaves the time that was set then; any other good one counts as that round. A
    failure that may pass is tried again with growing pauses. Any other failure waits for the next round: a login that
    is refused is not tried every half hour until the account is locked.
    """
    if scan.stream_id is None or scan.scan_type == Scan.Type.RE_EVALUATION:
        return
    stream = Stream.objects.primary().select_related("policy").filter(pk=scan.stream_id).first()
    if stream is None or stream.policy is None:
        return
    interval = interval_of(stream.policy)
    if scan.status == Scan.Status.FAILED and scan.error_code in PASSING:
        misses = min(stream.misses + 1, 1000)
        Stream.objects.filter(pk=stream.pk).update(misses=misses, due_at=now + back_off(misses, interval))
    elif scan.status in (Scan.Status.COMPLETED, Scan.Status.FAILED):
        due_at = stream.due_at if keeps_its_time(stream, scan, now) else a_round_after(now, stream.host_id, interval)
        Stream.objects.filter(pk=stream.pk).update(misses=0, due_at=due_at)


def keeps_its_time(stream: Stream, scan: Scan, now: datetime) -> bool:
    """Return whether the time at which ``stream`` is due stays as it was set when ``scan`` was asked for."""
    if stream.due_at is None or stream.misses:
        return False
    if scan.scan_type == Scan.Type.SCHEDULED:
        return stream.due_at > now
    return scan.status == Scan.Status.FAILED


def note_reachable(*, host: Host, now: datetime) -> None:
    """Have the next tick scan ``host``, which answers again, instead of waiting for the end of its pause."""
    Stream.objects.primary().filter(host=host, misses__gt=0, due_at__gt=now).update(due_at=now)
