"""What must hold of GuardDuty: that it is on, with which protections, and that its alarms are heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check

DETECTORS, SETTINGS = "guardduty.detectors", "guardduty.detector_settings"
OPEN_FINDINGS = "guardduty.open_high_findings"


@dataclass(frozen=True)
class Protection:
    """A feature of a detector that must be on, with one of its parts if ``part`` is not "".

    ``older``: a feature that does the same, by which it may be on instead.
    """

    what: str
    feature: str
    part: str = ""
    older: str = ""


PROTECTIONS: Mapping[str, Protection] = {
    "guardduty_eks_audit_logs": Protection("EKS audit log monitoring", "EKS_AUDIT_LOGS"),
    "guardduty_lambda_protection": Protection("Lambda protection", "LAMBDA_NETWORK_LOGS"),
    "guardduty_eks_runtime": Protection(
        "EKS runtime monitoring with a managed agent",
        "RUNTIME_MONITORING",
        "EKS_ADDON_MANAGEMENT",
        "EKS_RUNTIME_MONITORING",
    ),
    "guardduty_ec2_malware_protection": Protection("malware protection for EC2", "EBS_MALWARE_PROTECTION"),
    "guardduty_rds_protection": Protection("RDS protection", "RDS_LOGIN_EVENTS"),
    "guardduty_s3_protection": Protection("S3 protection", "S3_DATA_EVENTS"),
    "guardduty_runtime_monitoring": Protection("runtime monitoring", "RUNTIME_MONITORING"),
    "guardduty_ecs_runtime": Protection(
        "runtime monitoring of Fargate tasks with a managed agent", "RUNTIME_MONITORING", "ECS_FARGATE_AGENT_MANAGEMENT"
    ),
    "guardduty_ec2_runtime": Protection(
        "runtime monitoring of EC2 with a managed agent", "RUNTIME_MONITORING", "EC2_AGENT_MANAGEMENT"
    ),
}
"""GuardDuty.5 to .13 of AWS Foundational Security Best Practices."""


def _running(region: Resource, view: View) -> Resource | None:
    """Return the settings of the region's detector, if there is one that is not suspended."""
    for detector in view.in_region(DETECTORS, region.name):
        settings = view.one_of(SETTINGS, detector)
        if settings and settings.get("Status") == "ENABLED":
            return settings
    return None


@check("guardduty_enabled", over=EACH_REGION, reads=(DETECTORS, SETTINGS))
def guardduty_is_on(region: Resource, view: View) -> Verdict:
    """Fail a region without a detector, or with a suspended one. Source: ListDetectors; GetDetector, Status."""
    if (detector := _running(region, view)) is not None:
        return passed("GuardDuty is enabled.", DetectorId=detector.name)
    suspended = view.in_region(DETECTORS, region.name)
    return failed(f"GuardDuty is {'suspended' if suspended else 'not enabled'} in this region.")


ALWAYS_TOLD = frozenset({"CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"})
"""What every detector has and AWS lists with the features: a list with them is whole."""


def is_protected(by: Protection, region: Resource, view: View) -> Verdict | None:
    """Fail a region where the protection is off, or GuardDuty itself is.

    A region is left out if the whole list of its detector's features lacks this one: AWS does not offer it there.
    Source: GetDetector, Features[].Status and AdditionalConfiguration[].Status (ENABLED).
    """
    if (detector := _running(region, view)) is None:
        return failed(f"GuardDuty, and so {by.what}, is not enabled in this region.")
    features = {one["Name"]: one for one in detector.get("Features") or ()}
    known = [features[name] for name in (by.feature, by.older) if name in features]
    if not known and ALWAYS_TOLD & features.keys():
        return None
    enabled = any(_is_on(feature, by.part) for feature in known)
    words = f"{by.what[0].upper()}{by.what[1:]} is"
    return verdict(enabled, f"{words} enabled.", f"{words} not enabled.", DetectorId=detector.name, feature=by.feature)


def _is_on(feature: Mapping[str, Any], part: str) -> bool:
    parts = {one["Name"]: one.get("Status") for one in feature.get("AdditionalConfiguration") or ()}
    return feature.get("Status") == "ENABLED" and (not part or parts.get(part) == "ENABLED")


for _check_id, _protection in PROTECTIONS.items():
    check(_check_id, over=EACH_REGION, reads=(DETECTORS, SETTINGS))(partial(is_protected, _protection))


@check("guardduty_no_open_high_findings", over=DETECTORS, reads=(OPEN_FINDINGS,))
def alarms_were_heard(detector: Resource, view: View) -> Verdict:
    """Fail a detector with findings of high or critical severity that are not archived.

    Source: ListFindings, for severity from 7 and service.archived false.
    """
    found = view.all_of(OPEN_FINDINGS, detector)
    words = f"{len(found)} finding{'' if len(found) == 1 else 's'} of high severity not archived."
    ids = [row.name for row in found[:10]]
    return verdict(not found, "No finding of high severity is open.", f"There are {words}", findings=ids)
