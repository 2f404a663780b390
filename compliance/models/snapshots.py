import zstandard
from django.db import models

from compliance.models.hosts import Host
from organizations.models.owned import Owned

MOST_BYTES = 64 * 1024 * 1024


class Blob(Owned):
    """Compressed bytes, stored once in an organization under their SHA-256: fact sections, manifests, results."""

    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["organization", "sha256"], name="blob_once_in_organization")]

    def __str__(self) -> str:
        return self.sha256[:12]

    def unpacked(self) -> bytes:
        """Return the content. Raises zstandard.ZstdError when the stored bytes are damaged."""
        return zstandard.ZstdDecompressor().decompress(bytes(self.data), max_output_size=MOST_BYTES)


class Snapshot(Owned):
    """What one collection saw of one host. ``manifest`` is the blob that names the blob of each section."""

    host = models.ForeignKey(Host, models.PROTECT, related_name="snapshots")
    collected_at = models.DateTimeField()
    walked_at = models.DateTimeField(null=True, blank=True, help_text="When the file systems were last walked.")
    collector_version = models.CharField(max_length=20)
    plan_sha256 = models.CharField(max_length=64)
    privilege = models.CharField(max_length=10)
    manifest = models.ForeignKey(Blob, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-collected_at", "-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["host", "-collected_at"], name="snapshot_by_host")]

    def __str__(self) -> str:
        return f"{self.host} {self.collected_at:%Y-%m-%d %H:%M}"
