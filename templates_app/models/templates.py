import secrets
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, Subquery
from django.utils import timezone

from organizations.models.guards import Guard
from organizations.models.organizations import Organization


def new_family() -> str:
    """Return the random name of a lineage of template versions."""
    return secrets.token_hex(8)


class OsType(models.TextChoices):
    LINUX = "linux", "Linux"
    WINDOWS = "windows", "Windows"
    BSD = "bsd", "BSD"


class TemplateQuerySet(models.QuerySet["Template"]):
    def visible_in(self, organizations: "models.QuerySet[Organization]") -> Self:
        """Return the system templates and those of ``organizations``."""
        return self.filter(Q(organization=None) | Q(organization__in=organizations))

    def published(self) -> Self:
        return self.filter(status=Template.Status.PUBLISHED)

    def newest(self) -> Self:
        """Return the newest published version of each family."""
        later = Template.objects.published().filter(family=OuterRef("family"), version__gt=OuterRef("version"))
        return self.published().filter(~Exists(later))

    def counted(self) -> Self:
        """Annotate ``check_count`` and ``enabled_count``; asked for the rows of a page only, so by sub-queries."""
        same = Template.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
        number = same.annotate(number=Count("checks")).values("number")
        enabled = same.annotate(number=Count("checks", filter=Q(checks__enabled=True))).values("number")
        return self.annotate(
            check_count=Subquery(number, IntegerField()), enabled_count=Subquery(enabled, IntegerField())
        )

    def latest_of(self, slug: str) -> "Template | None":
        """Return the newest published version of the system template called ``slug``."""
        return self.published().filter(slug=slug, organization=None).order_by("-version").first()


class Template(models.Model):
    """One version of a template. A system template belongs to no organization; a published one never changes."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    organization = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    family = models.CharField(max_length=60, default=new_family, db_index=True)
    slug = models.SlugField(max_length=60, blank=True)
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    os_type = models.CharField("OS type", max_length=10, choices=OsType)
    framework = models.CharField(max_length=60)
    scan_interval_hours = models.PositiveIntegerField(
        default=24, validators=[MinValueValidator(24), MaxValueValidator(168)]
    )
    variables = models.JSONField(default=dict, blank=True, help_text="Values that checks ask for, with their bounds.")
    values = models.JSONField(default=dict, blank=True, help_text="What is set for variables in place of the default.")
    document = models.TextField(blank=True, help_text="The frozen document that scans evaluate; empty in a draft.")
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = TemplateQuerySet.as_manager()

    guards = (
        Guard("published", ("UPDATE",), "A published template cannot be changed.", when="{row}.status = 'published'"),
        Guard(
            "system",
            ("DELETE",),
            "A published system template cannot be deleted.",
            when="{row}.organization_id IS NULL AND {row}.status = 'published'",
        ),
    )

    class Meta:
        ordering = ["name", "-version"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["family", "version"], name="template_version_once_in_family"),
            models.UniqueConstraint(
                fields=["family"], condition=Q(status="draft"), name="template_one_open_draft_in_family"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", sha256="") | Q(status="published") & ~Q(sha256=""),
                name="template_published_has_document",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def is_system(self) -> bool:
        return self.organization_id is None
