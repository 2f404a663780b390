"""What must hold of CloudFront distributions."""

from typing import Any

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import GLOBAL, Resource, Unread
from cloudbench.engine.registry import View, check

DEPRECATED_ORIGIN_PROTOCOL = "SSLv3"
"""The protocol to origins that AWS calls deprecated: Security Hub, CloudFront.10."""
RECOMMENDED_TLS_POLICIES = frozenset({"TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"})
"""The security policies that AWS recommends for viewers: Security Hub, CloudFront.15."""
MEMBERS_FOR_FAILOVER = 2


def _origins(distribution: Resource) -> list[dict[str, Any]]:
    return distribution["Origins"] or []


def _s3_origins(distribution: Resource) -> list[dict[str, Any]]:
    """Return the origins that are buckets, neither custom nor in a VPC; a bucket's website endpoint is a custom one."""
    return [
        origin
        for origin in _origins(distribution)
        if not origin["CustomOriginConfig"] and not origin["VpcOriginConfig"]
    ]


def _custom_origins(distribution: Resource) -> list[dict[str, Any]]:
    return [origin for origin in _origins(distribution) if origin["CustomOriginConfig"]]


def _named(origins: list[dict[str, Any]]) -> str:
    return ", ".join(origin["Id"] for origin in origins)


def _has_own_certificate(distribution: Resource) -> bool:
    certificate = distribution["ViewerCertificate"] or {}
    named = certificate.get("ACMCertificateArn") or certificate.get("IAMCertificateId")
    return bool(named) and not certificate.get("CloudFrontDefaultCertificate")


@check("cloudfront_access_logging", over="cloudfront.distributions", reads=("cloudfront.distribution_configs",))
def logs_requests(distribution: Resource, view: View) -> Verdict:
    """Fail unless standard logging writes to a bucket; real-time logs and standard logging v2 do not count.

    Source: GetDistributionConfig, Logging.Enabled.
    """
    config = view.one_of("cloudfront.distribution_configs", distribution)
    logging = (config.get("Logging") if config else None) or {}
    return verdict(
        logging.get("Enabled", False),
        f"Requests are logged to {logging.get('Bucket')}.",
        "Requests are not logged.",
        LoggingEnabled=logging.get("Enabled", False),
    )


@check("cloudfront_custom_certificate", over="cloudfront.distributions")
def has_own_certificate(distribution: Resource, view: View) -> Verdict:
    """Fail if viewers get CloudFront's own certificate. Source: ListDistributions, ViewerCertificate."""
    own = _has_own_certificate(distribution)
    return verdict(
        own,
        "Viewers get a certificate of your own.",
        "Viewers get the certificate of *.cloudfront.net.",
        CloudFrontDefaultCertificate=not own,
    )


@check("cloudfront_default_root_object", over="cloudfront.distributions", reads=("cloudfront.distribution_configs",))
def names_root_object(distribution: Resource, view: View) -> Verdict | None:
    """Fail if a distribution with a bucket as origin names no object to return for its root.

    Distributions without a bucket are not judged. Source: GetDistributionConfig, DefaultRootObject.
    """
    if not _s3_origins(distribution):
        return None
    config = view.one_of("cloudfront.distribution_configs", distribution)
    root = config.get("DefaultRootObject", "") if config else ""
    return verdict(
        bool(root), f"A request for the root gets {root}.", "No default root object is named.", DefaultRootObject=root
    )


@check("cloudfront_field_level_encryption", over="cloudfront.distributions")
def encrypts_fields(distribution: Resource, view: View) -> Verdict:
    """Fail unless some cache behaviour encrypts fields of what viewers post.

    Source: ListDistributions, FieldLevelEncryptionId of the default and the other cache behaviours.
    """
    paths = [
        behavior["PathPattern"] or "*" for behavior in distribution["Behaviors"] if behavior["FieldLevelEncryptionId"]
    ]
    return verdict(
        bool(paths),
        f"Fields are encrypted for {', '.join(paths)}.",
        "No cache behaviour uses field-level encryption.",
        PathPatterns=paths,
    )


@check("cloudfront_no_deprecated_origin_ssl", over="cloudfront.distributions")
def avoids_old_protocols(distribution: Resource, view: View) -> Verdict | None:
    """Fail if SSLv3 may be spoken to a custom origin. Source: ListDistributions, OriginSslProtocols.

    Distributions without a custom origin are not judged.
    """
    custom = _custom_origins(distribution)
    if not custom:
        return None
    weak = [origin for origin in custom if DEPRECATED_ORIGIN_PROTOCOL in _protocols(origin)]
    return verdict(
        not weak,
        "SSLv3 is not spoken to any custom origin.",
        f"SSLv3 is allowed to these origins: {_named(weak)}.",
        Origins=[origin["Id"] for origin in weak or custom],
    )


def _protocols(origin: dict[str, Any]) -> list[str]:
    return (origin["CustomOriginConfig"].get("OriginSslProtocols") or {}).get("Items") or []


@check("cloudfront_origin_access_control", over="cloudfront.distributions")
def signs_requests_to_buckets(distribution: Resource, view: View) -> Verdict | None:
    """Fail if a bucket is asked without origin access control; an origin access identity does not count.

    Distributions without a bucket are not judged. Source: ListDistributions, Origins, OriginAccessControlId.
    """
    buckets = _s3_origins(distribution)
    if not buckets:
        return None
    lacking = [origin for origin in buckets if not origin["OriginAccessControlId"]]
    return verdict(
        not lacking,
        "Every bucket is asked with origin access control.",
        f"These buckets are asked without origin access control: {_named(lacking)}.",
        Origins=[origin["Id"] for origin in lacking or buckets],
    )


@check("cloudfront_origin_failover", over="cloudfront.distributions")
def has_second_origin(distribution: Resource, view: View) -> Verdict:
    """Fail unless an origin group holds two origins. Source: ListDistributions, OriginGroups."""
    groups = [
        group for group in distribution["OriginGroups"] or [] if len(group["Members"] or []) >= MEMBERS_FOR_FAILOVER
    ]
    return verdict(
        bool(groups),
        f"The origin group {groups[0]['Id'] if groups else ''} has a second origin.",
        "No origin group has a second origin to fail over to.",
        OriginGroups=[group["Id"] for group in groups],
    )


@check("cloudfront_origin_traffic_encrypted", over="cloudfront.distributions")
def encrypts_traffic_to_origins(distribution: Resource, view: View) -> Verdict | None:
    """Fail if a custom origin is asked over HTTP: always, or whenever viewers are let in over HTTP.

    Distributions without a custom origin are not judged.
    Source: ListDistributions, OriginProtocolPolicy (http-only, match-viewer) and ViewerProtocolPolicy (allow-all).
    """
    custom = _custom_origins(distribution)
    if not custom:
        return None
    plain = {"http-only", "match-viewer"} if _http_paths(distribution) else {"http-only"}
    weak = [origin for origin in custom if origin["CustomOriginConfig"]["OriginProtocolPolicy"] in plain]
    return verdict(
        not weak,
        "Every custom origin is asked over HTTPS.",
        f"These origins are asked over HTTP: {_named(weak)}.",
        Origins=[origin["Id"] for origin in weak or custom],
    )


def _http_paths(distribution: Resource) -> list[str]:
    """Return the path patterns that viewers may ask for over HTTP without being sent to HTTPS."""
    return [
        behavior["PathPattern"] or "*"
        for behavior in distribution["Behaviors"]
        if behavior["ViewerProtocolPolicy"] == "allow-all"
    ]


@check("cloudfront_recommended_tls_policy", over="cloudfront.distributions")
def has_recommended_tls_policy(distribution: Resource, view: View) -> Verdict:
    """Fail unless viewers' TLS follows one of RECOMMENDED_TLS_POLICIES; CloudFront's own certificate fails.

    Source: ListDistributions, ViewerCertificate.MinimumProtocolVersion.
    """
    policy = (distribution["ViewerCertificate"] or {}).get("MinimumProtocolVersion", "TLSv1")
    if not _has_own_certificate(distribution):
        return failed("With CloudFront's own certificate viewers may speak TLS 1.0.", MinimumProtocolVersion=policy)
    return verdict(
        policy in RECOMMENDED_TLS_POLICIES,
        f"The security policy is {policy}.",
        f"The security policy {policy} is older than AWS recommends.",
        MinimumProtocolVersion=policy,
    )


@check(
    "cloudfront_s3_origin_exists",
    over="cloudfront.distributions",
    reads=("cloudfront.origin_buckets", "cloudfront.found_buckets"),
)
def asks_buckets_that_exist(distribution: Resource, view: View) -> Verdict | None:
    """Fail if there is no bucket of a name that an origin has: anyone could create it and serve from it.

    Website endpoints are not looked at; distributions without another bucket are not judged.
    Source: ListDistributions, DomainName of the origins; HeadBucket, which answers 404 for a missing one.
    """
    origins = [one for one in view.in_region("cloudfront.origin_buckets", GLOBAL) if one.arn == distribution.arn]
    if not origins:
        return None
    missing = _missing_buckets(origins, view)
    return verdict(
        not missing,
        "Every bucket that it takes content from exists.",
        f"There is no bucket {', '.join(missing)}; whoever creates it decides what viewers get.",
        Buckets=missing or sorted({origin["Bucket"] for origin in origins}),
    )


def _missing_buckets(origins: list[Resource], view: View) -> list[str]:
    """Return the names of buckets that do not exist. Raises Unread if there is none, but one could not be looked at."""
    missing: set[str] = set()
    unread: Unread | None = None
    for origin in origins:
        try:
            if view.one_of("cloudfront.found_buckets", origin) is None:
                missing.add(origin["Bucket"])
        except Unread as error:
            unread = error
    if unread is not None and not missing:
        raise unread
    return sorted(missing)


@check("cloudfront_sni_used", over="cloudfront.distributions")
def uses_sni(distribution: Resource, view: View) -> Verdict | None:
    """Fail if a certificate of one's own is served on dedicated IP addresses instead of by server name.

    Distributions with CloudFront's own certificate are not judged.
    Source: ListDistributions, ViewerCertificate.SSLSupportMethod.
    """
    if not _has_own_certificate(distribution):
        return None
    method = distribution["ViewerCertificate"].get("SSLSupportMethod")
    return verdict(
        method == "sni-only",
        "The certificate is chosen by server name.",
        f"The certificate is served on dedicated addresses ({method}).",
        SSLSupportMethod=method,
    )


@check("cloudfront_viewer_https_required", over="cloudfront.distributions")
def requires_https(distribution: Resource, view: View) -> Verdict:
    """Fail if a cache behaviour lets viewers use HTTP. Source: ListDistributions, ViewerProtocolPolicy allow-all."""
    paths = _http_paths(distribution)
    if paths:
        return failed(f"Viewers may use HTTP for {', '.join(paths)}.", PathPatterns=paths)
    return passed("Viewers must use HTTPS or are sent to it.")


@check("cloudfront_waf_attached", over="cloudfront.distributions")
def is_guarded(distribution: Resource, view: View) -> Verdict:
    """Fail if no web ACL, of WAF or WAF Classic, inspects requests. Source: ListDistributions, WebACLId."""
    acl = distribution["WebACLId"] or ""
    return verdict(bool(acl), "A web ACL inspects requests.", "No web ACL inspects requests.", WebACLId=acl)
