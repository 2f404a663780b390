"""Neptune clusters, their instances and snapshots: parts of what RDS's listings tell anyway."""

from cloudbench.engine.collectors.rds import cluster_snapshots, clusters, instances

NEPTUNE = "Engine == 'neptune'"

clusters("neptune.clusters", NEPTUNE)
instances("neptune.instances", NEPTUNE)
cluster_snapshots("neptune.cluster_snapshots", NEPTUNE)
