"""What must hold of CloudFormation stacks."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

DRIFT = {
    "IN_SYNC": "The last drift detection, of {day}, found the stack as its template says.",
    "DRIFTED": "The last drift detection, of {day}, found changes made outside the template.",
}
NEVER = "No drift detection has ever run on the stack."


@check("cloudformation_stack_drift_free", over="cloudformation.stacks")
def has_not_drifted(stack: Resource, view: View) -> Verdict:
    """Fail if its resources differ from its template, or nobody ever looked: then nothing is known.

    Source: DescribeStacks, DriftInformation.StackDriftStatus (IN_SYNC, DRIFTED, NOT_CHECKED, UNKNOWN).
    """
    told = stack.get("DriftInformation") or {}
    status = told.get("StackDriftStatus", "NOT_CHECKED")
    words = DRIFT.get(status, NEVER).format(day=str(told.get("LastCheckTimestamp", "an unknown day"))[:10])
    return verdict(status == "IN_SYNC", words, words, StackDriftStatus=status)


@check("cloudformation_stack_notifications", over="cloudformation.stacks")
def tells_of_changes(stack: Resource, view: View) -> Verdict:
    """Fail if its events go to no SNS topic. Source: DescribeStacks, NotificationARNs."""
    topics = list(stack.get("NotificationARNs") or ())
    return verdict(
        bool(topics),
        f"Its events go to {', '.join(topics)}.",
        "Its events go to no SNS topic.",
        NotificationARNs=topics,
    )
