"""What must hold of Transfer Family's servers and connectors."""

from cloudbench.engine.findings import Verdict, failed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

POST_QUANTUM = "mlkem"
"""How the names of key exchanges begin or contain it that no quantum computer is known to break (ML-KEM, FIPS 203)."""


@check("transfer_server_no_ftp", over="transfer.servers", reads=("transfer.server_settings",))
def refuses_ftp(server: Resource, view: View) -> Verdict:
    """Fail if the server speaks FTP, which sends passwords in plain text. Source: DescribeServer, Protocols."""
    settings = view.one_of("transfer.server_settings", server)
    protocols = (settings.get("Protocols") if settings else None) or ["SFTP"]
    return verdict("FTP" not in protocols, f"It speaks {', '.join(protocols)}.", "It speaks FTP.", Protocols=protocols)


@check(
    "transfer_server_strong_ssh_policy",
    over="transfer.server_settings",
    reads=("transfer.server_security_policies",),
)
def exchanges_keys_safely(server: Resource, view: View) -> Verdict | None:
    """Fail if an SFTP server's security policy offers no post-quantum key exchange; other servers are not judged.

    Source: DescribeServer, Protocols and SecurityPolicyName; DescribeSecurityPolicy, SshKexs.
    """
    if "SFTP" not in (server.get("Protocols") or ["SFTP"]):
        return None
    name = server.get("SecurityPolicyName")
    if not name:
        return failed("The server has no security policy.")
    policy = view.one_of("transfer.server_security_policies", server)
    offered = [kex for kex in (policy.get("SshKexs") if policy else None) or [] if POST_QUANTUM in kex]
    return verdict(
        bool(offered),
        f"{name} offers {', '.join(offered)}.",
        f"{name} offers no post-quantum key exchange.",
        SecurityPolicyName=name,
    )


@check("transfer_connector_logging", over="transfer.connectors", reads=("transfer.connector_settings",))
def logs_transfers(connector: Resource, view: View) -> Verdict:
    """Fail unless the connector has a role to write logs with. Source: DescribeConnector, LoggingRole."""
    settings = view.one_of("transfer.connector_settings", connector)
    role = settings.get("LoggingRole") if settings else None
    return verdict(
        bool(role), "Transfers are logged.", "Transfers are not logged, a logging role is missing.", LoggingRole=role
    )
