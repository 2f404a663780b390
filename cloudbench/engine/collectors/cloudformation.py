"""CloudFormation stacks that exist, without their parameters and outputs."""

from cloudbench.engine.registry import listing

listing(
    "cloudformation.stacks",
    "cloudformation.describe_stacks",
    items="Stacks[?StackStatus!='REVIEW_IN_PROGRESS' && StackStatus!='DELETE_COMPLETE']",
    arn="{StackId}",
    label="StackName",
    keep=("StackName", "StackStatus", "CreationTime", "ParentId", "NotificationARNs", "DriftInformation"),
)
