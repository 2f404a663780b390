"""EKS clusters and how long AWS supports their versions of Kubernetes."""

from cloudbench.engine.registry import detail, listing

listing(
    "eks.cluster_names",
    "eks.list_clusters",
    items="clusters[].{name: @}",
    arn="arn:{partition}:eks:{region}:{account}:cluster/{name}",
    label="name",
)
detail(
    "eks.clusters",
    "eks.describe_cluster",
    of="eks.cluster_names",
    ask=lambda cluster: {"name": cluster["name"]},
    items="cluster",
    arn="{arn}",
    label="name",
    keep=("version", "status", "resourcesVpcConfig", "logging", "encryptionConfig"),
)
detail(  # clusters of one version share the call
    "eks.cluster_versions",
    "eks.describe_cluster_versions",
    of="eks.clusters",
    ask=lambda cluster: {"clusterVersions": [cluster["version"]]},
    items="clusterVersions",
    keep=("clusterVersion", "versionStatus", "endOfStandardSupportDate"),
)
