"""What Terraform sends by itself: notifications of runs, and requests for a run task's answer.

Both are only stored here; workers fetch states and give answers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from django.conf import settings
from django.db import transaction

from compliance.models import Project, ProvisioningRun, RunTask, TerraformConnection
from compliance.queue import TEND_PROVISIONING
from compliance.services.provisioning_runs import workspace_project
from compliance.services.terraform_clients import client_of
from compliance.terraform import notification, run_task
from compliance.terraform.documents import BadDocument, parse
from compliance.terraform.hcp import HcpError
from compliance.terraform.signature import signed
from organizations.errors import Invalid, Refused, Unprocessable

NOBODYS_KEY = "the signature is computed all the same, and refused"
KeyField = Literal["notification_key", "run_task_key"]
Read = TypeVar("Read")
Told = notification.Notification | run_task.RunTask


class Unsigned(Refused):
    """Nothing shows that this comes from a Terraform that is connected here; which part is wrong is not told."""

    status = 401
    title = "The signature is not valid."


@dataclass(frozen=True)
class Delivery:
    """A POST as it came: ``body`` raw, ``signature`` as its header says, to the connection of that id."""

    connection_id: int
    body: bytes
    signature: str


def notify(*, delivery: Delivery, now: datetime) -> ProvisioningRun | None:
    """Have the state of an applied run fetched; return the run, None when the notification tells of none.

    A repeat gives the same run, and so does a run task of the run. Raises Unsigned, or Invalid naming the field.
    """
    connection = connection_that_signed(delivery, "notification_key")
    told = understood(delivery.body, notification.read)
    with transaction.atomic():
        heard_of(connection, now)
        if not told.applied:
            return None
        return run_of(connection, told, ProvisioningRun.Source.NOTIFICATION, now)


def ask_for_answer(*, delivery: Delivery, now: datetime) -> RunTask | None:
    """Have a run task's request answered; return it, None for Terraform's trial when a run task is made.

    A repeat gives the same. Raises Unsigned, Invalid naming the field, Unprocessable when the answer would have to go
    to another host than the connection's.
    """
    connection = connection_that_signed(delivery, "run_task_key")
    told = understood(delivery.body, run_task.read)
    if not told.verification:
        refuse_other_host(connection, told.callback_url)
    with transaction.atomic():
        heard_of(connection, now)
        return None if told.verification else task_of(connection, told, now)


def connection_that_signed(delivery: Delivery, field: KeyField) -> TerraformConnection:
    """Return the connection in use whose key has signed ``delivery``. Raises Unsigned, for whatever reason alike."""
    connections = TerraformConnection.objects.select_related("organization").filter(removed_at=None)
    connection = connections.filter(pk=delivery.connection_id).first()
    key = getattr(connection, field) if connection is not None else ""
    valid = signed(delivery.body, key or NOBODYS_KEY, delivery.signature)
    if connection is None or not key or not valid:
        raise Unsigned("The signature is not that of a connection here; check the address and the key in Terraform.")
    return connection


def understood(body: bytes, read: Callable[[object], Read]) -> Read:
    """Return what ``read`` makes of the JSON in ``body``. Raises Invalid."""
    try:
        document = parse(body)
    except BadDocument as error:
        raise Invalid("The body is not a JSON document as Terraform sends it.") from error
    try:
        return read(document)
    except BadDocument as error:
        raise Invalid({error.field: str(error)} if error.field else str(error)) from error


def refuse_other_host(connection: TerraformConnection, callback_url: str) -> None:
    try:
        client_of(connection).refuse_other_host(callback_url)
    except HcpError as error:
        raise Unprocessable(f"task_result_callback_url: {error.message}") from error


def heard_of(connection: TerraformConnection, now: datetime) -> None:
    TerraformConnection.objects.filter(pk=connection.pk).update(last_heard_at=now)


# --- Rows, within the caller's transaction ----------------------------------------------------------------------------


def run_of(
    connection: TerraformConnection, told: Told, source: ProvisioningRun.Source, now: datetime
) -> ProvisioningRun:
    """Return the row of the run that ``told`` is about; a new one has its state fetched.

    The project is not locked: Terraform does not wait for what a worker is registering in it.
    """
    key = f"{connection.pk}:{told.run_id}"
    if known := ProvisioningRun.objects.filter(organization=connection.organization, source_key=key).first():
        return known
    name = workspace_project(connection, told.workspace_name)
    project, _ = Project.objects.get_or_create(organization=connection.organization, name=name)
    run, new = ProvisioningRun.objects.get_or_create(
        organization=connection.organization, source_key=key,
        defaults={
            "project": project, "connection": connection, "workspace_id": told.workspace_id,
            "workspace_name": told.workspace_name, "run_id": told.run_id, "run_created_at": told.run_created_at or now,
            "source": source, "status": ProvisioningRun.Status.FETCHING, "created_at": now, "due_at": now,
        },
    )  # fmt: skip
    if new:
        ask_for_worker(run, now)
    return run


def task_of(connection: TerraformConnection, told: run_task.RunTask, now: datetime) -> RunTask:
    """Return the row of a run task's request; a new one is answered."""
    if known := RunTask.objects.filter(connection=connection, task_result_id=told.task_result_id).first():
        return known
    run = None
    if told.stage == RunTask.Stage.POST_APPLY and not told.speculative:
        run = run_of(connection, told, ProvisioningRun.Source.RUN_TASK, now)
    task, new = RunTask.objects.get_or_create(
        connection=connection, task_result_id=told.task_result_id,
        defaults={
            "organization": connection.organization, "stage": told.stage, "registered": run,
            "mandatory": told.enforcement_level == "mandatory", "takes_outcomes": told.outcomes,
            "speculative": told.speculative, "callback_url": told.callback_url, "access_token": told.access_token,
            "workspace_id": told.workspace_id, "workspace_name": told.workspace_name, "run_id": told.run_id,
            "created_at": now, "due_at": now, "deadline": now + timedelta(seconds=settings.RUN_TASK_DEADLINE_S),
        },
    )  # fmt: skip
    if new:
        ask_for_worker(task, now)
    return task


def ask_for_worker(row: ProvisioningRun | RunTask, now: datetime) -> None:
    """Have ``row`` worked on, unless its organization has another one that a worker was asked for and is still to take.

    That worker takes this one, too: many deliveries at once do not keep all workers from their scans.
    """
    waiting = type(row).objects.claimable(now).filter(organization=row.organization_id).exclude(pk=row.pk)
    if not waiting.exists():
        TEND_PROVISIONING.enqueue()
