"""Redshift Serverless: workgroups (compute and network) and namespaces (databases and their administrator)."""

from cloudbench.engine.registry import listing

listing(
    "redshift-serverless.workgroups",
    "redshift-serverless.list_workgroups",
    items="workgroups",
    arn="{workgroupArn}",
    label="workgroupName",
    keep=(
        "workgroupName", "namespaceName", "status", "publiclyAccessible", "enhancedVpcRouting", "configParameters",
        "securityGroupIds", "subnetIds",
    ),
)  # fmt: skip
listing(
    "redshift-serverless.namespaces",
    "redshift-serverless.list_namespaces",
    items="namespaces",
    arn="{namespaceArn}",
    label="namespaceName",
    keep=("namespaceName", "status", "adminUsername", "dbName", "logExports", "kmsKeyId"),
)
