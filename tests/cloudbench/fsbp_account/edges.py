"""Load balancers, distributions, APIs, endpoints."""

from typing import Any

from tests.cloudbench.fsbp_account.ground import ACCOUNT, REGION, Aws, Sayings, arn, certificate_of, two_subnets


def elbv2(aws: Aws, say: Sayings) -> None:
    client, subnets = aws("elbv2"), two_subnets(aws)
    made = {
        name: client.create_load_balancer(Name=name, Subnets=subnets, Type="application")["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        for name in ("alb-good", "alb-bad")
    }
    made["nlb"] = client.create_load_balancer(Name="nlb", Subnets=subnets[:1], Type="network")["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    good_on = {
        "access_logs.s3.enabled": "true", "access_logs.s3.bucket": "fsbp-plain", "deletion_protection.enabled": "true",
        "routing.http.drop_invalid_header_fields.enabled": "true", "routing.http.desync_mitigation_mode": "strictest",
    }  # fmt: skip
    attributes = {"alb-good": good_on, "alb-bad": {"routing.http.desync_mitigation_mode": "monitor"}}
    for name, wanted in attributes.items():
        client.modify_load_balancer_attributes(
            LoadBalancerArn=made[name], Attributes=[{"Key": key, "Value": value} for key, value in wanted.items()]
        )
    good, bad, nlb = made["alb-good"], made["alb-bad"], made["nlb"]
    say("ELB.4 ELB.12", good=[good], bad=[bad])
    say("ELB.5", good=[good], bad=[bad])
    say("ELB.6", good=[good], bad=[bad, nlb])
    say("ELB.13", good=[good, bad], bad=[nlb])
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    redirect = [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]

    def listener(balancer: str, protocol: str, port: int, actions: list[Any], tls: str = "") -> str:
        certificate = {"SslPolicy": tls, "Certificates": [{"CertificateArn": certificate_of(aws)}]} if tls else {}
        made = client.create_listener(
            LoadBalancerArn=balancer, Protocol=protocol, Port=port, DefaultActions=actions, **certificate
        )
        return str(made["Listeners"][0]["ListenerArn"])

    redirecting = listener(good, "HTTP", 80, redirect)
    serving = listener(bad, "HTTP", 80, fixed)
    strong = listener(good, "HTTPS", 443, fixed, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
    weak = listener(bad, "HTTPS", 443, fixed, "ELBSecurityPolicy-2016-08")
    say("ELB.1", good=[good], bad=[bad])
    say("ELB.17", good=[strong], bad=[weak])
    say("ELB.18", good=[strong, weak], bad=[redirecting, serving])


def elb(aws: Aws, say: Sayings) -> None:
    client = aws("elb")

    def classic(name: str, zones: int, listener: dict[str, Any]) -> str:
        client.create_load_balancer(
            LoadBalancerName=name, AvailabilityZones=[f"{REGION}{letter}" for letter in "abc"[:zones]],
            Listeners=[{"InstancePort": 80, "InstanceProtocol": "HTTP", **listener}],
        )  # fmt: skip
        return arn("elasticloadbalancing", f"loadbalancer/{name}")

    acm, iam = certificate_of(aws), f"arn:aws:iam::{ACCOUNT}:server-certificate/own"
    good = classic("clb-good", 2, {"Protocol": "HTTPS", "LoadBalancerPort": 443, "SSLCertificateId": acm})
    bad = classic("clb-bad", 1, {"Protocol": "HTTP", "LoadBalancerPort": 80})
    own = classic("clb-iam", 2, {"Protocol": "HTTPS", "LoadBalancerPort": 443, "SSLCertificateId": iam})
    client.modify_load_balancer_attributes(
        LoadBalancerName="clb-good",
        LoadBalancerAttributes={
            "CrossZoneLoadBalancing": {"Enabled": True}, "ConnectionDraining": {"Enabled": True, "Timeout": 60},
            "AccessLog": {"Enabled": True, "S3BucketName": "fsbp-plain", "EmitInterval": 60},
            "AdditionalAttributes": [{"Key": "elb.http.desyncmitigationmode", "Value": "defensive"}],
        },
    )  # fmt: skip
    for name, wanted in (("clb-good", "ELBSecurityPolicy-TLS-1-2-2017-01"), ("clb-iam", "ELBSecurityPolicy-2016-08")):
        client.create_load_balancer_policy(
            LoadBalancerName=name, PolicyName="tls", PolicyTypeName="SSLNegotiationPolicyType",
            PolicyAttributes=[{"AttributeName": "Reference-Security-Policy", "AttributeValue": wanted}],
        )  # fmt: skip
        client.set_load_balancer_policies_of_listener(LoadBalancerName=name, LoadBalancerPort=443, PolicyNames=["tls"])
    say("ELB.2", good=[good], bad=[own])
    say("ELB.3 ELB.10", good=[good, own], bad=[bad])
    say("ELB.8", good=[good], bad=[own])
    client.modify_load_balancer_attributes(
        LoadBalancerName="clb-bad",
        LoadBalancerAttributes={"AdditionalAttributes": [{"Key": "elb.http.desyncmitigationmode", "Value": "monitor"}]},
    )
    say("ELB.5 ELB.7 ELB.9", good=[good], bad=[bad, own])
    say("ELB.14", good=[good, own], bad=[bad])


def cloudfront(aws: Aws, say: Sayings) -> None:
    client = aws("cloudfront")
    secure = {
        "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only",
        "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
    }  # fmt: skip
    s3_origin = {"Id": "files", "DomainName": "fsbp-good.s3.us-east-1.amazonaws.com"}
    identity = {"S3OriginConfig": {"OriginAccessIdentity": ""}}

    def distribution(name: str, origins: list[dict[str, Any]], viewers: str, **more: Any) -> str:
        config = {
            "CallerReference": name, "Comment": name, "Enabled": True,
            "Origins": {"Quantity": len(origins), "Items": origins},
            "DefaultCacheBehavior": {
                "TargetOriginId": origins[0]["Id"], "ViewerProtocolPolicy": viewers, "MinTTL": 0,
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            },
            **more,
        }  # fmt: skip
        return str(client.create_distribution(DistributionConfig=config)["Distribution"]["ARN"])

    control = client.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": "oac", "SigningProtocol": "sigv4", "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]["Id"]  # fmt: skip
    members = {"Quantity": 2, "Items": [{"OriginId": "files"}, {"OriginId": "app"}]}
    good = distribution(
        "good",
        [
            s3_origin | identity | {"OriginAccessControlId": control},
            {"Id": "app", "DomainName": "app.example.com", "CustomOriginConfig": secure},
        ],
        "redirect-to-https",
        DefaultRootObject="index.html",
        Logging={"Enabled": True, "IncludeCookies": False, "Bucket": "fsbp-plain.s3.amazonaws.com", "Prefix": ""},
        WebACLId=f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/x/1",
        ViewerCertificate={
            "ACMCertificateArn": arn("acm", "certificate/x"), "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021", "CloudFrontDefaultCertificate": False,
        },
        OriginGroups={
            "Quantity": 1,
            "Items": [
                {"Id": "both", "FailoverCriteria": {"StatusCodes": {"Quantity": 1, "Items": [500]}}, "Members": members}
            ],
        },
    )  # fmt: skip
    bad = distribution(
        "bad",
        [
            s3_origin | identity | {"DomainName": "fsbp-nowhere.s3.us-east-1.amazonaws.com"},
            {
                "Id": "app", "DomainName": "app.example.com",
                "CustomOriginConfig": secure
                | {"OriginProtocolPolicy": "match-viewer", "OriginSslProtocols": {"Quantity": 1, "Items": ["SSLv3"]}},
            },
        ],
        "allow-all",
    )  # fmt: skip
    for n in (1, 3, 4, 5, 6, 7, 9, 10, 12, 15):
        say(f"CloudFront.{n}", good=[good], bad=[bad])
    say("CloudFront.8", good=[good])


def apigateway(aws: Aws, say: Sayings) -> None:
    client = aws("apigateway")
    api = client.create_rest_api(name="api")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(
        restApiId=api, stageName="bad", deploymentId=deployment, cacheClusterEnabled=True, cacheClusterSize="0.5"
    )
    client.create_stage(
        restApiId=api, stageName="good", deploymentId=deployment, tracingEnabled=True, cacheClusterEnabled=True,
        cacheClusterSize="0.5",
    )  # fmt: skip
    on = {"/*/*/logging/loglevel": "INFO", "/*/*/caching/enabled": "true", "/*/*/caching/dataEncrypted": "true"}
    for stage, changes in (
        ("good", on),
        ("bad", {"/*/*/caching/enabled": "true", "/*/*/caching/dataEncrypted": "false"}),
    ):
        client.update_stage(
            restApiId=api, stageName=stage,
            patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in changes.items()],
        )  # fmt: skip
    good, bad = (f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/{name}" for name in ("good", "bad"))
    say("APIGateway.1 APIGateway.3 APIGateway.5", good=[good], bad=[bad])
    waf = aws("wafv2")
    acl = waf.create_web_acl(
        Name="api", Scope="REGIONAL", DefaultAction={"Block": {}}, Rules=[_a_rule()], VisibilityConfig=_visible("api")
    )["Summary"]["ARN"]
    waf.associate_web_acl(WebACLArn=acl, ResourceArn=good)
    say("APIGateway.4", good=[good], bad=[bad])
    empty = waf.create_web_acl(
        Name="empty", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=_visible("empty")
    )["Summary"]["ARN"]
    say("WAF.10", good=[acl], bad=[empty])
    group = waf.create_rule_group(
        Name="counted", Scope="REGIONAL", Capacity=10, Rules=[_a_rule()], VisibilityConfig=_visible("counted")
    )["Summary"]["ARN"]
    silent = waf.create_rule_group(
        Name="silent", Scope="REGIONAL", Capacity=10, Rules=[_a_rule(counted=False)],
        VisibilityConfig=_visible("silent"),
    )["Summary"]["ARN"]  # fmt: skip
    say("WAF.12", good=[group], bad=[silent])
    two = aws("apigatewayv2")
    http = two.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    routes = {
        key: two.create_route(ApiId=http, RouteKey=key, AuthorizationType=kind)["RouteId"]
        for key, kind in (("GET /in", "AWS_IAM"), ("GET /open", "NONE"))
    }
    two.create_stage(
        ApiId=http, StageName="logged", AccessLogSettings={"DestinationArn": arn("logs", "log-group:x"), "Format": "x"}
    )
    two.create_stage(ApiId=http, StageName="unlogged")
    base = f"arn:aws:apigateway:{REGION}::/apis/{http}"
    say(
        "APIGateway.8",
        good=[f"{base}/routes/{routes['GET /in']}"],
        bad=[f"{base}/routes/{routes['GET /open']}"],
    )
    say("APIGateway.9", good=[f"{base}/stages/logged"], bad=[f"{base}/stages/unlogged"])


def _visible(name: str, *, counted: bool = True) -> dict[str, Any]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": counted, "MetricName": name}


def _a_rule(*, counted: bool = True) -> dict[str, Any]:
    return {
        "Name": "rule", "Priority": 0, "Action": {"Block": {}}, "VisibilityConfig": _visible("rule", counted=counted),
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["AQ"]}},
    }  # fmt: skip


def endpoints(aws: Aws, say: Sayings) -> None:
    client = aws("dms")

    def endpoint(name: str, engine: str, **settings: Any) -> str:
        made = client.create_endpoint(EndpointIdentifier=name, EndpointType="target", EngineName=engine, **settings)
        return str(made["Endpoint"]["EndpointArn"])

    graph = {"S3BucketName": "b", "S3BucketFolder": "f"}
    say(
        "DMS.10",
        good=[endpoint("signed", "neptune", NeptuneSettings=graph | {"IamAuthEnabled": True})],
        bad=[endpoint("unsigned", "neptune", NeptuneSettings=graph | {"IamAuthEnabled": False})],
    )
    known = endpoint("known", "mongodb", SslMode="require", MongoDbSettings={"AuthType": "password"})
    unknown = endpoint("unknown", "mongodb", SslMode="none", MongoDbSettings={"AuthType": "no"})
    say("DMS.9 DMS.11", good=[known], bad=[unknown])
    at = {"ServerName": "redis", "Port": 6379}
    say(
        "DMS.12",
        good=[endpoint("private", "redis", RedisSettings=at | {"SslSecurityProtocol": "ssl-encryption"})],
        bad=[endpoint("clear", "redis", RedisSettings=at | {"SslSecurityProtocol": "plaintext"})],
    )
