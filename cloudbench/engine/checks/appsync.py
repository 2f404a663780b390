"""What must hold of AppSync GraphQL APIs."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

LOGGED = ("ERROR", "ALL", "INFO", "DEBUG")


@check("appsync_api_cache_encrypted_at_rest", over="appsync.graphql_apis", reads=("appsync.api_caches",))
def cache_is_encrypted_at_rest(api: Resource, view: View) -> Verdict | None:
    """Fail if the API has a cache that is stored in clear; APIs without cache are left out.

    Source: GetApiCache, atRestEncryptionEnabled (absent: false).
    """
    cache = view.one_of("appsync.api_caches", api)
    if cache is None:
        return None
    return verdict(
        bool(cache.get("atRestEncryptionEnabled")),
        "Its cache is encrypted at rest.",
        "Its cache is not encrypted at rest.",
        atRestEncryptionEnabled=bool(cache.get("atRestEncryptionEnabled")),
    )


@check("appsync_api_cache_encrypted_in_transit", over="appsync.graphql_apis", reads=("appsync.api_caches",))
def cache_is_encrypted_in_transit(api: Resource, view: View) -> Verdict | None:
    """Fail if the API talks to its cache without TLS; APIs without cache are left out.

    Source: GetApiCache, transitEncryptionEnabled (absent: false).
    """
    cache = view.one_of("appsync.api_caches", api)
    if cache is None:
        return None
    return verdict(
        bool(cache.get("transitEncryptionEnabled")),
        "What goes to and from its cache is encrypted.",
        "What goes to and from its cache is not encrypted.",
        transitEncryptionEnabled=bool(cache.get("transitEncryptionEnabled")),
    )


@check("appsync_field_level_logging", over="appsync.graphql_apis")
def logs_resolvers(api: Resource, view: View) -> Verdict:
    """Fail unless resolvers log at least their errors. Source: ListGraphqlApis, logConfig.fieldLogLevel."""
    level = (api.get("logConfig") or {}).get("fieldLogLevel", "NONE")
    return verdict(level in LOGGED, f"Resolvers log at level {level}.", "Resolvers log nothing.", fieldLogLevel=level)


@check("appsync_no_api_key_auth", over="appsync.graphql_apis")
def takes_no_api_keys(api: Resource, view: View) -> Verdict:
    """Fail if an API key is among its ways to authenticate, the main one or a further one.

    Source: ListGraphqlApis, authenticationType and additionalAuthenticationProviders[].authenticationType.
    """
    further = [one.get("authenticationType") for one in api.get("additionalAuthenticationProviders") or ()]
    kinds = [kind for kind in (api.get("authenticationType"), *further) if kind]
    return verdict(
        "API_KEY" not in kinds,
        f"Callers authenticate by {', '.join(kinds)}.",
        "Callers get in with an API key, which says nothing about who they are.",
        authenticationTypes=kinds,
    )
