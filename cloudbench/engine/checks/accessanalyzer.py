"""What must hold of IAM Access Analyzer."""

from cloudbench.engine.findings import Verdict, failed, passed
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check

EXTERNAL = ("ACCOUNT", "ORGANIZATION")
"""The types of analyzer that look for access from outside; the others look for unused or internal access."""


@check("accessanalyzer_enabled_all_regions", over=EACH_REGION, reads=("accessanalyzer.analyzers",))
def outside_access_is_analyzed(region: Resource, view: View) -> Verdict:
    """Fail when a region has no active analyzer of external access; those of unused access do not count.

    An organization's analyzer is seen from the account that owns it only. Source: ListAnalyzers, type and status.
    """
    analyzers = [one for one in view.in_region("accessanalyzer.analyzers", region.name) if one["type"] in EXTERNAL]
    active = [one.name for one in analyzers if one["status"] == "ACTIVE"]
    if active:
        return passed(f"The analyzer {active[0]} is active.", analyzer=active[0])
    if analyzers:
        status = analyzers[0]["status"]
        return failed(f"The analyzer {analyzers[0].name} is not active but {status.lower()}.", status=status)
    return failed("There is no analyzer of external access.")
