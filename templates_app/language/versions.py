"""Package versions, ordered as dpkg orders them: [epoch:]upstream[-revision], "~" before everything, even the end.

rpm agrees for the versions that distributions give one package of theirs, which is all that is compared here.
"""

import re
from itertools import zip_longest

PIECE = re.compile(r"(\D*)(\d*)")


def at_least(version: str, bound: str) -> bool:
    """Tell whether ``version`` is ``bound`` or later. Without a revision in ``bound``, any revision will do."""
    epoch, upstream, revision = parted(version)
    low_epoch, low_upstream, low_revision = parted(bound)
    if epoch != low_epoch:
        return epoch > low_epoch
    order = compared(upstream, low_upstream)
    return order > 0 or (order == 0 and (not low_revision or compared(revision, low_revision) >= 0))


def parted(version: str) -> tuple[int, str, str]:
    """Return epoch, upstream version and revision. Raises ValueError for what is no version."""
    epoch, colon, rest = version.strip().rpartition(":")
    if not rest or (colon and not epoch.isdigit()) or any(letter.isspace() for letter in rest):
        raise ValueError(f"{version!r} is not a package version")
    upstream, dash, revision = rest.rpartition("-")
    return (int(epoch) if epoch else 0, upstream, revision) if dash else (int(epoch) if epoch else 0, rest, "")


def compared(one: str, other: str) -> int:
    """Return a negative number, 0 or a positive number, as ``one`` sorts before, with or after ``other``."""
    for (text, digits), (other_text, other_digits) in zip_longest(
        PIECE.findall(one), PIECE.findall(other), fillvalue=("", "")
    ):
        if text != other_text:
            first, second = letters(text), letters(other_text)
            if first != second:
                return 1 if first > second else -1
        number, other_number = int(digits or 0), int(other_digits or 0)
        if number != other_number:
            return number - other_number
    return 0


def letters(text: str) -> list[int]:
    """Return sort keys of a part without digits: "~", then its end, then letters, then all else."""
    return [*(-1 if letter == "~" else ord(letter) if letter.isalpha() else ord(letter) + 256 for letter in text), 0]
