"""Check states: what changed in a stream since its last scan, check by check."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from compliance.models import CheckState, Scan
from templates_app.language.results import Result

Count = tuple[str, str, str]
"""What a tally counts: check id, severity, status."""


@dataclass(frozen=True)
class StateChange:
    """The outcomes in a stream before and after a scan, {check id: status}, and by how many each tally moves."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    counts: Mapping[Count, int] = field(default_factory=dict)


@transaction.atomic
def record_states(
    *, scan: Scan, results: Iterable[Result], severities: Mapping[str, str], waivers: Mapping[str, int], at: datetime
) -> StateChange:
    """Close the states of the scan's stream that ended and open those that began; return what changed.

    ``waivers`` is {check id: id of the waiver that counts}. The stream's row must be locked.
    """
    if scan.stream_id is None:
        raise ValueError(f"scan {scan.pk} belongs to no stream")
    rows = CheckState.objects.current().filter(stream=scan.stream_id)
    known = {row[0]: row for row in rows.values_list("check_id", "status", "severity", "waiver_id", "pk")}
    found = {
        result.check_id: (
            result.check_id,
            result.status.value,
            severities[result.check_id],
            waivers.get(result.check_id) if result.status.value == "waived" else None,
        )
        for result in results
    }
    ended = [row for check_id, row in known.items() if found.get(check_id) != row[:4]]
    begun = [row for check_id, row in found.items() if check_id not in known or known[check_id][:4] != row]
    if ended:
        CheckState.objects.filter(pk__in=[row[4] for row in ended]).update(valid_to=at)
    CheckState.objects.bulk_create(
        [
            CheckState(
                organization_id=scan.organization_id,
                stream_id=scan.stream_id,
                check_id=check_id,
                status=status,
                severity=severity,
                waiver_id=waiver,
                valid_from=at,
                scan=scan,
            )
            for check_id, status, severity, waiver in begun
        ],
        batch_size=400,
    )
    counts: Counter[Count] = Counter()
    for check_id, status, severity, *_ in ended:
        counts[check_id, severity, status] -= 1
    for check_id, status, severity, _ in begun:
        counts[check_id, severity, status] += 1
    return StateChange(
        {check_id: row[1] for check_id, row in known.items()},
        {check_id: row[1] for check_id, row in found.items()},
        {count: number for count, number in counts.items() if number},
    )
