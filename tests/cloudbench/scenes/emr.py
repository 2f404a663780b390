import json
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def block(enabled: bool, *ranges: tuple[int, int]) -> dict[str, Any]:
    return {
        "BlockPublicSecurityGroupRules": enabled,
        "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": low, "MaxRange": high} for low, high in ranges],
    }


def blocked(expected: Expected, configuration: dict[str, Any]) -> Answers:
    metadata = {"CreationDateTime": 1_700_000_000, "CreatedByArn": ROOT}
    return Answers(
        says={
            "emr.get_block_public_access_configuration": {
                "BlockPublicAccessConfiguration": configuration,
                "BlockPublicAccessConfigurationMetadata": metadata,
            }
        },
        verdicts={"emr_account_block_public_access": expected},
    )


@on_moto(keep_defaults=True)
def public_access_blocked(aws: Aws) -> Verdicts:
    aws("emr").put_block_public_access_configuration(BlockPublicAccessConfiguration=block(True, (22, 22)))
    return {"emr_account_block_public_access": Expected(good=[ROOT])}


@on_answers
def public_access_not_blocked() -> Answers:
    return blocked(Expected(bad=[ROOT]), block(False))


@on_answers
def public_access_with_other_ports() -> Answers:
    return blocked(Expected(bad=[ROOT]), block(True, (22, 22), (8080, 8090)))


@on_answers
def public_access_without_exceptions() -> Answers:
    return blocked(Expected(good=[ROOT]), {"BlockPublicSecurityGroupRules": True})


@on_answers
def public_access_with_ports_around_ssh() -> Answers:
    return blocked(Expected(bad=[ROOT]), block(True, (20, 22)))


CLUSTERS: dict[str, dict[str, Any]] = {
    "guarded": {
        "InstanceCollectionType": "INSTANCE_GROUP",
        "KerberosAttributes": {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "****"},
    },
    "exposed": {"InstanceCollectionType": "INSTANCE_GROUP"},
    "fleet": {"InstanceCollectionType": "INSTANCE_FLEET"},
    "exposed-fleet": {"InstanceCollectionType": "INSTANCE_FLEET"},
    "starting": {"InstanceCollectionType": "INSTANCE_GROUP"},
}


@on_answers
def clusters_exposed_and_not() -> Answers:
    def describe(params: dict[str, Any]) -> dict[str, Any]:
        return {"Cluster": {"Id": params["ClusterId"], "Name": params["ClusterId"], **CLUSTERS[params["ClusterId"]]}}

    def instances(params: dict[str, Any]) -> dict[str, Any]:
        of_fleet = CLUSTERS[params["ClusterId"]]["InstanceCollectionType"] == "INSTANCE_FLEET"
        assert ("InstanceFleetType" in params) is of_fleet
        if params["ClusterId"] == "starting":
            return {"Instances": []}
        public = {"PublicIpAddress": "198.51.100.7"} if params["ClusterId"].startswith("exposed") else {}
        return {"Instances": [{"Ec2InstanceId": "i-1", "PrivateIpAddress": "10.0.0.1", **public}]}

    return Answers(
        says={
            "emr.list_clusters": {
                "Clusters": [
                    {
                        "Id": name,
                        "Name": name,
                        "ClusterArn": f"arn:aws:elasticmapreduce:{REGION}:{ACCOUNT}:cluster/{name}",
                    }
                    for name in CLUSTERS
                ]
            },
            "emr.describe_cluster": describe,
            "emr.list_instances": instances,
        },
        verdicts={
            "emr_primary_node_no_public_ip": Expected(good=["guarded", "fleet"], bad=["exposed", "exposed-fleet"]),
            "emr_cluster_kerberos": Expected(good=["guarded"], bad=["exposed", "fleet", "exposed-fleet", "starting"]),
        },
    )


@on_answers
def security_configurations_encrypting_and_not() -> Answers:
    configurations: dict[str, dict[str, Any]] = {
        "both": {"EncryptionConfiguration": {"EnableAtRestEncryption": True, "EnableInTransitEncryption": True}},
        "at-rest": {"EncryptionConfiguration": {"EnableAtRestEncryption": True, "EnableInTransitEncryption": False}},
        "kerberos-only": {"AuthenticationConfiguration": {"KerberosConfiguration": {}}},
    }

    def describe(params: dict[str, Any]) -> dict[str, Any]:
        return {"Name": params["Name"], "SecurityConfiguration": json.dumps(configurations[params["Name"]])}

    return Answers(
        says={
            "emr.list_security_configurations": {"SecurityConfigurations": [{"Name": name} for name in configurations]},
            "emr.describe_security_configuration": describe,
        },
        verdicts={
            "emr_security_config_at_rest": Expected(good=["both", "at-rest"], bad=["kerberos-only"]),
            "emr_security_config_in_transit": Expected(good=["both"], bad=["at-rest", "kerberos-only"]),
        },
    )
