from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ARN = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:"
PREFIX = "ELBSecurityPolicy-"


@on_moto()
def balancers_with_attributes_and_web_acls(aws: Aws) -> Verdicts:
    ec2, elb, waf = aws("ec2"), aws("elbv2"), aws("wafv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=REGION + zone)["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    arns = {
        name: elb.create_load_balancer(Name=name, Type=kind, Subnets=within)["LoadBalancers"][0]["LoadBalancerArn"]
        for name, kind, within in (
            ("app-good", "application", subnets),
            ("app-bad", "application", subnets),
            ("net-bad", "network", subnets[:1]),
        )
    }
    good = {
        "deletion_protection.enabled": "true",
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "strictest",
    }
    bad = {"routing.http.desync_mitigation_mode": "monitor"}
    for name, attributes in (("app-good", good), ("app-bad", bad)):
        elb.modify_load_balancer_attributes(
            LoadBalancerArn=arns[name], Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()]
        )
    acl = waf.create_web_acl(
        Name="front",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "front"},
    )["Summary"]["ARN"]
    waf.associate_web_acl(WebACLArn=acl, ResourceArn=arns["app-good"])
    applications = Expected(good=["app-good"], bad=["app-bad"])
    return {
        "elbv2_alb_desync_mode": applications,
        "elbv2_alb_drop_invalid_headers": applications,
        "elbv2_alb_waf_attached": applications,
        "elbv2_deletion_protection": Expected(good=["app-good"], bad=["app-bad", "net-bad"]),
        "elbv2_multi_az": Expected(good=["app-good", "app-bad"], bad=["net-bad"]),
    }


REDIRECT = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
SAME = {"Type": "redirect", "RedirectConfig": {"Protocol": "#{protocol}", "StatusCode": "HTTP_301"}}
FORWARD = {"Type": "forward", "TargetGroupArn": ARN + "targetgroup/x/1"}
FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}

LISTENERS: dict[str, list[tuple[str, int, str, dict[str, Any]]]] = {
    "redirects": [("HTTP", 80, "", REDIRECT), ("HTTPS", 443, "TLS13-1-2-Res-PQ-2025-09", FORWARD)],
    "serves": [("HTTP", 80, "", FORWARD)],
    "same": [("HTTP", 80, "", SAME)],
    "rule-serves": [("HTTP", 80, "", REDIRECT)],
    "rule-answers": [("HTTP", 80, "", REDIRECT)],
    "only-tls": [
        ("HTTPS", 443, "2016-08", FORWARD),
        ("HTTPS", 8443, "TLS13-1-2-2021-06", FORWARD),
        ("HTTPS", 9443, "TLS13-1-2-Res-FIPS-2023-04", FORWARD),
    ],
    "empty": [],
}
RULES = {"rule-serves": FORWARD, "rule-answers": FIXED}


def _listener(balancer: str, protocol: str, port: int, policy: str, action: dict[str, Any]) -> dict[str, Any]:
    told = {
        "ListenerArn": f"{ARN}listener/{balancer}/{port}",
        "LoadBalancerArn": f"{ARN}loadbalancer/{balancer}",
        "DefaultActions": [action],
    }
    if protocol:
        told |= {"Protocol": protocol, "Port": port}
    return told | ({"SslPolicy": PREFIX + policy} if policy else {})


@on_answers
def balancers_with_listeners() -> Answers:
    kinds = dict.fromkeys(LISTENERS, "application") | {"net": "network", "gateway": "gateway"}
    others = {
        "net": [("TLS", 443, "TLS13-1-3-2021-06", FORWARD), ("TCP", 25, "", FORWARD)],
        "gateway": [("", 0, "", FORWARD)],
    }

    def listeners(params: Any) -> dict[str, Any]:
        name = params["LoadBalancerArn"].rpartition("/")[2]
        return {"Listeners": [_listener(name, *told) for told in (LISTENERS | others)[name]]}

    def rules(params: Any) -> dict[str, Any]:
        name = params["ListenerArn"].split("/")[1]
        default = {
            "RuleArn": f"{ARN}rule/{name}/default",
            "Priority": "default",
            "IsDefault": True,
            "Actions": [REDIRECT],
        }
        own = {
            "RuleArn": f"{ARN}rule/{name}/1",
            "Priority": "1",
            "IsDefault": False,
            "Actions": [RULES.get(name, REDIRECT)],
        }
        return {"Rules": [own, default]}

    return Answers(
        says={
            "elbv2.describe_load_balancers": {
                "LoadBalancers": [
                    {"LoadBalancerArn": f"{ARN}loadbalancer/{name}", "LoadBalancerName": name, "Type": kind}
                    for name, kind in kinds.items()
                ]
            },
            "elbv2.describe_listeners": listeners,
            "elbv2.describe_rules": rules,
        },
        verdicts={
            "elbv2_alb_http_redirects_to_https": Expected(
                good=["redirects", "rule-answers", "only-tls"], bad=["serves", "same", "rule-serves"]
            ),
            "elbv2_listener_recommended_tls_policy": Expected(
                good=[f"{ARN}listener/{name}" for name in ("redirects/443", "net/443", "only-tls/9443")],
                bad=[f"{ARN}listener/only-tls/443", f"{ARN}listener/only-tls/8443"],
            ),
            "elbv2_listener_secure_protocol": Expected(
                good=[
                    f"{ARN}listener/{name}"
                    for name in ("redirects/443", "only-tls/443", "only-tls/8443", "only-tls/9443", "net/443")
                ],
                bad=[
                    f"{ARN}listener/{name}"
                    for name in ("redirects/80", "serves/80", "same/80", "rule-serves/80", "rule-answers/80", "net/25")
                ],
            ),
        },
    )
