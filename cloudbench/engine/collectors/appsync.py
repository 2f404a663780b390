"""AppSync GraphQL APIs and their caches."""

from cloudbench.engine.registry import detail, listing

listing(
    "appsync.graphql_apis",
    "appsync.list_graphql_apis",
    params={"maxResults": 25},
    items="graphqlApis",
    arn="{arn}",
    label="name",
    keep=("apiId", "apiType", "authenticationType", "additionalAuthenticationProviders", "logConfig"),
)
detail(
    "appsync.api_caches",
    "appsync.get_api_cache",
    of="appsync.graphql_apis",
    ask=lambda api: {"apiId": api["apiId"]},
    items="apiCache",
    keep=("type", "status", "atRestEncryptionEnabled", "transitEncryptionEnabled"),
    absent=("NotFoundException",),
)
