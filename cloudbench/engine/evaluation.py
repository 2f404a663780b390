"""Evaluation: each check once on an inventory, as soon as all that it reads is there. Pure."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudbench.engine.findings import Finding, Status
from cloudbench.engine.inventory import Failure, Inventory, Part, Unread
from cloudbench.engine.plan import Plan, part_regions
from cloudbench.engine.registry import COLLECTIONS, EACH_REGION, Check, View

logger = logging.getLogger(__name__)

NOTHING = "Nothing to evaluate: there are no such resources in the scanned regions."
MOST_REASONS, MOST_REGIONS = 3, 3
REGION_MARK = "\0"


@dataclass(frozen=True)
class Outcome:
    """What one check says of the whole account. ``unread`` are the reads that failed and that it would have needed."""

    check_id: str
    status: Status
    reason: str
    findings: tuple[Finding, ...] = ()
    unread: tuple[Failure, ...] = ()

    @property
    def failed(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.passed]


def evaluate(check: Check, inventory: Inventory) -> Outcome:
    """Return the outcome of ``check``. FAIL if a resource fails, else ERROR if a read failed, else PASS.

    A check that breaks over an answer of an unexpected form is ERROR, whatever it has found before.
    """
    view = View(inventory, check.reads)
    findings: list[Finding] = []
    try:
        findings.extend(check.run(view))
    except Unread as error:
        view.unread[error.failure] = None
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        logger.exception("check.broke", extra={"check": check.id})
        words = f"AWS's answer has not the form that the check expects ({type(error).__name__}: {error})."
        return Outcome(check.id, Status.ERROR, words[:300])
    unread = tuple(view.unread)
    return Outcome(check.id, status_of(findings, unread), reason_of(findings, unread), tuple(findings), unread)


def status_of(findings: Iterable[Finding], unread: Iterable[Failure]) -> Status:
    """Return the one status of these findings, where some reads may have failed."""
    passed = [finding.passed for finding in findings]
    if not all(passed):
        return Status.FAIL
    if any(True for _ in unread):
        return Status.ERROR
    return Status.PASS if passed else Status.SKIP


def reason_of(findings: list[Finding], unread: tuple[Failure, ...]) -> str:
    """Return the sentences that explain the status; "" where the findings do."""
    if not unread:
        return "" if findings else NOTHING
    told = [said_once(words, regions) for words, regions in by_words(unread).items()]
    more = f" And {len(told) - MOST_REASONS} more." if len(told) > MOST_REASONS else ""
    return " ".join(told[:MOST_REASONS]) + more


def by_words(failures: Iterable[Failure]) -> dict[str, list[str]]:
    """Return {words with a mark where the region stands: the regions}: the same trouble in many regions is one."""
    grouped: dict[str, list[str]] = {}
    for failure in failures:
        words = failure.words.replace(failure.region, REGION_MARK) if failure.region else failure.words
        regions = grouped.setdefault(words, [])
        if failure.region not in regions:
            regions.append(failure.region)
    return grouped


def said_once(words: str, regions: list[str]) -> str:
    shown = ", ".join(regions[:MOST_REGIONS])
    more = f" and {len(regions) - MOST_REGIONS} more regions" if len(regions) > MOST_REGIONS else ""
    return words.replace(REGION_MARK, shown + more)


class Evaluation:
    """Evaluates the checks of a plan while parts arrive, and frees collections that nothing reads any more."""

    def __init__(self, plan: Plan, inventory: Inventory) -> None:
        self._inventory = inventory
        self._missing = {
            check.id: {
                (name, region)
                for name in check.reads
                if name != EACH_REGION
                for region in part_regions(COLLECTIONS[name], inventory.regions)
                if not inventory.has(name, region)
            }
            for check in plan.checks
        }
        self._checks = {check.id: check for check in plan.checks}
        self._waiting_for: dict[tuple[str, str], list[str]] = {}
        for check_id, missing in self._missing.items():
            for part in missing:
                self._waiting_for.setdefault(part, []).append(check_id)
        self._readers = {name: set(ids) for name, ids in plan.readers.items()}

    def begin(self) -> Iterator[Outcome]:
        """Yield the outcomes of checks for which everything is there already."""
        for check_id in [check_id for check_id, missing in self._missing.items() if not missing]:
            yield self._outcome(check_id)

    def absorb(self, part: Part) -> Iterator[Outcome]:
        """Yield the outcomes of the checks that waited only for ``part``, which is in the inventory."""
        ident = (part.collection, part.region)
        for check_id in self._waiting_for.pop(ident, []):
            missing = self._missing.get(check_id)
            if missing is not None:
                missing.discard(ident)
                if not missing:
                    yield self._outcome(check_id)

    def _outcome(self, check_id: str) -> Outcome:
        check = self._checks[check_id]
        outcome = evaluate(check, self._inventory)
        del self._missing[check_id]
        for name in check.reads:
            readers = self._readers.get(name, set())
            readers.discard(check_id)
            if not readers:
                self._inventory.forget(name)
        return outcome
