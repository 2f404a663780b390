"""What must hold of keys, and of who may decrypt with all of them."""

import re
from collections.abc import Iterable
from functools import partial

from cloudbench.engine.checks.iam import POLICIES, PRINCIPALS, judged
from cloudbench.engine.checks.policies import Condition, Statement, allows, covers, public_grants, statements_of
from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

KEYS = "kms.key_metadata"
KEY_POLICIES = "kms.key_policies"
DOOMED = ("PendingDeletion", "PendingReplicaDeletion")


def _is_customer_key(key: Resource) -> bool:
    return bool(key["KeyManager"] == "CUSTOMER")


@check("kms_key_rotation", over=KEYS, reads=("kms.key_rotation",))
def key_rotates(key: Resource, view: View) -> Verdict | None:
    """Fail when a customer key does not rotate.

    Disabled keys, and those that AWS cannot rotate (asymmetric, HMAC, imported, custom key stores), are left out.
    Source: GetKeyRotationStatus, KeyRotationEnabled; DescribeKey tells which keys can.
    """
    if not view.asks_for("kms.key_rotation", key):
        return None
    rotation = view.one_of("kms.key_rotation", key)
    on = rotation is not None and rotation["KeyRotationEnabled"]
    return verdict(on, "Automatic rotation is on.", "Automatic rotation is off.", KeyRotationEnabled=on)


@check("kms_key_not_pending_deletion", over=KEYS)
def key_stays(key: Resource, view: View) -> Verdict | None:
    """Fail when a customer key is about to be deleted. Source: DescribeKey, KeyState."""
    if not _is_customer_key(key):
        return None
    state = key["KeyState"]
    day = f" on {key['DeletionDate'][:10]}" if key.get("DeletionDate") else ""
    return verdict(
        state not in DOOMED, f"The key's state is {state}.", f"The key will be deleted{day}.", KeyState=state
    )


@check("kms_key_not_public", over=KEYS, reads=(KEY_POLICIES,))
def key_is_not_public(key: Resource, view: View) -> Verdict | None:
    """Fail when a customer key's policy lets anyone in without a condition that limits callers.

    Keys about to be deleted are left out: nobody can use them. Source: GetKeyPolicy, Policy.
    """
    if not _is_customer_key(key) or key["KeyState"] in DOOMED:
        return None
    grants = public_grants(_policy(key, view))
    actions = sorted({action for grant in grants for action in grant.actions or ("*",)})
    return verdict(
        not grants,
        "The key policy lets in named principals only.",
        f"The key policy allows everyone {', '.join(actions[:3])}.",
        Actions=actions[:10],
    )


def _policy(key: Resource, view: View) -> str | None:
    found = view.one_of(KEY_POLICIES, key)
    return found["Policy"] if found else None


# --- Decrypting with all keys -----------------------------------------------------------------------------------------

BLOCKED = ("kms:Decrypt", "kms:ReEncryptFrom")
"""Security Hub KMS.1 and KMS.2."""
ALL_KEYS = "key/*"


def _is_of_all_keys(statement: Statement, account: str) -> bool:
    """Return whether a statement is for all keys of the account, if only those of one region."""
    if statement.not_resources:
        return not any(_takes_in_keys(arn, account) for arn in statement.not_resources)
    return any(_takes_in_keys(arn, account) for arn in statement.resources)


def _takes_in_keys(pattern: str, account: str) -> bool:
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return covers(pattern, f"arn:aws:kms:*:{account}:{ALL_KEYS}")
    return covers(parts[2], "kms") and covers(parts[4], account) and covers(parts[5], ALL_KEYS)


def _decrypts_all(account: str, statements: Iterable[Statement]) -> bool:
    counted = [one for one in statements if not one.allow or _is_of_all_keys(one, account)]
    return any(allows(counted, action) for action in BLOCKED)


GOOD, BAD = "does not allow decrypting with all keys", "allows decrypting with all keys"


@check("kms_customer_policy_no_decrypt_all", over=POLICIES)
def policies_name_keys(policy: Resource, view: View) -> Verdict | None:
    """Fail when a customer policy allows kms:Decrypt or kms:ReEncryptFrom on all keys, attached or not.

    Conditions are not looked at; a Deny on every resource counts. Source: GetAccountAuthorizationDetails.
    """
    return judged(policy, partial(_decrypts_all, view.account.id), GOOD, BAD)


@check("kms_inline_policy_no_decrypt_all", over=PRINCIPALS)
def inline_policies_name_keys(principal: Resource, view: View) -> Verdict | None:
    """Fail when an inline policy of a user, group or role allows kms:Decrypt or kms:ReEncryptFrom on all keys.

    Conditions are not looked at; a Deny on every resource counts. Source: GetAccountAuthorizationDetails.
    """
    return judged(principal, partial(_decrypts_all, view.account.id), GOOD, BAD)


# --- Keys of Nitro Enclaves -------------------------------------------------------------------------------------------

ATTESTATION = "kms:recipientattestation:"
DATA_ACTIONS = (
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateRandom",
)
"""The actions that an enclave does with an attestation document."""
IS_DEBUG = re.compile(r"0+")
"""In debug mode an enclave's measurements are all zeros: such a condition lets any debugged enclave in."""


@check("kms_enclave_attestation_enforced", over=KEYS, reads=(KEY_POLICIES,))
def enclave_must_attest(key: Resource, view: View) -> Verdict | None:
    """Fail when a key of enclaves can be used without attestation, or with that of a debugged or of any enclave.

    A key is one of enclaves if its policy asks for attestation anywhere or its description says "enclave"; others, and
    disabled ones, are left out. The account's own statement with kms:* is a way around too, unless a Deny closes it.
    Source: GetKeyPolicy, Policy; DescribeKey, Description.
    """
    if not _is_customer_key(key) or key["KeyState"] != "Enabled":
        return None
    statements = statements_of(_policy(key, view))
    if "enclave" not in key.get("Description", "").lower() and not any(_attestations(one) for one in statements):
        return None
    open_actions = [action for action in DATA_ACTIONS if _works_unattested(statements, action)]
    if open_actions:
        return failed(f"{open_actions[0]} is allowed without an attestation of the enclave.", Actions=open_actions)
    return passed("The key policy allows data operations to attested enclaves only.")


def _attestations(statement: Statement) -> list[Condition]:
    return [line for line in statement.conditions if line.key.startswith(ATTESTATION)]


def _works_unattested(statements: Iterable[Statement], action: str) -> bool:
    concerned = [one for one in statements if one.covers_action(action)]
    return any(one.allow and not _asks_attestation(one) for one in concerned) and not any(
        not one.allow and one.anyone and _refuses_unattested(one) for one in concerned
    )


def _asks_attestation(statement: Statement) -> bool:
    return any(
        line.operator.startswith("stringequals") and not line.if_exists and line.quantifier != "all" and _is_fixed(line)
        for line in _attestations(statement)
    )


def _refuses_unattested(denial: Statement) -> bool:
    """Return whether a Deny applies to all but named enclaves: a negated line holds without an attestation too."""
    lines = denial.conditions
    return bool(lines) and all(
        line.key.startswith(ATTESTATION) and line.operator.startswith("stringnotequals") and _is_fixed(line)
        for line in lines
    )


def _is_fixed(line: Condition) -> bool:
    return bool(line.values) and not any("*" in value or IS_DEBUG.fullmatch(value) for value in line.values)
