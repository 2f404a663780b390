"""Try-outs: one check held against the last facts of one host, before it stands in any template."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from compliance.models import Host, Snapshot
from compliance.selectors.snapshots import load_snapshot
from organizations.errors import Conflict, Invalid
from templates_app.language.facts import Facts
from templates_app.language.results import Result, Status
from templates_app.language.trial import try_check

LATER = (
    "The last facts of {host} do not hold what this check looks at. Publish the template: the next scan of the host "
    "collects it, and then it can be tried."
)
UNSEEN = "not collected"


@dataclass(frozen=True, slots=True)
class TryOut:
    """What a check says of ``host``. ``hint`` says what to do when its facts are not enough; else it is ""."""

    host: Host
    collected_at: datetime
    result: Result
    hint: str = ""


def try_on_host(*, definition: Any, host: Host, values: Mapping[str, Any]) -> TryOut:
    """Return what ``definition`` says of ``host``; ``values`` are those of the template's variables.

    Raises Conflict when the host has no facts yet, Invalid with every problem by its place in the definition.
    """
    snapshot = newest_facts(host)
    if snapshot is None:
        raise Conflict(f"{host} was never scanned, so there is nothing to try a check on; scan it first.")
    if not isinstance(definition, Mapping):
        raise Invalid({"definition": "must be an object with named fields"})
    result, problems = try_check(definition, Facts(load_snapshot(snapshot)), values)
    if result is None:
        raise Invalid(problems)
    unseen = result.status is Status.ERROR and result.message.endswith(UNSEEN)
    return TryOut(host, snapshot.collected_at, result, LATER.format(host=host) if unseen else "")


def newest_facts(host: Host) -> Snapshot | None:
    """Return the newest snapshot of ``host``, None before its first scan."""
    rows = Snapshot.objects.filter(host=host).select_related("manifest", "organization")
    return rows.order_by("-collected_at", "-pk").first()
