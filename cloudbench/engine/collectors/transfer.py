"""Transfer Family: servers and connectors, each described."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "transfer.servers",
    "transfer.list_servers",
    items="Servers",
    arn="{Arn}",
    label="ServerId",
    keep=("ServerId", "EndpointType", "State"),
)


def _this_server(server: Resource) -> Data:
    return {"ServerId": server["ServerId"]}


detail(
    "transfer.server_settings",
    "transfer.describe_server",
    of="transfer.servers",
    ask=_this_server,
    items="Server",
    keep=("Protocols", "SecurityPolicyName"),
)


def _has_policy(server: Resource) -> bool:
    return bool(server.get("SecurityPolicyName"))


def _its_policy(server: Resource) -> Data:
    return {"SecurityPolicyName": server["SecurityPolicyName"]}


detail(
    "transfer.server_security_policies",
    "transfer.describe_security_policy",
    of="transfer.server_settings",
    ask=_its_policy,
    when=_has_policy,
    items="SecurityPolicy",
    keep=("SshKexs",),
)

listing(
    "transfer.connectors",
    "transfer.list_connectors",
    items="Connectors",
    arn="{Arn}",
    label="ConnectorId",
    keep=("ConnectorId", "Url"),
)


def _this_connector(connector: Resource) -> Data:
    return {"ConnectorId": connector["ConnectorId"]}


detail(
    "transfer.connector_settings",
    "transfer.describe_connector",
    of="transfer.connectors",
    ask=_this_connector,
    items="Connector",
    keep=("LoggingRole",),
)
