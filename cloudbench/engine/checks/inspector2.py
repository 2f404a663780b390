"""What must hold of Inspector: what it scans, in every region."""

from collections.abc import Mapping
from functools import partial

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check

SCANS: Mapping[str, tuple[str, str]] = {
    "inspector_ec2_scanning": ("ec2", "EC2 instances"),
    "inspector_ecr_scanning": ("ecr", "container images"),
    "inspector_lambda_scanning": ("lambda", "Lambda functions"),
    "inspector_lambda_code_scanning": ("lambdaCode", "the code of Lambda functions"),
}
"""Check: (key in resourceState, what is scanned). Inspector.1 to .4 of AWS Foundational Security Best Practices."""


def scans(kind: str, what: str, region: Resource, view: View) -> Verdict:
    """Fail a region in which Inspector does not scan ``what`` at present; being enabled only is not enough.

    Source: BatchGetAccountStatus, resourceState, status (ENABLED).
    """
    rows = view.in_region("inspector2.account_statuses", region.name)
    state = (rows[0].get("resourceState") or {}).get(kind) or {} if rows else {}
    status = state.get("status", "DISABLED")
    bad = f"Inspector does not scan {what} in this region ({status.lower()})."
    return verdict(status == "ENABLED", f"Inspector scans {what}.", bad, status=status)


for _check_id, (_kind, _what) in SCANS.items():
    check(_check_id, over=EACH_REGION, reads=("inspector2.account_statuses",))(partial(scans, _kind, _what))
