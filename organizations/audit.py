"""The one door to the audit log: what was before, and the record of what was done, chained by hash per organization."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from organizations.models.audit import AuditChain, AuditEvent
from organizations.models.organizations import Organization
from organizations.models.secrets import EncryptedTextField
from organizations.models.users import Actor, User

SECRET_FIELDS = frozenset({"password", "digest"})
LONGEST_VALUE = 2_000
"""Characters of JSON; a longer value is stored as its SHA-256."""


@dataclass(frozen=True)
class State:
    """A row's fields as the log may show them, and keyed digests of those it may not."""

    shown: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)


NOTHING = State()


def before(row: models.Model) -> State:
    """Return the state of ``row`` as it is now; call it before the change and give it to ``record``."""
    shown: dict[str, Any] = {}
    hidden: dict[str, str] = {}
    for column in row._meta.concrete_fields:
        value = getattr(row, column.attname)
        if isinstance(column, EncryptedTextField) or column.name in SECRET_FIELDS:
            hidden[column.name] = _digest(value)
        else:
            shown[column.name] = _presentable(value)
    return State(shown, hidden)


@transaction.atomic
def record(
    *,
    actor: Actor,
    action: str,
    subject: models.Model,
    before: State | None = None,
    organization: Organization | None = None,
    details: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append one event; call it last in a service, for it holds the chain until the transaction ends.

    ``action`` is "<concept>.<participle>", e.g. "waiver.approved". With ``before``, only fields that changed are
    stored; without, the row as it is. A deleted ``subject`` (no pk) stores what was. ``organization`` defaults to
    the subject's.
    ``details`` is for what no field says; the caller keeps secrets out of it.
    """
    organization = organization or _organization_of(subject)
    chain = _locked_chain(organization)
    event = _appended(chain, organization, actor, action, subject, before, details)
    event.save(force_insert=True)
    chain.save(update_fields=["length", "head"])
    return event


@transaction.atomic
def record_all(
    *, actor: Actor, action: str, subjects: Sequence[tuple[models.Model, State | None]], organization: Organization
) -> None:
    """Append one event for each (row, state before or None) of ``organization``, as ``record`` would, but at once."""
    if not subjects:
        return
    chain = _locked_chain(organization)
    events = [_appended(chain, organization, actor, action, row, before, None) for row, before in subjects]
    AuditEvent.objects.bulk_create(events, batch_size=500)
    chain.save(update_fields=["length", "head"])


def _appended(
    chain: AuditChain, organization: Organization | None, actor: Actor, action: str, subject: models.Model,
    before: State | None, details: Mapping[str, Any] | None,
) -> AuditEvent:  # fmt: skip
    """Return the next event of ``chain``, which moves on to it; both are still to be stored."""
    was, became = _difference(before, _state_after(subject))
    event = AuditEvent(
        chain=chain,
        organization=organization,
        sequence=chain.length + 1,
        at=timezone.now(),
        actor_kind=_actor_kind(actor),
        actor=actor if isinstance(actor, User) else None,
        actor_label=_actor_label(actor),
        action=action,
        subject_kind=subject._meta.label_lower,
        subject_id=str(was.get("id") if subject.pk is None else subject.pk),
        subject_label=str(subject)[:200],
        before=was,
        after=became,
        details=_presentable(dict(details or {})),
        previous_hash=chain.head,
    )
    event.hash = hash_of(event)
    chain.length, chain.head = event.sequence, event.hash
    return event


def hash_of(event: AuditEvent) -> str:
    """Return the SHA-256 over the canonical JSON of everything in ``event`` but its hash."""
    canonical = json.dumps(event.hashed_content(), sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _locked_chain(organization: Organization | None) -> AuditChain:
    name = "platform" if organization is None else f"organization {organization.pk}"
    AuditChain.objects.get_or_create(name=name, defaults={"organization": organization})
    return AuditChain.objects.select_for_update().get(name=name)


def _organization_of(subject: models.Model) -> Organization | None:
    return subject if isinstance(subject, Organization) else getattr(subject, "organization", None)


def _state_after(subject: models.Model) -> State:
    return NOTHING if subject.pk is None else before(subject)


def _difference(was: State | None, became: State) -> tuple[dict[str, Any], dict[str, Any]]:
    old = was or NOTHING
    secrets_before = {name: "hidden" for name, digest in old.hidden.items() if digest}
    secrets_after = {
        name: "hidden, changed" if was and old.hidden.get(name) else "hidden"
        for name, digest in became.hidden.items()
        if digest
    }
    if was is None or not became.shown:
        return {**old.shown, **secrets_before}, {**became.shown, **secrets_after}
    changed = {name for name in became.shown if old.shown.get(name) != became.shown[name]}
    changed_secrets = {name for name in became.hidden if old.hidden.get(name) != became.hidden[name]}
    return (
        {name: old.shown.get(name) for name in changed}
        | {n: v for n, v in secrets_before.items() if n in changed_secrets},
        {name: became.shown[name] for name in changed}
        | {n: v for n, v in secrets_after.items() if n in changed_secrets},
    )


def _actor_kind(actor: Actor) -> AuditEvent.ActorKind:
    if not isinstance(actor, User):
        return AuditEvent.ActorKind.SYSTEM
    return AuditEvent.ActorKind.TOKEN if actor.token_name else AuditEvent.ActorKind.USER


def _actor_label(actor: Actor) -> str:
    if isinstance(actor, User) and actor.token_name:
        return f"{actor} by token {actor.token_name}"[:200]
    return str(actor)[:200]


def _presentable(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    text = (
        json.dumps(value, cls=DjangoJSONEncoder, default=None, sort_keys=True)
        if _is_json(value)
        else json.dumps(str(value))
    )
    if len(text) > LONGEST_VALUE:
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return json.loads(text)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, cls=DjangoJSONEncoder)
    except TypeError:
        return False
    return True


def _digest(value: Any) -> str:
    if not value:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), str(value).encode(), hashlib.sha256).hexdigest()
