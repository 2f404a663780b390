from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:search"
FORWARD = "Policy-Min-TLS-1-2-PFS-2023-10"


@on_moto(keep_defaults=True)
def domains_encrypted_resilient_and_not(aws: Aws) -> Verdicts:
    opensearch = aws("opensearch")
    opensearch.create_domain(
        DomainName="strong",
        ClusterConfig={
            "InstanceCount": 3,
            "ZoneAwarenessEnabled": True,
            "DedicatedMasterEnabled": True,
            "DedicatedMasterCount": 3,
        },
        EncryptionAtRestOptions={"Enabled": True},
        NodeToNodeEncryptionOptions={"Enabled": True},
        DomainEndpointOptions={"EnforceHTTPS": True, "TLSSecurityPolicy": FORWARD},
        AdvancedSecurityOptions={"Enabled": True},
        VPCOptions={"SubnetIds": ["subnet-1"]},
    )
    opensearch.create_domain(DomainName="weak", ClusterConfig={"InstanceCount": 3})
    strong_and_weak = Expected(good=["strong"], bad=["weak"])
    return {
        "opensearch_domain_encrypted": strong_and_weak,
        "opensearch_domain_node_to_node_encryption": strong_and_weak,
        "opensearch_domain_fine_grained_access": strong_and_weak,
        "opensearch_domain_https_tls_policy": strong_and_weak,
        "opensearch_domain_three_data_nodes": strong_and_weak,
        "opensearch_domain_three_primary_nodes": strong_and_weak,
    }


def domain(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "DomainId": f"{ACCOUNT}/{name}",
        "DomainName": name,
        "ARN": f"arn:aws:es:{REGION}:{ACCOUNT}:domain/{name}",
        "ClusterConfig": {"InstanceCount": 1},
        **settings,
    }


def log(**kinds: bool) -> dict[str, Any]:
    return {kind: {"CloudWatchLogsLogGroupArn": LOGS, "Enabled": enabled} for kind, enabled in kinds.items()}


def https(policy: str, enforce: bool = True) -> dict[str, Any]:
    return {"DomainEndpointOptions": {"EnforceHTTPS": enforce, "TLSSecurityPolicy": policy}}


DOMAINS = {
    "inside": {
        "VPCOptions": {"VPCId": "vpc-1", "SubnetIds": ["subnet-1"]},
        "LogPublishingOptions": log(AUDIT_LOGS=True, ES_APPLICATION_LOGS=True),
        "ServiceSoftwareOptions": {"CurrentVersion": "R2", "UpdateAvailable": False, "UpdateStatus": "COMPLETED"},
        "ClusterConfig": {"InstanceCount": 2, "ZoneAwarenessEnabled": True},
        **https("Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08"),
    },
    "outside": {
        "VPCOptions": {},
        "LogPublishingOptions": log(AUDIT_LOGS=False, ES_APPLICATION_LOGS=True),
        "ServiceSoftwareOptions": {"CurrentVersion": "R1", "NewVersion": "R2", "UpdateAvailable": True},
        "ClusterConfig": {"InstanceCount": 1, "DedicatedMasterEnabled": True, "DedicatedMasterCount": 2},
        **https("Policy-Min-TLS-1-2-2019-07"),
    },
    "silent": {},
    "open-to-http": https(FORWARD, enforce=False),
    "deleted": {"Deleted": True},
    "sixth": {"LogPublishingOptions": log(AUDIT_LOGS=True), **https(FORWARD)},
}


@on_answers
def domains_inside_logged_and_not() -> Answers:
    def describe(params: dict[str, Any]) -> dict[str, Any]:
        assert len(params["DomainNames"]) <= 5
        return {"DomainStatusList": [domain(name, **DOMAINS[name]) for name in params["DomainNames"]]}

    there = [name for name in DOMAINS if name != "deleted"]
    return Answers(
        says={
            "opensearch.list_domain_names": {"DomainNames": [{"DomainName": name} for name in DOMAINS]},
            "opensearch.describe_domains": describe,
        },
        verdicts={
            "opensearch_domain_in_vpc": Expected(good=["inside"], bad=[name for name in there if name != "inside"]),
            "opensearch_domain_audit_logging": Expected(
                good=["inside", "sixth"], bad=["outside", "silent", "open-to-http"]
            ),
            "opensearch_domain_error_logging": Expected(
                good=["inside", "outside"], bad=["silent", "open-to-http", "sixth"]
            ),
            "opensearch_domain_software_updated": Expected(good=["inside"], bad=["outside"]),
            "opensearch_domain_https_tls_policy": Expected(
                good=["inside", "sixth"], bad=["outside", "silent", "open-to-http"]
            ),
            "opensearch_domain_encrypted": Expected(bad=there),
            "opensearch_domain_three_data_nodes": Expected(bad=there),
            "opensearch_domain_three_primary_nodes": Expected(bad=there),
        },
    )
