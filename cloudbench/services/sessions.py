"""The way into an account: its role or keys, as a session of the engine."""

from django.conf import settings

from cloudbench.engine import checks, collectors  # noqa: F401 - registers all
from cloudbench.engine.plan import all_operations
from cloudbench.engine.session import HOME_REGIONS, Keys, Role, Session
from cloudbench.models import CloudAccount

CALL_TIMEOUT_S = 20.0


def session_for(account: CloudAccount, *, read_timeout_s: float = CALL_TIMEOUT_S) -> Session:
    """Return a session in ``account``. Raises engine.session.CredentialsRefused when its role cannot be assumed.

    A role is assumed with the keys that are stored beside it, else with the server's own credentials (environment,
    files, instance role).
    """
    keys = Keys(account.access_key_id, account.secret_access_key, account.session_token)
    role = Role(account.role_arn, account.external_id) if account.access == CloudAccount.Access.ROLE else None
    return Session(
        keys=keys, role=role, endpoint_url=settings.AWS_ENDPOINT_URL, home=home_of(account),
        read_timeout_s=read_timeout_s, operations=all_operations(),
    )  # fmt: skip


def ambient_session() -> Session:
    """Return a session with the server's own credentials (environment, files, instance role)."""
    return Session(endpoint_url=settings.AWS_ENDPOINT_URL, operations=all_operations())


def partition_of(account: CloudAccount) -> str:
    """Return the partition of ``account``: aws, aws-cn or aws-us-gov; from its role, else from its regions."""
    if account.access == CloudAccount.Access.ROLE:
        return account.role_arn.split(":")[1]
    first = next(iter(account.regions), "")
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(first.rpartition("-")[0].rpartition("-")[0], "aws")


def home_of(account: CloudAccount) -> str:
    """Return the region where the services are called that the account's partition has once."""
    return HOME_REGIONS[partition_of(account)]
