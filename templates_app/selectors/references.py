"""What refers to a template, whoever declared the reference."""

from collections.abc import Iterator
from typing import Any

from django.db import models

from templates_app.models import Template


def relations(*kinds: Any) -> Iterator[tuple[type[models.Model], str]]:
    """Yield (model, field name) of each reference to templates that is declared with one of these on_delete."""
    for relation in Template._meta.related_objects:
        if getattr(relation, "on_delete", None) in kinds:
            yield relation.related_model, relation.field.name


def references_to(template: Template) -> str:
    """Return what refers to ``template`` as the beginning of a sentence, or "": "12 scans and 1 policy refer to"."""
    found = []
    number = 0
    for model, name in relations(models.PROTECT, models.RESTRICT, models.DO_NOTHING):
        count = model._base_manager.filter(**{name: template.pk}).count()
        if count:
            number += count
            names = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            found.append(f"{count} {names}")
    if not found:
        return ""
    return f"{' and '.join(found)} {'refers' if number == 1 else 'refer'} to"
