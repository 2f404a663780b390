"""Provisioning runs: an applied state comes in, and its VMs are registered once, whoever delivers it how often."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from compliance.models import Project, ProvisioningRun, TerraformConnection
from compliance.queue import TEND_PROVISIONING
from compliance.services.provisioned_vms import enter
from compliance.terraform import formats
from compliance.terraform.documents import BadDocument, Document, digest, parse
from organizations import audit
from organizations.errors import Conflict, Invalid, Unprocessable
from organizations.models.organizations import Organization
from organizations.models.users import Actor, User
from organizations.permissions import require

LONGEST_NAME, LONGEST_RUN_ID = 120, 200
NAME = re.compile(r"[^\x00-\x1f\x7f]+")
FOR_COLON = "\x1f"
"""It stands in no NAME."""


@dataclass(frozen=True)
class Submission:
    """A document as it was posted. Without ``run_id`` the state itself tells runs apart.

    ``workspace`` tells apart the states of one project, where it has several.
    """

    project: str
    body: bytes
    run_id: str = ""
    workspace: str = ""
    format: str = ""


def submit(
    *, actor: Actor, organization: Organization, submission: Submission, now: datetime
) -> tuple[ProvisioningRun, bool]:
    """Register the VMs of a posted document; return the run, and whether it is new. A repeat gives the same run.

    Raises PermissionDenied without submit_runs, Invalid naming the field, Conflict when the run was posted with other
    VMs before, or when a newer state of the same lineage is known.
    """
    require(actor, "submit_runs", organization)
    refuse_unfit(submission)
    document = read(submission.body, submission.format)
    sha256 = digest(document)
    try:
        with transaction.atomic():
            project = project_called(organization, submission.project)
            run_id = submission.run_id or named_by_itself(document, sha256, project, submission.workspace)
            key = key_of(project, submission.workspace, run_id)
            if known := ProvisioningRun.objects.filter(organization=organization, source_key=key).first():
                return the_same(known, sha256), False
            run = ProvisioningRun.objects.create(
                organization=organization, project=project, workspace_name=submission.workspace, run_id=run_id,
                source=ProvisioningRun.Source.POSTED, source_key=key, status=ProvisioningRun.Status.REGISTERED,
                requested_by=actor if isinstance(actor, User) else None,
            )  # fmt: skip
            register(actor=actor, run=run, document=document, now=now)
    except IntegrityError as error:  # a person entered a host of the same name at this very moment
        raise Conflict("Something else changed the same hosts at the same moment; post the document again.") from error
    return run, True


def register(*, actor: Actor, run: ProvisioningRun, document: Document, now: datetime) -> None:
    """Enter the VMs of ``document`` and retire those that it has no more; within the caller's transaction.

    Raises Conflict when a newer state of the same lineage was registered before.
    """
    serialized(run.organization)
    refuse_older(run, document)
    run.lineage, run.serial, run.groups = document.lineage, document.serial, list(document.groups[:100])
    run.vms_sha256, run.error = digest(document), ""
    run.status, run.registered_at = ProvisioningRun.Status.REGISTERED, now
    entered = enter(run=run, vms=document.vms, now=now)
    run.vms_count, run.destroyed_count, run.due_at = len(document.vms), entered.destroyed, None
    run.save()
    details = {"new": entered.new, "known": entered.known, "destroyed": entered.destroyed}
    audit.record(actor=actor, action="provisioning_run.registered", subject=run, details=details)
    TEND_PROVISIONING.enqueue()


def serialized(organization: Organization) -> None:
    """Have the registrations of one organization wait for each other: names of hosts are chosen once at a time."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)


def refuse_older(run: ProvisioningRun, document: Document) -> None:
    if not document.lineage or document.serial is None:
        return
    newer = ProvisioningRun.objects.filter(
        organization=run.organization_id, project=run.project_id, workspace_name=run.workspace_name,
        lineage=document.lineage, serial__gt=document.serial,
    )  # fmt: skip
    if newer.exists():
        raise Conflict(f"A newer state of this workspace is registered already; serial {document.serial} is older.")


def key_of(project: Project, workspace: str, run_id: str) -> str:
    """Return a key that no other workspace and run id make: colons part it, and the workspace brings none into it."""
    return f"posted:{project.pk}:{workspace.replace(':', FOR_COLON)}:{run_id}"


def the_same(run: ProvisioningRun, sha256: str) -> ProvisioningRun:
    if run.vms_sha256 != sha256:
        raise Conflict(
            f"The run {run.run_id} of {run.project} was posted with other VMs before; give each apply its own run_id."
        )
    return run


def named_by_itself(document: Document, sha256: str, project: Project, workspace: str) -> str:
    """Return a run id for a document that was posted without one; a repeat of the last document gets that one's.

    Equal documents further apart are different applies: what was destroyed, made and destroyed again is gone again.
    """
    if document.lineage and document.serial is not None:
        return f"{document.lineage}#{document.serial}"
    posted = ProvisioningRun.objects.filter(project=project, connection=None, workspace_name=workspace)
    latest = posted.order_by("-pk").first()
    if latest is None:
        return f"sha256:{sha256[:32]}"
    if latest.vms_sha256 == sha256 and latest.run_id.startswith("sha256:"):
        return latest.run_id
    return f"sha256:{sha256[:32]}-{latest.pk}"


def project_called(organization: Organization, name: str) -> Project:
    """Return the project of that name, made when it is new; within the caller's transaction, which locks it."""
    project, _ = Project.objects.get_or_create(organization=organization, name=name)
    return Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def workspace_project(connection: TerraformConnection, workspace: str) -> str:
    """Return the name of the project that ``workspace`` belongs to: as mapped, else its own name."""
    return str(connection.projects.get(workspace) or workspace)[:LONGEST_NAME]


# --- What may be posted -----------------------------------------------------------------------------------------------


def read(body: bytes, format_: str) -> Document:
    """Return what ``body`` tells; without a format, what it looks like decides.

    Raises Invalid for what is no JSON, Unprocessable for JSON that is no applied state.
    """
    try:
        value = parse(body)
    except BadDocument as error:
        raise Invalid({"document": str(error)}) from error
    try:
        found, document = formats.read(value)
    except BadDocument as error:
        raise Unprocessable({f"document.{error.field}" if error.field else "document": str(error)}) from error
    if format_ and format_ != found:
        raise Invalid({"format": f"This document is {found}, not {format_}; leave format out, or post the other one."})
    return document


def refuse_unfit(submission: Submission) -> None:
    errors = {}
    for name, longest in (("project", LONGEST_NAME), ("workspace", LONGEST_NAME), ("run_id", LONGEST_RUN_ID)):
        value = getattr(submission, name)
        if value and (len(value) > longest or not NAME.fullmatch(value) or value != value.strip()):
            errors[name] = f"Write at most {longest} characters, without control characters or blanks around them."
    if not submission.project:
        errors["project"] = "Name the project that these VMs belong to, as in ?project=shop."
    if submission.format and submission.format not in formats.READERS:
        errors["format"] = f"Write one of {', '.join(formats.READERS)}, or leave it out."
    if errors:
        raise Invalid(errors)
