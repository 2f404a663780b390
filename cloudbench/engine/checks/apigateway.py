"""What must hold of API Gateway: stages of REST APIs, custom domains, HTTP and WebSocket APIs."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check, survey

LOGGED = ("ERROR", "INFO")
"""Source: Security Hub APIGateway.1, loggingLevel."""
ALL_METHODS = "*/*"
OLD_POLICY = "TLS_1_0"
CONNECT = "$connect"
WEBSOCKET = "WEBSOCKET"


def _methods(stage: Resource) -> Mapping[str, Mapping[str, Any]]:
    """Return {"path/METHOD": settings}; "*/*" are those of all other methods. AWS writes / in paths as ~1."""
    return {name.replace("~1", "/"): told for name, told in (stage.get("methodSettings") or {}).items()}


@check("apigateway_stage_cache_encrypted", over="apigateway.stages")
def cache_is_encrypted(stage: Resource, view: View) -> Verdict | None:
    """Fail if a method's responses are cached in clear; stages without cache are left out.

    Source: GetStages, cacheClusterEnabled, methodSettings[].cachingEnabled and cacheDataEncrypted.
    """
    if not stage.get("cacheClusterEnabled"):
        return None
    cached = {name: told for name, told in _methods(stage).items() if told.get("cachingEnabled")}
    plain = sorted(name for name, told in cached.items() if not told.get("cacheDataEncrypted"))
    if plain:
        return failed(f"Cached in clear: {', '.join(plain)}.", methods=plain)
    return passed("All cached responses are encrypted." if cached else "It has a cache, but no method uses it.")


@check("apigateway_stage_client_certificate", over="apigateway.stages")
def shows_a_client_certificate(stage: Resource, view: View) -> Verdict:
    """Fail if it shows its backend no certificate. Source: GetStages, clientCertificateId."""
    certificate = stage.get("clientCertificateId") or ""
    return verdict(
        bool(certificate),
        f"Backends can know it by the certificate {certificate}.",
        "It shows backends no client certificate.",
        clientCertificateId=certificate,
    )


@check("apigateway_stage_waf_attached", over="apigateway.stages")
def has_web_acl(stage: Resource, view: View) -> Verdict:
    """Fail if no web ACL filters its requests. Source: GetStages, webAclArn."""
    acl = stage.get("webAclArn") or ""
    return verdict(
        bool(acl), f"The web ACL {acl} filters its requests.", "No web ACL filters its requests.", webAclArn=acl
    )


@check("apigateway_stage_xray_tracing", over="apigateway.stages")
def traces_requests(stage: Resource, view: View) -> Verdict:
    """Fail if requests are not traced by X-Ray. Source: GetStages, tracingEnabled."""
    traced = bool(stage.get("tracingEnabled"))
    return verdict(traced, "X-Ray traces requests.", "X-Ray traces no request.", tracingEnabled=traced)


@survey("apigateway_stage_execution_logging", reads=("apigateway.stages", "apigatewayv2.apis", "apigatewayv2.stages"))
def log_executions(view: View) -> Iterator[Finding]:
    """Fail a stage of a REST or WebSocket API of which a method or route logs no errors.

    HTTP APIs cannot log executions and are left out. Sources: GetStages, methodSettings[].loggingLevel, where "*/*"
    stands for all methods without settings of their own; of version 2 DefaultRouteSettings and RouteSettings[],
    LoggingLevel.
    """
    for stage in view["apigateway.stages"]:
        yield _logging(stage, ALL_METHODS, {name: told.get("loggingLevel") for name, told in _methods(stage).items()})
    websockets = {api.arn for api in view["apigatewayv2.apis"] if api["ProtocolType"] == WEBSOCKET}
    for stage in view["apigatewayv2.stages"]:
        if stage.parent in websockets:
            routes = {"default": stage.get("DefaultRouteSettings") or {}, **(stage.get("RouteSettings") or {})}
            yield _logging(stage, "default", {name: told.get("LoggingLevel") for name, told in routes.items()})


def _logging(stage: Resource, default: str, levels: Mapping[str, str | None]) -> Finding:
    """Judge the levels by method or route; those without a level of their own have that of ``default``."""
    general = levels.get(default) or "OFF"
    silent = sorted(name for name, level in levels.items() if (level or general) not in LOGGED)
    if general not in LOGGED and default not in silent:
        silent.append(default)
    words = f"Not logged: {', '.join(silent)}." if silent else f"Executions are logged at level {general}."
    attributes = {"loggingLevel": general, "methods": silent}
    return Finding(stage.arn, stage.region, not silent, words, stage.name, attributes)


@check("apigateway_domain_tls_policy_current", over="apigateway.domain_names")
def domain_takes_current_tls(domain: Resource, view: View) -> Verdict:
    """Fail if clients may negotiate TLS before 1.2. Source: GetDomainNames, securityPolicy (TLS_1_0 when absent).

    Of the policies, TLS_1_0 alone allows that; TLS_1_2 and all SecurityPolicy_TLS12… and …TLS13… do not.
    """
    policy = domain.get("securityPolicy") or OLD_POLICY
    return verdict(
        policy != OLD_POLICY,
        f"The policy {policy} takes TLS 1.2 or later.",
        f"The policy {policy} still takes TLS 1.0 and 1.1.",
        securityPolicy=policy,
    )


@check("apigatewayv2_route_authorization_type", over="apigatewayv2.routes", reads=("apigatewayv2.apis",))
def route_authorizes(route: Resource, view: View) -> Verdict | None:
    """Fail a route that lets callers in without authorization.

    Of WebSocket APIs only $connect is judged: AWS authorizes the connection there, and nothing after it.
    Source: GetRoutes, AuthorizationType (NONE when absent).
    """
    apis = {api.arn: api for api in view.in_region("apigatewayv2.apis", route.region)}
    api = apis.get(route.parent)
    if api is not None and api["ProtocolType"] == WEBSOCKET and route["RouteKey"] != CONNECT:
        return None
    kind = route.get("AuthorizationType") or "NONE"
    return verdict(
        kind != "NONE",
        f"{route['RouteKey']} asks for authorization by {kind}.",
        f"{route['RouteKey']} asks for no authorization.",
        AuthorizationType=kind,
        RouteKey=route["RouteKey"],
    )


@check("apigatewayv2_stage_access_logging", over="apigatewayv2.stages")
def stage_logs_access(stage: Resource, view: View) -> Verdict:
    """Fail if it writes no access log. Source: version 2 GetStages, AccessLogSettings.DestinationArn."""
    target = (stage.get("AccessLogSettings") or {}).get("DestinationArn", "")
    return verdict(bool(target), f"Requests are logged to {target}.", "Requests are not logged.", DestinationArn=target)
