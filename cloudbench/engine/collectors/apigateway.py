"""API Gateway: REST APIs and custom domains (version 1), HTTP and WebSocket APIs (version 2)."""

from cloudbench.engine.registry import detail, listing

PAGE = {"limit": 500}

listing(
    "apigateway.rest_apis",
    "apigateway.get_rest_apis",
    params=PAGE,
    items="items",
    arn="arn:{partition}:apigateway:{region}::/restapis/{id}",
    label="name",
    keep=("id", "name", "endpointConfiguration"),
)
detail(
    "apigateway.stages",
    "apigateway.get_stages",
    of="apigateway.rest_apis",
    ask=lambda api: {"restApiId": api["id"]},
    items="item",
    arn="{parent}/stages/{stageName}",
    label="stageName",
    keep=("cacheClusterEnabled", "clientCertificateId", "methodSettings", "tracingEnabled", "webAclArn"),
)
listing(
    "apigateway.domain_names",
    "apigateway.get_domain_names",
    params=PAGE,
    items="items",
    arn="arn:{partition}:apigateway:{region}::/domainnames/{domainName}",
    label="domainName",
    keep=("domainName", "securityPolicy", "endpointConfiguration"),
)
listing(
    "apigatewayv2.apis",
    "apigatewayv2.get_apis",
    items="Items",
    arn="arn:{partition}:apigateway:{region}::/apis/{ApiId}",
    label="Name",
    keep=("ApiId", "Name", "ProtocolType"),
)
detail(
    "apigatewayv2.stages",
    "apigatewayv2.get_stages",
    of="apigatewayv2.apis",
    ask=lambda api: {"ApiId": api["ApiId"]},
    items="Items",
    arn="{parent}/stages/{StageName}",
    label="StageName",
    keep=("AccessLogSettings", "DefaultRouteSettings", "RouteSettings"),
)
detail(
    "apigatewayv2.routes",
    "apigatewayv2.get_routes",
    of="apigatewayv2.apis",
    ask=lambda api: {"ApiId": api["ApiId"]},
    items="Items",
    arn="{parent}/routes/{RouteId}",
    label="RouteKey",
    keep=("RouteKey", "AuthorizationType"),
)
