"""What must hold of Application, Network and Gateway Load Balancers."""

import re

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

LEAST_ZONES = 2
"""Source: Security Hub ELB.13."""
SECURE_PROTOCOLS = ("HTTPS", "TLS")
DESYNC_MODE = "routing.http.desync_mitigation_mode"
DESYNC_GOOD = ("defensive", "strictest")
"""Source: Security Hub ELB.12."""
DESYNC_DEFAULT = "defensive"
"""What a load balancer does that was told nothing. Source: Application Load Balancer guide, attributes."""
RECOMMENDED_POLICY = re.compile(r"ELBSecurityPolicy-TLS13-(1-3|1-2-Res)(-FIPS)?(-PQ)?-\d{4}-\d{2}")
"""TLS 1.3 alone, or 1.3 and 1.2 with the restricted (Res) ciphers, also as FIPS and post-quantum policy. Source:
Security Hub ELB.17, sslPolicies, which are all policies of that form."""


def _attributes(balancer: Resource, view: View) -> Resource:
    told = view.one_of("elbv2.load_balancer_attributes", balancer)
    if told is None:
        raise LookupError(f"no attributes of {balancer.arn}")
    return told


@check("elbv2_alb_desync_mode", over="elbv2.load_balancers", reads=("elbv2.load_balancer_attributes",))
def guards_against_desync(balancer: Resource, view: View) -> Verdict | None:
    """Fail an Application Load Balancer that handles ambiguous requests neither defensively nor strictly.

    Source: DescribeLoadBalancerAttributes, routing.http.desync_mitigation_mode (monitor only watches).
    """
    if balancer["Type"] != "application":
        return None
    mode = _attributes(balancer, view).get(DESYNC_MODE, DESYNC_DEFAULT)
    words = f"The desync mitigation mode is {mode}."
    return verdict(mode in DESYNC_GOOD, words, words, **{DESYNC_MODE: mode})


@check("elbv2_alb_drop_invalid_headers", over="elbv2.load_balancers", reads=("elbv2.load_balancer_attributes",))
def drops_invalid_headers(balancer: Resource, view: View) -> Verdict | None:
    """Fail an Application Load Balancer that passes invalid header fields on.

    Source: DescribeLoadBalancerAttributes, routing.http.drop_invalid_header_fields.enabled.
    """
    if balancer["Type"] != "application":
        return None
    dropped = _attributes(balancer, view).get("routing.http.drop_invalid_header_fields.enabled", "false")
    return verdict(
        dropped == "true",
        "Invalid header fields are dropped.",
        "Invalid header fields reach the targets.",
        drop_invalid_header_fields=dropped,
    )


@check("elbv2_deletion_protection", over="elbv2.load_balancers", reads=("elbv2.load_balancer_attributes",))
def is_protected_from_deletion(balancer: Resource, view: View) -> Verdict:
    """Fail if it can be deleted with one call. Source: DescribeLoadBalancerAttributes, deletion_protection.enabled."""
    enabled = _attributes(balancer, view).get("deletion_protection.enabled", "false")
    return verdict(
        enabled == "true", "Deletion protection is on.", "Deletion protection is off.", deletion_protection=enabled
    )


@check("elbv2_multi_az", over="elbv2.load_balancers")
def spans_zones(balancer: Resource, view: View) -> Verdict:
    """Fail if it stands in fewer than two Availability Zones. Source: DescribeLoadBalancers, AvailabilityZones."""
    zones = sorted({zone["ZoneName"] for zone in balancer.get("AvailabilityZones", ())})
    return verdict(
        len(zones) >= LEAST_ZONES,
        f"It spans {len(zones)} Availability Zones.",
        f"It stands in one Availability Zone only ({', '.join(zones) or 'none'}).",
        AvailabilityZones=zones,
        Type=balancer["Type"],
    )


@check("elbv2_alb_waf_attached", over="elbv2.load_balancers", reads=("wafv2.web_acl_of_load_balancer",))
def has_web_acl(balancer: Resource, view: View) -> Verdict | None:
    """Fail an Application Load Balancer without a web ACL of AWS WAF. Source: WAFV2 GetWebACLForResource, WebACL."""
    if balancer["Type"] != "application":
        return None
    acl = view.one_of("wafv2.web_acl_of_load_balancer", balancer)
    if acl is None:
        return failed("No web ACL filters its requests.")
    return passed(f"The web ACL {acl['Name']} filters its requests.", WebACL=acl["ARN"])


@check(
    "elbv2_alb_http_redirects_to_https", over="elbv2.load_balancers", reads=("elbv2.listeners", "elbv2.listener_rules")
)
def redirects_to_https(balancer: Resource, view: View) -> Verdict | None:
    """Fail an Application Load Balancer if an HTTP listener does not redirect to HTTPS, by default or in a rule.

    A rule may also answer by itself (fixed-response), as for certificate challenges, but not forward. A balancer
    without listeners is left out. Source: DescribeListeners, DefaultActions; DescribeRules, Actions.
    """
    if balancer["Type"] != "application":
        return None
    listeners = view.all_of("elbv2.listeners", balancer)
    if not listeners:
        return None
    plain = [listener for listener in listeners if listener.get("Protocol") == "HTTP"]
    at_fault = {listener.name: fault for listener in plain if (fault := _plain_service(listener, view))}
    if at_fault:
        return failed(f"{'; '.join(at_fault.values())}.", Listeners=list(at_fault))
    return passed("HTTP is redirected to HTTPS." if plain else "No listener takes HTTP.")


def _plain_service(listener: Resource, view: View) -> str:
    """Return how an HTTP listener serves without TLS, "" if it does not."""
    if not listener["RedirectsToHttps"]:
        return f"The default of {listener.name} does not redirect to HTTPS"
    rules = [rule for rule in view.all_of("elbv2.listener_rules", listener) if not rule.get("IsDefault")]
    serving = [
        rule.get("Priority", "?")
        for rule in rules
        if not rule["RedirectsToHttps"] and "fixed-response" not in rule["ActionTypes"]
    ]
    return f"{listener.name} serves rule {', '.join(serving)} without redirecting to HTTPS" if serving else ""


@check("elbv2_listener_recommended_tls_policy", over="elbv2.listeners")
def negotiates_recommended_tls(listener: Resource, view: View) -> Verdict | None:
    """Fail an HTTPS or TLS listener whose policy allows TLS before 1.2, or more than the restricted ciphers.

    Listeners without TLS are left out. Source: DescribeListeners, SslPolicy.
    """
    if listener.get("Protocol") not in SECURE_PROTOCOLS:
        return None
    policy = listener.get("SslPolicy") or "no policy"
    return verdict(
        RECOMMENDED_POLICY.fullmatch(policy) is not None,
        f"{listener.name} negotiates TLS by {policy}.",
        f"{listener.name} negotiates TLS by {policy}, which is not recommended.",
        SslPolicy=policy,
        Port=listener.get("Port"),
    )


@check("elbv2_listener_secure_protocol", over="elbv2.listeners")
def listens_with_tls(listener: Resource, view: View) -> Verdict | None:
    """Fail a listener of an Application Load Balancer that is not HTTPS, of a Network Load Balancer that is not TLS.

    An HTTP listener fails even if it only redirects, as in Security Hub ELB.18. Source: DescribeListeners, Protocol.
    """
    protocol = listener.get("Protocol")
    if protocol == "GENEVE" or protocol is None:
        return None
    return verdict(
        protocol in SECURE_PROTOCOLS,
        f"Port {listener.get('Port')} takes {protocol}.",
        f"Port {listener.get('Port')} takes {protocol} without TLS at the load balancer.",
        Protocol=protocol,
        Port=listener.get("Port"),
    )
