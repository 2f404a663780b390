"""What all reports for people show alike: scores in digits and colours, bars, times, and the style of the paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from importlib import resources
from zoneinfo import ZoneInfo

GRADES = {"good": "#2e9e5f", "fair": "#dc9a1e", "poor": "#cf3339", "none": "#a3acb8"}
BAR_WIDTH, RING = 640, 263.9


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of the bar of statuses; ``x`` and ``width`` in its units of 640."""

    status: str
    label: str
    fill: str
    number: int
    x: float
    width: float


def segments(counts: Mapping[str, int], statuses: Sequence[tuple[str, str, str]]) -> tuple[Segment, ...]:
    """Return the bar of ``counts``, {status: number}; ``statuses`` are (status, label, colour) in the bar's order."""
    whole, x, found = sum(counts.values()) or 1, 0.0, []
    for status, label, fill in statuses:
        width = counts.get(status, 0) / whole * BAR_WIDTH
        found.append(Segment(status, label, fill, counts.get(status, 0), round(x, 1), round(width, 1)))
        x += width
    return tuple(found)


def ring(score: float | None) -> dict[str, str]:
    """Return what reports/_ring.svg shows of ``score``."""
    arc = f"{(score or 0) / 100 * RING:.1f} {RING}"
    return {"score": number(score), "grade": grade(score), "ring": GRADES[grade(score)], "arc": arc}


def number(score: float | None) -> str:
    """Return ``score`` with one digit, cut off and not rounded: 89.96 is not yet 90.0."""
    if score is None:
        return "n/a"
    return "100" if score == 100 else str(Decimal(repr(float(score))).quantize(Decimal("0.1"), ROUND_FLOOR))


def share(part: float | None) -> str:
    """Return ``part``, 0.0 to 1.0, in per cent with one digit, cut off."""
    return "n/a" if part is None else f"{number(part * 100)} %"


def grade(score: float | None) -> str:
    """Return good (90 and more), fair (70 and more), poor, or none."""
    if score is None:
        return "none"
    return "good" if score >= 90 else "fair" if score >= 70 else "poor"


def stamp(at: datetime, zone: ZoneInfo) -> str:
    """Return a time with its offset and the zone's name."""
    return f"{at.astimezone(zone).isoformat(sep=' ', timespec='seconds')} ({zone.key})"


def paper_style() -> str:
    """Return the style sheet that all reports on paper begin with."""
    return (resources.files("organizations") / "templates" / "reports" / "paper.css").read_text()
