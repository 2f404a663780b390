import json
from datetime import UTC, datetime
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROOT, NO_ROOT = Expected(good=["root"]), Expected(bad=["root"])
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OF_ACCOUNT = ("any_trail_logging", "multi_region_trail", "security_trail_configured")
OF_OBJECTS = ("s3_object_write_events", "s3_object_read_events")


@on_moto(regions=(REGION, "us-east-1"))
def trails_good_and_weak(aws: Aws) -> Verdicts:
    s3 = aws("s3", "us-east-1")
    for bucket in ("private", "access-logs", "open-policy", "open-acl"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_acl(Bucket="access-logs", GrantWrite="uri=http://acs.amazonaws.com/groups/s3/LogDelivery",
                      GrantReadACP="uri=http://acs.amazonaws.com/groups/s3/LogDelivery")  # fmt: skip
    s3.put_bucket_logging(
        Bucket="private", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "access-logs", "TargetPrefix": ""}}
    )
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::open-policy/*",
    }
    s3.put_bucket_policy(Bucket="open-policy", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_bucket_acl(Bucket="open-acl", ACL="public-read")
    here, there = aws("cloudtrail"), aws("cloudtrail", "us-east-1")
    there.create_trail(
        Name="strong", S3BucketName="private", IsMultiRegionTrail=True, EnableLogFileValidation=True, KmsKeyId=KEY
    )
    there.start_logging(Name="strong")
    here.create_trail(Name="weak", S3BucketName="open-policy")
    here.create_trail(Name="shown", S3BucketName="open-acl", IsMultiRegionTrail=True)
    weak = ["weak", "shown"]
    return dict.fromkeys((f"cloudtrail_{name}" for name in OF_ACCOUNT), ROOT) | {
        "cloudtrail_log_file_validation": Expected(good=["strong"], bad=weak),
        "cloudtrail_logs_kms_encrypted": Expected(good=["strong"], bad=weak),
        "cloudtrail_bucket_access_logging": Expected(good=["strong"], bad=weak),
        "cloudtrail_bucket_not_public": Expected(good=["strong"], bad=weak),
    }


@on_moto()
def a_trail_whose_home_is_not_scanned(aws: Aws) -> Verdicts:
    aws("s3", "us-east-1").create_bucket(Bucket="trails")
    aws("cloudtrail", "us-east-1").create_trail(Name="abroad", S3BucketName="trails", IsMultiRegionTrail=True)
    aws("cloudtrail", "us-east-1").start_logging(Name="abroad")
    return {
        "cloudtrail_multi_region_trail": ROOT,
        "cloudtrail_security_trail_configured": NO_ROOT,
        "cloudtrail_log_file_validation": Expected(bad=["abroad"]),
    }


@on_moto()
def stopped_trails_and_account_block(aws: Aws) -> Verdicts:
    aws("s3").create_bucket(Bucket="open", ACL="public-read", CreateBucketConfiguration={"LocationConstraint": REGION})
    everything = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    aws("s3control").put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=everything)
    aws("cloudtrail").create_trail(Name="stopped", S3BucketName="open", IsMultiRegionTrail=True)
    verdicts = dict.fromkeys((f"cloudtrail_{name}" for name in (*OF_ACCOUNT, *OF_OBJECTS)), NO_ROOT)
    return verdicts | {"cloudtrail_bucket_not_public": Expected(good=["stopped"])}


def trail(name: str, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}"
    plain = {"Name": name, "TrailARN": arn, "HomeRegion": REGION, "S3BucketName": "trails", "IsMultiRegionTrail": True}
    return plain | more


def recorded(verdicts: Verdicts, *, classic: Any = (), advanced: Any = (), **more: Any) -> Answers:
    fields = [{"FieldSelectors": [{"Field": field, **test} for field, test in one.items()]} for one in advanced]
    says = {
        "cloudtrail.describe_trails": {"trailList": [trail("data", **more)]},
        "cloudtrail.get_trail_status": {"IsLogging": True},
        "cloudtrail.get_event_selectors": {"EventSelectors": list(classic), "AdvancedEventSelectors": fields},
    }
    return Answers(says, verdicts)


def objects(write: Expected, read: Expected) -> dict[str, Expected]:
    return {"cloudtrail_s3_object_write_events": write, "cloudtrail_s3_object_read_events": read}


def classic(kind: str, *values: str, of: str = "AWS::S3::Object") -> dict[str, Any]:
    resources = [{"Type": of, "Values": list(values)}] if values else []
    return {"ReadWriteType": kind, "IncludeManagementEvents": True, "DataResources": resources}


def data(of: str = "AWS::S3::Object", **fields: Any) -> dict[str, Any]:
    named = {name.replace("_", "."): test for name, test in fields.items()}
    return {"eventCategory": {"Equals": ["Data"]}, "resources.type": {"Equals": [of]}} | named


MANAGEMENT = {"eventCategory": {"Equals": ["Management"]}}
ONLY_READ, ONLY_WRITE = {"readOnly": {"Equals": ["true"]}}, {"readOnly": {"Equals": ["false"]}}


@on_answers
def classic_selectors_for_all_buckets() -> Answers:
    multi_region = {"cloudtrail_multi_region_trail": ROOT}
    return recorded(multi_region | objects(ROOT, ROOT), classic=[classic("All", "arn:aws:s3")])


@on_answers
def classic_selectors_for_writing() -> Answers:
    verdicts = objects(ROOT, NO_ROOT) | {"cloudtrail_multi_region_trail": NO_ROOT}
    return recorded(verdicts, classic=[classic("WriteOnly", "arn:aws:s3:::")])


@on_answers
def classic_selectors_for_one_bucket() -> Answers:
    return recorded(objects(NO_ROOT, NO_ROOT), classic=[classic("All", "arn:aws:s3:::one/")])


@on_answers
def advanced_selectors_for_all_but_the_own_bucket() -> Answers:
    spared = {"resources.ARN": {"NotStartsWith": ["arn:aws:s3:::trails/"]}}
    verdicts = objects(ROOT, ROOT) | {"cloudtrail_multi_region_trail": ROOT}
    return recorded(
        verdicts, advanced=[MANAGEMENT | ONLY_READ, MANAGEMENT | ONLY_WRITE, data() | ONLY_READ, data() | spared]
    )


@on_answers
def advanced_selectors_for_some() -> Answers:
    spared = {"resources.ARN": {"NotStartsWith": ["arn:aws:s3:::secret/"]}}
    named = {"eventName": {"Equals": ["PutObject"]}}
    verdicts = objects(NO_ROOT, ROOT) | {"cloudtrail_multi_region_trail": NO_ROOT}
    events = [MANAGEMENT | ONLY_READ, MANAGEMENT | named, data() | ONLY_READ, data() | spared, data() | named]
    return recorded(verdicts, advanced=events)


@on_answers
def objects_in_one_region_only() -> Answers:
    verdicts = objects(NO_ROOT, NO_ROOT) | {"cloudtrail_any_trail_logging": ROOT}
    return recorded(verdicts, classic=[classic("All", "arn:aws:s3")], IsMultiRegionTrail=False)


@on_answers
def a_strong_trail_that_leaves_out_keys() -> Answers:
    verdicts = {"cloudtrail_security_trail_configured": NO_ROOT, "cloudtrail_multi_region_trail": ROOT}
    selector = classic("All") | {"ExcludeManagementEventSources": ["kms.amazonaws.com"]}
    strong = {"IncludeGlobalServiceEvents": True, "LogFileValidationEnabled": True, "KmsKeyId": KEY}
    return recorded(verdicts, classic=[selector], **strong)


@on_answers
def bedrock_agents_are_recorded() -> Answers:
    return recorded({"cloudtrail_bedrock_data_events": ROOT}, advanced=[data("AWS::Bedrock::AgentAlias")])


@on_answers
def bedrock_is_not_recorded() -> Answers:
    return recorded({"cloudtrail_bedrock_data_events": NO_ROOT}, advanced=[MANAGEMENT, data()])


def with_functions(answers: Answers) -> Answers:
    functions = [{"FunctionName": name, "FunctionArn": function(name)} for name in ("paid", "free")]
    return Answers(dict(answers.says) | {"lambda.list_functions": {"Functions": functions}}, answers.verdicts)


def function(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def invoked(**verdicts: Any) -> dict[str, Expected]:
    return {"cloudtrail_lambda_data_events": Expected(**verdicts)}


@on_answers
def all_functions_are_recorded() -> Answers:
    selector = classic("All", "arn:aws:lambda", of="AWS::Lambda::Function")
    return with_functions(recorded(invoked(good=["paid", "free"]), classic=[selector]))


@on_answers
def one_function_is_recorded() -> Answers:
    selector = classic("All", function("paid"), of="AWS::Lambda::Function")
    return with_functions(recorded(invoked(good=["paid"], bad=["free"]), classic=[selector]))


@on_answers
def functions_are_recorded_by_name() -> Answers:
    begins = {"resources.ARN": {"StartsWith": [function("p")], "NotEndsWith": [":prod"]}}
    events = [data("AWS::Lambda::Function") | begins, data("AWS::Lambda::Function") | ONLY_READ]
    return with_functions(recorded(invoked(good=["paid"], bad=["free"]), advanced=events))


@on_answers
def trails_that_deliver_to_logs_or_not() -> Answers:
    group = {"CloudWatchLogsLogGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:trails:*"}
    latest = {
        "fresh": {"LatestCloudWatchLogsDeliveryTime": datetime(2026, 3, 1, 11, tzinfo=UTC)},
        "stale": {"LatestCloudWatchLogsDeliveryTime": datetime(2026, 2, 27, 11, tzinfo=UTC)},
        "never": {},
    }
    says = {
        "cloudtrail.describe_trails": {"trailList": [trail("none"), *(trail(name, **group) for name in latest)]},
        "cloudtrail.get_trail_status": lambda params: {
            "IsLogging": True,
            **latest.get(params["Name"].rpartition("/")[2], {}),
        },
    }
    verdicts = {
        "cloudtrail_cloudwatch_logs_integration": Expected(good=["fresh"], bad=["stale", "never", "none"]),
        "cloudtrail_cloudwatch_log_group_set": Expected(good=["fresh", "stale", "never"], bad=["none"]),
    }
    return Answers(says, verdicts, at=datetime(2026, 3, 1, 12, tzinfo=UTC))
