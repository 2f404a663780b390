"""Certificates of ACM. The listing tells algorithm and end; without Includes it leaves out most algorithms."""

from cloudbench.engine.registry import listing

KEY_TYPES = [
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]

listing(
    "acm.certificates",
    "acm.list_certificates",
    params={"Includes": {"keyTypes": KEY_TYPES}, "MaxItems": 1000},
    items="CertificateSummaryList",
    arn="{CertificateArn}",
    label="DomainName",
    keep=("DomainName", "Status", "Type", "KeyAlgorithm", "InUse", "NotAfter", "RenewalEligibility"),
)
