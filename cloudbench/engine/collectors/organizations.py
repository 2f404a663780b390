"""The organization that the account is a member of."""

from cloudbench.engine.registry import Scope, listing

listing(
    "organizations.organization",
    "organizations.describe_organization",
    scope=Scope.GLOBAL,
    items="Organization",
    absent=("AWSOrganizationsNotInUseException",),
    keep=("Id", "Arn", "FeatureSet", "MasterAccountId"),
)
