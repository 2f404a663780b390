"""Connections to HCP Terraform and Terraform Enterprise. Their secrets go in and never come out."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from compliance.models import TerraformConnection
from compliance.providers.base import TestOutcome
from compliance.providers.fields import problem_of_ca
from compliance.services.outbound_hosts import refusal_of
from compliance.services.terraform_clients import client_of
from compliance.terraform.hcp import HcpError, TokenOwner
from organizations import audit
from organizations.errors import Invalid
from organizations.lib.pinned_https import HttpsError, Place
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require
from organizations.services.connections import locked, save

KEYS = ("notification_key", "run_task_key")
SECRETS = ("token", *KEYS)
FIELDS = ("name", "host", *SECRETS, "projects", "ca_certificate")
HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
TOKEN = re.compile(r"[!-~]{1,4000}")
KEY = re.compile(r"[ -~]{16,500}")
LONGEST_NAME = 120
MOST_PROJECTS = 500
EXAMPLE_HOST = "app.terraform.io"


@transaction.atomic
def create_connection(*, actor: Actor, organization: Organization, values: Mapping[str, Any]) -> TerraformConnection:
    """Store a way to a Terraform host. Raises PermissionDenied without manage_settings, Invalid naming each field."""
    require(actor, "manage_settings", organization)
    connection = TerraformConnection(organization=organization)
    take(connection, values)
    save(connection)
    audit.record(actor=actor, action="terraform_connection.created", subject=connection)
    return connection


@transaction.atomic
def change_connection(
    *, actor: Actor, connection: TerraformConnection, values: Mapping[str, Any]
) -> TerraformConnection:
    """Change what ``values`` names; a secret that is left out or empty stays as it is.

    Another host takes its own token: the stored one was issued by the host before, and goes nowhere else. Raises as
    creating does, Conflict when the connection was removed.
    """
    stored = locked(actor, connection)
    before = audit.before(stored)
    take(stored, values)
    save(stored)
    audit.record(actor=actor, action="terraform_connection.changed", subject=stored, before=before)
    return stored


@transaction.atomic
def remove_connection(*, actor: Actor, connection: TerraformConnection, now: datetime) -> TerraformConnection:
    """Let go of ``connection``: its token and keys are forgotten, so that nothing it sends is taken any more.

    Its runs and VMs stay. Raises PermissionDenied, Conflict when it was removed already.
    """
    stored = locked(actor, connection)
    before = audit.before(stored)
    stored.removed_at = now
    stored.token = stored.notification_key = stored.run_task_key = ""
    stored.save(update_fields=["removed_at", *SECRETS])
    audit.record(actor=actor, action="terraform_connection.removed", subject=stored, before=before)
    return stored


def try_connection(*, actor: Actor, connection: TerraformConnection) -> TestOutcome:
    """Ask the host whose token it is; say what came of it. Raises PermissionDenied, Conflict when it was removed."""
    with transaction.atomic():
        tried = locked(actor, connection)
    if not tried.token:
        outcome = TestOutcome(False, "There is no token; store one of a team or a user that may read state versions.")
    else:
        try:
            outcome = TestOutcome(True, words_of(tried, client_of(tried).test()))
        except HcpError as error:
            outcome = TestOutcome(False, error.message)
    audit.record(
        actor=actor, action="terraform_connection.tested", subject=tried, before=audit.before(tried),
        details={"ok": outcome.ok, "message": outcome.message},
    )  # fmt: skip
    return outcome


def words_of(connection: TerraformConnection, owner: TokenOwner) -> str:
    taken = f"{connection.host} takes the token; it belongs to {owner.username}."
    if not owner.service_account:
        return taken
    return f"{taken} If that stands for an organization, replace it: only a team's or a user's token may read states."


# --- What a connection may hold ---------------------------------------------------------------------------------------


def take(connection: TerraformConnection, values: Mapping[str, Any]) -> None:
    """Set what ``values`` names, without saving. Raises Invalid naming each field that does not fit."""
    host = connection.host
    for name in FIELDS:
        if name in values and (name not in SECRETS or values[name]):
            value = values[name]
            setattr(connection, name, value.strip() if isinstance(value, str) else value)
    connection.host = str(connection.host).lower()
    errors = refused(connection)
    if connection.host != host and connection.pk is not None and connection.token and not values.get("token"):
        errors.setdefault("token", "Give a token of the new host; the stored one is the old host's and stays with it.")
    if errors:
        raise Invalid(errors)


def refused(connection: TerraformConnection) -> dict[str, str]:
    """Return {field: what is wrong and what to write} for everything that ``connection`` may not hold."""
    errors = host_refused(connection)
    if not connection.name or len(connection.name) > LONGEST_NAME:
        errors["name"] = f"Write a name of at most {LONGEST_NAME} characters."
    if connection.token and not TOKEN.fullmatch(connection.token):
        errors["token"] = "The token holds a space or another character that no token has; paste it again."
    for name in KEYS:
        key = getattr(connection, name)
        if key and not KEY.fullmatch(key):
            errors[name] = "Write 16 to 500 letters, digits and signs of ASCII, the same as in Terraform."
    if problem := problem_of_ca(connection.ca_certificate):
        errors["ca_certificate"] = problem
    if problem := projects_refused(connection):
        errors["projects"] = problem
    return errors


def host_refused(connection: TerraformConnection) -> dict[str, str]:
    wanted = f"Write a host name, with a port if any, such as {EXAMPLE_HOST}; leave out https:// and paths."
    if not HOST.fullmatch(connection.host):
        return {"host": wanted}
    try:
        place = Place.of(f"https://{connection.host}")
    except HttpsError:
        return {"host": wanted}
    refusal = refusal_of(place.host, connection.organization)
    return {"host": refusal} if refusal else {}


def projects_refused(connection: TerraformConnection) -> str:
    """Bring the names of workspaces and projects into form; return what is wrong with them."""
    given = connection.projects
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for one in given.values()):
        return "Write an object that leads from the name of a workspace to the name of a project."
    projects = {workspace.strip(): project.strip() for workspace, project in given.items()}
    if len(projects) > MOST_PROJECTS:
        return f"Name at most {MOST_PROJECTS} workspaces; one that is not named is its own project."
    for name in [*projects, *projects.values()]:
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            return f"Write names of 1 to {LONGEST_NAME} letters for workspaces and projects."
    connection.projects = projects
    return ""
