"""Imports of hosts from a CSV file: planned first, then carried out whole or not at all."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from compliance.lib.host_csv import Problem, Row, read_sheet
from compliance.models import Credential, Host, HostGroup, HostKey, Waiver
from compliance.services.host_groups import follow_waivers
from compliance.services.hosts import REACH, refuse_unfit
from compliance.services.streams import assign_host, assign_organization
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import holds, require
from templates_app.models.templates import OsType

SCANNABLE = (OsType.LINUX.value,)
"""Systems that there is content for."""
FIELDS = ("address", "port", "os_type", "connection", "credential")
AT_ONCE = 500
SHOWN_PROBLEMS = 100


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class PlannedHost:
    """What one line does. ``changes`` is {column: (text before, text then)}; without ``groups`` they stay."""

    line: int
    action: Action
    host: Host
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    groups: frozenset[HostGroup] | None = None
    before: audit.State | None = None
    """The row as it was, of a host to update."""

    @property
    def hostname(self) -> str:
        return self.host.hostname


@dataclass(frozen=True)
class ImportPlan:
    """What a file does, in the order of its lines; with any problem it does nothing."""

    hosts: tuple[PlannedHost, ...] = ()
    problems: tuple[Problem, ...] = ()

    def of(self, action: Action) -> list[PlannedHost]:
        return [planned for planned in self.hosts if planned.action is action]

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(planned.action.value for planned in self.hosts)
        return {action.value: counted[action.value] for action in Action}


# --- Planning ---------------------------------------------------------------------------------------------------------


def plan_import(*, actor: Actor, organization: Organization, content: bytes) -> ImportPlan:
    """Return what importing ``content`` would do. Raises PermissionDenied without manage_compliance."""
    require(actor, "manage_compliance", organization)
    sheet = read_sheet(content)
    if sheet.problems:
        return ImportPlan(problems=sheet.problems)
    known = Known.of(organization, [row.cells["hostname"] for row in sheet.rows])
    may_configure = holds(actor, "manage_settings", organization)
    problems: list[Problem] = [*repeated(sheet.rows)]
    planned: list[PlannedHost] = []
    for row in sheet.rows:
        found: dict[str, str] = {}
        planned.append(planned_host(actor, organization, row, known, may_configure, found))
        problems.extend(Problem(row.line, name, row.cells.get(name, "")[:80], text) for name, text in found.items())
    if problems:
        return ImportPlan(problems=tuple(sorted(problems, key=lambda one: one.line)))
    return ImportPlan(hosts=tuple(planned))


@dataclass(frozen=True)
class Known:
    """What is there already: hosts by their name and by it in lower case, credentials and groups by name."""

    hosts: Mapping[str, Host]
    groups_of: Mapping[int, frozenset[HostGroup]]
    credentials: Mapping[str, Credential]
    groups: Mapping[str, HostGroup]

    @classmethod
    def of(cls, organization: Organization, hostnames: Iterable[str]) -> "Known":
        wanted = {name.lower() for name in hostnames}
        rows = Host.objects.of(organization).annotate(lower=Lower("hostname")).filter(lower__in=wanted)
        found = list(rows.select_related("organization", "credential").order_by("pk"))
        hosts = {host.hostname.lower(): host for host in found} | {host.hostname: host for host in found}
        groups = {group.pk: group for group in HostGroup.objects.of(organization)}
        links: dict[int, set[HostGroup]] = {}
        for host, group in Host.groups.through.objects.filter(hostgroup__in=groups).values_list("host", "hostgroup"):
            links.setdefault(host, set()).add(groups[group])
        return cls(
            hosts,
            {pk: frozenset(of_host) for pk, of_host in links.items()},
            {credential.name: credential for credential in Credential.objects.of(organization)},
            {group.name: group for group in groups.values()},
        )


def repeated(rows: Sequence[Row]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for row in rows:
        name = row.cells["hostname"]
        if first.setdefault(name.lower(), row.line) != row.line:
            words = f"Line {first[name.lower()]} names this host already; leave one of them."
            yield Problem(row.line, "hostname", name[:80], words)


def planned_host(
    actor: Actor, organization: Organization, row: Row, known: Known, may_configure: bool, found: dict[str, str]
) -> PlannedHost:
    """Return what ``row`` does, and note in ``found`` {column: what is wrong}; then it must not be carried out."""
    name = row.cells["hostname"]
    host = known.hosts.get(name) or known.hosts.get(name.lower())
    if host is not None and host.retired_at is not None:
        found["hostname"] = "This host is retired, and its name stays with its history. Choose another name."
        return PlannedHost(row.line, Action.UNCHANGED, host)
    there = host is not None
    host = host or Host(organization=organization, hostname=name)
    before = audit.before(host) if there else None
    was = shown_values(host, known.groups_of.get(host.pk, frozenset()) if there else frozenset())
    values = wanted_values(row, known, found)
    groups = values.pop("groups", None)
    for column, value in values.items():
        setattr(host, column, value)
    if not found:
        found.update(unfitness(actor, host))
    became = shown_values(host, groups if groups is not None else known.groups_of.get(host.pk, frozenset()))
    changes = {column: (was[column], became[column]) for column in was if was[column] != became[column]}
    if not may_configure and ((there and REACH & changes.keys()) or (not there and host.credential_id)):
        column = next((one for one in FIELDS if there and one in REACH & changes.keys()), "credential")
        found[column] = (
            f"This decides where a login goes, which needs the permission manage_settings in {organization}; "
            "an admin can grant it."
        )
    action = Action.CREATE if not there else Action.UPDATE if changes else Action.UNCHANGED
    return PlannedHost(row.line, action, host, changes if there else {}, groups, before)


def shown_values(host: Host, groups: Iterable[HostGroup]) -> dict[str, str]:
    values = {name: str(getattr(host, name) or "") for name in FIELDS}
    return values | {"groups": "; ".join(sorted(group.name for group in groups))}


def wanted_values(row: Row, known: Known, found: dict[str, str]) -> dict[str, Any]:
    """Return the values of the columns that the file has; an empty cell means the default."""
    values: dict[str, Any] = {}
    for name in row.cells.keys() & READERS.keys():
        try:
            values[name] = READERS[name](row.cells[name], known)
        except Unreadable as error:
            found[name] = str(error)
    return values


class Unreadable(Exception):
    """A cell that holds no value of its column; the text says what to write."""


def read_port(text: str, known: Known) -> int:
    if not text:
        return 22
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise Unreadable("Write a port from 1 to 65535.")
    return int(text)


def read_os_type(text: str, known: Known) -> str:
    if text and text.lower() not in SCANNABLE:
        raise Unreadable(f"Write {' or '.join(SCANNABLE)}; no other system can be scanned yet.")
    return text.lower() or SCANNABLE[0]


def read_connection(text: str, known: Known) -> str:
    if text and text.lower() not in Host.Connection.values:
        raise Unreadable(f"Write {' or '.join(Host.Connection.values)}.")
    return text.lower() or Host.Connection.SSH.value


def read_credential(text: str, known: Known) -> Credential | None:
    if text and text not in known.credentials:
        raise Unreadable("There is no credential of this name in the organization; make it first.")
    return known.credentials[text] if text else None


def read_groups(text: str, known: Known) -> frozenset[HostGroup]:
    names = {name.strip() for name in text.split(";")} - {""}
    if missing := sorted(names - known.groups.keys()):
        raise Unreadable(f"There is no host group {', '.join(missing)[:200]}; make it first.")
    return frozenset(known.groups[name] for name in names)


READERS = {
    "address": lambda text, known: text, "port": read_port, "os_type": read_os_type, "connection": read_connection,
    "credential": read_credential, "groups": read_groups,
}  # fmt: skip


def unfitness(actor: Actor, host: Host) -> dict[str, str]:
    """Return {field: what the rules of single hosts have against ``host``}."""
    try:
        refuse_unfit(actor, host, {})
    except Invalid as error:
        return {name: " ".join(words) for name, words in error.errors.items()}
    return {}


# --- Carrying out -----------------------------------------------------------------------------------------------------


@transaction.atomic
def import_hosts(*, actor: Actor, organization: Organization, content: bytes, now: datetime) -> ImportPlan:
    """Enter and change the hosts of a CSV file, all of them or none, and return what was done.

    Raises PermissionDenied without manage_compliance, Invalid with every problem by line and column, Conflict when
    somebody else enters one of its hosts at this moment.
    """
    require(actor, "manage_compliance", organization)
    Organization.objects.select_for_update().get(pk=organization.pk)  # one import after the other
    plan = plan_import(actor=actor, organization=organization, content=content)
    if plan.problems:
        raise refusal(plan.problems)
    created, updated = plan.of(Action.CREATE), plan.of(Action.UPDATE)
    try:
        with transaction.atomic():
            Host.objects.bulk_create([planned.host for planned in created], batch_size=AT_ONCE)
            rewrite(updated)
    except IntegrityError as error:
        raise Conflict("Somebody entered a host of this file at the same moment; import it once more.") from error
    regroup([planned for planned in created + updated if planned.groups is not None])
    assign_organization(organization=organization, now=now)
    for planned in updated:
        if "os_type" in planned.changes:
            assign_host(host=planned.host, now=now)
    regrouped = [planned.host for planned in updated if "groups" in planned.changes]
    if regrouped:
        for_groups = Waiver.objects.of(organization).exclude(host_group=None)
        follow_waivers(waivers=for_groups, hosts=regrouped, now=now)
    record(actor, organization, content, plan)
    return plan


def refusal(problems: Sequence[Problem]) -> Invalid:
    """Return the error that names each problem by its line and column, the first hundred of them."""
    errors: dict[str, list[str]] = {}
    for problem in problems[:SHOWN_PROBLEMS]:
        place = f"line {problem.line}" if problem.line else "file"
        errors.setdefault(f"{place}, {problem.column}" if problem.column else place, []).append(problem.message)
    if len(problems) > SHOWN_PROBLEMS:
        errors["file"] = [*errors.get("file", []), f"There are {len(problems) - SHOWN_PROBLEMS:,} further problems."]
    return Invalid(errors)


def rewrite(updated: Sequence[PlannedHost]) -> None:
    """Store the new values of hosts that are there; where one is reached elsewhere, its keys go."""
    moved = [planned for planned in updated if REACH & planned.changes.keys()]
    for planned in moved:
        planned.host.unreachable_since = None
    Host.objects.bulk_create(
        [twin(planned.host) for planned in updated], batch_size=AT_ONCE, update_conflicts=True,
        unique_fields=["organization", "hostname"], update_fields=[*FIELDS, "unreachable_since"],
    )  # fmt: skip
    elsewhere = [planned.host.pk for planned in moved if {"address", "port"} & planned.changes.keys()]
    HostKey.objects.filter(host__in=elsewhere).delete()


def twin(host: Host) -> Host:
    """Return a row that takes the place of ``host`` when it is inserted: one statement changes hundreds."""
    same = {name: getattr(host, name) for name in (*FIELDS, "hostname", "unreachable_since")}
    return Host(organization_id=host.organization_id, **same)


def regroup(planned: Sequence[PlannedHost]) -> None:
    """Have each host be in exactly the groups that its line names."""
    links = Host.groups.through
    changed = [one for one in planned if one.action is Action.CREATE or "groups" in one.changes]
    links.objects.filter(host__in=[one.host.pk for one in changed if one.action is Action.UPDATE]).delete()
    wanted = [links(host=one.host, hostgroup=group) for one in changed for group in one.groups or ()]
    links.objects.bulk_create(wanted, batch_size=AT_ONCE)


def record(actor: Actor, organization: Organization, content: bytes, plan: ImportPlan) -> None:
    created = [(planned.host, None) for planned in plan.of(Action.CREATE)]
    updated = [(planned.host, planned.before) for planned in plan.of(Action.UPDATE)]
    audit.record_all(actor=actor, action="host.created", subjects=created, organization=organization)
    audit.record_all(actor=actor, action="host.changed", subjects=updated, organization=organization)
    details = {"sha256": hashlib.sha256(content).hexdigest(), **plan.counts}
    audit.record(actor=actor, action="hosts.imported", subject=organization, details=details)
