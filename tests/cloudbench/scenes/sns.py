import json
from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto


def policy(principal: Any, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": "*"}
    statement |= {"Condition": condition} if condition else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@on_moto()
def topics_open_and_closed(aws: Aws) -> Verdicts:
    sns = aws("sns")
    source = {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}
    for name, attributes in (
        ("fresh", {}),
        ("encrypted", {"KmsMasterKeyId": "alias/topics"}),
        ("anyone", {"Policy": policy("*")}),
        ("limited", {"Policy": policy({"AWS": "*"}, **source)}),
        ("service", {"Policy": policy({"Service": "events.amazonaws.com"})}),
    ):
        topic = sns.create_topic(Name=name)["TopicArn"]
        for attribute, value in attributes.items():
            sns.set_topic_attributes(TopicArn=topic, AttributeName=attribute, AttributeValue=value)
    everything = {"fresh", "encrypted", "anyone", "limited", "service"}
    return {
        "sns_topic_kms_encrypted": Expected(good=["encrypted"], bad=sorted(everything - {"encrypted"})),
        "sns_topic_policy_not_public": Expected(good=sorted(everything - {"anyone"}), bad=["anyone"]),
    }


@on_answers
def topics_that_log_delivery_or_not() -> Answers:
    role = f"arn:aws:iam::{ACCOUNT}:role/feedback"
    attributes = {
        "failures": {"HTTPFailureFeedbackRoleArn": role},
        "successes": {"LambdaSuccessFeedbackRoleArn": role, "LambdaSuccessFeedbackSampleRate": "100"},
        "silent": {"LambdaSuccessFeedbackSampleRate": "100"},
    }
    says = {
        "sns.list_topics": {"Topics": [{"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"} for name in attributes]},
        "sns.get_topic_attributes": lambda params: {"Attributes": attributes[params["TopicArn"].rpartition(":")[2]]},
    }
    return Answers(says, {"sns_topic_delivery_logging": Expected(good=["failures", "successes"], bad=["silent"])})


@on_answers
def a_topic_deleted_meanwhile() -> Answers:
    says = {
        "sns.list_topics": {"Topics": [{"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:gone"}]},
        "sns.get_topic_attributes": CallFailed("NotFound", "Topic does not exist", 404),
    }
    checks = ("sns_topic_kms_encrypted", "sns_topic_delivery_logging", "sns_topic_policy_not_public")
    return Answers(says, dict.fromkeys(checks, Expected()))
