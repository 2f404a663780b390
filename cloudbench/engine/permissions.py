"""Which IAM action a call takes. Source: AWS's service authorization reference; names of operations from botocore."""

import re

PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "apigatewayv2": "apigateway",
    "cloudwatch": "cloudwatch",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "neptune": "rds",
    "opensearch": "es",
    "s3control": "s3",
    "stepfunctions": "states",
}
"""Services whose actions begin with another name than botocore's client has."""

ACTIONS = {
    "account.get_alternate_contact": "account:GetAlternateContact",
    "s3.head_bucket": "s3:ListBucket",
    "s3.list_buckets": "s3:ListAllMyBuckets",
    "s3.get_bucket_encryption": "s3:GetEncryptionConfiguration",
    "s3.get_bucket_lifecycle_configuration": "s3:GetLifecycleConfiguration",
    "s3.get_bucket_notification_configuration": "s3:GetBucketNotification",
    "s3.get_bucket_replication": "s3:GetReplicationConfiguration",
    "s3.get_object_lock_configuration": "s3:GetBucketObjectLockConfiguration",
    "s3.get_public_access_block": "s3:GetBucketPublicAccessBlock",
    "s3.list_directory_buckets": "s3express:ListAllMyDirectoryBuckets",
    "s3control.get_public_access_block": "s3:GetAccountPublicAccessBlock",
}
"""Actions that are not named after their operation."""

ALSO = {
    "wafv2.get_web_acl_for_resource": "elasticloadbalancing:GetLoadBalancerWebACL",
}
"""A second action that a call takes, of the service whose resource is asked about."""

READING_REST = ("apigateway", "apigatewayv2")
"""API Gateway has one action for all reading: GET on the path."""

SPELLINGS = {"Db": "DB", "Ml": "ML", "OpenIdConnect": "OpenIDConnect", "Saml": "SAML", "Mfa": "MFA", "Acl": "ACL"}
"""Where AWS writes capitals. The ACLs of networks and buckets keep their small letters."""


def action_of(operation: str) -> str:
    """Return the IAM action that ``operation`` ("ec2.describe_vpcs") takes, e.g. "ec2:DescribeVpcs"."""
    if operation in ACTIONS:
        return ACTIONS[operation]
    service, _, method = operation.partition(".")
    if service in READING_REST:
        return "apigateway:GET"
    return f"{PREFIXES.get(service, service)}:{spelled(method)}"


def spelled(method: str) -> str:
    """Return the API's name of a method of botocore: "describe_db_clusters" is DescribeDBClusters."""
    name = "".join(word.capitalize() for word in method.split("_"))
    if "network_acl" in method or "bucket_acl" in method:
        return name
    for plain, written in SPELLINGS.items():
        name = re.sub(f"{plain}(?=[A-Z]|s?$|s[A-Z])", written, name)
    return name
