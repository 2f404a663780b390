"""Provider connections: stored access to where VMs run."""

import json

from compliance.models import ProviderConnection
from compliance.providers.base import Provider
from compliance.providers.registry import open_provider


def opened(connection: ProviderConnection) -> Provider:
    """Return the provider that ``connection`` leads to. Raises ProviderError when its values do not fit."""
    return open_provider(
        connection.kind, connection.endpoint, connection.scope, json.loads(connection.secrets or "{}"),
        connection.ca_certificate, allow_loopback=connection.organization.is_operator,
    )  # fmt: skip
