"""Texts from documents that others write: one line, without control characters, never longer than what is stored."""

import re

LARGEST_NUMBER = 2**63
HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\Z"
)
NUMBER_AT_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\Z")
"""Resolvers read such a name as an IPv4 address: 2130706433 and 0x7f.1 are this machine."""
OWN_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


def cleaned(value: object, most: int) -> str:
    """Return ``value``, a text or a whole number, as one line of at most ``most`` characters; anything else as ""."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER:
        return str(value)
    if not isinstance(value, str):
        return ""
    text = value[: 4 * most]
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def host_name(text: str) -> str:
    """Return ``text`` as a host name in lower case, or "" when it is none, an address, or a name of this machine."""
    name = text.lower().removesuffix(".")
    usable = HOST_NAME.match(name) and not NUMBER_AT_END.match(name) and name not in OWN_NAMES
    return name if usable and not name.endswith(".localhost") else ""
