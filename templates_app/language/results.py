"""Results: the verdict on one check for one host, with what was expected, found and where."""

from enum import StrEnum
from typing import NamedTuple

from templates_app.language.observations import Evidence


class Status(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"
    WAIVED = "waived"


class SkipReason(StrEnum):
    NONE = ""
    NOT_APPLICABLE = "not_applicable"
    MANUAL = "manual"
    DISABLED = "disabled"
    EXEMPTED = "exempted"
    PREREQUISITE = "prerequisite"


class Result(NamedTuple):
    """``expected`` and ``actual`` are never empty; ``message`` says why an error or a skip is one."""

    check_id: str
    status: Status
    expected: str
    actual: str
    evidence: tuple[Evidence, ...] = ()
    skip_reason: SkipReason = SkipReason.NONE
    message: str = ""
