"""Exceptions on pages: their forms, what may be done with one, and its history in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from compliance.models import Host, HostGroup, Waiver
from compliance.selectors.waivers import visible_checks
from compliance.services.waivers import LONGEST_DECISION, LONGEST_REASON
from organizations.models.audit import AuditEvent
from organizations.models.organizations import Organization
from organizations.models.users import User
from organizations.permissions import holds
from organizations.web.lists import searched, wanted_id
from organizations.web.problems import NO_SUCH_ROW

COLUMNS = {"check": "check_id", "status": "status", "expires": "expires_at", "created": "created_at"}
SEARCHED = ("check_id", "reason", "host__hostname", "host__address", "host_group__name")
SCOPES = (("host", "One host"), ("host_group", "A host group"), ("organization", "The whole organization"))
VIEW = ("q", "status", "scope", "check", "host", "host_group", "order", "page", "page_size", "organization")
HISTORY = {
    "waiver.created": ("Requested", "is-info"),
    "waiver.approved": ("Approved", "is-good"),
    "waiver.rejected": ("Rejected", "is-bad"),
    "waiver.changed": ("Edited", ""),
    "waiver.extended": ("A longer time requested; waits for approval again", "is-warn"),
    "waiver.revoked": ("Revoked", "is-bad"),
    "waiver.expired": ("Expired", "is-warn"),
}


# --- The list ---------------------------------------------------------------------------------------------------------


def narrowed(
    rows: QuerySet[Waiver], asked: Mapping[str, str], organizations: QuerySet[Organization]
) -> QuerySet[Waiver]:
    """Return what of ``rows`` the filters of the address leave."""
    if words := asked.get("q", ""):
        titled = searched(visible_checks(organizations), words, ["title"]).values("check_id")
        rows = rows.filter(Q(pk__in=searched(rows, words, SEARCHED).values("pk")) | Q(check_id__in=titled))
    if asked.get("status") in Waiver.Status.values:
        rows = rows.filter(status=asked["status"])
    if asked.get("check"):
        rows = rows.filter(check_id=asked["check"].replace("\0", ""))
    for name in ("host", "host_group"):
        if asked.get(name):
            rows = rows.filter(**{name: wanted_id(asked[name]) or 0})
    return rows.filter(SCOPED[asked["scope"]]) if asked.get("scope") in SCOPED else rows


SCOPED = {
    "host": Q(host__isnull=False),
    "host_group": Q(host_group__isnull=False),
    "organization": Q(host=None, host_group=None),
}


def view_asked_for(query: str) -> dict[str, str]:
    """Return of the list's query string what the list knows, so that one comes back to the same view."""
    asked = QueryDict(query[:1000])
    return {name: asked[name] for name in VIEW if asked.get(name)}


# --- One exception ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offered:
    """What a user may do with one exception now; ``own``: it waits, and this user is the one who asked."""

    decide: bool
    edit: bool
    revoke: bool
    own: bool


def offered(user: User, waiver: Waiver, now: datetime) -> Offered:
    manages, waits = holds(user, "manage_compliance", waiver), waiver.status == Waiver.Status.PENDING_APPROVAL
    over = waiver.expires_at is not None and waiver.expires_at <= now
    active = waiver.status == Waiver.Status.ACTIVE
    own = waits and waiver.requested_by_id == user.pk
    return Offered(
        decide=waits and not own and holds(user, "approve_exception", waiver),
        edit=active and not over and manages,
        revoke=(waits or active) and manages,
        own=own,
    )


@dataclass(frozen=True)
class Event:
    """One step of an exception's life."""

    what: str
    mark: str
    who: str
    at: datetime
    note: str


def history(waiver: Waiver) -> list[Event]:
    """Return what happened to ``waiver``, newest first."""
    rows = AuditEvent.objects.filter(subject_kind=waiver._meta.label_lower, subject_id=str(waiver.pk))
    return [event_of(row) for row in rows.order_by("-pk")[:50]]


def event_of(row: AuditEvent) -> Event:
    what, mark = HISTORY.get(row.action, (row.action, ""))
    return Event(what, mark, row.actor_label, row.at, str(row.after.get("decision_reason") or ""))


# --- Forms ------------------------------------------------------------------------------------------------------------


class RowField(forms.ModelChoiceField):
    """One row that the page may name; an unknown one and another organization's get the same answer."""

    default_error_messages = {"invalid_choice": NO_SUCH_ROW}

    def to_python(self, value: Any) -> Any:
        if value not in self.empty_values and wanted_id(str(value)) is None:
            raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice")
        return super().to_python(value)


class LocalTimeField(forms.DateTimeField):
    """A time to the minute, written and shown in ``zone``."""

    widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    zone: ZoneInfo | None = None

    def to_python(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().prepare_value(value)


class ReasonForm(forms.Form):
    """Why, and until when."""

    reason = forms.CharField(
        max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Auditors read it: what makes the risk acceptable, and what is done instead.",
    )  # fmt: skip
    expires_at = LocalTimeField(label="Expires", required=False)

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        expires = self.fields["expires_at"]
        expires.zone = zone
        expires.help_text = f"In {zone.key}. From then on the failure counts again. Empty: no end."


class WaiverForm(ReasonForm):
    """A new exception."""

    organization = RowField(queryset=Organization.objects.none())
    check_id = forms.CharField(
        max_length=80, error_messages={"required": "Choose a check from the list that appears while you type."}
    )
    scope = forms.ChoiceField(choices=SCOPES, widget=forms.RadioSelect)
    host = RowField(queryset=Host.objects.none(), required=False)
    host_group = RowField(queryset=HostGroup.objects.none(), required=False)

    field_order = ["organization", "check_id", "scope", "host", "host_group", "reason", "expires_at"]

    def clean(self) -> dict[str, Any]:
        """Have the scope decide what of host and group counts."""
        values = super().clean() or {}
        scope = values.get("scope")
        for name, words in (("host", "Choose a host."), ("host_group", "Choose a host group.")):
            if scope != name:
                values[name] = None
                self.errors.pop(name, None)
            elif not values.get(name) and name not in self.errors:
                self.add_error(name, f"{words} Type a part of its name and pick it from the list.")
        return values


class RejectionForm(forms.Form):
    """Why an exception is refused; may stay empty."""

    reason = forms.CharField(required=False, max_length=LONGEST_DECISION)
