from typing import Self

from django.db import models

from organizations.models.guards import Guard


class BenchmarkQuerySet(models.QuerySet["Benchmark"]):
    def newest(self) -> Self:
        """Return the newest revision of each benchmark."""
        latest = Benchmark.objects.filter(slug=models.OuterRef("slug")).order_by("-revision").values("pk")[:1]
        return self.filter(pk=models.Subquery(latest))


class Benchmark(models.Model):
    """One revision of one version of a published benchmark, as its file was when it was loaded. Shared by all."""

    slug = models.CharField(max_length=40)
    revision = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    publisher = models.CharField(max_length=120)
    version = models.CharField(max_length=40)
    content_date = models.DateField()
    document = models.JSONField(help_text="Sections and controls with their checks.")
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    objects = BenchmarkQuerySet.as_manager()
    guards = (Guard("frozen", ("UPDATE",), "A revision of a benchmark cannot be changed."),)

    class Meta:
        ordering = ["slug", "-revision"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["slug", "revision"], name="benchmark_revision_once")]

    def __str__(self) -> str:
        return self.title
