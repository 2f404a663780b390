"""States of applied runs: fetched from Terraform, waited for with a limit, registered once."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from compliance.models import Project, ProvisioningRun
from compliance.selectors.provisioning_runs import newer_than
from compliance.services.provisioning_runs import register, serialized
from compliance.services.run_task_news import wake_for_run
from compliance.services.terraform_clients import client_of
from compliance.services.work_claims import claimed_in_turn, held, pause, postpone, put_back, same_host
from compliance.terraform.documents import BadDocument, Document, parse
from compliance.terraform.formats import READERS
from compliance.terraform.hcp import HcpError, NotYet, StateFile
from organizations import audit
from organizations.errors import Conflict
from organizations.models.users import SystemActor
from organizations.services.claims import Clock, owner_name

logger = logging.getLogger(__name__)

TERRAFORM = SystemActor("Terraform")
Status = ProvisioningRun.Status
NEVER_CURRENT = "The state of this run never became the workspace's current one; apply again, or post it."
BROKE = "The state of this run could not be registered; the log says why."
REMOVED = "The connection was removed before the state of this run was fetched."


def drain(*, clock: Clock) -> int:
    """Fetch the states that are due, until none is or it has taken long enough; return how many were looked at."""
    done = 0
    for run in claimed_in_turn(ProvisioningRun, owner=owner_name(), clock=clock):
        try:
            work_on(run, clock)
        except Exception:
            logger.exception("provisioning_run.fetch_broke", extra={"run_id": run.pk})
            pause_or_end(run, BROKE, clock())
        done += 1
    return done


def work_on(run: ProvisioningRun, clock: Clock) -> None:
    """Bring the claimed ``run`` to its end, or on to the next try."""
    if run.connection is None or run.connection.removed_at is not None:
        end(run, Status.FAILED, REMOVED, clock())
        return
    try:
        document = document_of(client_of(run.connection).current_state(run.workspace_id, run.run_id))
    except HcpError as error:
        now = clock()
        wait_or_end(run, error, now)
        if error.of_host:
            until = now + pause(run.attempts)
            postpone(same_host(run, until), until)
    except BadDocument as error:
        end(run, Status.FAILED, f"The state of this run cannot be read: {error}", clock())
    else:
        take(run, document, clock())


def document_of(state: StateFile) -> Document:
    """Return the VMs in ``state``, of which nothing else is kept. Raises BadDocument."""
    document = READERS[state.format](parse(state.body))
    return document if document.serial is not None else replace(document, serial=state.serial)


@transaction.atomic
def take(claimed_run: ProvisioningRun, document: Document, now: datetime) -> None:
    """Register what was fetched, unless another worker did or a newer run of the workspace came first."""
    Project.objects.select_for_update(no_key=True).get(pk=claimed_run.project_id)
    serialized(claimed_run.organization)
    run = (
        held(claimed_run).select_related("organization", "project", "connection").filter(status=Status.FETCHING).first()
    )
    if run is None:
        return
    if newer := newer_than(run):
        end(run, Status.SUPERSEDED, superseded_by(newer), now)
        return
    run.lease_owner, run.lease_until = "", None
    try:
        register(actor=TERRAFORM, run=run, document=document, now=now)
    except Conflict as error:
        end(claimed_run, Status.FAILED, str(error), now)
    else:
        wake_for_run(run, now)


def wait_or_end(run: ProvisioningRun, error: HcpError, now: datetime) -> None:
    """Have the state of ``run`` asked for again after a pause, or end, for what cannot be helped or takes too long."""
    if isinstance(error, NotYet) and (newer := newer_than(run)):
        end(run, Status.SUPERSEDED, superseded_by(newer), now)
    elif error.passing:
        pause_or_end(run, NEVER_CURRENT if isinstance(error, NotYet) else error.message, now)
    else:
        end(run, Status.FAILED, error.message, now)


def pause_or_end(run: ProvisioningRun, trouble: str, now: datetime) -> None:
    """Have ``run`` tried again after a pause, until its time is over."""
    if now < run.created_at + timedelta(minutes=settings.TERRAFORM_STATE_MINUTES):
        put_back(run, due_at=now + pause(run.attempts))
    else:
        end(run, Status.FAILED, trouble, now)


@transaction.atomic
def end(claimed_run: ProvisioningRun, status: Status, note: str, now: datetime) -> None:
    """End ``claimed_run`` without VMs, with the reason, if it is still held."""
    run = held(claimed_run).select_for_update().filter(status=Status.FETCHING).first()
    if run is None:
        return
    before = audit.before(run)
    run.status, run.error, run.due_at, run.lease_owner, run.lease_until = status, note, None, "", None
    run.save(update_fields=["status", "error", "due_at", "lease_owner", "lease_until"])
    audit.record(actor=TERRAFORM, action=f"provisioning_run.{status}", subject=run, before=before)
    wake_for_run(run, now)


def superseded_by(newer: ProvisioningRun) -> str:
    return f"{newer.run_id}, a newer run of this workspace, was registered before; its state holds what is there now."
