import json
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trails:*"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all"


def names(*wanted: str) -> str:
    return " || ".join(f"($.eventName = {name})" for name in wanted)


PATTERNS = {
    "unauthorized_api_calls": '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") || '
    '($.sourceIPAddress != "delivery.logs.amazonaws.com") || ($.eventName != "HeadBucket") }',
    "console_login_no_mfa": '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
    '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }',
    "root_usage": '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && '
    '$.eventType !="AwsServiceEvent"}',
    "iam_policy_changes": "{ ($.eventSource=iam.amazonaws.com) && ("
    + names(
        "PutUserPolicy", "PutGroupPolicy", "PutRolePolicy", "DeleteGroupPolicy", "DeleteRolePolicy",
        "DeleteUserPolicy", "CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion",
        "AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy", "AttachGroupPolicy",
        "DetachGroupPolicy",
    )
    + ") }",
    "cloudtrail_changes": "{ "
    + names("StopLogging", "StartLogging", "DeleteTrail", "UpdateTrail", "CreateTrail")
    + " }",
    "console_auth_failures": '{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
    "kms_key_disable_or_delete": "{($.eventSource = kms.amazonaws.com) && "
    "(($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) }",
    "s3_bucket_policy_changes": "{ ($.eventSource = s3.amazonaws.com) && ("
    + names(
        "PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle", "PutBucketReplication",
        "DeleteBucketPolicy", "DeleteBucketCors", "DeleteBucketLifecycle", "DeleteBucketReplication",
    )
    + ") }",
    "config_changes": '{ $.eventSource = "config.amazonaws.com" && ('
    + names("PutConfigurationRecorder", "StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel")
    + ") }",
    "security_group_changes": '{ $.eventName = "*SecurityGroup*" && $.readOnly IS FALSE }',
    "network_acl_changes": "{ $.eventName = %NetworkAcl% }",
    "network_gateway_changes": "{"
    + names(
        "CreateCustomerGateway", "DeleteCustomerGateway", "AttachInternetGateway", "CreateInternetGateway",
        "DeleteInternetGateway", "DetachInternetGateway",
    )
    + "}",
    "route_table_changes": '{ ($.eventSource = ec2.amazonaws.com) && ($.eventName = "*Route") || '
    '($.eventName = "*RouteTable") || ($.eventName = ReplaceRouteTableAssociation) }',
    "vpc_changes": "{ "
    + names(
        "CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "AcceptVpcPeeringConnection", "CreateVpcPeeringConnection",
        "DeleteVpcPeeringConnection", "RejectVpcPeeringConnection", "AttachClassicLinkVpc", "DetachClassicLinkVpc",
        "DisableVpcClassicLink", "EnableVpcClassicLink",
    )
    + " }",
    "organizations_changes": "{ ($.eventSource = organizations.amazonaws.com) }",
}  # fmt: skip
ALL = [f"logs_alarm_{name}" for name in PATTERNS]
ROOT = Expected(good=["root"])
NO_ROOT = Expected(bad=["root"])


@on_moto()
def alarms_on_everything(aws: Aws) -> Verdicts:
    aws("s3").create_bucket(Bucket="trails", CreateBucketConfiguration={"LocationConstraint": REGION})
    logs, alarms, sns, trail = aws("logs"), aws("cloudwatch"), aws("sns"), aws("cloudtrail")
    logs.create_log_group(logGroupName="trails")
    topic = sns.create_topic(Name="security")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="security@example.org")
    trail.create_trail(
        Name="everything", S3BucketName="trails", IsMultiRegionTrail=True, CloudWatchLogsLogGroupArn=GROUP,
        CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/logs",
    )  # fmt: skip
    trail.start_logging(Name="everything")
    for name, pattern in PATTERNS.items():
        logs.put_metric_filter(
            logGroupName="trails", filterName=name, filterPattern=pattern,
            metricTransformations=[{"metricName": name, "metricNamespace": "Security", "metricValue": "1"}],
        )  # fmt: skip
        alarms.put_metric_alarm(
            AlarmName=name, MetricName=name, Namespace="Security", Statistic="Sum", Period=300, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic],
        )  # fmt: skip
    return dict.fromkeys(ALL, ROOT)


@on_moto()
def no_trail_at_all(aws: Aws) -> Verdicts:
    return dict.fromkeys(ALL, NO_ROOT)


def filtered(name: str, pattern: str = "") -> dict[str, Any]:
    return {
        "filterName": name, "filterPattern": pattern or PATTERNS[name], "logGroupName": "trails",
        "metricTransformations": [{"metricName": name, "metricNamespace": "Security", "metricValue": "1"}],
    }  # fmt: skip


def alarm(name: str, topic: str = "heard", **more: Any) -> dict[str, Any]:
    action = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    metric = {"MetricName": name, "Namespace": "Security"}
    return {"AlarmName": name, "AlarmArn": arn, "ActionsEnabled": True, "AlarmActions": [action], **metric} | more


def subscriptions(params: dict[str, Any]) -> dict[str, Any]:
    topic = params["TopicArn"]
    arn = {"heard": f"{topic}:0a1b", "unconfirmed": "PendingConfirmation", "empty": None}[topic.rpartition(":")[2]]
    return {"Subscriptions": [{"TopicArn": topic, "Protocol": "email", "SubscriptionArn": arn}] if arn else []}


def chain(filters: list[Any], alarms: list[Any], verdicts: Verdicts, **selector: Any) -> Answers:
    trail = {
        "Name": "all", "TrailARN": TRAIL, "HomeRegion": REGION, "IsMultiRegionTrail": True, "S3BucketName": "trails",
        "CloudWatchLogsLogGroupArn": GROUP,
    }  # fmt: skip
    silent = trail | {"Name": "silent", "TrailARN": f"{TRAIL}-silent"}
    selectors = [{"ReadWriteType": "All", "IncludeManagementEvents": True} | selector]
    says = {
        "cloudtrail.describe_trails": {"trailList": [silent, trail]},
        "cloudtrail.get_trail_status": lambda params: {"IsLogging": params["Name"] == TRAIL},
        "cloudtrail.get_event_selectors": {"TrailARN": TRAIL, "EventSelectors": selectors},
        "logs.describe_metric_filters": {"metricFilters": filters},
        "cloudwatch.describe_alarms": {"MetricAlarms": alarms},
        "sns.list_subscriptions_by_topic": subscriptions,
    }
    return Answers(says, verdicts)


@on_answers
def a_link_is_broken() -> Answers:
    filters = [
        filtered("console_login_no_mfa", '{ $.eventName = "*" }'),
        filtered("iam_policy_changes", "{ " + names("CreatePolicy", "DeletePolicy") + " }"),
        filtered("cloudtrail_changes", "?CreateTrail ?DeleteTrail ?UpdateTrail ?StartLogging ?StopLogging"),
        filtered("console_auth_failures"),
        filtered("kms_key_disable_or_delete"),
        filtered("s3_bucket_policy_changes"),
        filtered("config_changes"),
        filtered("security_group_changes"),
        filtered("network_acl_changes", "{ ($.eventName = CreateNetworkAcl) || ($.eventName"),
        filtered("network_gateway_changes", "{ " + names("CreateCustomerGateway", "DeleteCustomerGateway") + " }"),
        filtered("more gateways", '{ $.eventName = "*InternetGateway" }'),
        filtered("vpc_changes"),
    ]
    watched = [
        alarm(name)
        for name in (
            "console_login_no_mfa", "iam_policy_changes", "cloudtrail_changes", "network_acl_changes",
            "network_gateway_changes", "more gateways",
        )
    ]  # fmt: skip
    summed = [{"Id": "m1", "MetricStat": {"Metric": {"Namespace": "Security", "MetricName": "vpc_changes"},
               "Period": 60, "Stat": "Sum"}}]  # fmt: skip
    alarms = [
        *watched,
        alarm("kms_key_disable_or_delete", ActionsEnabled=False),
        alarm("s3_bucket_policy_changes", "empty"),
        alarm("config_changes", "unconfirmed"),
        alarm("security_group_changes", Namespace="Elsewhere"),
        alarm("root_usage"),
        {**alarm("vpcs", Metrics=summed), "MetricName": "other"},
    ]
    good = ("network_gateway_changes", "vpc_changes")
    verdicts = {f"logs_alarm_{name}": ROOT if name in good else NO_ROOT for name in PATTERNS}
    return chain(filters, alarms, verdicts)


@on_answers
def keys_are_left_out_of_the_trail() -> Answers:
    every = list(PATTERNS)
    verdicts = dict.fromkeys(ALL, ROOT) | {"logs_alarm_kms_key_disable_or_delete": NO_ROOT}
    verdicts |= {"logs_alarm_unauthorized_api_calls": NO_ROOT}
    filters, alarms = [filtered(name) for name in every], [alarm(name) for name in every]
    return chain(filters, alarms, verdicts, ExcludeManagementEventSources=["kms.amazonaws.com"])


@on_answers
def the_trail_only_writes() -> Answers:
    filters, alarms = [filtered("root_usage")], [alarm("root_usage")]
    return chain(filters, alarms, {"logs_alarm_root_usage": NO_ROOT}, ReadWriteType="WriteOnly")


@on_moto()
def groups_with_keys_and_retention(aws: Aws) -> Verdicts:
    logs = aws("logs")
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    logs.create_log_group(logGroupName="/aws/lambda/keyed", kmsKeyId=key)
    for name, days in (("year", 365), ("month", 30)):
        logs.create_log_group(logGroupName=name)
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    return {
        "logs_group_kms_encrypted": Expected(good=["/aws/lambda/keyed"], bad=["year", "month"]),
        "logs_group_retention_period": Expected(good=["/aws/lambda/keyed", "year"], bad=["month"]),
    }


@on_answers
def delivery_groups_have_no_settings() -> Answers:
    group = {"logGroupName": "delivered", "logGroupClass": "DELIVERY", "retentionInDays": 2}
    says = {"logs.describe_log_groups": {"logGroups": [group]}}
    return Answers(says, {"logs_group_retention_period": Expected()})


@on_moto()
def resource_policies_for_services_and_anyone(aws: Aws) -> Verdicts:
    source = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    for name, principal, condition in (
        ("route53", {"Service": "route53.amazonaws.com"}, {}),
        ("anyone", "*", {}),
        ("own", {"AWS": "*"}, source),
    ):
        statement = {
            "Effect": "Allow", "Principal": principal, "Action": "logs:PutLogEvents", "Resource": "*",
            "Condition": condition,
        }  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        aws("logs").put_resource_policy(policyName=name, policyDocument=document)
    return {"logs_resource_policy_not_public": Expected(good=["route53", "own"], bad=["anyone"])}
