"""The filters and columns of the table of hosts, as its query string names them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from compliance.models import Host
from compliance.selectors.hosts import failing
from organizations.models.organizations import Organization
from organizations.web.lists import searched, wanted_id
from templates_app.models.templates import OsType

COLUMNS = {
    "hostname": "hostname", "policy": "posture__policy", "scanned": "posture__scanned_at", "due": "posture__due_at",
    "failed": "posture__failed", "score": "posture__score",
}  # fmt: skip
STATES = (("online", "Online"), ("unreachable", "Unreachable"), ("retired", "Retired"))
BANDS = (
    ("90", "90 and more", Q(posture__score__gte=90)),
    ("70", "70 to 90", Q(posture__score__gte=70, posture__score__lt=90)),
    ("50", "50 to 70", Q(posture__score__gte=50, posture__score__lt=70)),
    ("0", "Below 50", Q(posture__score__lt=50)),
    ("none", "No score", Q(posture__score=None)),
    ("incomplete", "Incomplete", Q(posture__incomplete=True)),
)
"""Value, words and condition of each choice of the filter by score; the lower bound belongs to a band."""
NO_POLICY = "none"
FILTERS = ("q", "policy", "os", "group", "framework", "score", "state", "check")


@dataclass(frozen=True)
class Choices:
    """What the filters of the table offer: [(value, words)] each."""

    os_types: tuple[tuple[str, str], ...] = tuple(OsType.choices)
    states: tuple[tuple[str, str], ...] = STATES
    bands: tuple[tuple[str, str], ...] = tuple((value, words) for value, words, _ in BANDS)


def narrowed(rows: QuerySet[Host], asked: QueryDict, organizations: QuerySet[Organization]) -> QuerySet[Host]:
    """Return those of ``rows``, of ``with_posture``, that the query string asks for; what it cannot mean is ignored."""
    rows = in_state(searched(rows, asked.get("q", ""), ["hostname", "address"]), asked.get("state", ""))
    for name, condition in CONDITIONS.items():
        if (wanted := text_of(asked, name)) and (found := condition(wanted)) is not None:
            rows = rows.filter(found)
    check_id = text_of(asked, "check")
    return failing(rows, check_id, organizations) if check_id else rows


def text_of(asked: QueryDict, name: str) -> str:
    return asked.get(name, "")[:120].replace("\0", "")


def in_state(rows: QuerySet[Host], state: str) -> QuerySet[Host]:
    """Return the hosts that are online, unreachable or retired, else all in service."""
    if state == "retired":
        return rows.exclude(retired_at=None)
    in_service = rows.filter(retired_at=None)
    reachable = Q(connection=Host.Connection.LOCAL) | Q(unreachable_since=None)
    if state == "online":
        return in_service.filter(reachable)
    return in_service.exclude(reachable) if state == "unreachable" else in_service


def under_policy(wanted: str) -> Q | None:
    if wanted == NO_POLICY:
        return Q(posture=None)
    return by_id("posture__policy")(wanted)


def by_id(path: str) -> Callable[[str], Q | None]:
    """Return what makes the condition that ``path`` leads to the row whose id is written."""

    def condition(wanted: str) -> Q | None:
        pk = wanted_id(wanted)
        return None if pk is None else Q(**{path: pk})

    return condition


def of_os(wanted: str) -> Q | None:
    return Q(os_type=wanted) if wanted in OsType.values else None


def in_band(wanted: str) -> Q | None:
    return next((condition for value, _, condition in BANDS if value == wanted), None)


CONDITIONS: Mapping[str, Callable[[str], Q | None]] = {
    "policy": under_policy,
    "os": of_os,
    "group": by_id("groups"),
    "framework": lambda wanted: Q(posture__template__framework=wanted),
    "score": in_band,
}


def is_narrowed(asked: QueryDict) -> bool:
    return any(asked.get(name) for name in FILTERS)


def told_by_toast(level: str, message: str) -> dict[str, Any]:
    """Return the event that has the page show ``message``, for the header HX-Trigger."""
    return {"toast": {"level": level, "message": message}}
