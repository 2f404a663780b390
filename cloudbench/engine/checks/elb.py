"""What must hold of Classic Load Balancers; access logs are looked at here for Application Load Balancers too."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource, Unread
from cloudbench.engine.registry import View, check, survey

TLS_PROTOCOLS = ("HTTPS", "SSL")
LEAST_ZONES = 2
"""Source: Security Hub ELB.10."""
STRONG_POLICY = "ELBSecurityPolicy-TLS-1-2-2017-01"
"""Source: Security Hub ELB.8."""
DESYNC_MODE = "elb.http.desyncmitigationmode"
DESYNC_GOOD = ("defensive", "strictest")
"""Source: Security Hub ELB.14."""
DESYNC_DEFAULT = "defensive"
"""What a load balancer does that was told nothing. Source: Classic Load Balancer guide, desync mitigation mode."""


def _listeners(balancer: Resource) -> list[Mapping[str, Any]]:
    return [one["Listener"] for one in balancer.get("ListenerDescriptions", ())]


def _attributes(balancer: Resource, view: View) -> Resource:
    told = view.one_of("elb.load_balancer_attributes", balancer)
    if told is None:
        raise LookupError(f"no attributes of {balancer.arn}")
    return told


@survey(
    "elb_access_logging",
    reads=(
        "elb.load_balancers",
        "elb.load_balancer_attributes",
        "elbv2.load_balancers",
        "elbv2.load_balancer_attributes",
    ),
)
def log_requests(view: View) -> Iterator[Finding]:
    """Fail each Application or Classic Load Balancer that writes no access log. Rule: Security Hub ELB.5.

    Source: DescribeLoadBalancerAttributes, AccessLog (classic) and access_logs.s3.enabled (application).
    """
    applications = [balancer for balancer in view["elbv2.load_balancers"] if balancer["Type"] == "application"]
    for balancer in (*view["elb.load_balancers"], *applications):
        try:
            bucket = _log_bucket(balancer, view)
        except Unread as unread:
            view.unread[unread.failure] = None
            continue
        words = f"Requests are logged to the bucket {bucket}." if bucket else "Requests are not logged."
        yield Finding(balancer.arn, balancer.region, bool(bucket), words, balancer.name, {"S3BucketName": bucket})


def _log_bucket(balancer: Resource, view: View) -> str:
    """Return the bucket that the access log goes to, "" if none."""
    if balancer.collection == "elb.load_balancers":
        log = _attributes(balancer, view).get("AccessLog") or {}
        return str(log.get("S3BucketName", "") or "unnamed") if log.get("Enabled") else ""
    told = view.one_of("elbv2.load_balancer_attributes", balancer)
    if told is None or told.get("access_logs.s3.enabled") != "true":
        return ""
    return str(told.get("access_logs.s3.bucket", "") or "unnamed")


@check("elb_classic_tls_listeners", over="elb.load_balancers")
def listens_with_tls(balancer: Resource, view: View) -> Verdict | None:
    """Fail if a listener takes connections by HTTP or TCP; a balancer without listeners is left out.

    Source: DescribeLoadBalancers, ListenerDescriptions[].Listener.Protocol.
    """
    if not (listeners := _listeners(balancer)):
        return None
    plain = [
        f"{one['Protocol']}:{one['LoadBalancerPort']}" for one in listeners if one["Protocol"] not in TLS_PROTOCOLS
    ]
    if plain:
        return failed(f"Listeners without TLS: {', '.join(plain)}.", Listeners=plain)
    return passed("Every listener takes HTTPS or TLS.")


@check("elb_classic_acm_certificate", over="elb.load_balancers")
def certificates_are_of_acm(balancer: Resource, view: View) -> Verdict | None:
    """Fail if an HTTPS or SSL listener has no certificate of ACM, such as one uploaded to IAM; others are left out.

    Source: DescribeLoadBalancers, ListenerDescriptions[].Listener.SSLCertificateId.
    """
    ids = [one.get("SSLCertificateId", "") for one in _listeners(balancer) if one["Protocol"] in TLS_PROTOCOLS]
    if not ids:
        return None
    others = [certificate for certificate in ids if ":acm:" not in certificate]
    if others:
        return failed(f"Not of ACM: {', '.join(one or 'no certificate' for one in others)}.", SSLCertificateId=others)
    return passed("All certificates are ACM's.", SSLCertificateId=ids)


@check("elb_classic_strong_ssl_policy", over="elb.load_balancers", reads=("elb.tls_policies",))
def negotiates_strong_tls(balancer: Resource, view: View) -> Verdict | None:
    """Fail if an HTTPS or SSL listener has another TLS policy than ELBSecurityPolicy-TLS-1-2-2017-01.

    Custom policies and older ones of AWS fail; a balancer without such listeners is left out.
    Source: DescribeLoadBalancers, ListenerDescriptions[].PolicyNames; DescribeLoadBalancerPolicies,
    Reference-Security-Policy.
    """
    secure = [one for one in balancer.get("ListenerDescriptions", ()) if one["Listener"]["Protocol"] in TLS_PROTOCOLS]
    if not secure:
        return None
    references = {one["PolicyName"]: one.get("Reference") for one in view.all_of("elb.tls_policies", balancer)}
    weak = {
        str(one["Listener"]["LoadBalancerPort"]): used
        for one in secure
        if (used := _policy_of(one, references)) != STRONG_POLICY
    }
    if weak:
        words = ", ".join(f"{used} on port {port}" for port, used in weak.items())
        return failed(f"TLS is negotiated by {words}.", SecurityPolicies=weak)
    return passed(f"TLS is negotiated by {STRONG_POLICY}.")


def _policy_of(listener: Mapping[str, Any], references: Mapping[str, str | None]) -> str:
    """Return the predefined TLS policy of a listener, "a custom policy" or "no policy"."""
    names = [name for name in listener.get("PolicyNames", ()) if name in references]
    return (references[names[0]] or "a custom policy") if names else "no policy"


@check("elb_classic_connection_draining", over="elb.load_balancers", reads=("elb.load_balancer_attributes",))
def drains_connections(balancer: Resource, view: View) -> Verdict:
    """Fail if connections end at once when an instance leaves. Source: DescribeLoadBalancerAttributes,
    ConnectionDraining.Enabled.
    """
    told = _attributes(balancer, view).get("ConnectionDraining") or {}
    return verdict(
        bool(told.get("Enabled")),
        f"Connections are drained for up to {told.get('Timeout')} seconds.",
        "Connection draining is off.",
        ConnectionDraining=dict(told),
    )


@check("elb_classic_cross_zone", over="elb.load_balancers", reads=("elb.load_balancer_attributes",))
def balances_across_zones(balancer: Resource, view: View) -> Verdict:
    """Fail if each zone's node serves its own zone only. Source: DescribeLoadBalancerAttributes,
    CrossZoneLoadBalancing.Enabled.
    """
    enabled = bool((_attributes(balancer, view).get("CrossZoneLoadBalancing") or {}).get("Enabled"))
    return verdict(
        enabled,
        "Requests are spread over the instances of all zones.",
        "Cross-zone load balancing is off.",
        CrossZoneLoadBalancing=enabled,
    )


@check("elb_classic_multi_az", over="elb.load_balancers")
def spans_zones(balancer: Resource, view: View) -> Verdict:
    """Fail if it stands in fewer than two Availability Zones. Source: DescribeLoadBalancers, AvailabilityZones."""
    zones = sorted(balancer.get("AvailabilityZones", ()))
    return verdict(
        len(zones) >= LEAST_ZONES,
        f"It spans {len(zones)} Availability Zones.",
        f"It stands in one Availability Zone only ({', '.join(zones) or 'none'}).",
        AvailabilityZones=zones,
    )


@check("elb_classic_desync_mode", over="elb.load_balancers", reads=("elb.load_balancer_attributes",))
def guards_against_desync(balancer: Resource, view: View) -> Verdict:
    """Fail unless requests that proxies may read in different ways are handled defensively or strictly.

    Source: DescribeLoadBalancerAttributes, AdditionalAttributes, elb.http.desyncmitigationmode (monitor only watches).
    """
    others = {one["Key"]: one["Value"] for one in _attributes(balancer, view).get("AdditionalAttributes", ())}
    mode = others.get(DESYNC_MODE, DESYNC_DEFAULT)
    words = f"The desync mitigation mode is {mode}."
    return verdict(mode in DESYNC_GOOD, words, words, **{DESYNC_MODE: mode})
