"""Check states as pages show them."""

from datetime import datetime

from compliance.models import CheckState, Scan


def failing_since(scan: Scan) -> dict[str, datetime]:
    """Return {check id: since when} of the checks that fail now in the stream of ``scan``."""
    if scan.stream_id is None:
        return {}
    current = CheckState.objects.current().filter(stream=scan.stream_id, status="fail")
    return dict(current.values_list("check_id", "valid_from"))
