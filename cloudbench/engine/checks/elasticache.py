"""What must hold of ElastiCache clusters and replication groups."""

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

BACKUP_DAYS = 1
"""Source: Security Hub ElastiCache.1, the default of its parameter."""
WITH_ROLES = (6, 0)
"""From this version on Redis has users with roles, and AUTH is no longer asked for. Source: ElastiCache.6."""
ENCRYPTING = ("sse-elasticache", "sse-kms")

# --- Replication groups -----------------------------------------------------------------------------------------------


@check("elasticache_auto_failover", over="elasticache.replication_groups")
def group_fails_over(group: Resource, view: View) -> Verdict:
    """Fail unless a replica takes over by itself. Source: DescribeReplicationGroups, AutomaticFailover."""
    state = group.get("AutomaticFailover", "disabled")
    return verdict(
        state == "enabled",
        "A replica takes over when the primary fails.",
        f"Automatic failover is {state}.",
        AutomaticFailover=state,
    )


@check("elasticache_encrypted_at_rest", over="elasticache.replication_groups")
def group_is_encrypted(group: Resource, view: View) -> Verdict:
    """Fail without encryption at rest. The flag may be false where AWS encrypts with its own key: the type tells.

    Source: DescribeReplicationGroups, AtRestEncryptionEnabled and StorageEncryptionType.
    """
    enabled, kind = group.get("AtRestEncryptionEnabled", False), group.get("StorageEncryptionType", "")
    return verdict(
        enabled or kind in ENCRYPTING,
        "Data on disk and backups are encrypted.",
        "Data on disk and backups are not encrypted.",
        AtRestEncryptionEnabled=enabled,
        StorageEncryptionType=kind or "not told",
    )


@check("elasticache_encrypted_in_transit", over="elasticache.replication_groups")
def group_encrypts_traffic(group: Resource, view: View) -> Verdict:
    """Fail without encryption in transit. The mode "preferred" passes, as in the control, and the words tell of it.

    Source: DescribeReplicationGroups, TransitEncryptionEnabled and TransitEncryptionMode.
    """
    mode = group.get("TransitEncryptionMode", "required")
    if not group.get("TransitEncryptionEnabled"):
        return failed("Traffic is not encrypted.", TransitEncryptionEnabled=False)
    words = "Traffic is encrypted." if mode == "required" else "TLS is offered; clients without it are still let in."
    return passed(words, TransitEncryptionEnabled=True, TransitEncryptionMode=mode)


@check("elasticache_redis_auth", over="elasticache.replication_groups", reads=("elasticache.cache_clusters",))
def old_group_asks_for_token(group: Resource, view: View) -> Verdict | None:
    """Fail for a Redis group older than 6.0 without AUTH; newer ones have users with roles and are left out.

    Source: DescribeReplicationGroups, AuthTokenEnabled; DescribeCacheClusters, EngineVersion of the members.
    """
    versions = [
        cluster["EngineVersion"]
        for cluster in view.in_region("elasticache.cache_clusters", group.region)
        if cluster.get("ReplicationGroupId") == group["ReplicationGroupId"] and cluster["Engine"] == "redis"
    ]
    oldest = min(versions, key=_version, default=None)
    if oldest is None or _version(oldest) >= WITH_ROLES:
        return None
    enabled = group.get("AuthTokenEnabled", False)
    return verdict(
        enabled,
        "Clients must give a token (AUTH).",
        f"Redis {oldest} lets clients in without a token.",
        AuthTokenEnabled=enabled,
        EngineVersion=oldest,
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


# --- Clusters ---------------------------------------------------------------------------------------------------------


def _is_memcached(cluster: Resource) -> bool:
    return cluster["Engine"] == "memcached"


@check("elasticache_redis_auto_backup", over=("elasticache.replication_groups", "elasticache.cache_clusters"))
def backups_are_made(cache: Resource, view: View) -> Verdict | None:
    """Fail unless backups are kept for BACKUP_DAYS. A member counts as its group; Memcached has no backups.

    Source: DescribeReplicationGroups and DescribeCacheClusters, SnapshotRetentionLimit (0 is off).
    """
    if cache.collection == "elasticache.cache_clusters" and (cache.get("ReplicationGroupId") or _is_memcached(cache)):
        return None
    days = cache.get("SnapshotRetentionLimit", 0)
    words = f"Backups are kept for {days} days." if days else "There are no automatic backups."
    return verdict(days >= BACKUP_DAYS, words, words, SnapshotRetentionLimit=days)


@check("elasticache_auto_minor_upgrade", over="elasticache.cache_clusters")
def cluster_upgrades_by_itself(cluster: Resource, view: View) -> Verdict | None:
    """Fail unless minor versions are installed by themselves; Memcached is left out, as in the control.

    Source: DescribeCacheClusters, AutoMinorVersionUpgrade.
    """
    if _is_memcached(cluster):
        return None
    upgrades = cluster.get("AutoMinorVersionUpgrade", False)
    return verdict(
        upgrades,
        "Minor engine versions are installed automatically.",
        "Minor engine versions are not installed automatically.",
        AutoMinorVersionUpgrade=upgrades,
    )


@check("elasticache_custom_subnet_group", over="elasticache.cache_clusters")
def cluster_has_own_subnets(cluster: Resource, view: View) -> Verdict:
    """Fail for the subnet group "default", or none at all. Source: DescribeCacheClusters, CacheSubnetGroupName."""
    name = cluster.get("CacheSubnetGroupName") or "none"
    return verdict(
        name not in ("default", "none"),
        f"It uses the subnet group {name}.",
        "It uses the default subnet group." if name == "default" else "It uses no subnet group.",
        CacheSubnetGroupName=name,
    )
