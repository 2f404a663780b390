from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

V1, V2 = f"arn:aws:apigateway:{REGION}::/restapis/", f"arn:aws:apigateway:{REGION}::/apis/"
ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/front/1"


def _logged(level: str) -> dict[str, Any]:
    return {"loggingLevel": level}


def _cached(**settings: Any) -> dict[str, Any]:
    return {"cacheClusterEnabled": True, "methodSettings": {"*/*": {"cachingEnabled": True, **settings}}}


STAGES: dict[str, dict[str, Any]] = {
    "good": {
        "clientCertificateId": "c1",
        "tracingEnabled": True,
        "webAclArn": ACL,
        "cacheClusterEnabled": True,
        "methodSettings": {
            "*/*": {**_logged("INFO"), "cachingEnabled": True, "cacheDataEncrypted": True},
            "~1pets/GET": {"cachingEnabled": False},
        },
    },
    "bare": {},
    "one-silent": {"methodSettings": {"*/*": _logged("ERROR"), "~1pets/GET": _logged("OFF")}},
    "one-logged": {"methodSettings": {"~1pets/GET": _logged("INFO")}},
    "clear": _cached(cacheDataEncrypted=False),
    "one-clear": {
        "cacheClusterEnabled": True,
        "methodSettings": {"~1pets/GET": {"cachingEnabled": True}, "*/*": {"cachingEnabled": False}},
    },
    "unused-cache": {"cacheClusterEnabled": True},
    "off": {**_cached(cacheDataEncrypted=False), "cacheClusterEnabled": False},
}
SOCKETS: dict[str, dict[str, Any]] = {
    "talks": {"DefaultRouteSettings": {"LoggingLevel": "ERROR"}},
    "mute": {"DefaultRouteSettings": {"LoggingLevel": "OFF"}},
    "half": {
        "DefaultRouteSettings": {"LoggingLevel": "INFO"},
        "RouteSettings": {"$connect": {"LoggingLevel": "OFF"}, "send": {}},
    },
    "unset": {},
}


@on_answers
def stages_of_rest_and_websocket_apis() -> Answers:
    apis = [
        {"ApiId": "w1", "Name": "socket", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.do"},
        {"ApiId": "h1", "Name": "http", "ProtocolType": "HTTP", "RouteSelectionExpression": "$request.method"},
    ]

    def sockets(params: Any) -> dict[str, Any]:
        if params["ApiId"] == "h1":
            return {"Items": [{"StageName": "$default"}]}
        return {"Items": [{"StageName": name, **told} for name, told in SOCKETS.items()]}

    rest = {name: f"{V1}r1/stages/{name}" for name in STAGES}
    talking = {name: f"{V2}w1/stages/{name}" for name in SOCKETS}
    only_good = Expected(good=[rest["good"]], bad=[arn for name, arn in rest.items() if name != "good"])
    return Answers(
        says={
            "apigateway.get_rest_apis": {"items": [{"id": "r1", "name": "shop"}]},
            "apigateway.get_stages": {"item": [{"stageName": name, **told} for name, told in STAGES.items()]},
            "apigatewayv2.get_apis": {"Items": apis},
            "apigatewayv2.get_stages": sockets,
        },
        verdicts={
            "apigateway_stage_client_certificate": only_good,
            "apigateway_stage_xray_tracing": only_good,
            "apigateway_stage_waf_attached": only_good,
            "apigateway_stage_cache_encrypted": Expected(
                good=[rest["good"], rest["unused-cache"]], bad=[rest["clear"], rest["one-clear"]]
            ),
            "apigateway_stage_execution_logging": Expected(
                good=[rest["good"], talking["talks"]],
                bad=[
                    *(arn for name, arn in rest.items() if name != "good"),
                    talking["mute"],
                    talking["half"],
                    talking["unset"],
                ],
            ),
        },
    )


@on_moto()
def http_and_websocket_apis(aws: Aws) -> Verdicts:
    gateway = aws("apigatewayv2")
    http = gateway.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    socket = gateway.create_api(
        Name="socket", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]

    def route(api: str, key: str, kind: str = "") -> str:
        more = {"AuthorizationType": kind} if kind else {}
        return f"{V2}{api}/routes/" + str(gateway.create_route(ApiId=api, RouteKey=key, **more)["RouteId"])

    good = [route(http, "GET /mine", "AWS_IAM"), route(http, "GET /ours", "JWT")]
    bad = [route(http, "GET /open", "NONE"), route(http, "GET /unset"), route(socket, "$connect")]
    route(socket, "$disconnect")
    log = {"DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:api", "Format": "$context.requestId"}
    gateway.create_stage(ApiId=http, StageName="logged", AccessLogSettings=log)
    gateway.create_stage(ApiId=http, StageName="silent")
    gateway.create_stage(ApiId=socket, StageName="live")
    return {
        "apigatewayv2_route_authorization_type": Expected(good=good, bad=bad),
        "apigatewayv2_stage_access_logging": Expected(
            good=[f"{V2}{http}/stages/logged"], bad=[f"{V2}{http}/stages/silent", f"{V2}{socket}/stages/live"]
        ),
    }


@on_moto()
def domains(aws: Aws) -> Verdicts:
    gateway = aws("apigateway")
    policies = {"old.example.com": "TLS_1_0", "plain.example.com": "TLS_1_2"}
    for name, policy in policies.items():
        gateway.create_domain_name(domainName=name, securityPolicy=policy)
    gateway.create_domain_name(domainName="unset.example.com")
    return {
        "apigateway_domain_tls_policy_current": Expected(
            good=["plain.example.com"], bad=["old.example.com", "unset.example.com"]
        )
    }


@on_answers
def domains_with_newer_policies() -> Answers:
    policies = {
        "new.example.com": "SecurityPolicy_TLS13_1_3_2025_09",
        "edge.example.com": "SecurityPolicy_TLS12_2018_EDGE",
    }
    return Answers(
        says={
            "apigateway.get_domain_names": {
                "items": [{"domainName": name, "securityPolicy": policy} for name, policy in policies.items()]
            }
        },
        verdicts={"apigateway_domain_tls_policy_current": Expected(good=list(policies))},
    )
