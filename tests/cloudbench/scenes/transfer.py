from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

HERE = f"arn:aws:transfer:{REGION}:{ACCOUNT}"


def server(name: str) -> str:
    """Return an id of the length that AWS gives."""
    return f"s-{name:0>17}"


SERVERS: dict[str, dict[str, Any]] = {
    server("newest"): {"Protocols": ["SFTP"], "SecurityPolicyName": "TransferSecurityPolicy-2025-03"},
    server("older"): {"Protocols": ["SFTP", "FTPS"], "SecurityPolicyName": "TransferSecurityPolicy-2024-01"},
    server("same-older"): {"SecurityPolicyName": "TransferSecurityPolicy-2024-01"},
    server("ftp"): {"Protocols": ["FTP"], "SecurityPolicyName": "TransferSecurityPolicy-2018-11"},
    server("unset"): {"Protocols": ["SFTP", "FTP"]},
}
KEX = {
    "TransferSecurityPolicy-2025-03": ["mlkem768x25519-sha256", "curve25519-sha256"],
    "TransferSecurityPolicy-2024-01": ["ecdh-sha2-nistp521", "curve25519-sha256"],
    "TransferSecurityPolicy-2018-11": ["diffie-hellman-group14-sha1"],
}


@on_answers
def servers_strong_and_weak() -> Answers:
    def describe(params: dict[str, Any]) -> dict[str, Any]:
        name = params["ServerId"]
        return {"Server": {"Arn": f"{HERE}:server/{name}", "ServerId": name, **SERVERS[name]}}

    def describe_policy(params: dict[str, Any]) -> dict[str, Any]:
        name = params["SecurityPolicyName"]
        return {"SecurityPolicy": {"SecurityPolicyName": name, "SshKexs": KEX[name]}}

    return Answers(
        says={
            "transfer.list_servers": {
                "Servers": [{"Arn": f"{HERE}:server/{name}", "ServerId": name} for name in SERVERS]
            },
            "transfer.describe_server": describe,
            "transfer.describe_security_policy": describe_policy,
        },
        verdicts={
            "transfer_server_no_ftp": Expected(
                good=[server("newest"), server("older"), server("same-older")], bad=[server("ftp"), server("unset")]
            ),
            "transfer_server_strong_ssh_policy": Expected(
                good=[server("newest")], bad=[server("older"), server("same-older"), server("unset")]
            ),
        },
    )


LOGGING, SILENT = "c-00000000000logging", "c-000000000000silent"


@on_answers
def connectors_logging_and_not() -> Answers:
    def describe(params: dict[str, Any]) -> dict[str, Any]:
        name = params["ConnectorId"]
        role = {"LoggingRole": f"arn:aws:iam::{ACCOUNT}:role/logs"} if name == LOGGING else {}
        connector = {"Arn": f"{HERE}:connector/{name}", "EgressType": "SERVICE_MANAGED", "Status": "ACTIVE"}
        return {"Connector": {**connector, **role}}

    return Answers(
        says={
            "transfer.list_connectors": {
                "Connectors": [{"Arn": f"{HERE}:connector/{name}", "ConnectorId": name} for name in (LOGGING, SILENT)]
            },
            "transfer.describe_connector": describe,
        },
        verdicts={"transfer_connector_logging": Expected(good=[LOGGING], bad=[SILENT])},
    )
