"""Reading the fields of what HCP Terraform sends; each refusal names the field."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from compliance.terraform.documents import BadDocument
from compliance.terraform.texts import cleaned

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")
"""Ids become part of a path when we ask HCP Terraform: nothing that could lead to another path."""
ORIGIN = re.compile(r"https://([A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)(?=/)")
WEB_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?/[A-Za-z0-9._~/%?&=+,:@!-]*\Z")
LONGEST_URL = 1_000
LONGEST_TEXT, LONGEST_NAME, LONGEST_TIME = 500, 120, 40

Payload = Mapping[str, object]


def payload_of(document: object) -> Payload:
    """Return ``document`` if it is an object. Raises BadDocument."""
    if not isinstance(document, Mapping):
        raise BadDocument("", "The payload must be a JSON object.")
    return document


def version_of(payload: Payload) -> int:
    """Return payload_version, which some payloads write as a text. Raises BadDocument."""
    version = payload.get("payload_version")
    if isinstance(version, str) and version.isascii() and version.isdecimal() and len(version) <= 3:
        version = int(version)
    if not isinstance(version, int) or isinstance(version, bool):
        raise BadDocument("payload_version", "payload_version must be a number.")
    return version


def identifier(payload: Payload, key: str) -> str:
    """Return the id that must stand at ``key``, for example run-i3Df5to9ELvibKpQ. Raises BadDocument."""
    value = payload.get(key)
    if not isinstance(value, str) or not IDENTIFIER.match(value):
        raise BadDocument(key, f"{key} must be an id: letters, digits, - and _, at most 100 of them.")
    return value


def text(payload: Payload, key: str, most: int = LONGEST_TEXT) -> str:
    """Return what stands at ``key`` as one line, "" for null and for what is missing. Raises BadDocument."""
    value = payload.get(key)
    if value is not None and not isinstance(value, str):
        raise BadDocument(key, f"{key} must be a text.")
    return cleaned(value, most)


def moment(payload: Payload, key: str) -> datetime | None:
    """Return the time at ``key``, in UTC; None for what is missing or no time with a zone."""
    value = payload.get(key)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= LONGEST_TIME else None
        return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def needed_text(payload: Payload, key: str) -> str:
    """Return what must stand at ``key`` as one line. Raises BadDocument."""
    found = text(payload, key, LONGEST_NAME)
    if not found:
        raise BadDocument(key, f"{key} is missing.")
    return found


def one_of(payload: Payload, key: str, allowed: tuple[str, ...]) -> str:
    """Return what stands at ``key`` if it is in ``allowed``. Raises BadDocument."""
    value = payload.get(key)
    if not isinstance(value, str) or value not in allowed:
        raise BadDocument(key, f"{key} must be one of {', '.join(allowed)}.")
    return value


def web_address(payload: Payload, key: str) -> str:
    """Return the https address that must stand at ``key``. Raises BadDocument."""
    value = payload.get(key)
    if not isinstance(value, str) or len(value) > LONGEST_URL or not WEB_ADDRESS.match(value):
        raise BadDocument(key, f"{key} must be an https address of at most {LONGEST_URL} characters.")
    return value


def is_at(address: str, host: str) -> bool:
    """Tell whether the https ``address`` leads to ``host`` ("app.terraform.io", or with a port) and nowhere else.

    No user name, no other port, no second host name that one reader of addresses sees and another does not.
    """
    match = ORIGIN.match(address) if WEB_ADDRESS.match(address) else None
    return match is not None and with_port(match[1]) == with_port(host)


def with_port(host: str) -> str:
    name, _, port = host.lower().partition(":")
    return f"{name}:{int(port) if port.isdecimal() else 443}"
