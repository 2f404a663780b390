import secrets

from organizations.models.reports import SealedReport


def matches(*, report_id: str, sha256: str) -> bool:
    """Return whether a report of this id has this SHA-256; an unknown id and a wrong sum look the same."""
    stored = SealedReport.objects.filter(report_id=report_id.strip().lower()).values_list("sha256", flat=True).first()
    return secrets.compare_digest((stored or "-").encode(), sha256.strip().lower().encode())
