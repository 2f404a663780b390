"""Log groups and resource policies; for trails that write to CloudWatch Logs, the filters, alarms and subscribers."""

from collections.abc import Iterator

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "logs.log_groups",
    "logs.describe_log_groups",
    items="logGroups",
    arn="arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}",
    label="logGroupName",
    keep=("logGroupName", "retentionInDays", "kmsKeyId", "logGroupClass", "storedBytes"),
)
listing(
    "logs.resource_policies",
    "logs.describe_resource_policies",
    items="resourcePolicies",
    label="policyName",
    keep=("policyName", "policyDocument"),
)

# --- From a trail's log group to somebody who is told -----------------------------------------------------------------


def _log_group(trail: Resource) -> list[str]:
    """Return the parts of the ARN of the trail's log group: arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*."""
    return str(trail["CloudWatchLogsLogGroupArn"]).split(":")


def _has_log_group(trail: Resource) -> bool:
    return bool(trail.get("CloudWatchLogsLogGroupArn"))


def _its_region(trail: Resource) -> str:
    return _log_group(trail)[3]


def _topics(answer: Data) -> Iterator[Data]:
    """Yield each SNS topic that alarms notify, once."""
    actions = {action for alarm in answer.get("MetricAlarms", []) for action in alarm.get("AlarmActions", [])}
    yield from ({"TopicArn": action} for action in sorted(actions) if action.split(":")[2] == "sns")


detail(
    "logs.trail_metric_filters",
    "logs.describe_metric_filters",
    of="cloudtrail.trails",
    ask=lambda trail: {"logGroupName": _log_group(trail)[6]},
    when=_has_log_group,
    region_of=_its_region,
    items="metricFilters",
    label="filterName",
    keep=("filterName", "filterPattern", "metricTransformations", "logGroupName"),
    absent=("ResourceNotFoundException",),
)
detail(
    "cloudwatch.trail_alarms",
    "cloudwatch.describe_alarms",
    of="cloudtrail.trails",
    ask=lambda trail: {},
    when=_has_log_group,
    region_of=_its_region,
    items="MetricAlarms",
    arn="{AlarmArn}",
    label="AlarmName",
    keep=("AlarmName", "ActionsEnabled", "AlarmActions", "Namespace", "MetricName", "Metrics"),
)
detail(
    "cloudwatch.trail_alarm_topics",
    "cloudwatch.describe_alarms",
    of="cloudtrail.trails",
    ask=lambda trail: {},
    when=_has_log_group,
    region_of=_its_region,
    items=_topics,
    arn="{TopicArn}",
    label="TopicArn",
)
detail(
    "sns.trail_alarm_subscriptions",
    "sns.list_subscriptions_by_topic",
    of="cloudwatch.trail_alarm_topics",
    ask=lambda topic: {"TopicArn": topic["TopicArn"]},
    region_of=lambda topic: str(topic["TopicArn"]).split(":")[3],
    items="Subscriptions",
    keep=("SubscriptionArn", "Protocol"),
    absent=("NotFound", "NotFoundException"),
)
