from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ACM = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
UPLOADED = f"arn:aws:iam::{ACCOUNT}:server-certificate/old"


@on_moto(keep_defaults=True)  # classic ones need a default VPC
def classic_balancers_with_attributes(aws: Aws) -> Verdicts:
    elb = aws("elb")
    http = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    for name, zones in {"good": ["a", "b"], "bad": ["a"]}.items():
        elb.create_load_balancer(
            LoadBalancerName=name, Listeners=[http], AvailabilityZones=[REGION + zone for zone in zones]
        )
    elb.modify_load_balancer_attributes(
        LoadBalancerName="good",
        LoadBalancerAttributes={
            "CrossZoneLoadBalancing": {"Enabled": True},
            "ConnectionDraining": {"Enabled": True, "Timeout": 60},
        },
    )
    both = Expected(good=["good"], bad=["bad"])
    return {
        "elb_classic_multi_az": both,
        "elb_classic_cross_zone": both,
        "elb_classic_connection_draining": both,
        "elb_classic_tls_listeners": Expected(bad=["good", "bad"]),
    }


def _listener(protocol: str, port: int, certificate: str = "", *policies: str) -> dict[str, Any]:
    told: dict[str, Any] = {"Protocol": protocol, "LoadBalancerPort": port, "InstancePort": 80}
    if certificate:
        told["SSLCertificateId"] = certificate
    return {"Listener": told, "PolicyNames": list(policies)}


@on_answers
def classic_balancers_with_listeners() -> Answers:
    listeners = {
        "good": [_listener("HTTPS", 443, ACM, "strong", "sticky"), _listener("SSL", 8443, ACM, "strong")],
        "mixed": [_listener("HTTPS", 443, ACM, "strong"), _listener("HTTP", 80)],
        "tcp": [_listener("TCP", 25)],
        "uploaded": [_listener("HTTPS", 443, ACM, "strong"), _listener("HTTPS", 8443, UPLOADED, "old")],
        "custom": [_listener("SSL", 443, ACM, "custom")],
        "none": [_listener("SSL", 443, ACM)],
        "empty": [],
    }
    kinds = {"strong": "ELBSecurityPolicy-TLS-1-2-2017-01", "old": "ELBSecurityPolicy-2016-08", "custom": ""}
    policies: list[dict[str, Any]] = [
        {
            "PolicyName": name,
            "PolicyTypeName": "SSLNegotiationPolicyType",
            "PolicyAttributeDescriptions": [
                {"AttributeName": "Protocol-TLSv1.2", "AttributeValue": "true"},
                *([{"AttributeName": "Reference-Security-Policy", "AttributeValue": kind}] if kind else []),
            ],
        }
        for name, kind in kinds.items()
    ]
    sticky = {"PolicyName": "sticky", "PolicyTypeName": "AppCookieStickinessPolicyType"}
    return Answers(
        says={
            "elb.describe_load_balancers": {
                "LoadBalancerDescriptions": [
                    {"LoadBalancerName": name, "ListenerDescriptions": told, "AvailabilityZones": [REGION + "a"]}
                    for name, told in listeners.items()
                ]
            },
            "elb.describe_load_balancer_policies": {"PolicyDescriptions": [*policies, sticky]},
        },
        verdicts={
            "elb_classic_tls_listeners": Expected(good=["good", "uploaded", "custom", "none"], bad=["mixed", "tcp"]),
            "elb_classic_acm_certificate": Expected(good=["good", "mixed", "custom", "none"], bad=["uploaded"]),
            "elb_classic_strong_ssl_policy": Expected(good=["good", "mixed"], bad=["uploaded", "custom", "none"]),
        },
    )


@on_answers
def classic_and_application_balancers_with_logs() -> Answers:
    desync = "elb.http.desyncmitigationmode"
    classic: dict[str, dict[str, Any]] = {
        "logged": {
            "AccessLog": {"Enabled": True, "S3BucketName": "logs"},
            "AdditionalAttributes": [{"Key": desync, "Value": "strictest"}],
        },
        "silent": {
            "AccessLog": {"Enabled": False},
            "AdditionalAttributes": [{"Key": desync, "Value": "monitor"}],
        },
        "default": {"AdditionalAttributes": [{"Key": desync, "Value": "defensive"}]},
    }
    kinds = {"app-logged": "application", "app-silent": "application", "net-silent": "network"}
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/x/"
    return Answers(
        says={
            "elb.describe_load_balancers": {
                "LoadBalancerDescriptions": [{"LoadBalancerName": name} for name in classic]
            },
            "elb.describe_load_balancer_attributes": lambda params: {
                "LoadBalancerAttributes": classic[params["LoadBalancerName"]]
            },
            "elbv2.describe_load_balancers": {
                "LoadBalancers": [
                    {"LoadBalancerArn": arn + name, "LoadBalancerName": name, "Type": kind}
                    for name, kind in kinds.items()
                ]
            },
            "elbv2.describe_load_balancer_attributes": lambda params: {
                "Attributes": [
                    {
                        "Key": "access_logs.s3.enabled",
                        "Value": str(params["LoadBalancerArn"].endswith("logged")).lower(),
                    },
                    {"Key": "access_logs.s3.bucket", "Value": "logs"},
                ]
            },
        },
        verdicts={
            "elb_access_logging": Expected(good=["logged", "app-logged"], bad=["silent", "default", "app-silent"]),
            "elb_classic_desync_mode": Expected(good=["logged", "default"], bad=["silent"]),
        },
    )
