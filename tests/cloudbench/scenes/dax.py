from tests.cloudbench.scenes import ACCOUNT, Aws, Expected, Verdicts, on_moto


@on_moto()
def clusters(aws: Aws) -> Verdicts:
    dax = aws("dax")
    for name, extra in (
        ("careful", {"SSESpecification": {"Enabled": True}, "ClusterEndpointEncryptionType": "TLS"}),
        ("careless", {"SSESpecification": {"Enabled": False}, "ClusterEndpointEncryptionType": "NONE"}),
        ("default", {}),
    ):
        dax.create_cluster(
            ClusterName=name, NodeType="dax.t3.small", ReplicationFactor=1,
            IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/dax", **extra,
        )  # fmt: skip
    either = Expected(good=["careful"], bad=["careless", "default"])
    return {"dax_cluster_encrypted": either, "dax_cluster_tls": either}
