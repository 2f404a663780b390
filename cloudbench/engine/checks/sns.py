"""What must hold of topics. A topic that was deleted between two calls is left out."""

from cloudbench.engine.checks.policies import public_grants
from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

ATTRIBUTES = "sns.topic_attributes"


@check("sns_topic_kms_encrypted", over="sns.topics", reads=(ATTRIBUTES,))
def topic_is_encrypted(topic: Resource, view: View) -> Verdict | None:
    """Fail a topic whose messages no KMS key encrypts at rest. Source: GetTopicAttributes, KmsMasterKeyId."""
    if (attributes := view.one_of(ATTRIBUTES, topic)) is None:
        return None
    key = attributes.get("KmsMasterKeyId")
    return verdict(bool(key), "A KMS key encrypts messages.", "No KMS key encrypts messages.", KmsMasterKeyId=key)


@check("sns_topic_delivery_logging", over="sns.topics", reads=(ATTRIBUTES,))
def delivery_is_logged(topic: Resource, view: View) -> Verdict | None:
    """Fail a topic that logs the delivery status of no protocol.

    Source: GetTopicAttributes, ...SuccessFeedbackRoleArn and ...FailureFeedbackRoleArn of each protocol.
    """
    if (attributes := view.one_of(ATTRIBUTES, topic)) is None:
        return None
    logged = sorted(name for name, role in attributes.data.items() if name.endswith("FeedbackRoleArn") and role)
    return verdict(bool(logged), "Delivery status is logged.", "No delivery status is logged.", roles=logged)


@check("sns_topic_policy_not_public", over="sns.topics", reads=(ATTRIBUTES,))
def topic_is_not_public(topic: Resource, view: View) -> Verdict | None:
    """Fail a topic whose policy lets anyone in without limiting the caller.

    The policy that AWS gives to a new topic limits callers by AWS:SourceOwner. Source: GetTopicAttributes, Policy.
    """
    if (attributes := view.one_of(ATTRIBUTES, topic)) is None:
        return None
    grants = public_grants(attributes.get("Policy"))
    actions = sorted({action for one in grants for action in one.actions})
    return verdict(
        not grants,
        "The topic policy lets in known callers only.",
        f"The topic policy allows anyone {', '.join(actions) or 'almost everything'}.",
        actions=actions,
    )
