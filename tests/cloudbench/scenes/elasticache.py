from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ARN = f"arn:aws:elasticache:{REGION}:{ACCOUNT}"


@on_moto()
def groups_on_moto(aws: Aws) -> Verdicts:
    elasticache = aws("elasticache")
    elasticache.create_replication_group(
        ReplicationGroupId="careful", ReplicationGroupDescription="good", Engine="redis", NumCacheClusters=2,
        CacheNodeType="cache.t3.micro", AutomaticFailoverEnabled=True, AtRestEncryptionEnabled=True,
        TransitEncryptionEnabled=True, SnapshotRetentionLimit=1,
    )  # fmt: skip
    elasticache.create_replication_group(
        ReplicationGroupId="careless", ReplicationGroupDescription="bad", Engine="redis", NumCacheClusters=1,
        CacheNodeType="cache.t3.micro", AutomaticFailoverEnabled=False,
    )  # fmt: skip
    either = Expected(good=["careful"], bad=["careless"])
    return {
        "elasticache_auto_failover": either,
        "elasticache_encrypted_at_rest": either,
        "elasticache_encrypted_in_transit": either,
    }


def group(name: str, **fields: Any) -> dict[str, Any]:
    return {"ReplicationGroupId": name, "ARN": f"{ARN}:replicationgroup:{name}", **fields}


def cache(name: str, engine: str = "redis", version: str = "7.1.0", **fields: Any) -> dict[str, Any]:
    return {
        "CacheClusterId": name, "ARN": f"{ARN}:cluster:{name}", "Engine": engine, "EngineVersion": version, **fields
    }  # fmt: skip


@on_answers
def groups_and_clusters() -> Answers:
    """What moto lacks: members of groups with versions, and states in between."""
    return Answers(
        {
            "elasticache.describe_replication_groups": {
                "ReplicationGroups": [
                    group("old-token", AuthTokenEnabled=True, SnapshotRetentionLimit=1, AutomaticFailover="enabling"),
                    group("old-open", AuthTokenEnabled=False, TransitEncryptionEnabled=True, Engine="redis",
                          TransitEncryptionMode="preferred"),
                    group("new-open", AuthTokenEnabled=False, StorageEncryptionType="sse-elasticache"),
                    group("valkey", Engine="valkey", AtRestEncryptionEnabled=False, StorageEncryptionType="none"),
                ]
            },
            "elasticache.describe_cache_clusters": {
                "CacheClusters": [
                    cache("old-token-1", version="5.0.6", ReplicationGroupId="old-token",
                          AutoMinorVersionUpgrade=True, CacheSubnetGroupName="private", SnapshotRetentionLimit=0),
                    cache("old-open-1", version="5.0.6", ReplicationGroupId="old-open", AutoMinorVersionUpgrade=False,
                          CacheSubnetGroupName="default"),
                    cache("new-open-1", version="6.2.6", ReplicationGroupId="new-open", AutoMinorVersionUpgrade=True,
                          CacheSubnetGroupName="private"),
                    cache("alone", SnapshotRetentionLimit=5, AutoMinorVersionUpgrade=True),
                    cache("alone-bare", SnapshotRetentionLimit=0, CacheSubnetGroupName="default"),
                    cache("memory", "memcached", "1.6.22", AutoMinorVersionUpgrade=False,
                          CacheSubnetGroupName="private"),
                ]
            },
        },
        {
            "elasticache_redis_auth": Expected(good=["old-token"], bad=["old-open"]),
            "elasticache_auto_failover": Expected(bad=["old-token", "old-open", "new-open", "valkey"]),
            "elasticache_encrypted_at_rest": Expected(good=["new-open"], bad=["old-token", "old-open", "valkey"]),
            "elasticache_encrypted_in_transit": Expected(good=["old-open"], bad=["old-token", "new-open", "valkey"]),
            "elasticache_redis_auto_backup": Expected(
                good=["old-token", "alone"], bad=["old-open", "new-open", "valkey", "alone-bare"]
            ),
            "elasticache_auto_minor_upgrade": Expected(
                good=["old-token-1", "new-open-1", "alone"], bad=["old-open-1", "alone-bare"]
            ),
            "elasticache_custom_subnet_group": Expected(
                good=["old-token-1", "new-open-1", "memory"], bad=["old-open-1", "alone", "alone-bare"]
            ),
        },
    )  # fmt: skip
