"""What must hold of queues. A queue that was deleted between two calls is left out."""

from cloudbench.engine.checks.policies import public_grants
from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

ATTRIBUTES = "sqs.queue_attributes"


@check("sqs_queue_encrypted", over="sqs.queues", reads=(ATTRIBUTES,))
def queue_is_encrypted(queue: Resource, view: View) -> Verdict | None:
    """Fail a queue that neither a KMS key nor a key of SQS encrypts at rest.

    Source: GetQueueAttributes, KmsMasterKeyId and SqsManagedSseEnabled ("true").
    """
    if (attributes := view.one_of(ATTRIBUTES, queue)) is None:
        return None
    if key := attributes.get("KmsMasterKeyId"):
        return passed("A KMS key encrypts messages.", KmsMasterKeyId=key)
    if attributes.get("SqsManagedSseEnabled") == "true":
        return passed("A key that SQS keeps encrypts messages.", SqsManagedSseEnabled=True)
    return failed("Messages are not encrypted at rest.", SqsManagedSseEnabled=False)


@check("sqs_queue_policy_not_public", over="sqs.queues", reads=(ATTRIBUTES,))
def queue_is_not_public(queue: Resource, view: View) -> Verdict | None:
    """Fail a queue whose policy lets anyone in without limiting the caller. Source: GetQueueAttributes, Policy."""
    if (attributes := view.one_of(ATTRIBUTES, queue)) is None:
        return None
    grants = public_grants(attributes.get("Policy"))
    actions = sorted({action for one in grants for action in one.actions})
    return verdict(
        not grants,
        "The queue policy lets in known callers only." if attributes.get("Policy") else "There is no queue policy.",
        f"The queue policy allows anyone {', '.join(actions) or 'almost everything'}.",
        actions=actions,
    )
