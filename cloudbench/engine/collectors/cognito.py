"""Cognito user pools and identity pools."""

from cloudbench.engine.registry import detail, listing

PAGE = {"MaxResults": 60}

listing(
    "cognito.user_pool_ids",
    "cognito-idp.list_user_pools",
    params=PAGE,
    items="UserPools",
    arn="arn:{partition}:cognito-idp:{region}:{account}:userpool/{Id}",
    label="Name",
    keep=("Id", "Name"),
)
detail(
    "cognito.user_pools",
    "cognito-idp.describe_user_pool",
    of="cognito.user_pool_ids",
    ask=lambda pool: {"UserPoolId": pool["Id"]},
    items="UserPool",
    keep=("Id", "Policies", "UserPoolAddOns", "UserPoolTier", "MfaConfiguration"),
)
listing(
    "cognito.identity_pool_ids",
    "cognito-identity.list_identity_pools",
    params=PAGE,
    items="IdentityPools",
    arn="arn:{partition}:cognito-identity:{region}:{account}:identitypool/{IdentityPoolId}",
    label="IdentityPoolName",
    keep=("IdentityPoolId", "IdentityPoolName"),
)
detail(
    "cognito.identity_pools",
    "cognito-identity.describe_identity_pool",
    of="cognito.identity_pool_ids",
    ask=lambda pool: {"IdentityPoolId": pool["IdentityPoolId"]},
    keep=("IdentityPoolId", "AllowUnauthenticatedIdentities"),
)
