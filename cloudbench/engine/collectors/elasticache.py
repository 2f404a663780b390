"""ElastiCache: clusters, and the replication groups of Redis OSS and Valkey that they may be members of."""

from cloudbench.engine.registry import listing

listing(
    "elasticache.cache_clusters",
    "elasticache.describe_cache_clusters",
    items="CacheClusters",
    arn="{ARN}",
    label="CacheClusterId",
    keep=(
        "CacheClusterId", "CacheClusterStatus", "Engine", "EngineVersion", "ReplicationGroupId", "CacheSubnetGroupName",
        "AutoMinorVersionUpgrade", "SnapshotRetentionLimit",
    ),
)  # fmt: skip
listing(
    "elasticache.replication_groups",
    "elasticache.describe_replication_groups",
    items="ReplicationGroups",
    arn="{ARN}",
    label="ReplicationGroupId",
    keep=(
        "ReplicationGroupId", "Status", "Engine", "MemberClusters", "AutomaticFailover", "MultiAZ",
        "AtRestEncryptionEnabled", "StorageEncryptionType", "TransitEncryptionEnabled", "TransitEncryptionMode",
        "AuthTokenEnabled", "UserGroupIds", "SnapshotRetentionLimit",
    ),
)  # fmt: skip
