"""What looks like a credential in a setting. Collectors tell it, so that no secret value enters an inventory."""

import re
from urllib.parse import urlsplit, urlunsplit

KEY_NAMES = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_DATA"})
"""Variables that hold a credential whatever their value. Sources: Security Hub CodeBuild.2 and ECS.8."""

SECRET_NAME = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET_?KEY|CLIENT_?SECRET|API_?KEY|API_?TOKEN|ACCESS_?TOKEN|AUTH_?TOKEN"
    r"|PRIVATE_?KEY)$",
    re.IGNORECASE,
)
SWITCH = re.compile(r"(true|false|yes|no|on|off|none|null|[01])?", re.IGNORECASE)
REFERENCE = re.compile(r"arn:|\$|\{\{|/|ssm:|secretsmanager:|vault:|https?:|s3:|file:", re.IGNORECASE)
"""How a value begins that says where the secret is, and is none itself."""

KINDS = {
    "an AWS access key id": re.compile(r"\b(AKIA|ASIA)[A-Z2-7]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "an Atlassian token": re.compile(r"\b(ATATT|ATBB|ATCTT)[A-Za-z0-9_=-]{20,}"),
    "a Slack token": re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    "a Google API key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "an npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}"),
    "a SendGrid key": re.compile(r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@${}]+@", re.IGNORECASE),
}


def credential_in(name: str, value: str) -> str:
    """Return what the variable ``name`` holds in clear text, e.g. "a GitHub token", or "" for no credential."""
    if not value:
        return ""
    for kind, pattern in KINDS.items():
        if pattern.search(value):
            return kind
    if name.upper() in KEY_NAMES:
        return "named as a credential"
    if SECRET_NAME.search(name) and not SWITCH.fullmatch(value) and not REFERENCE.match(value):
        return "named as a secret"
    return ""


def credential_in_url(url: str) -> str:
    """Return what a repository's ``url`` carries before the @; a bare user name is no credential."""
    user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    if password:
        return "a token" if user.lower() in ("x-token-auth", "oauth2", "x-access-token") else "a user name and password"
    return next((kind for kind, pattern in KINDS.items() if pattern.search(user)), "")


def without_user(url: str) -> str:
    """Return ``url`` without what stands before the @ of its host."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.scheme else url
