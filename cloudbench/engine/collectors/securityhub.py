"""Whether Security Hub is on."""

from cloudbench.engine.registry import listing

listing(
    "securityhub.hubs",
    "securityhub.describe_hub",
    items="@",
    arn="{HubArn}",
    keep=("HubArn", "SubscribedAt", "AutoEnableControls"),
    absent=("InvalidAccessException:not subscribed", "ResourceNotFoundException"),
)
