"""What must hold of private certificate authorities."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

CAN_ISSUE_OR_COULD = ("ACTIVE", "DISABLED", "EXPIRED")
"""The states of an authority that has its certificate; others are not set up yet, failed, or deleted."""


@check("acmpca_root_ca_disabled", over="acm-pca.certificate_authorities")
def root_authority_is_disabled(authority: Resource, view: View) -> Verdict | None:
    """Fail while a root authority is active; subordinate ones are left out. Source: ListCertificateAuthorities."""
    status = authority["Status"]
    if authority["Type"] != "ROOT" or status not in CAN_ISSUE_OR_COULD:
        return None
    words = f"The root authority is {status.lower()}."
    return verdict(status != "ACTIVE", words, words, Status=status)
