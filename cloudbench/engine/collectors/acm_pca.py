"""Private certificate authorities."""

from cloudbench.engine.registry import listing

listing(
    "acm-pca.certificate_authorities",
    "acm-pca.list_certificate_authorities",
    items="CertificateAuthorities[].{Arn: Arn, Type: Type, Status: Status,"
    " CommonName: CertificateAuthorityConfiguration.Subject.CommonName}",
    arn="{Arn}",
    keep=("Type", "Status", "CommonName"),
)
