"""Runs: asked for, several on one collection, and cancelled."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from cloudbench.models import Benchmark, CloudAccount, Run, Schedule, Snapshot
from cloudbench.queue import RUN_BENCHMARKS
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor, User
from organizations.permissions import require


@transaction.atomic
def request_runs(
    *,
    actor: Actor,
    account: CloudAccount,
    benchmarks: Sequence[str],
    now: datetime,
    schedule: Schedule | None = None,
    anew: bool = False,
) -> list[Run]:
    """Ask for ``account`` to be evaluated by ``benchmarks`` (slugs), on one collection; return a run for each.

    A pending run of the same benchmark is returned instead of a second one. Facts that another benchmark had collected
    within settings.CLOUD_FRESH_MINUTES are taken over, unless ``anew``. Raises PermissionDenied without
    manage_compliance, Invalid for an unknown benchmark, Conflict for an account that was removed.
    """
    require(actor, "manage_compliance", account)
    account = CloudAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)
    if account.removed_at is not None:
        raise Conflict("This account was removed; connect it again to run benchmarks.")
    wanted = known(benchmarks)
    pending = {
        run.benchmark_id: run
        for run in Run.objects.filter(account=account, status=Run.Status.PENDING).select_related("benchmark")
    }
    lacking = [benchmark for benchmark in wanted if benchmark.pk not in pending]
    if lacking:
        base = None if anew else fresh_snapshot(account, {benchmark.slug for benchmark in lacking}, now)
        snapshot = waiting_snapshot(account, base) or Snapshot.objects.create(
            organization_id=account.organization_id, account=account, base=base, regions_asked=account.regions
        )
        for benchmark in lacking:
            run = Run.objects.create(
                organization_id=account.organization_id, account=account, benchmark=benchmark, snapshot=snapshot,
                schedule=schedule, requested_by=actor if isinstance(actor, User) else None,
                controls_total=len(benchmark.document["controls"]),
            )  # fmt: skip
            audit.record(actor=actor, action="cloud_run.requested", subject=run)
            pending[benchmark.pk] = run
        RUN_BENCHMARKS.enqueue()
    return [pending[benchmark.pk] for benchmark in wanted]


def known(slugs: Sequence[str]) -> list[Benchmark]:
    """Return the newest revision of each of these benchmarks. Raises Invalid for an unknown one, or none at all."""
    if not slugs:
        raise Invalid({"benchmarks": "Name at least one benchmark."})
    newest = {benchmark.slug: benchmark for benchmark in Benchmark.objects.newest()}
    if unknown := [slug for slug in slugs if slug not in newest]:
        there = ", ".join(sorted(newest)) or "none; the operator loads them with manage.py load_content"
        raise Invalid({"benchmarks": f"There is no benchmark {unknown[0]!r}. There are: {there}."})
    return [newest[slug] for slug in dict.fromkeys(slugs)]


def waiting_snapshot(account: CloudAccount, base: Snapshot | None) -> Snapshot | None:
    """Return a collection of ``account`` that no worker has begun and that stands on ``base`` too, to share it."""
    pending = Snapshot.objects.filter(
        account=account, status=Snapshot.Status.PENDING, attempts=0, base=base, regions_asked=account.regions
    )
    return pending.select_for_update(of=("self",)).order_by("pk").first()


def fresh_snapshot(account: CloudAccount, slugs: set[str], now: datetime) -> Snapshot | None:
    """Return the newest completed collection, young enough, on which none of ``slugs`` has been evaluated yet.

    Whoever asks for the same benchmark again wants to know what is true now.
    """
    young = now - timedelta(minutes=settings.CLOUD_FRESH_MINUTES)
    completed = Snapshot.objects.filter(
        account=account, status=Snapshot.Status.COMPLETED, pruned_at=None, collected_at__gte=young
    )
    newest = completed.select_related("base").order_by("-pk").first()
    if newest is None or newest.regions_asked != account.regions:
        return None
    evaluated = Run.objects.filter(snapshot__in=chain(newest), benchmark__slug__in=slugs)
    return None if evaluated.exists() else newest


def chain(snapshot: Snapshot) -> list[int]:
    """Return the ids of ``snapshot`` and of those that it stands on."""
    ids: list[int] = []
    at: Snapshot | None = snapshot
    while at is not None:
        ids.append(at.pk)
        at = at.base
    return ids


@transaction.atomic
def cancel_run(*, actor: Actor, run: Run, now: datetime) -> Run:
    """End ``run`` at once; its worker stops when no other run needs the collection.

    Raises PermissionDenied without manage_compliance, Conflict when it has ended.
    """
    require(actor, "manage_compliance", run)
    run = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.ended:
        raise Conflict(f"Only a run under way can be cancelled; this one is {run.status}.")
    run.status, run.finished_at = Run.Status.CANCELLED, now
    run.save(update_fields=["status", "finished_at"])
    audit.record(actor=actor, action="cloud_run.cancelled", subject=run)
    if not Run.objects.unfinished().filter(snapshot=run.snapshot_id).exists():
        Snapshot.objects.filter(pk=run.snapshot_id, status=Snapshot.Status.PENDING).update(
            status=Snapshot.Status.CANCELLED, finished_at=now
        )
    return run
