"""Signatures of HCP Terraform and Terraform Enterprise: HMAC-SHA512 of the raw body, in lower-case hex."""

import hashlib
import hmac


def sign(body: bytes, key: str) -> str:
    """Return the signature of ``body`` under ``key``."""
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


def signed(body: bytes, key: str, given: str) -> bool:
    """Tell, in constant time, whether ``given`` is the signature of ``body``; never without a key or a signature.

    Headers: X-TFE-Notification-Signature, X-TFC-Task-Signature (the empty text when the sender has no key).
    """
    if not key or not given:
        return False
    return hmac.compare_digest(sign(body, key).encode(), given.encode(errors="backslashreplace"))
