"""What refers to a template, whoever declared the reference."""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import Q

from templates_app.models import Template


def relations(*kinds: Any) -> Iterator[tuple[type[models.Model], str]]:
    """Yield (model, field name) of each reference to templates that is declared with one of these on_delete."""
    for relation in Template._meta.get_fields(include_hidden=True):  # a related_name "+" hides no reference
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete in kinds:
            yield relation.related_model, relation.field.name


def references_to(template: Template) -> str:
    """Return what refers to ``template`` as the beginning of a sentence, or "": "12 scans and 1 policy refer to"."""
    found = []
    number = 0
    for model, name in relations(models.PROTECT, models.RESTRICT, models.DO_NOTHING):
        count = model._base_manager.filter(refers(model, name, template)).count()
        if count:
            number += count
            names = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            found.append(f"{count} {names}")
    if not found:
        return ""
    return f"{' and '.join(found)} {'refers' if number == 1 else 'refer'} to"


PIN = "pinned_template_version"
"""A field of this name beside a reference pins one version of the referred template's family, by its number."""


def refers(model: type[models.Model], name: str, template: Template) -> Q:
    """Return the condition under which a row of ``model`` refers to ``template`` by the field ``name``."""
    direct = Q(**{name: template.pk})
    if all(field.name != PIN for field in model._meta.fields):
        return direct
    return direct | Q(**{f"{name}__family": template.family, PIN: template.version})
