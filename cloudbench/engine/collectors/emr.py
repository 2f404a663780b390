"""EMR: the clusters that run, their primary nodes, security configurations and the account's public access block."""

import json
from collections.abc import Iterator

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

RUNNING_NODES = ["AWAITING_FULFILLMENT", "PROVISIONING", "BOOTSTRAPPING", "RUNNING"]

listing(
    "emr.block_public_access",
    "emr.get_block_public_access_configuration",
    items="BlockPublicAccessConfiguration",
    keep=("BlockPublicSecurityGroupRules", "PermittedPublicSecurityGroupRuleRanges"),
)

listing(
    "emr.clusters",
    "emr.list_clusters",
    params={"ClusterStates": ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]},
    items="Clusters",
    arn="{ClusterArn}",
    label="Name",
    keep=("Id", "Name"),
)


def _this_cluster(cluster: Resource) -> Data:
    return {"ClusterId": cluster["Id"]}


detail(
    "emr.cluster_settings",
    "emr.describe_cluster",
    of="emr.clusters",
    ask=_this_cluster,
    items="""Cluster.{
        Id: Id, ReleaseLabel: ReleaseLabel, InstanceCollectionType: InstanceCollectionType,
        SecurityConfiguration: SecurityConfiguration, KerberosRealm: KerberosAttributes.Realm
    }""",
)


def _its_primary_nodes(cluster: Resource) -> Data:
    """Ask for the primary nodes; a cluster of fleets refuses the type of a group and the other way round."""
    fleets = cluster["InstanceCollectionType"] == "INSTANCE_FLEET"
    kind: Data = {"InstanceFleetType": "MASTER"} if fleets else {"InstanceGroupTypes": ["MASTER"]}
    return {"ClusterId": cluster["Id"], "InstanceStates": RUNNING_NODES, **kind}


detail(
    "emr.primary_nodes",
    "emr.list_instances",
    of="emr.cluster_settings",
    ask=_its_primary_nodes,
    items="Instances",
    keep=("Ec2InstanceId", "PublicIpAddress"),
)

listing(
    "emr.security_configurations",
    "emr.list_security_configurations",
    items="SecurityConfigurations",
    arn="arn:{partition}:elasticmapreduce:{region}:{account}:security-configuration/{Name}",
    label="Name",
    keep=("Name",),
)


def _this_security_configuration(configuration: Resource) -> Data:
    return {"Name": configuration["Name"]}


def _encryption(answer: Data) -> Iterator[Data]:
    yield json.loads(answer["SecurityConfiguration"]).get("EncryptionConfiguration", {})


detail(
    "emr.encryption_settings",
    "emr.describe_security_configuration",
    of="emr.security_configurations",
    ask=_this_security_configuration,
    items=_encryption,
    keep=("EnableAtRestEncryption", "EnableInTransitEncryption"),
)
