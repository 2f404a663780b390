"""What a target says is shown, never obeyed: control, bidirectional and half characters become visible in reports."""

import re

UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffc\ufffe\uffff]"
)
SPACES = re.compile(r"\s+")


def visible(text: str) -> str:
    r"""Return ``text`` with each unsafe character written as \uXXXX; tabs and line ends stay."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def one_line(text: str) -> str:
    """Return ``text`` visible and on one line, each run of white space as one space."""
    return SPACES.sub(" ", visible(text)).strip()


def clipped(text: str, most: int) -> str:
    """Return at most ``most`` characters of ``text``, and how many were left out."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most} more characters)"
