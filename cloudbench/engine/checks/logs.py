"""What must hold of CloudWatch Logs: its groups and policies, and the alarms on what trails write there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cloudbench.engine.checks import trails
from cloudbench.engine.checks.cloudtrail import records_everywhere
from cloudbench.engine.checks.filter_patterns import Event, pattern_test
from cloudbench.engine.checks.policies import public_grants
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import GLOBAL, Resource, Unread
from cloudbench.engine.registry import View, check, survey

LEAST_RETENTION_DAYS = 365
"""AWS Foundational Security Best Practices and NIST 800-53, CloudWatch.16."""
DELIVERY = "DELIVERY"
"""The class of log groups that keep everything for two days and have no settings."""

# --- Groups and policies ----------------------------------------------------------------------------------------------


@check("logs_group_kms_encrypted", over="logs.log_groups")
def group_has_a_key(group: Resource, view: View) -> Verdict:
    """Fail a log group without a KMS key of its own. Source: DescribeLogGroups, kmsKeyId."""
    key = group.get("kmsKeyId")
    return verdict(bool(key), "A KMS key encrypts the log group.", "No KMS key is set.", kmsKeyId=key)


@check("logs_group_retention_period", over="logs.log_groups")
def group_keeps_a_year(group: Resource, view: View) -> Verdict | None:
    """Fail a log group that drops events before a year is over; without a setting they are kept for ever.

    Groups of the class DELIVERY, whose retention AWS fixes, are left out. Source: DescribeLogGroups, retentionInDays.
    """
    if group.get("logGroupClass") == DELIVERY:
        return None
    days = group.get("retentionInDays")
    if days is None:
        return passed("Log events never expire.", retentionInDays=None)
    long_enough = days >= LEAST_RETENTION_DAYS
    return verdict(
        long_enough, f"Log events are kept for {days} days.", f"Log events are kept for {days} days only.",
        retentionInDays=days,
    )  # fmt: skip


@check("logs_resource_policy_not_public", over="logs.resource_policies")
def policy_is_not_public(policy: Resource, view: View) -> Verdict:
    """Fail a resource policy of CloudWatch Logs that lets anyone in.

    Services do not count as anyone. Source: DescribeResourcePolicies, policyDocument.
    """
    grants = public_grants(policy.get("policyDocument"))
    actions = sorted({action for one in grants for action in one.actions})
    if grants:
        return failed(
            f"The resource policy allows anyone {', '.join(actions) or 'almost everything'}.", actions=actions
        )
    return passed("The resource policy lets in known callers only.")


# --- Alarms on what trails write --------------------------------------------------------------------------------------


def _events(source: str, *names: str, **more: Any) -> tuple[Event, ...]:
    """Return one event as CloudTrail writes it for each action of a service that is ``names``."""
    service = f"{source}.amazonaws.com"
    return tuple(
        {
            "eventVersion": "1.09",
            "eventType": "AwsApiCall",
            "eventCategory": "Management",
            "managementEvent": True,
            "readOnly": False,
            "eventSource": service,
            "eventName": name,
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.7",
            "userAgent": "aws-cli/2.15.0",
            "userIdentity": {"type": "IAMUser", "userName": "someone"},
            **more,
        }
        for name in names
    )


def _sign_in(**more: Any) -> tuple[Event, ...]:
    return _events("signin", "ConsoleLogin", eventType="AwsConsoleSignIn", **more)


def _each(verbs: str, what: str) -> list[str]:
    return [f"{verb}{what}" for verb in verbs.split()]


ORDINARY = _events("sts", "GetCallerIdentity", readOnly=True, userIdentity={"type": "AssumedRole"})[0]
"""What happens all the time. A filter that counts this too tells nobody anything."""


@dataclass(frozen=True)
class Watched:
    """What an alarm must go off at: ``what`` in words, and an example of each kind of event.

    A filter that counts ordinary events too will do if it names ``noisy_field``.
    """

    what: str
    events: tuple[Event, ...]
    noisy_field: str = ""


WATCHED: Mapping[str, Watched] = {
    # The pattern that CIS prints for 4.1 lets ordinary events through as well.
    "logs_alarm_unauthorized_api_calls": Watched(
        "unauthorized API calls",
        _events("ec2", "RunInstances", errorCode="Client.UnauthorizedOperation")
        + _events("iam", "CreateUser", errorCode="AccessDenied")
        + _events("kms", "Decrypt", errorCode="AccessDeniedException"),
        noisy_field="$.errorCode",
    ),
    "logs_alarm_console_login_no_mfa": Watched(
        "console sign-ins without MFA",
        _sign_in(additionalEventData={"MFAUsed": "No"}, responseElements={"ConsoleLogin": "Success"}),
    ),
    "logs_alarm_root_usage": Watched(
        "use of the root user",
        _sign_in(userIdentity={"type": "Root"}) + _events("iam", "CreateAccessKey", userIdentity={"type": "Root"}),
    ),
    "logs_alarm_iam_policy_changes": Watched(
        "changes of IAM policies",
        _events(
            "iam",
            *_each("Delete Put", "GroupPolicy"), *_each("Delete Put", "RolePolicy"), *_each("Delete Put", "UserPolicy"),
            *_each("Create Delete", "Policy"), *_each("Create Delete", "PolicyVersion"),
            *_each("Attach Detach", "RolePolicy"), *_each("Attach Detach", "UserPolicy"),
            *_each("Attach Detach", "GroupPolicy"),
        ),
    ),
    "logs_alarm_cloudtrail_changes": Watched(
        "changes of trails",
        _events("cloudtrail", *_each("Create Update Delete", "Trail"), *_each("Start Stop", "Logging")),
    ),
    "logs_alarm_console_auth_failures": Watched(
        "failed console sign-ins",
        _sign_in(errorMessage="Failed authentication", responseElements={"ConsoleLogin": "Failure"}),
    ),
    "logs_alarm_kms_key_disable_or_delete": Watched(
        "KMS keys disabled or scheduled for deletion", _events("kms", "DisableKey", "ScheduleKeyDeletion")
    ),
    "logs_alarm_s3_bucket_policy_changes": Watched(
        "changes of bucket policies",
        _events(
            "s3", "PutBucketAcl",
            *_each("Put Delete", "BucketPolicy"), *_each("Put Delete", "BucketCors"),
            *_each("Put Delete", "BucketLifecycle"), *_each("Put Delete", "BucketReplication"),
        ),
    ),
    "logs_alarm_config_changes": Watched(
        "changes of AWS Config",
        _events("config", *_each("Stop Put", "ConfigurationRecorder"), *_each("Delete Put", "DeliveryChannel")),
    ),
    "logs_alarm_security_group_changes": Watched(
        "changes of security groups",
        _events(
            "ec2", *_each("Create Delete", "SecurityGroup"),
            *_each("Authorize Revoke", "SecurityGroupIngress"), *_each("Authorize Revoke", "SecurityGroupEgress"),
        ),
    ),
    "logs_alarm_network_acl_changes": Watched(
        "changes of network ACLs",
        _events(
            "ec2", "ReplaceNetworkAclAssociation",
            *_each("Create Delete", "NetworkAcl"), *_each("Create Delete Replace", "NetworkAclEntry"),
        ),
    ),
    "logs_alarm_network_gateway_changes": Watched(
        "changes of network gateways",
        _events(
            "ec2", *_each("Create Delete", "CustomerGateway"), *_each("Attach Create Delete Detach", "InternetGateway")
        ),
    ),
    "logs_alarm_route_table_changes": Watched(
        "changes of route tables",
        _events(
            "ec2", "ReplaceRouteTableAssociation",
            *_each("Create Replace Delete", "Route"), *_each("Create Delete Disassociate", "RouteTable"),
        ),
    ),
    "logs_alarm_vpc_changes": Watched(
        "changes of VPCs",
        _events(
            "ec2", "ModifyVpcAttribute", *_each("Create Delete", "Vpc"),
            *_each("Accept Create Delete Reject", "VpcPeeringConnection"),
            *_each("Attach Detach", "ClassicLinkVpc"), *_each("Disable Enable", "VpcClassicLink"),
        ),
    ),
    "logs_alarm_organizations_changes": Watched(
        "changes of the AWS organization",
        _events(
            "organizations", *_each("Accept Decline", "Handshake"), *_each("Create Move", "Account"),
            *_each("Create Delete Update", "OrganizationalUnit"), *_each("Attach Create Delete", "Policy"),
            *_each("Detach Update", "Policy"), *_each("Disable Enable", "PolicyType"),
            *_each("Delete Leave", "Organization"), "InviteAccountToOrganization", "RemoveAccountFromOrganization",
        ),
    ),
}  # fmt: skip
"""CIS AWS Foundations 3.0, 4.1 to 4.15 (CloudWatch.1 to .14 of Security Hub): the actions that its patterns name."""

FILTERS, ALARMS = "logs.trail_metric_filters", "cloudwatch.trail_alarms"
TOPICS, SUBSCRIPTIONS = "cloudwatch.trail_alarm_topics", "sns.trail_alarm_subscriptions"

READS = (trails.TRAILS, trails.STATUSES, trails.SELECTORS, FILTERS, ALARMS, TOPICS, SUBSCRIPTIONS)


def somebody_is_told(watched: Watched, view: View) -> Iterator[Finding]:
    """Fail an account where nobody is told of ``watched``: no trail, filter, alarm or subscriber in a whole chain.

    The chain: a multi-region trail that is logging all management events to CloudWatch Logs; metric filters of that
    log group which count every example event and not ordinary ones, in whatever form they are written; for each an
    alarm with its actions on; an SNS topic of that alarm with a confirmed subscription. Several filters may share it.
    Source: DescribeTrails, GetTrailStatus, GetEventSelectors, DescribeMetricFilters, DescribeAlarms,
    ListSubscriptionsByTopic.
    """
    unread: list[Unread] = []
    faults: list[str] = []
    for trail in trails.distinct_trails(view, unread):
        try:
            if not (trail.get("CloudWatchLogsLogGroupArn") and _records(watched, trail, view)):
                continue
            fault, told = _chain(watched, trail, view)
        except Unread as error:
            unread.append(error)
            continue
        if not fault:
            words = f"An alarm tells of {watched.what}."
            about = {"TrailARN": trail.arn, **told}
            yield Finding(view.account.root_arn, GLOBAL, True, words, view.account.id, about)
            return
        faults.append(fault)
    if unread:
        raise unread[0]
    trails.note_unread(view, READS)
    fault = faults[0] if faults else "No multi-region trail is logging all management events to CloudWatch Logs."
    yield Finding(view.account.root_arn, GLOBAL, False, fault, view.account.id)


def _records(watched: Watched, trail: Resource, view: View) -> bool:
    if not records_everywhere(trail, view):
        return False
    left_out = trails.management_events(trail, view)[1]
    return not any(event["eventSource"] in left_out for event in watched.events)


def _chain(watched: Watched, trail: Resource, view: View) -> tuple[str, Mapping[str, Any]]:
    """Return the fault of the chain behind ``trail`` and what is known of it; "" when there is none."""
    _, _, _, region, account, _, group, *_ = trail["CloudWatchLogsLogGroupArn"].split(":")
    if account != view.account.id:
        words = (
            f"The trail {trail.name} writes to a log group of the account {account}, which cannot be seen from here."
        )
        raise trails.cannot_see(words, region)
    filters = [(row, seen) for row in view.all_of(FILTERS, trail) if (seen := _seen(watched, row))]
    alarmed = [(row, seen, alarm) for row, seen in filters for alarm in _alarms_on(row, trail, view)]
    heard = [(row, seen, alarm) for row, seen, alarm in alarmed if _has_listener(alarm, trail, view)]
    for reached, missing_link in (
        ([seen for _, seen in filters], f"No metric filter of the log group {group} counts {watched.what}"),
        ([seen for _, seen, _ in alarmed], f"No alarm with actions watches the metric that counts {watched.what}"),
        ([seen for _, seen, _ in heard], f"No alarm on {watched.what} notifies a topic with a confirmed subscription"),
    ):
        if unseen := set(range(len(watched.events))).difference(*reached):
            return f"{missing_link}{_examples(watched, unseen)}.", {}
    row, _, alarm = heard[0]
    return "", {"filterName": row["filterName"], "AlarmName": alarm["AlarmName"]}


def _examples(watched: Watched, unseen: set[int]) -> str:
    if len(unseen) == len(watched.events):
        return ""
    names = sorted(
        {str(watched.events[index].get("errorCode") or watched.events[index]["eventName"]) for index in unseen}
    )
    return f": {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"


def _seen(watched: Watched, row: Resource) -> frozenset[int]:
    """Return which of the events a metric filter counts; none if it counts ordinary ones too."""
    pattern = row.get("filterPattern", "")
    test = pattern_test(pattern)
    if test is None or (test(ORDINARY) and not (watched.noisy_field and watched.noisy_field in pattern)):
        return frozenset()
    return frozenset(index for index, event in enumerate(watched.events) if test(event))


def _alarms_on(row: Resource, trail: Resource, view: View) -> list[Resource]:
    metrics = {(one["metricNamespace"], one["metricName"]) for one in row.get("metricTransformations") or ()}
    return [alarm for alarm in view.all_of(ALARMS, trail) if alarm.get("ActionsEnabled") and metrics & _metrics(alarm)]


def _metrics(alarm: Resource) -> set[tuple[Any, Any]]:
    """Return (namespace, name) of the metrics that an alarm looks at, in expressions too."""
    used = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics") or () if "MetricStat" in one]
    plain = (alarm.get("Namespace"), alarm.get("MetricName"))
    return {plain, *((metric.get("Namespace"), metric.get("MetricName")) for metric in used)}


def _has_listener(alarm: Resource, trail: Resource, view: View) -> bool:
    topics = [topic for topic in view.all_of(TOPICS, trail) if topic.arn in (alarm.get("AlarmActions") or ())]
    return any(
        row["SubscriptionArn"].startswith("arn:") for topic in topics for row in view.all_of(SUBSCRIPTIONS, topic)
    )


for _check_id, _watched in WATCHED.items():
    survey(_check_id, reads=READS)(partial(somebody_is_told, _watched))
