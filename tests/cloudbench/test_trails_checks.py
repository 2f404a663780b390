"""What trails show is asked once, counts once, and is an error only where no other trail makes up for it."""

from collections.abc import Mapping
from typing import Any

from cloudbench.engine.findings import Status
from cloudbench.engine.session import Denied
from tests.cloudbench.scenes import ACCOUNT
from tests.cloudbench.stage import Replayer, now, play

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")
DENIED = Denied("AccessDeniedException", "an organization's trail", 403)


class Told(Replayer):
    """Answers as told, by region where that matters, and counts."""

    def __init__(self, told: Mapping[str, Any], by_region: Mapping[tuple[str, str], Any] | None = None) -> None:
        super().__init__(None, told)
        self.by_region = by_region or {}
        self.calls: list[tuple[str, str]] = []

    def _answer(self, operation: str, region: str, params: Mapping[str, Any]) -> Any:
        self.calls.append((operation, region))
        if (operation, region) in self.by_region:
            return self.by_region[operation, region]
        return super()._answer(operation, region, params)


def trail(name: str = "all", home: str = "us-east-1", account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:cloudtrail:{home}:{account}:trail/{name}"
    plain = {"Name": name, "TrailARN": arn, "HomeRegion": home, "IsMultiRegionTrail": True, "S3BucketName": "trails"}
    return plain | more


def told(*trails: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "cloudtrail.describe_trails": {"trailList": list(trails)},
        "cloudtrail.get_trail_status": {"IsLogging": True},
        "cloudtrail.get_event_selectors": {"EventSelectors": []},
    } | more


def test_what_every_region_shows_is_asked_once_at_home():
    caller = Told(told(trail()))
    outcome = play(["cloudtrail_multi_region_trail"], caller, REGIONS, now())["cloudtrail_multi_region_trail"]
    assert outcome.status is Status.PASS
    asked = [call for call in caller.calls if call[0] != "cloudtrail.describe_trails"]
    homes = [("cloudtrail.get_event_selectors", "us-east-1"), ("cloudtrail.get_trail_status", "us-east-1")]
    assert sorted(asked) == homes


def test_a_trail_that_every_region_shows_is_one_finding_of_its_home():
    caller = Told(told(trail()))
    outcome = play(["cloudtrail_log_file_validation"], caller, REGIONS, now())["cloudtrail_log_file_validation"]
    assert [finding.region for finding in outcome.findings] == ["us-east-1"]


def test_a_good_trail_makes_up_for_one_that_cannot_be_read():
    def status(params: Mapping[str, Any]) -> Any:
        return DENIED if "closed" in params["Name"] else {"IsLogging": True}

    caller = Told(told(trail("closed"), trail("open"), **{"cloudtrail.get_trail_status": status}))
    outcome = play(["cloudtrail_any_trail_logging"], caller, REGIONS, now())["cloudtrail_any_trail_logging"]
    assert outcome.status is Status.PASS


def test_a_region_that_cannot_be_read_may_have_the_trail():
    refused = {("cloudtrail.describe_trails", "eu-west-1"): DENIED}
    caller = Told(told(trail(), **{"cloudtrail.get_trail_status": {"IsLogging": False}}), refused)
    outcome = play(["cloudtrail_any_trail_logging"], caller, REGIONS, now())["cloudtrail_any_trail_logging"]
    assert outcome.status is Status.ERROR
    assert "cloudtrail:DescribeTrails" in outcome.reason


def test_a_log_group_of_another_account_is_an_error_that_says_so():
    group = "arn:aws:logs:us-east-1:210987654321:log-group:trails:*"
    chain = {
        "logs.describe_metric_filters": {"metricFilters": []},
        "cloudwatch.describe_alarms": {"MetricAlarms": []},
    }
    caller = Told(told(trail(account="210987654321", CloudWatchLogsLogGroupArn=group), **chain))
    outcome = play(["logs_alarm_root_usage"], caller, REGIONS, now())["logs_alarm_root_usage"]
    assert outcome.status is Status.ERROR
    assert "the account 210987654321" in outcome.reason
    assert sorted(caller.calls).count(("logs.describe_metric_filters", "us-east-1")) == 1


def test_log_groups_of_two_regions_are_not_confused():
    def named(home: str) -> dict[str, Any]:
        return trail(home, home, CloudWatchLogsLogGroupArn=f"arn:aws:logs:{home}:{ACCOUNT}:log-group:trails:*")

    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:security"
    metric = {"metricName": "root", "metricNamespace": "Security", "metricValue": "1"}
    pattern = '{ $.userIdentity.type = "Root" }'
    alarm = {
        "AlarmName": "root", "AlarmArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:root", "ActionsEnabled": True,
        "AlarmActions": [topic], "MetricName": "root", "Namespace": "Security",
    }  # fmt: skip
    chain = {
        "logs.describe_metric_filters": {
            "metricFilters": [{"filterName": "root", "filterPattern": pattern, "metricTransformations": [metric]}]
        },
        "cloudwatch.describe_alarms": {"MetricAlarms": []},
        "sns.list_subscriptions_by_topic": {"Subscriptions": [{"SubscriptionArn": f"{topic}:0a1b"}]},
    }
    alarms = {("cloudwatch.describe_alarms", "eu-west-1"): {"MetricAlarms": [alarm]}}
    caller = Told(told(named("eu-central-1"), named("eu-west-1"), **chain), alarms)
    outcome = play(["logs_alarm_root_usage"], caller, REGIONS, now())["logs_alarm_root_usage"]
    assert outcome.status is Status.PASS
    assert outcome.findings[0].attributes["AlarmName"] == "root"
