"""Notifications of HCP Terraform and Terraform Enterprise.

Source: "Notification Configurations API", Notification Payload. Deliveries may be repeated and come in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from compliance.terraform.documents import BadDocument
from compliance.terraform.payloads import Payload, identifier, moment, needed_text, payload_of, text, version_of

VERIFICATION = "verification"
COMPLETED, APPLIED = "run:completed", "applied"
MOST_EVENTS = 100
LONGEST_WORD = 100


class Kind(StrEnum):
    """``verification`` comes when a configuration is saved; ``other`` tells of assessments, teams and the like."""

    VERIFICATION = "verification"
    RUN = "run"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One change of a run. ``at`` is the time as it was sent."""

    trigger: str
    status: str
    message: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """What is kept of a delivery; all but ``kind`` and ``configuration_id`` are empty unless it tells of a run."""

    kind: Kind
    configuration_id: str = ""
    organization_name: str = ""
    workspace_id: str = ""
    workspace_name: str = ""
    run_id: str = ""
    run_created_at: datetime | None = None
    events: tuple[RunEvent, ...] = ()

    @property
    def applied(self) -> bool:
        """Tell whether the run has changed the infrastructure: completed runs without changes have another status."""
        return any(event.trigger == COMPLETED and event.status == APPLIED for event in self.events)


def read(document: object) -> Notification:
    """Return what a delivery, a parsed JSON value, says. Raises BadDocument, which names the field."""
    payload = payload_of(document)
    version = version_of(payload)
    configuration_id = text(payload, "notification_configuration_id", LONGEST_WORD)
    if version != 1:
        return Notification(kind=Kind.OTHER, configuration_id=configuration_id)
    events = events_in(payload)
    if any(event.trigger == VERIFICATION for event in events):
        return Notification(kind=Kind.VERIFICATION, configuration_id=configuration_id)
    return Notification(
        kind=Kind.RUN,
        configuration_id=configuration_id,
        organization_name=needed_text(payload, "organization_name"),
        workspace_id=identifier(payload, "workspace_id"),
        workspace_name=needed_text(payload, "workspace_name"),
        run_id=identifier(payload, "run_id"),
        run_created_at=moment(payload, "run_created_at"),
        events=events,
    )


def events_in(payload: Payload) -> tuple[RunEvent, ...]:
    """Return the events of a run: one today, documented as possibly more. Raises BadDocument."""
    entries = payload.get("notifications")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_EVENTS:
        raise BadDocument("notifications", f"notifications must be a list of 1 to {MOST_EVENTS} entries.")
    return tuple(event(entry, f"notifications[{index}]") for index, entry in enumerate(entries))


def event(entry: object, place: str) -> RunEvent:
    if not isinstance(entry, Mapping):
        raise BadDocument(place, f"{place} must be an object.")
    try:
        return RunEvent(
            trigger=needed_text(entry, "trigger")[:LONGEST_WORD],
            status=text(entry, "run_status", LONGEST_WORD),
            message=text(entry, "message"),
            at=text(entry, "run_updated_at", LONGEST_WORD),
        )
    except BadDocument as error:
        raise BadDocument(f"{place}.{error.field}", f"{place}.{error}") from None
