"""Connection tests: one short login, and what it says of the host."""

from dataclasses import dataclass
from datetime import datetime

from compliance.engine.collectors import ingest
from compliance.engine.collectors.collect import collect
from compliance.engine.collectors.plan import plan
from compliance.engine.transports.base import Limits, TransportError
from compliance.engine.transports.opening import open_transport
from compliance.models import Host
from compliance.services.collection import note_contact, refuse_other_system
from compliance.services.due_times import note_reachable
from compliance.services.scan_outcomes import ScanFailed, note_refusal
from compliance.services.targets import target_of
from organizations import audit
from organizations.models.users import Actor
from organizations.permissions import require

LIMITS = Limits(connect_s=8, login_s=12, idle_s=10, total_s=15)


@dataclass(frozen=True)
class ConnectionTest:
    """``privilege`` is root, sudo or user; ``reason`` a code and ``message`` a sentence when ``ok`` is False."""

    ok: bool
    message: str
    reason: str = ""
    privilege: str = ""
    os: str = ""
    host_key: str = ""
    seconds: float = 0.0


def try_connection(*, actor: Actor, host: Host, now: datetime) -> ConnectionTest:
    """Log in to ``host`` and out again. Raises PermissionDenied without manage_compliance."""
    require(actor, "manage_compliance", host)
    audit.record(actor=actor, action="host.connection_tested", subject=host)
    try:
        with open_transport(host.connection, target_of(host), LIMITS) as transport:
            seen = collect(transport, plan([]), now=now)
        refuse_other_system(host, seen.facts)
    except TransportError as error:
        note_refusal(host, error, now)
        return ConnectionTest(False, error.message, error.reason.value, host_key=str(error.host_key or ""))
    except ingest.Broken as error:
        return ConnectionTest(False, str(error), "broken_answer")
    except ScanFailed as error:
        return ConnectionTest(False, str(error), error.code)
    note_contact(host, seen, now)
    note_reachable(host=host, now=now)
    rights = {"root": "as root", "sudo": "with root's rights through sudo", "user": "without root's rights"}
    message = f"Logged in {rights[seen.facts.privilege]}."
    return ConnectionTest(
        True, message, "", seen.facts.privilege, seen.facts.os.pretty_name, str(seen.host_key or ""), seen.seconds
    )
