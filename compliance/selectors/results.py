"""Results of a scan, read back from their stored document."""

import json

from compliance.models import Blob
from templates_app.language.observations import Evidence
from templates_app.language.results import Result, SkipReason, Status


def read_results(blob: Blob) -> list[Result]:
    """Return the results in ``blob``, in the template's order."""
    return [
        Result(
            check_id, Status(status), expected, actual, tuple(Evidence(*one) for one in evidence),
            SkipReason(skip_reason), message,
        )
        for check_id, status, expected, actual, evidence, skip_reason, message in json.loads(blob.unpacked())
    ]  # fmt: skip
