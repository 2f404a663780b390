"""Collecting: a claimed snapshot is collected and evaluated, part by part, or ends with the reason why not."""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Any

from django.conf import settings

from cloudbench.engine import checks, collectors  # noqa: F401 - registers all
from cloudbench.engine.calls import Caller
from cloudbench.engine.collect import Cancelled, Collecting
from cloudbench.engine.evaluation import Evaluation
from cloudbench.engine.inventory import Account, Data, Failure, FailureKind, Inventory, Part
from cloudbench.engine.plan import BEFORE_ALL, Plan, plan_for
from cloudbench.engine.session import CallFailed, Denied, Session, enabled_regions, whoami
from cloudbench.models import CloudAccount, Snapshot
from cloudbench.selectors.findings import all_parts, own_parts
from cloudbench.services import custom_controls, run_claims, run_outcomes
from cloudbench.services.recording import Recording
from cloudbench.services.sessions import home_of, session_for
from organizations.services.claims import Clock, LostClaim, owner_name

logger = logging.getLogger(__name__)


class CollectionFailed(Exception):
    """The account cannot be collected at all; ``code`` for machines, the message for users."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def drain(*, clock: Clock) -> int:
    """Perform pending collections until none is left; return how many."""
    done, owner = 0, owner_name()
    while snapshot := run_claims.claim_next(owner=owner, now=clock()):
        perform(snapshot=snapshot, clock=clock)
        done += 1
    return done


def perform(*, snapshot: Snapshot, clock: Clock) -> None:
    """Bring the claimed ``snapshot`` and its runs to their end, whatever happens; never raises for what AWS does."""
    try:
        collect(snapshot, clock)
    except Cancelled:
        run_outcomes.cancelled(snapshot=snapshot, now=clock())
    except LostClaim:
        logger.warning("cloud.claim_lost", extra={"snapshot_id": snapshot.pk})
    except CollectionFailed as failure:
        run_claims.fail(snapshot, run_claims.held(snapshot), code=failure.code, words=str(failure), now=clock())
    except Exception:
        logger.exception("cloud.broke", extra={"snapshot_id": snapshot.pk})
        words = "An error of the product itself ended this run; its log names it. Please report it."
        run_claims.fail(snapshot, run_claims.held(snapshot), code="internal_error", words=words, now=clock())
    logger.info("cloud.ended", extra={"snapshot_id": snapshot.pk})


def collect(snapshot: Snapshot, clock: Clock) -> None:
    begun = monotonic()
    caller: Caller
    if snapshot.base is not None:
        inventory, closed = surroundings_of(snapshot.base, snapshot)
        caller, before = LateSession(snapshot.account), 0
    else:
        caller = session = opened(snapshot.account)
        inventory, closed = surroundings(snapshot, session, clock())
        before = len(BEFORE_ALL)
    recording = Recording(snapshot, inventory, closed, clock)
    plan = plan_for(recording.check_ids)
    have = parts_before(snapshot, plan)
    recording.begin(plan, have, begun=begun, calls=before)
    collecting = Collecting(
        plan, caller, inventory=inventory, closed=closed, have=have,
        concurrency=settings.CLOUD_CONCURRENCY, caps=caps_of(snapshot.account), cancelled=recording.unwanted,
    )  # fmt: skip
    recording.tally = collecting.tally
    evaluation = Evaluation(plan, inventory)
    recording.take_outcomes(evaluation.begin())
    for part in collecting:
        recording.take(part, evaluation.absorb(part))
    recording.flush()
    custom_controls.evaluate_all(snapshot, between=recording.flush)
    run_outcomes.complete(snapshot=snapshot, now=clock())


class LateSession:
    """A session that is opened with the first call: none is made where fresh facts tell everything."""

    def __init__(self, account: CloudAccount) -> None:
        self._account = account
        self._opening = Lock()
        self.home = home_of(account)

    def call(self, operation: str, region: str, params: Data) -> Data:
        return self._session.call(operation, region, params)

    def next_page_rule(self, operation: str) -> Mapping[str, Any] | None:
        return self._session.next_page_rule(operation)

    def offers(self, service: str, region: str) -> bool:
        return self._session.offers(service, region)

    @cached_property
    def _opened(self) -> Session:
        return session_for(self._account)

    @property
    def _session(self) -> Session:
        with self._opening:
            return self._opened


def surroundings_of(base: Snapshot, snapshot: Snapshot) -> tuple[Inventory, dict[str, Failure]]:
    """Return an empty inventory of the same account, regions and time as ``base``, and why regions were closed then."""
    account = Account(snapshot.account.account_id, base.partition)
    closed = {region: Failure(FailureKind.REGION, words, "", region) for region, words in base.closed_regions.items()}
    assert base.collected_at is not None
    return Inventory(account=account, regions=base.regions, at=base.collected_at), closed


def opened(account: CloudAccount) -> Session:
    """Return a session of ``account``. Raises CollectionFailed when its credentials are not accepted."""
    try:
        return session_for(account)
    except CallFailed as error:
        raise CollectionFailed("credentials", f"AWS did not let us in: {error}.") from error


def surroundings(snapshot: Snapshot, session: Session, now: datetime) -> tuple[Inventory, dict[str, Failure]]:
    """Find out whose account it is and which regions to scan; return an empty inventory, and why regions are closed."""
    found = identified(session)
    if found.id != snapshot.account.account_id:
        words = f"These credentials lead into the account {found.id}, not into {snapshot.account.account_id}."
        raise CollectionFailed("wrong_account", words)
    regions, closed = regions_to_scan(session, found.partition, snapshot.regions_asked)
    return Inventory(account=found, regions=regions, at=snapshot.collected_at or now), closed


def identified(session: Session) -> Account:
    """Return the account that ``session`` leads into. Raises CollectionFailed when AWS does not let us in."""
    try:
        return whoami(session)
    except CallFailed as error:
        raise CollectionFailed("credentials", f"AWS did not let us in: {error}.") from error


def regions_to_scan(session: Session, partition: str, asked: list[str]) -> tuple[list[str], dict[str, Failure]]:
    """Return the regions to scan, sorted, and the reason for each that is asked for and not enabled.

    Where DescribeRegions is not permitted, every region is tried; a probe then tells those that are closed.
    """
    try:
        enabled = enabled_regions(session)
    except Denied:
        enabled = dict.fromkeys(session.regions_of(partition), True)
    except CallFailed as error:
        raise CollectionFailed("aws", f"The regions cannot be read: {error}.") from error
    regions = sorted(asked or [region for region, may in enabled.items() if may])
    closed = {
        region: Failure(FailureKind.REGION, f"The region {region} is not enabled in this account.", "", region)
        for region in regions
        if not enabled.get(region)
    }
    return regions, closed


def parts_before(snapshot: Snapshot, plan: Plan) -> list[Part]:
    """Return what ``plan`` needs of an earlier attempt and, if nothing failed in it, of the collection it stands on."""
    own = list(own_parts(snapshot))
    known = {(part.collection, part.region) for part in own}
    needed = {collection.name for collection in plan.collections}
    taken_over = all_parts(snapshot.base) if snapshot.base is not None else ()
    return own + [
        part
        for part in taken_over
        if part.collection in needed and (part.collection, part.region) not in known and not part.failures
    ]


def caps_of(account: CloudAccount) -> dict[str, float]:
    return {"default": account.calls_per_second} if account.calls_per_second else {}
