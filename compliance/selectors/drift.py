"""Drift: what changed between two scans of one host, check by check, with values, since when and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Q

from compliance.models import CheckState, Scan
from compliance.selectors.results import read_results
from templates_app.language.checks import Check
from templates_app.language.results import Result, Status
from templates_app.language.templates import compiled_template


class Kind(StrEnum):
    NEWLY_FAILING = "newly_failing"
    FIXED = "fixed"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


class Cause(StrEnum):
    """Why a result differs: an exception, the template, the rights of the login, the host, or this product itself."""

    EXCEPTION = "exception"
    TEMPLATE = "template"
    RIGHTS = "rights"
    HOST = "host"
    PRODUCT = "product"


class Seen(NamedTuple):
    """What one scan says of one check; evidence is left out, for a line that moves in a file is no change."""

    status: Status
    skip_reason: str
    expected: str
    actual: str
    message: str


@dataclass(frozen=True)
class Change:
    """One check whose result differs. ``before`` is None for an added check, ``after`` for a removed one.

    ``since`` is when the status that ``after`` has began in its stream, None where that is not known.
    """

    check_id: str
    before: Seen | None
    after: Seen | None
    title: str = ""
    severity: str = ""
    cause: Cause | None = None
    since: datetime | None = None

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return Kind.ADDED
        if self.after is None:
            return Kind.REMOVED
        if self.after.status is Status.FAIL and self.before.status is not Status.FAIL:
            return Kind.NEWLY_FAILING
        if self.before.status is Status.FAIL and self.after.status is Status.PASS:
            return Kind.FIXED
        return Kind.CHANGED

    @property
    def status_changed(self) -> bool:
        return self.before is None or self.after is None or self.before.status is not self.after.status


@dataclass(frozen=True)
class Drift:
    """What differs, in the order of check ids, and how many checks say the same in both."""

    changes: tuple[Change, ...]
    unchanged: int

    def of(self, kind: Kind) -> list[Change]:
        return [change for change in self.changes if change.kind is kind]


# --- On results alone -------------------------------------------------------------------------------------------------


def drift(before: Sequence[Result], after: Sequence[Result]) -> Drift:
    """Compare two lists of results, each in any order. Raises ValueError when a check id occurs twice in one."""
    was, became = seen(before), seen(after)
    every = sorted(was.keys() | became.keys())
    changes = [Change(one, was.get(one), became.get(one)) for one in every if was.get(one) != became.get(one)]
    return Drift(tuple(changes), len(every) - len(changes))


def seen(results: Sequence[Result]) -> dict[str, Seen]:
    """Return {check id: what is said of it}."""
    found = {one.check_id: Seen(one.status, one.skip_reason, one.expected, one.actual, one.message) for one in results}
    if len(found) != len(results):
        raise ValueError("A check id occurs twice.")
    return found


# --- Between two scans ------------------------------------------------------------------------------------------------


def drift_between(before: Scan, after: Scan) -> Drift:
    """Compare two completed scans of one host, in any streams; each change has its title, cause and since when."""
    found = drift(results_of(before), results_of(after))
    was, became = checks_of(before), checks_of(after)
    begun = began([change.check_id for change in found.changes], after)
    told = (told_of(change, before, after, was, became, begun) for change in found.changes)
    return replace(found, changes=tuple(told))


def results_of(scan: Scan) -> list[Result]:
    return read_results(scan.results) if scan.results is not None else []


def checks_of(scan: Scan) -> dict[str, Check]:
    compiled = compiled_template(scan.template_sha256, scan.template.document, scan.benchmark, scan.profile)
    return {one.check.id: one.check for one in compiled.selected}


def told_of(
    change: Change, before: Scan, after: Scan, was: Mapping[str, Check], became: Mapping[str, Check],
    begun: Mapping[str, datetime],
) -> Change:  # fmt: skip
    check = became.get(change.check_id) or was[change.check_id]
    since = begun.get(change.check_id) if change.status_changed else None
    same_check = was.get(change.check_id) == became.get(change.check_id)
    cause = cause_of(change, before, after, same_check=same_check)
    return replace(change, title=check.title, severity=check.severity, cause=cause, since=since)


def cause_of(change: Change, before: Scan, after: Scan, *, same_check: bool) -> Cause:
    """Return why ``change`` came about: the first that applies of exception, template, rights, host and product."""
    was, became = change.before, change.after
    if was is None or became is None:
        return Cause.TEMPLATE
    if Status.WAIVED in (was.status, became.status) and change.status_changed:
        return Cause.EXCEPTION
    if not same_check or was.expected != became.expected:
        return Cause.TEMPLATE
    if Status.ERROR in (was.status, became.status) and before.privilege != after.privilege:
        return Cause.RIGHTS
    return Cause.PRODUCT if before.snapshot_id == after.snapshot_id else Cause.HOST


def began(check_ids: Sequence[str], scan: Scan) -> dict[str, datetime]:
    """Return {check id: when the status that it has in ``scan`` began}, as the stream of ``scan`` has it."""
    if scan.stream_id is None or scan.finished_at is None:
        return {}
    at = CheckState.objects.filter(stream=scan.stream_id, valid_from__lte=scan.finished_at)
    then = at.filter(Q(valid_to=None) | Q(valid_to__gt=scan.finished_at), check_id__in=check_ids)
    return dict(then.order_by("valid_from").values_list("check_id", "valid_from"))


def comparable(host_id: int, scan_ids: Sequence[int]) -> dict[int, Scan]:
    """Return those of ``scan_ids`` that are completed scans of the host, by id, with all that comparing reads."""
    rows = Scan.objects.filter(pk__in=scan_ids, host=host_id, status=Scan.Status.COMPLETED)
    names = ("template", "results", "organization", "stream", "host", "snapshot")
    return {scan.pk: scan for scan in rows.select_related(*names)}
