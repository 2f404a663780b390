"""Classic Load Balancers, their attributes and the TLS policies of their listeners."""

from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import detail, listing

TLS_PROTOCOLS = ("HTTPS", "SSL")

listing(
    "elb.load_balancers",
    "elb.describe_load_balancers",
    items="LoadBalancerDescriptions",
    arn="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{LoadBalancerName}",
    label="LoadBalancerName",
    keep=("LoadBalancerName", "DNSName", "Scheme", "VPCId", "AvailabilityZones", "ListenerDescriptions"),
)
detail(
    "elb.load_balancer_attributes",
    "elb.describe_load_balancer_attributes",
    of="elb.load_balancers",
    ask=lambda balancer: {"LoadBalancerName": balancer["LoadBalancerName"]},
    items="LoadBalancerAttributes",
)


def _ends_tls(balancer: Resource) -> bool:
    return any(one["Listener"]["Protocol"] in TLS_PROTOCOLS for one in balancer.get("ListenerDescriptions", ()))


detail(
    "elb.tls_policies",
    "elb.describe_load_balancer_policies",
    of="elb.load_balancers",
    ask=lambda balancer: {"LoadBalancerName": balancer["LoadBalancerName"]},
    when=_ends_tls,
    items=(
        "PolicyDescriptions[?PolicyTypeName=='SSLNegotiationPolicyType'].{PolicyName: PolicyName, Reference:"
        " PolicyAttributeDescriptions[?AttributeName=='Reference-Security-Policy'].AttributeValue | [0]}"
    ),
)
