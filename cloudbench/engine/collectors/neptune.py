"""Neptune clusters and their snapshots: parts of what RDS's listings tell anyway."""

from cloudbench.engine.collectors.rds import cluster_snapshots, clusters

NEPTUNE = "Engine == 'neptune'"

clusters("neptune.clusters", NEPTUNE)
cluster_snapshots("neptune.cluster_snapshots", NEPTUNE)
