from typing import Any

from tests.cloudbench.scenes import Answers, Aws, Expected, Verdicts, on_answers, on_moto

SECRET = "Not-a-Secret-1"


@on_moto()
def clusters_on_moto(aws: Aws) -> Verdicts:
    redshift = aws("redshift")
    common = {"NodeType": "ra3.large", "ClusterType": "single-node", "MasterUserPassword": SECRET}
    redshift.create_cluster(
        ClusterIdentifier="careful", DBName="sales", MasterUsername="steward", Encrypted=True, PubliclyAccessible=False,
        AllowVersionUpgrade=True, EnhancedVpcRouting=True, AutomatedSnapshotRetentionPeriod=7, **common,
    )  # fmt: skip
    redshift.create_cluster(
        ClusterIdentifier="careless", DBName="dev", MasterUsername="awsuser", Encrypted=False, PubliclyAccessible=True,
        AllowVersionUpgrade=False, EnhancedVpcRouting=False, AutomatedSnapshotRetentionPeriod=6, **common,
    )  # fmt: skip
    either = Expected(good=["careful"], bad=["careless"])
    return dict.fromkeys(
        [
            "redshift_cluster_not_public", "redshift_cluster_encrypted", "redshift_auto_major_upgrade",
            "redshift_enhanced_vpc_routing", "redshift_automatic_snapshots", "redshift_custom_admin_name",
            "redshift_custom_database_name",
        ],
        either,
    )  # fmt: skip


@on_moto()
def ports_of_clusters(aws: Aws) -> Verdicts:
    ec2, redshift = aws("ec2"), aws("redshift")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    rules: dict[str, dict[str, Any]] = {
        "inside": {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        "elsewhere": {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        "udp": {"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        "range": {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 6000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        "six": {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        "all": {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    }
    for name, rule in rules.items():
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        redshift.create_cluster(
            ClusterIdentifier=name, NodeType="ra3.large", ClusterType="single-node", MasterUsername="steward",
            MasterUserPassword=SECRET, VpcSecurityGroupIds=[group], Port=5439,
        )  # fmt: skip
    return {
        "redshift_security_group_restricted": Expected(good=["inside", "elsewhere", "udp"], bad=["range", "six", "all"])
    }


def cluster(name: str, group: str, status: str = "in-sync", **fields: Any) -> dict[str, Any]:
    parameters = [{"ParameterName": "require_ssl", "ParameterApplyStatus": status}]
    return {
        "ClusterIdentifier": name,
        "MasterUsername": "steward",
        "ClusterParameterGroups": [{"ParameterGroupName": group, "ClusterParameterStatusList": parameters}],
        **fields,
    }


@on_answers
def clusters_with_edges() -> Answers:
    """What moto lacks: parameters of groups, zones, and logging."""

    def parameters(asked: Any) -> dict[str, Any]:
        value = {"strict": "true", "lax": "false"}.get(asked["ParameterGroupName"])
        ssl = [{"ParameterName": "require_ssl", "ParameterValue": value}] if value else []
        return {"Parameters": [{"ParameterName": "auto_mv", "ParameterValue": "true"}, *ssl]}

    def logging(asked: Any) -> dict[str, Any]:
        return {
            "careful": {"LoggingEnabled": True, "BucketName": "audit-logs"},
            "waits": {"LoggingEnabled": True, "LogDestinationType": "cloudwatch", "LogExports": ["userlog"]},
        }.get(asked["ClusterIdentifier"], {"LoggingEnabled": False})

    return Answers(
        {
            "redshift.describe_clusters": {
                "Clusters": [
                    cluster("careful", "strict", MultiAZ="Enabled", DBName="sales"),
                    cluster("waits", "strict", "pending-reboot", MultiAZ="Disabled"),
                    cluster("lax", "lax", AutomatedSnapshotRetentionPeriod=0),
                    cluster("bare", "empty", AutomatedSnapshotRetentionPeriod=35),
                ]
            },
            "redshift.describe_cluster_parameters": parameters,
            "redshift.describe_logging_status": logging,
        },
        {
            "redshift_cluster_tls_required": Expected(good=["careful"], bad=["waits", "lax", "bare"]),
            "redshift_cluster_multi_az": Expected(good=["careful"], bad=["waits", "lax", "bare"]),
            "redshift_audit_logging": Expected(good=["careful", "waits"], bad=["lax", "bare"]),
            "redshift_automatic_snapshots": Expected(good=["bare"], bad=["careful", "waits", "lax"]),
            "redshift_custom_database_name": Expected(good=["careful"], bad=["waits", "lax", "bare"]),
        },
    )
