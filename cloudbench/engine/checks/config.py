"""What must hold of AWS Config."""

from collections.abc import Iterator

from cloudbench.engine.findings import Finding
from cloudbench.engine.inventory import GLOBAL, NotOffered, Resource, Unread
from cloudbench.engine.registry import View, survey

RECORDERS, STATUSES = "config.recorders", "config.recorder_statuses"
GLOBAL_TYPES = frozenset({"AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"})
"""What is the same in every region, and may be recorded in one only."""


@survey("config_recorder_enabled_all_regions", reads=(RECORDERS, STATUSES))
def every_region_is_recorded(view: View) -> Iterator[Finding]:
    """Fail each region without a recorder of all resource types that is running well, and the account if none of the
    regions that have one records the global types.

    A recorder that leaves out IAM's types only, and says so by exclusion, records all of the region.
    Source: DescribeConfigurationRecorders, recordingGroup; DescribeConfigurationRecorderStatus, recording, lastStatus.
    """
    root, worldwide, recorded, unread = view.account.root_arn, [], False, False
    for region in view.regions:
        try:
            recorders = view.in_region(RECORDERS, region)
            statuses = {row.name: row for row in view.in_region(STATUSES, region)}
        except Unread as error:
            view.unread[error.failure] = None
            unread = True
            continue
        except NotOffered:
            continue
        faults = [_fault(recorder, statuses.get(recorder.name)) for recorder in recorders]
        fault = next((fault for fault in faults if fault), "") if recorders else "There is no configuration recorder."
        yield Finding(root, region, not fault, fault or "All resource types are recorded.", region)
        if not fault:
            recorded = True
            worldwide += [region for recorder in recorders if _records_global_types(recorder)]
    if worldwide or (recorded and not unread):
        bad = "None of the scanned regions records the global resource types, those of IAM."
        good = f"Global resource types are recorded in {', '.join(worldwide[:3])}."
        yield Finding(root, GLOBAL, bool(worldwide), good if worldwide else bad, view.account.id)


def _excluded(recorder: Resource) -> set[str] | None:
    """Return the types that a recorder leaves out by name; None for one that records only some."""
    group = recorder.get("recordingGroup") or {}
    if group.get("allSupported"):
        return set()
    if (group.get("recordingStrategy") or {}).get("useOnly") == "EXCLUSION_BY_RESOURCE_TYPES":
        return set((group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or ())
    return None


def _records_global_types(recorder: Resource) -> bool:
    group = recorder.get("recordingGroup") or {}
    if group.get("allSupported"):
        return bool(group.get("includeGlobalResourceTypes"))
    excluded = _excluded(recorder)
    return excluded is not None and not excluded & GLOBAL_TYPES


def _fault(recorder: Resource, status: Resource | None) -> str:
    excluded = _excluded(recorder)
    if status is None or not status.get("recording"):
        return f"The recorder {recorder.name} is stopped."
    if str(status.get("lastStatus", "")).lower() == "failure":
        return f"The recorder {recorder.name} failed last ({status.get('lastErrorCode') or 'no code'})."
    if excluded is None:
        return f"The recorder {recorder.name} records only some resource types."
    if left_out := sorted(excluded - GLOBAL_TYPES):
        return f"The recorder {recorder.name} leaves out {', '.join(left_out[:3])}."
    return ""
