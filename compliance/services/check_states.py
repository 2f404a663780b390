"""Check states: what changed in a stream since its last scan, check by check."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from compliance.models import CheckState, Scan
from templates_app.language.results import Result


@transaction.atomic
def record_states(*, scan: Scan, results: list[Result], severities: Mapping[str, str], at: datetime) -> int:
    """Close the states of the scan's stream that ended and open those that began; return how many changed."""
    if scan.stream_id is None:
        return 0
    rows = CheckState.objects.current().filter(stream=scan.stream_id).values_list("check_id", "status", "pk")
    current = {check_id: status for check_id, status, _ in rows}
    now = {result.check_id: result.status.value for result in results}
    ended = [pk for check_id, status, pk in rows if now.get(check_id) != status]
    begun = [check_id for check_id, status in now.items() if current.get(check_id) != status]
    if ended:
        CheckState.objects.filter(pk__in=ended).update(valid_to=at)
    CheckState.objects.bulk_create(
        [
            CheckState(
                organization_id=scan.organization_id,
                stream_id=scan.stream_id,
                check_id=check_id,
                status=now[check_id],
                severity=severities[check_id],
                valid_from=at,
                scan=scan,
            )
            for check_id in begun
        ],
        batch_size=400,
    )
    return len(begun)
