import json
from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

OTHER = "210987654321"
SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
EVERYTHING = dict.fromkeys(SETTINGS, True)
EXPRESS_REGION = "eu-north-1"


def buckets(aws: Aws, *names: str, **more: Any) -> Any:
    for name in names:
        aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}, **more)
    return aws("s3")


def policy(bucket: str, *actions: str, effect: str = "Allow", principal: Any = "*", path: str = "/*", **condition: Any):
    arns = [f"arn:aws:s3:::{bucket}{path}", f"arn:aws:s3:::{bucket}"]
    statement = {"Effect": effect, "Principal": principal, "Action": list(actions), "Resource": arns}
    statement |= {"Condition": condition} if condition else {}
    return {"Bucket": bucket, "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


@on_moto()
def versioned_and_not(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "kept", "never", "suspended", "guarded")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_versioning(Bucket="suspended", VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_versioning(Bucket="guarded", VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"})
    return {"s3_bucket_versioning": Expected(good=["kept", "guarded"], bad=["never", "suspended"])}


@on_answers
def deleting_with_mfa() -> Answers:
    states = {
        "guarded": {"Status": "Enabled", "MFADelete": "Enabled"},
        "suspended": {"Status": "Suspended", "MFADelete": "Enabled"},
        "kept": {"Status": "Enabled"},
        "never": {},
    }
    says = {
        "s3.list_buckets": listed(*states),
        "s3.get_bucket_versioning": lambda params: states[params["Bucket"]],
    }
    return Answers(says, {"s3_bucket_mfa_delete": Expected(good=["guarded"], bad=["suspended", "kept", "never"])})


def listed(*names: str) -> dict[str, Any]:
    return {"Buckets": [{"Name": name, "BucketRegion": REGION} for name in names]}


@on_moto()
def open_and_private(aws: Aws) -> Verdicts:
    s3 = buckets(
        aws, "private", "acl-read", "acl-aws-users", "acl-write", "ignored", "policy-read", "policy-all", "restricted",
        "from-office", "own-organization", "listed-only",
    )  # fmt: skip
    everyone, users = "AllUsers", "AuthenticatedUsers"
    group = "uri=http://acs.amazonaws.com/groups/global/{}".format
    s3.put_bucket_acl(Bucket="acl-read", GrantRead=group(everyone))
    s3.put_bucket_acl(Bucket="acl-aws-users", GrantFullControl=group(users))
    s3.put_bucket_acl(Bucket="acl-write", GrantWriteACP=group(everyone))
    s3.put_bucket_acl(Bucket="ignored", GrantRead=group(everyone))
    s3.put_bucket_policy(**policy("policy-read", "s3:GetObject*"))
    s3.put_bucket_policy(**policy("policy-all", "s3:*", principal={"AWS": "*"}))
    s3.put_bucket_policy(**policy("restricted", "s3:*"))
    s3.put_bucket_policy(**policy("from-office", "s3:*", IpAddress={"aws:SourceIp": "192.0.2.0/24"}))
    s3.put_bucket_policy(**policy("own-organization", "s3:*", StringEquals={"aws:PrincipalOrgID": "o-abcdefghij"}))
    s3.put_bucket_policy(**policy("listed-only", "s3:ListBucket"))
    for bucket, setting in (("ignored", "IgnorePublicAcls"), ("restricted", "RestrictPublicBuckets")):
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={setting: True})
    held = ["private", "ignored", "restricted", "from-office", "own-organization"]
    readable, writable = ["acl-read", "policy-read", "listed-only"], ["acl-write"]
    both = ["acl-aws-users", "policy-all"]
    public = ["policy-read", "policy-all", "restricted", "listed-only"]
    return {
        "s3_bucket_no_public_read": Expected(good=held + writable, bad=readable + both),
        "s3_bucket_no_public_write": Expected(good=held + readable, bad=writable + both),
        "s3_bucket_policy_not_public": Expected(good=["from-office", "own-organization"], bad=public),
    }


@on_moto()
def blocks_of_buckets(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "all-four", "three", "none")
    s3.put_public_access_block(Bucket="all-four", PublicAccessBlockConfiguration=EVERYTHING)
    three = EVERYTHING | {"IgnorePublicAcls": False}
    s3.put_public_access_block(Bucket="three", PublicAccessBlockConfiguration=three)
    expected = Expected(good=["all-four"], bad=["three", "none"])
    return {"s3_bucket_block_public_access": expected, "s3_bucket_own_block_public_access": expected}


@on_moto()
def a_block_of_the_account(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "joint", "alone")
    s3.put_public_access_block(Bucket="joint", PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    s3.put_bucket_policy(**policy("alone", "s3:*"))
    three = EVERYTHING | {"IgnorePublicAcls": False}
    aws("s3control").put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=three)
    return {
        "s3_bucket_block_public_access": Expected(good=["joint"], bad=["alone"]),
        "s3_bucket_own_block_public_access": Expected(bad=["joint", "alone"]),
        "s3_bucket_no_public_read": Expected(good=["joint", "alone"]),
        "s3_bucket_no_public_write": Expected(good=["joint", "alone"]),
    }


@on_moto()
def policies_for_other_accounts(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "no-policy", "reads", "changes", "everything", "own", "anyone")
    other = {"AWS": f"arn:aws:iam::{OTHER}:role/deploy"}
    s3.put_bucket_policy(**policy("reads", "s3:GetObject", principal=other))
    s3.put_bucket_policy(**policy("changes", "s3:PutBucketPolicy", principal=other))
    s3.put_bucket_policy(**policy("everything", "s3:*", principal={"AWS": OTHER}))
    s3.put_bucket_policy(**policy("own", "s3:*", principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    s3.put_bucket_policy(**policy("anyone", "s3:Put*"))
    expected = Expected(good=["no-policy", "reads", "own"], bad=["changes", "everything", "anyone"])
    return {"s3_bucket_policy_cross_account_restricted": expected}


@on_moto()
def policies_against_plain_http(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "https-only", "no-policy", "allows", "one-role", "one-folder", "one-action", "twice-conditioned")
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    role = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/app"}
    office = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    s3.put_bucket_policy(**policy("https-only", "s3:*", effect="Deny", **plain))
    s3.put_bucket_policy(**policy("allows", "s3:*", principal=role, Bool={"aws:SecureTransport": "true"}))
    s3.put_bucket_policy(**policy("one-role", "s3:*", effect="Deny", principal=role, **plain))
    s3.put_bucket_policy(**policy("one-folder", "s3:*", effect="Deny", path="/secret/*", **plain))
    s3.put_bucket_policy(**policy("one-action", "s3:GetObject", effect="Deny", **plain))
    s3.put_bucket_policy(**policy("twice-conditioned", "s3:*", effect="Deny", **plain, **office))
    bad = ["no-policy", "allows", "one-role", "one-folder", "one-action", "twice-conditioned"]
    return {"s3_bucket_tls_only": Expected(good=["https-only"], bad=bad)}


@on_moto()
def owners_of_objects(aws: Aws) -> Verdicts:
    buckets(aws, "enforced", ObjectOwnership="BucketOwnerEnforced")
    buckets(aws, "preferred", ObjectOwnership="BucketOwnerPreferred")
    buckets(aws, "old")
    aws("s3").delete_bucket_ownership_controls(Bucket="old")
    return {"s3_bucket_acl_disabled": Expected(good=["enforced"], bad=["preferred", "old"])}


@on_moto()
def encrypted_by_default(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "with-kms", "twice", "plain-s3", "unset")
    for bucket, algorithm in (("with-kms", "aws:kms"), ("twice", "aws:kms:dsse"), ("plain-s3", "AES256")):
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.delete_bucket_encryption(Bucket="unset")
    return {
        "s3_bucket_default_encryption": Expected(good=["with-kms", "twice", "plain-s3"], bad=["unset"]),
        "s3_bucket_kms_encryption": Expected(good=["with-kms", "twice"], bad=["plain-s3", "unset"]),
    }


def rule(status: str) -> dict[str, Any]:
    return {"ID": "end", "Status": status, "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}


@on_moto()
def lifecycle_rules(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "rules", "disabled", "none", "versioned", "versioned-none")
    for bucket, status in (("rules", "Enabled"), ("disabled", "Disabled"), ("versioned", "Enabled")):
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule(status)]})
    for bucket in ("versioned", "versioned-none"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return {
        "s3_bucket_lifecycle": Expected(good=["rules", "versioned"], bad=["disabled", "none", "versioned-none"]),
        "s3_versioned_bucket_lifecycle": Expected(good=["versioned"], bad=["versioned-none"]),
    }


@on_answers
def directory_buckets() -> Answers:
    ends, paused = "ends--use1-az4--x-s3", "paused--use1-az4--x-s3"
    statuses = {ends: ["Disabled", "Enabled"], paused: ["Disabled"]}
    says = {
        "s3.list_directory_buckets": {"Buckets": [{"Name": name} for name in (*statuses, "general-purpose")]},
        "s3.get_bucket_lifecycle_configuration": lambda params: {
            "Rules": [{"ID": "end", "Status": status} for status in statuses[params["Bucket"]]]
        },
    }
    verdicts = {"s3_directory_bucket_lifecycle": Expected(good=[ends], bad=[paused])}
    return Answers(says, verdicts, regions=(REGION, EXPRESS_REGION))


@on_moto()
def locked_objects(aws: Aws) -> Verdicts:
    buckets(aws, "locked", ObjectLockEnabledForBucket=True)
    buckets(aws, "free")
    return {"s3_bucket_object_lock": Expected(good=["locked"], bad=["free"])}


@on_answers
def replicated_buckets() -> Answers:
    rules = {
        "far": [("Disabled", "near"), ("Enabled", "replica")],
        "near": [("Enabled", "far")],
        "off": [("Disabled", "replica")],
    }

    def replication(params: dict[str, Any]) -> Any:
        if params["Bucket"] not in rules:
            return CallFailed("ReplicationConfigurationNotFoundError", "There is none.", 404)
        found = [
            {"Status": status, "Destination": {"Bucket": f"arn:aws:s3:::{to}"}}
            for status, to in rules[params["Bucket"]]
        ]
        return {"ReplicationConfiguration": {"Role": "", "Rules": found}}

    abroad = {"Name": "replica", "BucketRegion": "eu-west-1"}
    says = {
        "s3.list_buckets": {"Buckets": [*listed("far", "near", "off", "none")["Buckets"], abroad]},
        "s3.get_bucket_replication": replication,
    }
    return Answers(says, {"s3_bucket_cross_region_replication": Expected(good=["far"], bad=["near", "off", "none"])})


@on_answers
def events_for_the_bus() -> Answers:
    says = {
        "s3.list_buckets": listed("bridged", "silent"),
        "s3.get_bucket_notification_configuration": lambda params: (
            {"EventBridgeConfiguration": {}} if params["Bucket"] == "bridged" else {}
        ),
    }
    return Answers(says, {"s3_bucket_event_notifications": Expected(good=["bridged"], bad=["silent"])})


@on_moto()
def logs_and_notifications(aws: Aws) -> Verdicts:
    s3 = buckets(aws, "told", "silent", "targets")
    topic = aws("sns").create_topic(Name="objects")["TopicArn"]
    to_topic = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration=to_topic)
    allowed = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
               "Resource": "arn:aws:s3:::targets/*"}  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    s3.put_bucket_policy(Bucket="targets", Policy=document)
    target = {"LoggingEnabled": {"TargetBucket": "targets", "TargetPrefix": ""}}
    s3.put_bucket_logging(Bucket="told", BucketLoggingStatus=target)
    return {
        "s3_bucket_access_logging": Expected(good=["told"], bad=["silent", "targets"]),
        "s3_bucket_event_notifications": Expected(good=["told"], bad=["silent", "targets"]),
    }
