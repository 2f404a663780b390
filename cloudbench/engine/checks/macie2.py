"""What must hold of Macie."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check


@check("macie_enabled", over=EACH_REGION, reads=("macie2.sessions",))
def macie_is_on(region: Resource, view: View) -> Verdict:
    """Fail a region in which Macie is off or paused; regions that do not have it are left out.

    Source: GetMacieSession, status (ENABLED or PAUSED).
    """
    sessions = view.in_region("macie2.sessions", region.name)
    status = sessions[0].get("status", "") if sessions else "off"
    words = f"Macie is {str(status).lower()} in this region."
    return verdict(status == "ENABLED", words, words, status=status)
