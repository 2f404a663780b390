"""What must hold of certificates."""

from datetime import datetime

from cloudbench.engine.findings import Verdict, failed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

NOTICE_DAYS = 30
"""Security Hub ACM.1, its default. ACM renews its own certificates 60 days before their end."""
VALID_OR_OVER = ("ISSUED", "EXPIRED")
LEAST_RSA_BITS = 2048


@check("acm_certificate_not_expiring", over="acm.certificates")
def ends_later(certificate: Resource, view: View) -> Verdict | None:
    """Fail when a certificate ends within 30 days or has ended; those not issued yet, failed or revoked are left out.

    Source: ListCertificates, NotAfter.
    """
    end = certificate.get("NotAfter")
    if certificate.get("Status", "ISSUED") not in VALID_OR_OVER or end is None:
        return None
    days = (datetime.fromisoformat(end) - view.now).days
    if days < 0:
        return failed(f"The certificate expired on {end[:10]}.", NotAfter=end)
    good = f"The certificate is valid for {days} more days."
    return verdict(days > NOTICE_DAYS, good, f"The certificate expires in {days} days.", NotAfter=end)


@check("acm_certificate_rsa_key_size", over="acm.certificates")
def rsa_key_is_long(certificate: Resource, view: View) -> Verdict | None:
    """Fail when an RSA key has fewer than 2048 bits; elliptic curves are left out. Source: ListCertificates."""
    kind, _, bits = certificate["KeyAlgorithm"].replace("-", "_").partition("_")
    if kind != "RSA":
        return None
    words = f"The RSA key has {bits} bits."
    return verdict(int(bits) >= LEAST_RSA_BITS, words, words, KeyAlgorithm=certificate["KeyAlgorithm"])
