"""Check states: what changed in a stream since its last scan, check by check."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from compliance.models import CheckState, Scan
from templates_app.language.results import Result


@transaction.atomic
def record_states(*, scan: Scan, results: list[Result], severities: Mapping[str, str], at: datetime) -> int:
    """Close the states of the scan's stream that ended and open those that began; return how many changed."""
    if scan.stream is None:
        return 0
    current = {state.check_id: state for state in CheckState.objects.current().filter(stream=scan.stream)}
    now = {result.check_id: result.status.value for result in results}
    ended = [state.pk for check_id, state in current.items() if now.get(check_id) != state.status]
    begun = [
        check_id for check_id, status in now.items() if check_id not in current or current[check_id].status != status
    ]
    if ended:
        CheckState.objects.filter(pk__in=ended).update(valid_to=at)
    CheckState.objects.bulk_create(
        [
            CheckState(
                organization_id=scan.organization_id,
                stream=scan.stream,
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
