from tests.cloudbench.scenes import ACCOUNT, REGION, Aws, Expected, Verdicts, on_moto


@on_moto()
def alarms_with_and_without_actions(aws: Aws) -> Verdicts:
    action = [f"arn:aws:sns:{REGION}:{ACCOUNT}:operators"]
    for name, more in (
        ("loud", {"AlarmActions": action}),
        ("muted", {"AlarmActions": action, "ActionsEnabled": False}),
        ("only-ok", {"OKActions": action}),
    ):
        aws("cloudwatch").put_metric_alarm(
            AlarmName=name, MetricName="errors", Namespace="App", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold", **more,
        )  # fmt: skip
    return {
        "cloudwatch_alarm_actions_enabled": Expected(good=["loud", "only-ok"], bad=["muted"]),
        "cloudwatch_alarm_has_action": Expected(good=["loud", "muted"], bad=["only-ok"]),
    }
