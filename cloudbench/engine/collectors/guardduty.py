"""Detectors, whole, and their findings that nobody has dealt with."""

from collections.abc import Iterator

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

HIGH_SEVERITY = 7.0
"""From here on GuardDuty calls a finding high, or critical. Source: "Findings severity levels", GuardDuty guide."""


def _detectors(answer: Data) -> Iterator[Data]:
    yield from ({"DetectorId": detector_id} for detector_id in answer["DetectorIds"])


def _findings(answer: Data) -> Iterator[Data]:
    yield from ({"FindingId": finding_id} for finding_id in answer["FindingIds"])


def _this_detector(detector: Resource) -> Data:
    return {"DetectorId": detector["DetectorId"]}


listing(
    "guardduty.detectors",
    "guardduty.list_detectors",
    items=_detectors,
    arn="arn:{partition}:guardduty:{region}:{account}:detector/{DetectorId}",
    label="DetectorId",
)
detail(
    "guardduty.detector_settings",
    "guardduty.get_detector",
    of="guardduty.detectors",
    ask=_this_detector,
    keep=("Status", "Features", "DataSources"),
)
detail(
    "guardduty.open_high_findings",
    "guardduty.list_findings",
    of="guardduty.detectors",
    ask=_this_detector,
    params={
        "FindingCriteria": {
            "Criterion": {
                "severity": {"GreaterThanOrEqual": int(HIGH_SEVERITY)},
                "service.archived": {"Equals": ["false"]},
            }
        },
    },
    items=_findings,
    arn="{parent}/finding/{FindingId}",
    label="FindingId",
)
