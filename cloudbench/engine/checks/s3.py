"""What must hold of buckets."""

from collections.abc import Iterable, Iterator, Mapping

from cloudbench.engine.checks.exposure import READING, SETTINGS, WRITING, in_force, public_access
from cloudbench.engine.checks.policies import (
    Statement,
    account_of,
    public_grants,
    refuses_plain_transport,
    statements_of,
)
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import GLOBAL, Failure, FailureKind, Resource, Unread
from cloudbench.engine.registry import View, check, survey

ACCOUNT_BLOCKS, BUCKET_BLOCKS = "s3control.account_public_access_blocks", "s3.bucket_public_access_blocks"
ACLS, POLICIES, VERSIONING = "s3.bucket_acls", "s3.bucket_policies", "s3.bucket_versioning"
REPLICATION = "s3.bucket_replication_rules"
READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions")
WRITES = (
    "s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:RestoreObject",
    "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration", "s3:PutEncryptionConfiguration",
    "s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls", "s3:ReplicateObject", "s3:ReplicateDelete",
)  # fmt: skip
NOT_FOR_OTHERS = (
    "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPolicy", "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
)  # fmt: skip
"""What no other account may do. AWS Foundational Security Best Practices, S3.6."""
KMS_ALGORITHMS = ("aws:kms", "aws:kms:dsse")


# --- Who gets in ------------------------------------------------------------------------------------------------------


def _blocks(bucket: Resource, view: View) -> list[Resource]:
    return [*view.all_of(BUCKET_BLOCKS, bucket), *view.in_region(ACCOUNT_BLOCKS, GLOBAL)]


def _document(bucket: Resource, view: View) -> str | None:
    policy = view.one_of(POLICIES, bucket)
    return policy.get("Policy") if policy else None


def _exposed(bucket: Resource, view: View, permissions: frozenset[str], actions: Iterable[str]) -> list[str]:
    return public_access(
        acl=view.one_of(ACLS, bucket), policy=view.one_of(POLICIES, bucket), blocks=_blocks(bucket, view),
        permissions=permissions, grants=lambda one: any(one.covers_action(action) for action in actions),
    )  # fmt: skip


@check("s3_bucket_block_public_access", over="s3.buckets", reads=(BUCKET_BLOCKS, ACCOUNT_BLOCKS))
def blocks_public_access(bucket: Resource, view: View) -> Verdict:
    """Fail unless all four block settings are in force, each by the bucket or by its account.

    Source: GetPublicAccessBlock of the bucket and, at s3control, of the account.
    """
    lacking = [name for name in SETTINGS if not in_force(_blocks(bucket, view), name)]
    if lacking:
        return failed(f"Public access is not blocked in full; off: {', '.join(lacking)}.", lacking=lacking)
    return passed("All four settings that block public access are in force.")


@check("s3_bucket_own_block_public_access", over="s3.buckets", reads=(BUCKET_BLOCKS,))
def blocks_public_access_itself(bucket: Resource, view: View) -> Verdict:
    """Fail unless the bucket itself has all four block settings on, whatever its account blocks.

    Source: GetPublicAccessBlock of the bucket. Control: Security Hub S3.8.
    """
    blocks = view.all_of(BUCKET_BLOCKS, bucket)
    lacking = [name for name in SETTINGS if not in_force(blocks, name)]
    if lacking:
        return failed(
            f"The bucket itself does not block all public access; off: {', '.join(lacking)}.", lacking=lacking
        )
    return passed("The bucket itself has all four settings on that block public access.")


@check("s3_bucket_no_public_read", over="s3.buckets", reads=(ACLS, POLICIES, BUCKET_BLOCKS, ACCOUNT_BLOCKS))
def nobody_reads(bucket: Resource, view: View) -> Verdict:
    """Fail if anyone may list the bucket or get objects, by ACL or policy, and no block takes that back.

    Source: GetBucketAcl, Grants; GetBucketPolicy; GetPublicAccessBlock of bucket and account.
    """
    faults = _exposed(bucket, view, READING, READS)
    return verdict(not faults, "The bucket is not readable by everyone.", f"Anyone can read: {'; '.join(faults)}.")


@check("s3_bucket_no_public_write", over="s3.buckets", reads=(ACLS, POLICIES, BUCKET_BLOCKS, ACCOUNT_BLOCKS))
def nobody_writes(bucket: Resource, view: View) -> Verdict:
    """Fail if anyone may change objects or settings, by ACL (also WRITE_ACP) or policy, and no block takes that back.

    Source: GetBucketAcl, Grants; GetBucketPolicy; GetPublicAccessBlock of bucket and account.
    """
    faults = _exposed(bucket, view, WRITING, WRITES)
    return verdict(not faults, "The bucket is not writable by everyone.", f"Anyone can write: {'; '.join(faults)}.")


@check("s3_bucket_policy_not_public", over="s3.buckets", reads=(POLICIES,))
def policy_is_not_public(bucket: Resource, view: View) -> Verdict | None:
    """Fail a bucket whose policy lets anyone in, even where a public access block holds it back at present.

    A bucket without a policy is left out. Source: GetBucketPolicy.
    """
    if not (document := _document(bucket, view)):
        return None
    grants = public_grants(document)
    actions = sorted({action for one in grants for action in one.actions})
    return verdict(
        not grants,
        "The bucket policy lets in known callers only.",
        f"The bucket policy allows anyone {', '.join(actions) or 'almost everything'}.",
        actions=actions,
    )


@check("s3_bucket_policy_cross_account_restricted", over="s3.buckets", reads=(POLICIES,))
def others_change_no_settings(bucket: Resource, view: View) -> Verdict:
    """Fail if the policy lets another account, or anyone, change the policy, ACLs or encryption.

    Source: GetBucketPolicy; the actions are those of NOT_FOR_OTHERS.
    """
    document = _document(bucket, view)
    grants = [one for one in statements_of(document) if one.allow and _names_others(one, view.account.id)]
    given = [action for action in NOT_FOR_OTHERS if any(one.covers_action(action) for one in grants)]
    given += [
        action
        for action in NOT_FOR_OTHERS
        if action not in given and any(one.covers_action(action) for one in public_grants(document))
    ]
    return verdict(
        not given,
        "The bucket policy lets no other account change security settings.",
        f"The bucket policy lets other accounts do {', '.join(given)}.",
        actions=given,
    )


def _names_others(statement: Statement, own: str) -> bool:
    return any(account_of(name) not in ("", own) for kind, name in statement.principals if kind == "AWS")


@check("s3_bucket_tls_only", over="s3.buckets", reads=(POLICIES,))
def refuses_http(bucket: Resource, view: View) -> Verdict:
    """Fail unless the policy refuses everyone all of S3 without TLS, for all objects of the bucket.

    Source: GetBucketPolicy, a Deny with aws:SecureTransport false and no other condition.
    """
    document = _document(bucket, view)
    if not document:
        return failed("There is no bucket policy that refuses plain HTTP.")
    refused = refuses_plain_transport(document, action="s3:*", resource=f"{bucket.arn}/*")
    return verdict(
        refused, "The bucket policy refuses plain HTTP.", "The bucket policy does not refuse everyone plain HTTP."
    )


@check("s3_bucket_acl_disabled", over="s3.buckets", reads=("s3.bucket_ownership",))
def acls_are_off(bucket: Resource, view: View) -> Verdict:
    """Fail unless the bucket owner owns all objects, by which ACLs are disabled. Source: GetBucketOwnershipControls."""
    rule = view.one_of("s3.bucket_ownership", bucket)
    ownership = rule["ObjectOwnership"] if rule else "ObjectWriter"
    return verdict(
        ownership == "BucketOwnerEnforced",
        "ACLs are disabled.",
        f"ACLs are in use: object ownership is {ownership}.",
        ObjectOwnership=ownership,
    )


# --- Encryption -------------------------------------------------------------------------------------------------------


def _algorithm(bucket: Resource, view: View) -> str:
    default = view.one_of("s3.bucket_encryption", bucket)
    return default.get("SSEAlgorithm", "") if default else ""


@check("s3_bucket_default_encryption", over="s3.buckets", reads=("s3.bucket_encryption",))
def encrypts_by_default(bucket: Resource, view: View) -> Verdict:
    """Fail a bucket without default encryption of any kind. Source: GetBucketEncryption, SSEAlgorithm."""
    algorithm = _algorithm(bucket, view)
    return verdict(
        bool(algorithm), f"New objects are encrypted with {algorithm}.", "There is no default encryption.",
        SSEAlgorithm=algorithm,
    )  # fmt: skip


@check("s3_bucket_kms_encryption", over="s3.buckets", reads=("s3.bucket_encryption",))
def encrypts_with_kms(bucket: Resource, view: View) -> Verdict:
    """Fail unless a KMS key encrypts new objects, once or twice. Source: GetBucketEncryption, SSEAlgorithm."""
    algorithm = _algorithm(bucket, view)
    return verdict(
        algorithm in KMS_ALGORITHMS,
        f"New objects are encrypted with {algorithm}.",
        f"New objects are encrypted with {algorithm or 'nothing'}, not with a KMS key.",
        SSEAlgorithm=algorithm,
    )


# --- What is kept, and for how long -----------------------------------------------------------------------------------


def _versioning(bucket: Resource, view: View) -> str:
    row = view.one_of(VERSIONING, bucket)
    return row.get("Status", "never enabled") if row else "never enabled"


@check("s3_bucket_versioning", over="s3.buckets", reads=(VERSIONING,))
def keeps_versions(bucket: Resource, view: View) -> Verdict:
    """Fail unless versioning is enabled; suspended versioning keeps no new versions. Source: GetBucketVersioning."""
    status = _versioning(bucket, view)
    return verdict(status == "Enabled", "Versioning is enabled.", f"Versioning is {status.lower()}.", Versioning=status)


@check("s3_bucket_mfa_delete", over="s3.buckets", reads=(VERSIONING,))
def deleting_versions_takes_mfa(bucket: Resource, view: View) -> Verdict:
    """Fail unless versioning and MFA delete are both enabled. Source: GetBucketVersioning, Status, MFADelete."""
    row = view.one_of(VERSIONING, bucket)
    mfa = row.get("MFADelete", "Disabled") if row else "Disabled"
    return verdict(
        mfa == "Enabled" and _versioning(bucket, view) == "Enabled",
        "MFA delete is enabled.",
        "MFA delete is not in force.",
        Versioning=_versioning(bucket, view),
        MFADelete=mfa,
    )


def _active(rules: Iterable[Resource]) -> list[str]:
    return [str(rule.get("ID") or "unnamed") for rule in rules if rule["Status"] == "Enabled"]


def _has_rule(active: list[str]) -> Verdict:
    words = f"Lifecycle rules in force: {', '.join(active[:3])}."
    return verdict(bool(active), words, "No lifecycle rule is in force.", rules=active[:10])


@check("s3_bucket_lifecycle", over="s3.buckets", reads=("s3.bucket_lifecycle_rules",))
def has_lifecycle_rule(bucket: Resource, view: View) -> Verdict:
    """Fail a bucket without an enabled lifecycle rule. Source: GetBucketLifecycleConfiguration, Rules[].Status."""
    return _has_rule(_active(view.all_of("s3.bucket_lifecycle_rules", bucket)))


@check("s3_versioned_bucket_lifecycle", over="s3.buckets", reads=(VERSIONING, "s3.bucket_lifecycle_rules"))
def versions_have_an_end(bucket: Resource, view: View) -> Verdict | None:
    """Fail a bucket with versioning enabled that has no enabled lifecycle rule; others are left out.

    Source: GetBucketVersioning, Status; GetBucketLifecycleConfiguration, Rules[].Status.
    """
    if _versioning(bucket, view) != "Enabled":
        return None
    return _has_rule(_active(view.all_of("s3.bucket_lifecycle_rules", bucket)))


@check("s3_directory_bucket_lifecycle", over="s3.directory_buckets", reads=("s3.directory_bucket_lifecycle_rules",))
def directory_bucket_has_lifecycle_rule(bucket: Resource, view: View) -> Verdict:
    """Fail a directory bucket without an enabled lifecycle rule. Source: GetBucketLifecycleConfiguration."""
    return _has_rule(_active(view.all_of("s3.directory_bucket_lifecycle_rules", bucket)))


@check("s3_bucket_object_lock", over="s3.buckets", reads=("s3.bucket_object_lock",))
def locks_objects(bucket: Resource, view: View) -> Verdict:
    """Fail a bucket without Object Lock; a default retention is not asked for. Source: GetObjectLockConfiguration."""
    lock = view.one_of("s3.bucket_object_lock", bucket)
    enabled = bool(lock and lock.get("ObjectLockEnabled") == "Enabled")
    return verdict(enabled, "Object Lock is enabled.", "Object Lock is not enabled.", ObjectLockEnabled=enabled)


@survey("s3_bucket_cross_region_replication", reads=("s3.buckets", REPLICATION, "s3.bucket_regions"))
def replicates_to_another_region(view: View) -> Iterator[Finding]:
    """Fail each bucket unless an enabled rule replicates it to a bucket in another region.

    The region of another account's bucket cannot be told: such a rule alone is an error.
    Source: GetBucketReplication, Rules[].Destination.Bucket; ListBuckets, BucketRegion.
    """
    regions = {row.arn: row.get("BucketRegion") for row in view.in_region("s3.bucket_regions", GLOBAL)}
    for bucket in view["s3.buckets"]:
        try:
            said = _replicated(bucket, view.all_of(REPLICATION, bucket), regions)
        except Unread as error:
            view.unread[error.failure] = None
        else:
            yield Finding(bucket.arn, bucket.region, said.passed, said.words, bucket.name, said.attributes)


def _replicated(bucket: Resource, rules: list[Resource], regions: Mapping[str, str | None]) -> Verdict:
    replicas = [rule["Bucket"] for rule in rules if rule["Status"] == "Enabled"]
    for replica in replicas:
        where = regions.get(replica)
        if where and where != bucket.region:
            return passed(f"Objects are replicated to {replica} in {where}.", destination=replica)
    if foreign := [replica for replica in replicas if not regions.get(replica)]:
        words = f"The region of the replica {foreign[0]}, a bucket of another account, cannot be told."
        raise Unread(Failure(FailureKind.SERVICE, words, "", bucket.region))
    state = "is to the same region only" if replicas else "is not configured"
    return failed(f"Replication {state}.", destinations=replicas)


# --- What tells of it -------------------------------------------------------------------------------------------------


@check("s3_bucket_access_logging", over="s3.buckets", reads=("s3.bucket_logging",))
def logs_access(bucket: Resource, view: View) -> Verdict:
    """Fail a bucket without server access logs. Source: GetBucketLogging, LoggingEnabled.TargetBucket."""
    logging = view.one_of("s3.bucket_logging", bucket)
    target = logging.get("TargetBucket") if logging else None
    return verdict(
        bool(target), f"Access is logged in {target}.", "There are no server access logs.", TargetBucket=target
    )


@check("s3_bucket_event_notifications", over="s3.buckets", reads=("s3.bucket_notifications",))
def notifies_of_events(bucket: Resource, view: View) -> Verdict:
    """Fail a bucket that sends no events: to a topic, a queue, a function or EventBridge.

    EventBridge is on when its element is there, though it is empty. Source: GetBucketNotificationConfiguration.
    """
    row = view.one_of("s3.bucket_notifications", bucket)
    lists = ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations")
    found = [name for name in lists if row and row.get(name)]
    if row and row.get("EventBridgeConfiguration") is not None:
        found.append("EventBridgeConfiguration")
    return verdict(
        bool(found), "The bucket sends event notifications.", "The bucket sends no event notifications.", to=found
    )
