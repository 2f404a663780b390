"""The CSV export between a query string and a download."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

from compliance.selectors.csv_export import COLUMNS, Wanted
from compliance.selectors.dashboard import SEVERITIES
from organizations.errors import Invalid
from organizations.reports.csv import MEDIA_TYPE, Cell, csv_of
from organizations.web.problems import NO_SUCH_ROW

STATUSES = ("fail", "error", "waived", "pass", "skip")


def wanted(asked: Any) -> Wanted:
    """Return what a query string asks for: ``status`` and ``severity`` (several), ``check``, ``policy``, ``host``,
    ``host_group``. Raises Invalid naming the field.
    """
    return Wanted(
        statuses=chosen("status", asked.getlist("status"), STATUSES),
        severities=chosen("severity", asked.getlist("severity"), SEVERITIES),
        check_id=asked.get("check", "").replace("\0", "")[:80],
        policy_id=id_in("policy", asked),
        host_id=id_in("host", asked),
        host_group_id=id_in("host_group", asked),
    )


def chosen(field: str, values: Sequence[str], offered: Sequence[str]) -> frozenset[str]:
    """Return the values of a field that may come several times, or once with commas. Raises Invalid for another one."""
    words = {word.strip() for value in values for word in value.split(",") if word.strip()}
    if words - set(offered):
        raise Invalid({field: f"Choose among {', '.join(offered)}."})
    return frozenset(words)


def id_in(field: str, asked: Any) -> int | None:
    """Return the id in a field; an id of nothing, or of another organization's row, finds no rows."""
    text = asked.get(field, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid({field: NO_SUCH_ROW})
    return int(text)


def download(rows: Iterable[Sequence[Cell]], now: datetime) -> StreamingHttpResponse:
    """Return ``rows`` as a file that is sent while it is read."""
    response = StreamingHttpResponse(csv_of(COLUMNS, rows), content_type=MEDIA_TYPE)
    response["Content-Disposition"] = f'attachment; filename="compliance-{now:%Y-%m-%d}.csv"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Accel-Buffering"] = "no"
    return response
