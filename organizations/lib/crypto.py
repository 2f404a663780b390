"""Encryption of secrets at rest: the first key encrypts, every key decrypts."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Undecryptable(Exception):
    """None of the keys opens the stored secret."""


def cipher(keys: Sequence[str]) -> MultiFernet:
    """Return the cipher of ``keys``, newest first. Raises ValueError for a key that is not 32 url-safe base64 bytes."""
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(plain: str, keys: Sequence[str]) -> str:
    """Return ``plain`` encrypted with the newest key, as ASCII text."""
    return cipher(keys).encrypt(plain.encode()).decode("ascii")


def decrypt(stored: str, keys: Sequence[str]) -> str:
    """Return the plain text of ``stored``. Raises Undecryptable when no key opens it."""
    try:
        return cipher(keys).decrypt(stored.encode("ascii")).decode()
    except (InvalidToken, UnicodeEncodeError) as error:
        raise Undecryptable("None of the configured encryption keys opens this secret.") from error


def rotate(stored: str, keys: Sequence[str]) -> str:
    """Return ``stored`` encrypted anew with the newest key. Raises Undecryptable when no key opens it."""
    try:
        return cipher(keys).rotate(stored.encode("ascii")).decode("ascii")
    except (InvalidToken, UnicodeEncodeError) as error:
        raise Undecryptable("None of the configured encryption keys opens this secret.") from error


def new_key() -> str:
    """Return a fresh random key."""
    return Fernet.generate_key().decode("ascii")
