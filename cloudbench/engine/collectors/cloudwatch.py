"""Metric alarms."""

from cloudbench.engine.registry import listing

listing(
    "cloudwatch.alarms",
    "cloudwatch.describe_alarms",
    items="MetricAlarms",
    arn="{AlarmArn}",
    label="AlarmName",
    keep=("AlarmName", "ActionsEnabled", "AlarmActions", "Namespace", "MetricName", "StateValue"),
)
