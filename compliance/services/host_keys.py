"""Host keys: pinned at first contact or by hand; a changed one waits for a person."""

import re
from datetime import datetime

from django.db import transaction

from compliance.engine.transports.base import HostKey as SeenKey
from compliance.models import Host, HostKey
from itsm.models import Alert
from itsm.services.alerts import News, raise_alert
from organizations import audit
from organizations.errors import Invalid
from organizations.models.users import SystemActor, User
from organizations.permissions import require

SCANNER = SystemActor("scanner")
FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@transaction.atomic
def pin_first_contact(*, host: Host, key: SeenKey, now: datetime) -> None:
    """Trust ``key`` because it is the first that ``host`` has shown; do nothing when one is pinned."""
    if host.keys.filter(state=HostKey.State.PINNED).exists():
        return
    pinned, _ = HostKey.objects.update_or_create(
        host=host,
        fingerprint=key.fingerprint,
        defaults={"type": key.type, "state": HostKey.State.PINNED, "first_contact": True, "seen_at": now},
    )
    audit.record(
        actor=SCANNER, action="host_key.pinned_at_first_contact", subject=pinned, organization=host.organization
    )


@transaction.atomic
def note_changed_key(*, host: Host, key: SeenKey, message: str, now: datetime) -> None:
    """Keep the key that ``host`` showed in place of a pinned one, and raise an alert; it is not trusted.

    Do nothing where none is pinned: the fingerprint that did not fit was typed for one scan only.
    """
    if not host.keys.filter(state=HostKey.State.PINNED).exists():
        return
    HostKey.objects.get_or_create(
        host=host,
        fingerprint=key.fingerprint,
        defaults={"type": key.type, "state": HostKey.State.OFFERED, "seen_at": now},
    )
    news = News(
        kind="host_key_changed",
        severity=Alert.Severity.CRITICAL,
        title=f"The host key of {host} changed",
        message=message,
        dedupe_key=f"host_key_changed:{host.pk}:{key.fingerprint}",
        subject_kind="host",
        subject_id=str(host.pk),
        subject_label=host.hostname,
        details={"type": key.type, "fingerprint": key.fingerprint},
    )
    raise_alert(organization=host.organization, news=news, now=now)


@transaction.atomic
def accept_key(*, actor: User, host: Host, fingerprint: str, now: datetime) -> HostKey:
    """Trust the key with ``fingerprint`` (SHA256:...) from now on, and no other of ``host``.

    It may be one that the host has shown, or one that a person knows. Raises Invalid for what is no fingerprint.
    """
    require(actor, "manage_settings", host.organization)
    fingerprint = fingerprint.strip()
    if not FINGERPRINT.fullmatch(fingerprint):
        raise Invalid({"fingerprint": "Write the fingerprint as ssh-keygen -lf prints it: SHA256: and 43 characters."})
    host.keys.exclude(fingerprint=fingerprint).delete()
    key, _ = HostKey.objects.update_or_create(
        host=host,
        fingerprint=fingerprint,
        defaults={"state": HostKey.State.PINNED, "first_contact": False, "seen_at": now},
    )
    audit.record(actor=actor, action="host_key.accepted", subject=key, organization=host.organization)
    return key
