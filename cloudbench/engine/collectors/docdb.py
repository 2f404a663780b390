"""DocumentDB clusters and their snapshots: parts of what RDS's listings tell anyway. Elastic clusters are not here."""

from cloudbench.engine.collectors.rds import cluster_snapshots, clusters
from cloudbench.engine.registry import detail

DOCUMENTDB = "Engine == 'docdb'"

clusters("docdb.clusters", DOCUMENTDB)
cluster_snapshots("docdb.cluster_snapshots", DOCUMENTDB)
detail(
    "docdb.tls_parameters",
    "rds.describe_db_cluster_parameters",
    of="docdb.clusters",
    # No filter by name: DocumentDB does not support it, and its groups are of one page.
    ask=lambda cluster: {"DBClusterParameterGroupName": cluster["DBClusterParameterGroup"]},
    items="Parameters[?ParameterName == 'tls']",
    keep=("ParameterName", "ParameterValue", "ApplyType", "Source"),
)
