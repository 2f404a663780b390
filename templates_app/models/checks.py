from django.db import models

from organizations.models.guards import Guard
from templates_app.models.templates import Template


class TemplateCheck(models.Model):
    """One check of a template, as a row to browse and edit; ``definition`` is the value that the language reads."""

    class Severity(models.TextChoices):
        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    class Assessment(models.TextChoices):
        AUTO = "auto", "Automatic"
        MANUAL = "manual", "Manual"

    template = models.ForeignKey(Template, models.CASCADE, related_name="checks")
    position = models.PositiveIntegerField()
    check_id = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=10, choices=Severity)
    assessment = models.CharField(max_length=10, choices=Assessment)
    enabled = models.BooleanField(default=True)
    area = models.CharField(max_length=60, blank=True)
    sections = models.CharField(max_length=300, blank=True, help_text="Its sections in the benchmarks, for search.")
    profiles = models.JSONField(default=list)
    definition = models.JSONField()

    guards = (
        Guard(
            "published",
            ("INSERT", "UPDATE", "DELETE"),
            "The checks of a published template cannot be changed.",
            when="EXISTS (SELECT 1 FROM templates_app_template AS t "
            "WHERE t.id = {row}.template_id AND t.status = 'published')",
        ),
        Guard(
            "into_published",
            ("UPDATE",),
            "The checks of a published template cannot be changed.",
            when="EXISTS (SELECT 1 FROM templates_app_template AS t "
            "WHERE t.id = NEW.template_id AND t.status = 'published')",
        ),
    )

    class Meta:
        ordering = ["template", "position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["template", "check_id"], name="template_check_once"),
        ]

    def __str__(self) -> str:
        return self.check_id
