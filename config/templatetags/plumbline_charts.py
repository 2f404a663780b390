"""Small charts as SVG made on the server: every mark has presentation attributes, and a table or list is their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import NotRequired, Protocol, TypedDict

from django import template

from config.templatetags.plumbline_ui import shown

register = template.Library()

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 34, 10, 10, 24
BASE = HEIGHT - BOTTOM
LABELS_ON_AXIS = 7


class Day(TypedDict):
    """One day of a line chart; scores from 0.0 to 100.0, None where nothing was measured."""

    date: date | str
    avg: float | None
    min: NotRequired[float | None]
    max: NotRequired[float | None]


class Bar(TypedDict):
    """One named amount of a bar chart, with a link where there is a page for it."""

    label: str
    value: float | None
    url: NotRequired[str]


Point = tuple[float, float] | None


@dataclass(frozen=True)
class Axis:
    """A linear scale from ``low`` to 100 with a few round ticks."""

    low: float
    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        """Return the height of ``value`` in SVG units, 0 at the top."""
        return round(BASE - (value - self.low) / (100 - self.low) * (BASE - TOP), 1)


def score_axis(lowest: float) -> Axis:
    """Choose a scale up to 100 that holds ``lowest`` and is at least 20 points high."""
    step = 10 if lowest >= 60 else 20 if lowest >= 20 else 25
    low = min(80.0, lowest // step * step)
    return Axis(low, tuple(low + step * n for n in range(int((100 - low) / step) + 1)))


def path(points: Sequence[Point]) -> str:
    """Join points to an SVG path; None is a gap, for a day without scans is not a score of zero.

    A point between gaps is a line of no length, which round ends draw as a dot.
    """
    parts, pen_is_down = [], False
    for point, following in zip_longest(points, points[1:]):
        if point is not None:
            alone = not pen_is_down and following is None
            parts.append(f"{'L' if pen_is_down else 'M'}{point[0]} {point[1]}{' h0' if alone else ''}")
        pen_is_down = point is not None
    return " ".join(parts)


def band(days: Sequence[Day], xs: Sequence[float], axis: Axis) -> str:
    """Draw the area between lowest and highest, one closed shape for each unbroken run of days."""
    shapes: list[str] = []
    upper: list[Point] = []
    lower: list[Point] = []
    for day, x in [*zip(days, xs, strict=True), (Day(date="", avg=None), 0.0)]:
        low, high = day.get("min"), day.get("max")
        if low is not None and high is not None:
            upper.append((x, axis.y(high)))
            lower.append((x, axis.y(low)))
        elif upper:
            shapes.append(path([*upper, *reversed(lower)]) + " Z")
            upper, lower = [], []
    return " ".join(shapes)


def day_text(day: date | str) -> str:
    """Write a day short enough for an axis: ``4 Nov``."""
    return f"{day.day} {day:%b}" if isinstance(day, date) else day


@register.inclusion_tag("_line_chart.html")
def line_chart(days: Sequence[Day], title: str, threshold: float | None = None) -> dict[str, object]:
    """Draw daily average scores, in order of date, with their range where ``min`` and ``max`` are given."""
    known = [value for day in days for value in (day["avg"], day.get("min"), day.get("max")) if value is not None]
    axis = score_axis(min(known, default=80.0))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(days) - 1)
    xs = [round(LEFT + n * step, 1) if len(days) > 1 else WIDTH / 2 for n in range(len(days))]
    points: list[Point] = [
        None if day["avg"] is None else (x, axis.y(day["avg"])) for day, x in zip(days, xs, strict=True)
    ]
    every = max(1, -(-len(days) // LABELS_ON_AXIS))
    marks = [
        {
            "x": x,
            "y": point[1] if point else None,
            "label": day_text(day["date"]),
            "on_axis": n % every == 0,
            "left": round(x - step / 2, 1),
            "avg": shown(day["avg"]).text,
            "min": shown(day.get("min")).text,
            "max": shown(day.get("max")).text,
            "alone": not any(points[max(0, n - 1) : n] + points[n + 1 : n + 2]),
        }
        for n, (day, x, point) in enumerate(zip(days, xs, points, strict=True))
    ]
    return {
        "title": title,
        "frame": {
            "width": WIDTH,
            "height": HEIGHT,
            "left": LEFT,
            "right": WIDTH - RIGHT,
            "top": TOP,
            "base": BASE,
            "step": round(step, 1),
        },
        "ticks": [{"y": axis.y(tick), "text": f"{tick:g}"} for tick in axis.ticks],
        "threshold": threshold,
        "threshold_y": axis.y(threshold) if threshold is not None and threshold >= axis.low else None,
        "line": path(points),
        "band": band(days, xs, axis),
        "marks": marks,
        "drawn": [mark for mark in marks if mark["y"] is not None],
    }


@register.inclusion_tag("_bar_chart.html")
def bar_chart(rows: Sequence[Bar], title: str, unit: str = "", scores: bool = False) -> dict[str, object]:
    """Draw named amounts as bars; ``scores`` colours by grade and makes 100 the full width, else the largest is."""
    full = 100.0 if scores else max((row["value"] or 0 for row in rows), default=0) or 1.0
    bars = []
    for row in rows:
        value = row["value"]
        mark = shown(value)
        text = mark.text if scores or value is None else f"{value:g}{unit}"
        bars.append(
            {
                "label": row["label"],
                "url": row.get("url", ""),
                "grade": mark.grade if scores else "plain",
                "text": text,
                "width": f"{100 * (value or 0) / full:.2f}",
            }
        )
    return {"title": title, "bars": bars}


class Change(Protocol):
    """One part of a movement: ``points`` up or down, ``url`` of its detail or empty."""

    @property
    def title(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def points(self) -> float: ...
    @property
    def url(self) -> str: ...


@register.inclusion_tag("_change_chart.html")
def change_chart(rows: Sequence[Change], before: float, after: float, title: str) -> dict[str, object]:
    """Draw what moved a score from ``before`` to ``after`` as a fall of bars, each beginning where the last ended."""
    at, levels = before, [before, after]
    for row in rows:
        at += row.points
        levels.append(at)
    low, high = min(levels), max(levels)
    scale = 100 / max(high - low, 0.1)
    bars, at = [], before
    for row in rows:
        begin, at = at, at + row.points
        bars.append(
            {
                "row": row,
                "points": signed(row.points),
                "kind": "up" if row.points > 0 else "down",
                "x": f"{(min(begin, at) - low) * scale:.2f}",
                "width": f"{max(abs(row.points) * scale, 0.4):.2f}",
            }
        )
    ends = {"before_x": f"{(before - low) * scale:.2f}", "after_x": f"{(after - low) * scale:.2f}"}
    return {"title": title, "bars": bars, "before": before, "after": after, "moved": signed(after - before), **ends}


@register.filter
def signed(points: float | None) -> str:
    """Write points with their sign and two digits: ``+1.25`` or ``-0.40``."""
    return "n/a" if points is None else f"{points:+.2f}".replace("-", "\N{MINUS SIGN}")


@register.inclusion_tag("_sparkline.html")
def sparkline(values: Sequence[float | None], label: str) -> dict[str, object]:
    """Draw a run of scores as a line the size of a word; ``label`` says in words what it shows."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=100.0)
    spread = max(high - low, 5.0)
    step = 96 / max(1, len(values) - 1)
    points: list[Point] = [
        None if value is None else (round(n * step, 1), round(21 - 18 * (value - low) / spread, 1))
        for n, value in enumerate(values)
    ]
    return {"path": path(points), "label": label}
