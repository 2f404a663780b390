"""Keys, with what they are, how they rotate and whom their policy lets in. AWS's own keys are described, no more."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "kms.keys",
    "kms.list_keys",
    params={"Limit": 1000},
    items="Keys",
    arn="{KeyArn}",
    label="KeyId",
    keep=("KeyId",),
)


def _this_key(key: Resource) -> Data:
    return {"KeyId": key["KeyId"]}


def _is_customer_key(key: Resource) -> bool:
    return bool(key["KeyManager"] == "CUSTOMER")


def _can_rotate(key: Resource) -> bool:
    """Return whether AWS can rotate a key: one of the customer, in use, symmetric for encryption, material by KMS."""
    spec = key.get("KeySpec") or key.get("CustomerMasterKeySpec")
    in_use = _is_customer_key(key) and key["KeyState"] == "Enabled"
    return in_use and spec == "SYMMETRIC_DEFAULT" and key["Origin"] == "AWS_KMS"


detail(
    "kms.key_metadata",
    "kms.describe_key",
    of="kms.keys",
    ask=_this_key,
    items="KeyMetadata",
    arn="{Arn}",
    label="KeyId",
    keep=(
        "KeyId",
        "Description",
        "KeyManager",
        "KeyState",
        "KeySpec",
        "CustomerMasterKeySpec",
        "KeyUsage",
        "Origin",
        "MultiRegion",
        "CreationDate",
        "DeletionDate",
    ),
)
detail(
    "kms.key_rotation",
    "kms.get_key_rotation_status",
    of="kms.key_metadata",
    ask=_this_key,
    when=_can_rotate,
    keep=("KeyRotationEnabled", "RotationPeriodInDays"),
)
detail(
    "kms.key_policies",
    "kms.get_key_policy",
    of="kms.key_metadata",
    ask=_this_key,
    params={"PolicyName": "default"},
    when=_is_customer_key,
    keep=("Policy",),
)
