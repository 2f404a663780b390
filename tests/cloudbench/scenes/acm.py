from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

NOON = datetime(2025, 6, 30, 12, 0, tzinfo=UTC)


def certificate(name: str, *, days: int | None, algorithm: str = "RSA_2048", status: str = "ISSUED") -> dict[str, Any]:
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{name}"
    known = {"CertificateArn": arn, "DomainName": f"{name}.example.com", "Status": status, "KeyAlgorithm": algorithm}
    return known if days is None else {**known, "NotAfter": NOON + timedelta(days=days)}


@on_answers
def certificates_by_their_end_and_key() -> Answers:
    listed = [
        certificate("fresh", days=31),
        certificate("ending", days=30),
        certificate("over", days=-1, status="EXPIRED"),
        certificate("pending", days=None, status="PENDING_VALIDATION"),
        certificate("revoked", days=5, status="REVOKED"),
        certificate("weak", days=300, algorithm="RSA_1024"),
        certificate("strong", days=300, algorithm="RSA_4096"),
        certificate("curve", days=300, algorithm="EC_prime256v1"),
    ]
    verdicts = {
        "acm_certificate_not_expiring": Expected(good=["fresh", "weak", "strong", "curve"], bad=["ending", "over"]),
        "acm_certificate_rsa_key_size": Expected(
            good=["fresh", "ending", "over", "pending", "revoked", "strong"], bad=["weak"]
        ),
    }
    return Answers({"acm.list_certificates": {"CertificateSummaryList": listed}}, verdicts, at=NOON)


@on_moto()
def no_certificates(aws: Aws) -> Verdicts:
    return dict.fromkeys(("acm_certificate_not_expiring", "acm_certificate_rsa_key_size"), Expected())
