"""Keys, secrets, people, certificates."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.cloudbench.fsbp_account.ground import ACCOUNT, ROOT, Aws, Sayings, allow, policy


def keys(aws: Aws, say: Sayings) -> None:
    kms = aws("kms")
    good, doomed = (kms.create_key(Description=name)["KeyMetadata"] for name in ("good", "doomed"))
    opened = kms.create_key(Policy=policy(allow("kms:*", Principal="*")))["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=doomed["KeyId"], PendingWindowInDays=7)
    say("KMS.3", good=[good["Arn"], opened["Arn"]], bad=[doomed["Arn"]])
    say("KMS.5", good=[good["Arn"]], bad=[opened["Arn"]])
    iam = aws("iam")
    narrow = iam.create_policy(PolicyName="narrow", PolicyDocument=policy(allow("kms:Decrypt", good["Arn"])))["Policy"]
    wide = iam.create_policy(PolicyName="wide", PolicyDocument=policy(allow("kms:Decrypt")))["Policy"]
    service = iam.create_policy(PolicyName="service", PolicyDocument=policy(allow("ec2:*")))["Policy"]
    admin = iam.create_policy(PolicyName="admin", PolicyDocument=policy(allow("*")))["Policy"]
    say("KMS.1", good=[narrow["Arn"], service["Arn"]], bad=[wide["Arn"], admin["Arn"]])
    say("IAM.21", good=[narrow["Arn"], wide["Arn"]], bad=[service["Arn"], admin["Arn"]])
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    for name, resource in (("narrow", good["Arn"]), ("wide", "*")):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="x", PolicyDocument=policy(allow("kms:Decrypt", resource)))
    say("KMS.2", good=[f"arn:aws:iam::{ACCOUNT}:role/narrow"], bad=[f"arn:aws:iam::{ACCOUNT}:role/wide"])
    secrets = aws("secretsmanager")
    plain = secrets.create_secret(Name="plain", SecretString="x")["ARN"]
    rotated = secrets.create_secret(Name="rotated", SecretString="x")["ARN"]
    secrets.create_secret(Name="gone", SecretString="x")
    secrets.delete_secret(SecretId="gone")
    secrets.rotate_secret(SecretId="rotated", RotationRules={"AutomaticallyAfterDays": 30})
    say("SecretsManager.1", good=[rotated], bad=[plain])
    say("SecretsManager.2", good=[rotated])
    say("SecretsManager.3 SecretsManager.4", good=[plain, rotated])


def people(aws: Aws, say: Sayings) -> None:
    iam = aws("iam")
    user = {name: f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("plain", "grouped", "attached")}
    for name in user:
        iam.create_user(UserName=name)
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="grouped")
    iam.put_user_policy(UserName="attached", PolicyName="x", PolicyDocument=policy(allow("s3:GetObject")))
    iam.create_login_profile(UserName="plain", Password="Notasecret123!")
    iam.create_access_key(UserName="grouped")
    say("IAM.2", good=[user["plain"], user["grouped"]], bad=[user["attached"]])
    say("IAM.5", bad=[user["plain"]])
    say("IAM.3", good=[user["grouped"]])
    say("IAM.4", good=[ROOT])
    say("IAM.6 IAM.7", bad=[ROOT])
    say("IAM.1", bad=[f"arn:aws:iam::{ACCOUNT}:policy/admin"])


def authorities(aws: Aws, say: Sayings) -> None:
    client = aws("acm-pca")
    subject = {"KeyAlgorithm": "RSA_2048", "SigningAlgorithm": "SHA256WITHRSA", "Subject": {"CommonName": "x"}}
    made = [
        client.create_certificate_authority(CertificateAuthorityConfiguration=subject, CertificateAuthorityType="ROOT")[
            "CertificateAuthorityArn"
        ]
        for _ in range(2)
    ]
    for one, status in zip(made, ("DISABLED", "ACTIVE"), strict=True):
        client.update_certificate_authority(CertificateAuthorityArn=one, Status=status)
    say("PCA.1", good=made[:1], bad=made[1:])


def certificates(aws: Aws, say: Sayings) -> None:
    """Import certificates that end late enough and too soon."""
    client = aws("acm")
    made = {}
    for name, days, bits in (("later", 90, 2048), ("soon", 20, 2048)):
        certificate, key = _pem(name, days, bits)
        made[name] = client.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    say("ACM.1", good=[made["later"]], bad=[made["soon"]])


def _pem(name: str, days: int, bits: int) -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.example")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=10)).not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.NoEncryption()
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain),
    )
