from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

STATES = {
    "root-active": ("ROOT", "ACTIVE"),
    "root-disabled": ("ROOT", "DISABLED"),
    "root-expired": ("ROOT", "EXPIRED"),
    "root-deleted": ("ROOT", "DELETED"),
    "root-unfinished": ("ROOT", "PENDING_CERTIFICATE"),
    "subordinate": ("SUBORDINATE", "ACTIVE"),
}


@on_answers
def roots_and_subordinates() -> Answers:
    authorities = [
        {
            "Arn": f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/{name}",
            "OwnerAccount": ACCOUNT,
            "Type": kind,
            "Status": status,
        }
        for name, (kind, status) in STATES.items()
    ]
    verdicts = {"acmpca_root_ca_disabled": Expected(good=["root-disabled", "root-expired"], bad=["root-active"])}
    return Answers({"acm-pca.list_certificate_authorities": {"CertificateAuthorities": authorities}}, verdicts)
