"""Facts that one command tells: a closed list, each by its name. rpm.gpg_pubkeys: the keys that rpm trusts."""

import base64
import binascii
import hashlib
from itertools import pairwise

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

SCRIPT = r"""
for f do
  case $f in
  rpm.gpg_pubkeys)
    have rpm || { printf 'U %s\n' "$f"; continue; }
    t 20 rpm -q gpg-pubkey --qf 'N %{VERSION} %{SUMMARY}\n%{DESCRIPTION}\n' | sed 's/^/K /'
    t 20 rpm -q rpm --qf 'R %{VERSION}\n' ;;
  esac
done
return 0
"""

FACTS = frozenset({"rpm.gpg_pubkeys"})
BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
PUBLIC_KEY = 6


@collector("cmd_fact", os=Os.LINUX, script=SCRIPT)
def read_facts(section: RawSection) -> Json:
    """Read {"rpm.gpg_pubkeys": {fingerprint: owner} | null (the host has no rpm)}; fingerprints in upper case.

    Raises Unsupported when rpm does not answer, which is not the same as no keys.
    """
    unknown = sorted(set(section.args) - FACTS)
    if unknown:
        raise Unsupported(f"no command is known for {', '.join(unknown)}")
    keys = [line[2:] for line in section.lines if line.startswith("K ")]
    if "U rpm.gpg_pubkeys" in section.lines:
        return {"rpm.gpg_pubkeys": None}
    if not any(line.startswith("R ") for line in section.lines):
        raise Unsupported("rpm does not answer, so that nothing can be said about its keys")
    return {"rpm.gpg_pubkeys": dict(sorted(owners(keys).items()))}


def owners(lines: list[str]) -> dict[str, str]:
    """Return the owner of each key by its fingerprint; blocks that are no key are left out."""
    marks = [index for index, line in enumerate(lines) if line.startswith("N ")]
    found = {}
    for start, end in pairwise([*marks, len(lines)]):
        _, _, owner = lines[start].split(" ", 2)
        fingerprint = fingerprint_of(lines[start + 1 : end])
        if fingerprint:
            found[fingerprint] = owner.removesuffix(" public key").removeprefix("gpg(").removesuffix(")")
    return found


def fingerprint_of(lines: list[str]) -> str:
    """Return the fingerprint of the first key in an armored block, or "". Source: RFC 4880, sections 4.2, 6.2, 12.2."""
    if BEGIN not in lines or END not in lines:
        return ""
    body = lines[lines.index(BEGIN) + 1 : lines.index(END)]
    text = body[body.index("") + 1 :] if "" in body else body
    try:
        raw = base64.b64decode("".join(line for line in text if not line.startswith("=") and ":" not in line))
    except binascii.Error:
        return ""
    packet = first_packet(raw)
    if packet[:1] != b"\x04":
        return ""
    return hashlib.sha1(b"\x99" + len(packet).to_bytes(2, "big") + packet, usedforsecurity=False).hexdigest().upper()


def first_packet(raw: bytes) -> bytes:
    """Return the body of the first packet if that is a public key, else nothing."""
    if len(raw) < 6 or not raw[0] & 0x80:
        return b""
    if raw[0] & 0x40:
        tag, (start, size) = raw[0] & 0x3F, new_length(raw)
    else:
        octets = (1, 2, 4, 0)[raw[0] & 3]
        tag, start, size = raw[0] >> 2 & 0x0F, 1 + octets, int.from_bytes(raw[1 : 1 + octets], "big")
    return raw[start : start + size] if tag == PUBLIC_KEY else b""


def new_length(raw: bytes) -> tuple[int, int]:
    """Return where the body of a packet in the new format begins, and its size."""
    if raw[1] < 192:
        return 2, raw[1]
    if raw[1] < 224:
        return 3, ((raw[1] - 192) << 8) + raw[2] + 192
    return 6, int.from_bytes(raw[2:6], "big")
