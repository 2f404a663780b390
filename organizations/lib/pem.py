"""Certificates as people paste them: in PEM, often with comments around them, in whatever language."""


def ascii_pem(text: str) -> str:
    """Return ``text`` in the ASCII that OpenSSL takes; what it reads, between BEGIN and END, never holds anything else.

    A letter of another alphabet becomes "?": without harm in a comment, and within a certificate it stays a fault.
    """
    return text.encode("ascii", "replace").decode("ascii")
