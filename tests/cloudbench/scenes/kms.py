import json
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROOT_MAY_ALL = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def everyone(action: Any = "kms:Decrypt", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return statement | ({"Condition": condition} if condition else {})


@on_moto()
def keys_rotate_and_stay(aws: Aws) -> Verdicts:
    kms = aws("kms")

    def key(**more: Any) -> str:
        return str(kms.create_key(**more)["KeyMetadata"]["KeyId"])

    rotating, still, disabled, doomed = key(), key(), key(), key()
    signing, hmac = (
        key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"),
        key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"),
    )
    imported = key(Origin="EXTERNAL")
    kms.enable_key_rotation(KeyId=rotating)
    kms.disable_key(KeyId=disabled)
    kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    return {
        "kms_key_rotation": Expected(good=[rotating], bad=[still]),
        "kms_key_not_pending_deletion": Expected(
            good=[rotating, still, disabled, signing, hmac, imported], bad=[doomed]
        ),
        "kms_key_not_public": Expected(good=[rotating, still, disabled, signing, hmac, imported]),
        "kms_enclave_attestation_enforced": Expected(),
    }


@on_moto()
def keys_and_whom_they_let_in(aws: Aws) -> Verdicts:
    kms = aws("kms")
    policies = {
        "default": policy(ROOT_MAY_ALL),
        "open": policy(ROOT_MAY_ALL, everyone()),
        "open-in-list": policy(everyone() | {"Principal": {"AWS": ["*"]}}),
        "own-account": policy(everyone(StringEquals={"kms:CallerAccount": ACCOUNT})),
        "any-account-by-service": policy(everyone(StringEquals={"kms:ViaService": "s3.eu-central-1.amazonaws.com"})),
        "organization": policy(everyone(StringEquals={"aws:PrincipalOrgID": "o-a1b2c3d4e5"})),
        "organization-if-any": policy(everyone(StringEqualsIfExists={"aws:PrincipalOrgID": "o-a1b2c3d4e5"})),
        "taken-back": policy(everyone(), everyone(["kms:Decrypt", "kms:Encrypt"]) | {"Effect": "Deny"}),
    }
    ids = {name: kms.create_key(Policy=text)["KeyMetadata"]["KeyId"] for name, text in policies.items()}
    gone = kms.create_key(Policy=policies["open"])["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=gone, PendingWindowInDays=7)
    bad = ["open", "open-in-list", "any-account-by-service", "organization-if-any"]
    return {
        "kms_key_not_public": Expected(
            good=[ids[name] for name in policies if name not in bad], bad=[ids[name] for name in bad]
        )
    }


@on_answers
def keys_of_aws_are_not_looked_at() -> Answers:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    metadata = {"KeyId": arn[-36:], "Arn": arn, "KeyManager": "AWS", "KeyState": "Enabled", "Origin": "AWS_KMS"}
    says = {
        "kms.list_keys": {"Keys": [{"KeyId": arn[-36:], "KeyArn": arn}], "Truncated": False},
        "kms.describe_key": {"KeyMetadata": metadata | {"KeySpec": "SYMMETRIC_DEFAULT"}},
    }
    verdicts = ("kms_key_rotation", "kms_key_not_public", "kms_key_not_pending_deletion")
    return Answers(says, dict.fromkeys(verdicts, Expected()))


# --- Enclaves ---------------------------------------------------------------------------------------------------------

IMAGE = "kms:RecipientAttestation:ImageSha384"
WORKER = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/parent"}
ADMIN = ROOT_MAY_ALL | {"Action": ["kms:Describe*", "kms:Put*", "kms:ScheduleKeyDeletion"]}


DATA = ["kms:Decrypt", "kms:Derive*", "kms:Generate*"]


def attested(effect: str = "Allow", action: Any = "kms:Decrypt", /, **condition: Any) -> dict[str, Any]:
    whom = WORKER if effect == "Allow" else "*"
    return {"Effect": effect, "Principal": whom, "Action": action, "Resource": "*", "Condition": condition}


@on_moto()
def keys_of_enclaves(aws: Aws) -> Verdicts:
    kms = aws("kms")
    this_image: Any = {"StringEqualsIgnoreCase": {IMAGE: "ab" * 48}}
    policies = {
        "attested": policy(ADMIN, attested(**this_image)),
        "by-pcr": policy(ADMIN, attested(StringEquals={"kms:RecipientAttestation:PCR8": "cd" * 48})),
        "closed-by-deny": policy(
            ROOT_MAY_ALL, attested(**this_image), attested("Deny", DATA, StringNotEquals={IMAGE: "ab" * 48})
        ),
        "root-may-all": policy(ROOT_MAY_ALL, attested(**this_image)),
        "half-closed": policy(
            ROOT_MAY_ALL, attested(**this_image), attested("Deny", "kms:Decrypt", StringNotEquals={IMAGE: "ab" * 48})
        ),
        "any-enclave": policy(ROOT_MAY_ALL, attested("Deny", DATA, Null={IMAGE: "true"})),
        "deny-by-day": policy(
            ROOT_MAY_ALL,
            attested("Deny", DATA, StringNotEquals={IMAGE: "ab" * 48}, Bool={"aws:SecureTransport": "true"}),
        ),
        "debugged": policy(ADMIN, attested(StringEquals={IMAGE: "0" * 96})),
        "any-image": policy(ADMIN, attested(StringLike={IMAGE: "*"})),
        "if-exists": policy(ADMIN, attested(StringEqualsIfExists={IMAGE: "ab" * 48})),
    }
    ids = {name: kms.create_key(Policy=text)["KeyMetadata"]["KeyId"] for name, text in policies.items()}
    described = kms.create_key(Description="For the Enclave of payments")["KeyMetadata"]["KeyId"]
    kms.create_key(Description="For payments")
    good = ("attested", "by-pcr", "closed-by-deny")
    return {
        "kms_enclave_attestation_enforced": Expected(
            good=[ids[name] for name in good], bad=[described, *(ids[name] for name in ids if name not in good)]
        )
    }


# --- Decrypting with all keys -----------------------------------------------------------------------------------------

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key"


def identity(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


DECRYPTING: dict[str, list[dict[str, Any]]] = {
    "one-key": [identity("kms:Decrypt", f"{KEY}/1234abcd-12ab-34cd-56ef-1234567890ab")],
    "encrypting": [identity(["kms:Encrypt", "kms:ReEncryptTo"], "*")],
    "another-account": [identity("kms:*", "arn:aws:kms:*:999988887777:key/*")],
    "buckets": [identity("*", "arn:aws:s3:::*")],
    "refused": [identity("kms:*", "*"), identity(["kms:Decrypt", "kms:ReEncrypt*"], "*") | {"Effect": "Deny"}],
    "not-kms": [{"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}],
    "all-keys": [identity("kms:Decrypt", "*")],
    "all-keys-here": [identity("kms:Decrypt", f"{KEY}/*")],
    "all-keys-anywhere": [identity("kms:ReEncrypt*", "arn:aws:kms:*:*:key/*")],
    "under-condition": [identity("kms:*", "*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})],
    "all-but-iam": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
    "all-but-one-key": [{"Effect": "Allow", "Action": "kms:Decrypt", "NotResource": f"{KEY}/1234"}],
}
KEPT = ["one-key", "encrypting", "another-account", "buckets", "refused", "not-kms"]
OPEN = [name for name in DECRYPTING if name not in KEPT]


@on_moto()
def policies_that_decrypt(aws: Aws) -> Verdicts:
    iam = aws("iam")
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="without", AssumeRolePolicyDocument=trust)
    for name, statements in DECRYPTING.items():
        iam.create_policy(PolicyName=name, PolicyDocument=policy(*statements))
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
    return {
        "kms_customer_policy_no_decrypt_all": Expected(good=KEPT, bad=OPEN),
        "kms_inline_policy_no_decrypt_all": Expected(good=KEPT, bad=OPEN),
    }
