"""What must hold of metric alarms."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check("cloudwatch_alarm_actions_enabled", over="cloudwatch.alarms")
def actions_are_on(alarm: Resource, view: View) -> Verdict:
    """Fail an alarm whose actions are switched off, whichever it has. Source: DescribeAlarms, ActionsEnabled."""
    enabled = bool(alarm.get("ActionsEnabled"))
    return verdict(enabled, "Actions are enabled.", "Actions are switched off.", ActionsEnabled=enabled)


@check("cloudwatch_alarm_has_action", over="cloudwatch.alarms")
def alarm_does_something(alarm: Resource, view: View) -> Verdict:
    """Fail an alarm that does nothing in the state ALARM; actions for other states do not count.

    Source: DescribeAlarms, AlarmActions.
    """
    actions = alarm.get("AlarmActions") or []
    words = f"The alarm has {len(actions)} action{'' if len(actions) == 1 else 's'}."
    return verdict(bool(actions), words, "The alarm has no action for the state ALARM.", AlarmActions=actions)
