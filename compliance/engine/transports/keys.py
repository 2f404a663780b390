"""Private keys in any usual format, and host keys: their fingerprints, and which types to ask a server for."""

import io

import paramiko
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from compliance.engine.transports.base import HostKey, Reason, TransportError

FAMILIES = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256"),
)


def load_private_key(text: str, passphrase: str | None) -> paramiko.PKey:
    """Read an Ed25519, ECDSA or RSA key from OpenSSH, PEM or PKCS8 text. Raises TransportError with what is wrong."""
    data = text.strip().replace("\r\n", "\n").encode() + b"\n"
    if data.startswith(b"PuTTY-User-Key-File"):
        raise _unusable("is in PuTTY's format; export it as an OpenSSH key")
    key = _read(data, passphrase.encode() if passphrase else None)
    if isinstance(key, rsa.RSAPrivateKey):
        return paramiko.RSAKey(key=key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return paramiko.ECDSAKey(vals=(key, key.public_key()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        openssh = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        return paramiko.Ed25519Key(file_obj=io.StringIO(openssh.decode()))
    raise _unusable("is of a type that SSH servers no longer accept; make an Ed25519 key")


def host_key(key: paramiko.PKey) -> HostKey:
    """Return the type and SHA-256 fingerprint of a server's key."""
    return HostKey(key.get_name(), key.fingerprint)


def is_pinned(key: HostKey, pins: tuple[str, ...]) -> bool:
    """Say whether ``key`` is among ``pins``, each a fingerprint with or without its type in front."""
    return any(pin.split()[-1] == key.fingerprint for pin in pins if pin.strip())


def preferred_types(pins: tuple[str, ...]) -> tuple[str, ...]:
    """Return all host key types, those of typed ``pins`` first: a server with several keys then shows the known one."""
    typed = {pin.split()[0] for pin in pins if len(pin.split()) > 1}
    wanted = [family for family in FAMILIES if typed & {*family, *(("ssh-rsa",) if "rsa-sha2-256" in family else ())}]
    return tuple(name for family in (*wanted, *(f for f in FAMILIES if f not in wanted)) for name in family)


def other_families(shown: HostKey, pins: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the families still worth asking for after ``shown`` did not match; none when every pin bears its type."""
    if all(len(pin.split()) > 1 for pin in pins):
        return ()
    name = "rsa-sha2-256" if shown.type == "ssh-rsa" else shown.type
    return tuple(family for family in FAMILIES if name not in family)


def _read(data: bytes, passphrase: bytes | None) -> object:
    load = serialization.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else serialization.load_pem_private_key
    try:
        return load(data, passphrase)
    except TypeError:  # a passphrase for a key without one, or none for a key that has one
        if passphrase is None:
            raise _unusable("is protected by a passphrase; enter it with the credential") from None
        return _read(data, None)
    except (ValueError, InvalidTag, UnsupportedAlgorithm):
        if passphrase is None:
            raise _unusable("is not a private key in OpenSSH, PEM or PKCS8 format") from None
        raise _unusable("cannot be read with this passphrase; correct the passphrase or the key") from None


def _unusable(what: str) -> TransportError:
    return TransportError(Reason.KEY_UNUSABLE, f"The private key of the credential {what}.")
