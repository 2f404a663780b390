"""Previews: a template tried on the last facts of a whole fleet, before anybody publishes it."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import F

from compliance.engine.scoring import CRITICAL_SCORE, LOW_SCORE
from compliance.models import Preview, PreviewHost
from compliance.queue import PREVIEW
from compliance.selectors.previews import fleet, followers, titles_in
from compliance.services.trials import Bench, Trial
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor, User
from organizations.permissions import require
from organizations.services.claims import LEASE, Cancelled, Clock, LostClaim, owner_name
from templates_app.models import Template
from templates_app.selectors.documents import document_of

logger = logging.getLogger(__name__)

SAVE_EVERY_S = 0.5
"""Seconds between two updates of a preview's progress; each also renews its lease and stores the rows made."""
MOST_ATTEMPTS = 3
MOST_CHANGES = 40
"""Changes of one host that are listed; the rest is counted."""
MOST_CHECKS = 300
"""Checks that the summary lists."""


# --- Asking and cancelling --------------------------------------------------------------------------------------------


@transaction.atomic
def request_preview(*, actor: Actor, template: Template, organization: Organization | None = None) -> Preview:
    """Ask for a preview of ``template``, as it is now, over the hosts of its organization.

    A system template needs an ``organization``. One that is under way for the same content is returned instead; those
    that ended before are dropped. Raises PermissionDenied without manage_compliance, Invalid for a draft that cannot
    be evaluated, with every problem by its place, and for another organization than the template's.
    """
    organization = chosen(template, organization)
    require(actor, "manage_compliance", organization)
    document = document_of(template)
    if not any(one.enabled for one in document.checks):
        raise Invalid({"checks": "There is no check that is switched on; add one or switch one on."})
    mine = Preview.objects.of(organization).filter(template=template)
    if going := mine.unfinished().filter(sha256=document.sha256, cancel_requested_at=None).first():
        return going
    mine.exclude(pk__in=mine.unfinished()).delete()
    preview = Preview.objects.create(
        organization=organization, template=template, document=document.canonical(), sha256=document.sha256,
        requested_by=actor if isinstance(actor, User) else None,
        hosts_total=len(fleet(organization, template.os_type)),
    )  # fmt: skip
    audit.record(actor=actor, action="preview.requested", subject=preview)
    PREVIEW.enqueue()
    return preview


def chosen(template: Template, organization: Organization | None) -> Organization:
    """Return whose hosts are meant. Raises Invalid when that cannot be told."""
    if template.organization is None and organization is None:
        raise Invalid({"organization": "Name the organization whose hosts are meant."})
    if template.organization is not None and organization not in (None, template.organization):
        raise Invalid({"organization": "This template belongs to another organization."})
    found = template.organization or organization
    assert found is not None
    return found


@transaction.atomic
def cancel_preview(*, actor: Actor, preview: Preview, now: datetime) -> Preview:
    """Cancel ``preview``: at once while pending, as soon as its worker hears of it while running.

    Raises PermissionDenied without manage_compliance, Conflict when it has ended.
    """
    require(actor, "manage_compliance", preview.organization)
    preview = Preview.objects.select_for_update(of=("self",)).get(pk=preview.pk)
    if preview.ended:
        raise Conflict(f"Only a preview under way can be cancelled; this one is {preview.status}.")
    preview.cancel_requested_at = preview.cancel_requested_at or now
    if preview.status == Preview.Status.PENDING:
        preview.status, preview.finished_at = Preview.Status.CANCELLED, now
    preview.save(update_fields=["cancel_requested_at", "status", "finished_at"])
    audit.record(actor=actor, action="preview.cancelled", subject=preview)
    return preview


# --- Claims -----------------------------------------------------------------------------------------------------------


def drain(*, clock: Clock) -> int:
    """Make pending previews until none is left; return how many."""
    owner, done = owner_name(), 0
    while preview := claim_next(owner=owner, now=clock()):
        perform(preview=preview, clock=clock)
        done += 1
    return done


def claim_next(*, owner: str, now: datetime) -> Preview | None:
    """Claim the oldest pending preview; None when there is none."""
    for pk in Preview.objects.filter(status=Preview.Status.PENDING).order_by("pk").values_list("pk", flat=True)[:20]:
        claimed = Preview.objects.filter(pk=pk, status=Preview.Status.PENDING).update(
            status=Preview.Status.RUNNING, lease_owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1,
            started_at=now, hosts_done=0,
        )  # fmt: skip
        if claimed:
            return Preview.objects.select_related("organization", "template").get(pk=pk)
    return None


def sweep(*, now: datetime) -> int:
    """Free the previews of lost workers and wake a worker for pending ones; return how many were freed."""
    freed = 0
    for preview in Preview.objects.lost(now).defer("document"):
        row = held(preview).filter(lease_until__lt=now)
        if preview.cancel_requested_at is not None:
            freed += row.update(status=Preview.Status.CANCELLED, finished_at=now)
        elif preview.attempts >= MOST_ATTEMPTS:
            words = f"The worker that made this preview vanished, {preview.attempts} times in all; look at its log."
            freed += row.update(status=Preview.Status.FAILED, finished_at=now, error=words)
        else:
            freed += row.update(status=Preview.Status.PENDING, lease_owner="", lease_until=None)
    if Preview.objects.filter(status=Preview.Status.PENDING).exists():
        PREVIEW.enqueue()
    return freed


def held(preview: Preview) -> Any:
    """Return the row of ``preview`` as long as its owner holds it."""
    return Preview.objects.filter(pk=preview.pk, status=Preview.Status.RUNNING, lease_owner=preview.lease_owner)


# --- Making one -------------------------------------------------------------------------------------------------------


def perform(*, preview: Preview, clock: Clock) -> None:
    """Bring the claimed ``preview`` to its end, whatever happens."""
    try:
        make(preview, clock)
    except Cancelled:
        held(preview).update(status=Preview.Status.CANCELLED, finished_at=clock())
    except LostClaim:
        logger.warning("preview.claim_lost", extra={"preview_id": preview.pk})
    except Exception:
        logger.exception("preview.broke", extra={"preview_id": preview.pk})
        words = "An error of the product itself ended this preview; its log names it. Please report it."
        held(preview).update(status=Preview.Status.FAILED, finished_at=clock(), error=words)
    logger.info("preview.ended", extra={"preview_id": preview.pk})


def make(preview: Preview, clock: Clock) -> None:
    PreviewHost.objects.filter(preview=preview).delete()
    hosts = fleet(preview.organization, preview.template.os_type)
    bench = Bench(
        organization=preview.organization, family=preview.template.family, document=preview.document, now=clock()
    )
    sums, waiting, saved_at = Sums(), list[PreviewHost](), monotonic()
    for trial in bench.tried(hosts):
        sums.add(trial)
        waiting.append(row_of(preview, trial))
        if monotonic() - saved_at >= SAVE_EVERY_S:
            keep(preview, waiting, done=sums.hosts, total=len(hosts), clock=clock)
            waiting, saved_at = [], monotonic()
    keep(preview, waiting, done=sums.hosts, total=len(hosts), clock=clock)
    summary = sums.summary(titles_in(preview.document, list(sums.checks)))
    held(preview).update(status=Preview.Status.COMPLETED, finished_at=clock(), summary=summary)


def keep(preview: Preview, rows: list[PreviewHost], *, done: int, total: int, clock: Clock) -> None:
    """Store ``rows`` and the progress. Raises LostClaim, Cancelled."""
    with transaction.atomic():
        if not held(preview).update(hosts_done=done, hosts_total=total, lease_until=clock() + LEASE):
            raise LostClaim
        PreviewHost.objects.bulk_create(rows, batch_size=200)
    if held(preview).exclude(cancel_requested_at=None).exists():
        raise Cancelled


def row_of(preview: Preview, trial: Trial) -> PreviewHost:
    return PreviewHost(
        preview=preview, host_id=trial.host_id, stream_id=trial.stream_id, score_before=trial.before,
        score_then=trial.then, note=trial.note[:300], changed=len(trial.changes),
        changes=[list(change) for change in trial.changes[:MOST_CHANGES]],
    )  # fmt: skip


@dataclass
class Sums:
    """What the trials of a fleet come to. Averages are of hosts whose score counts both before and then."""

    hosts: int = 0
    changed: int = 0
    worse: int = 0
    better: int = 0
    new: int = 0
    compared: int = 0
    total_before: float = 0.0
    total_then: float = 0.0
    below: Counter[float] = field(default_factory=Counter)
    not_tried: Counter[str] = field(default_factory=Counter)
    checks: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, trial: Trial) -> None:
        self.hosts += 1
        if trial.note:
            self.not_tried[trial.note] += 1
            return
        if trial.stream_id is None:
            self.new += 1
        self.changed += bool(trial.changes)
        for change in trial.changes:
            moves = self.checks.setdefault(change.check_id, Counter())
            moves[direction(change.before, change.then)] += 1
        self._add_scores(trial)

    def _add_scores(self, trial: Trial) -> None:
        if trial.before is None or trial.then is None:
            return
        self.worse += trial.then < trial.before
        self.better += trial.then > trial.before
        if not (trial.counts_before and trial.counts_then):
            return
        self.compared += 1
        self.total_before += trial.before
        self.total_then += trial.then
        for bound in (LOW_SCORE, CRITICAL_SCORE):
            self.below[bound] += trial.then < bound <= trial.before

    def summary(self, titles: dict[str, str]) -> dict[str, Any]:
        """Return the summary as it is stored and answered."""
        by_weight = sorted(self.checks.items(), key=lambda one: (-one[1]["fail"], -one[1].total(), one[0]))
        return {
            "hosts": self.hosts,
            "tried": self.hosts - self.not_tried.total(),
            "changed": self.changed,
            "worse": self.worse,
            "better": self.better,
            "not_scored_before": self.new,
            "compared": self.compared,
            "average_before": self.total_before / self.compared if self.compared else None,
            "average_then": self.total_then / self.compared if self.compared else None,
            "falling_below_70": self.below[LOW_SCORE],
            "falling_below_50": self.below[CRITICAL_SCORE],
            "not_tried": [{"reason": reason, "hosts": hosts} for reason, hosts in self.not_tried.most_common(20)],
            "checks": [
                {"check_id": check_id, "title": titles.get(check_id, ""), "newly_failing": moves["fail"],
                 "newly_passing": moves["pass"], "other": moves["other"]}
                for check_id, moves in by_weight[:MOST_CHECKS]
            ],
            "checks_changed": len(self.checks),
        }  # fmt: skip


def direction(before: str, then: str) -> str:
    """Return what a change is to a reader: a check that newly fails, newly passes, or something else."""
    return then if then in ("fail", "pass") and before != then else "other"


# --- Upgrades of content ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flip:
    """One check that would come to another verdict under a new version of a template, and on how many hosts."""

    check_id: str
    before: str
    then: str
    hosts: int


@dataclass(frozen=True)
class Flips:
    """What a new version of a template would change on the last facts of the hosts that follow it."""

    template: Template
    hosts: int
    changed: int
    flips: list[Flip]

    def lines(self) -> list[str]:
        """Return the same for people, a line for each check."""
        if not self.hosts:
            return [f"{self.template}: no host was scanned with an earlier version"]
        head = f"{self.template}: verdicts flip on {self.changed} of {self.hosts} hosts at their next evaluation"
        if not self.flips:
            return [f"{self.template}: no verdict flips on {self.hosts} hosts"]
        return [head] + [
            f"  {one.check_id}: {one.before or 'no result'} to {one.then or 'no result'} on {one.hosts}"
            for one in self.flips
        ]


def flips(template: Template, *, now: datetime) -> Flips:
    """Return what verdicts the published ``template`` flips, on the last facts of the hosts that follow its family."""
    moves: Counter[tuple[str, str, str]] = Counter()
    hosts = changed = 0
    organizations = Organization.objects.all() if template.organization is None else [template.organization]
    for organization in organizations:
        behind = followers(organization, template.family, but=template.sha256)
        bench = Bench(organization=organization, family=template.family, document=template.document, now=now)
        for trial in bench.tried(behind):
            hosts += 1
            changed += bool(trial.changes)
            moves.update((change.check_id, change.before, change.then) for change in trial.changes)
    order = sorted(moves.items(), key=lambda one: (-one[1], one[0]))
    return Flips(template, hosts, changed, [Flip(*move, hosts=number) for move, number in order])
