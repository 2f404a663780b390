"""From what clocks on the wall show to the moment at which they show it, across changes of the clock. Pure."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when clocks in ``zone`` show ``wall`` for the first time, or pass it by being put forward; in UTC."""
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    return _moment_of_change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), found, zone)


def _moment_of_change(before: datetime, behind: datetime, zone: ZoneInfo) -> datetime:
    """Return the second at which the offset of ``zone`` becomes what it is ``behind``."""
    offset = behind.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(behind.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)
