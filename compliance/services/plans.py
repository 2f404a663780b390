"""Plans: what one collection of a host must bring, so that it serves every template that may be asked for."""

import logging
from functools import lru_cache

from compliance.engine.collectors.plan import Plan, plan
from organizations.models.organizations import Organization
from templates_app.language.checks import BENCHMARKS
from templates_app.language.registry import Need
from templates_app.language.templates import PROFILES, UNUSABLE, compiled_template
from templates_app.models import Template

logger = logging.getLogger(__name__)

Frozen = tuple[str, str]


def plan_for(organization: Organization, os_type: str, *extra: Template) -> Plan:
    """Return the plan for what ``organization`` sees of ``os_type``, newest published versions, and for ``extra``."""
    visible = Template.objects.visible_in(Organization.objects.filter(pk=organization.pk)).filter(os_type=os_type)
    frozen = {(template.sha256, template.document) for template in [*visible.newest(), *extra]}
    return plan_of(tuple(sorted(frozen)))


def needs_of(sha256: str, document: str) -> list[Need]:
    """Return what a frozen template needs on any distribution under any profile.

    Nothing for one that this version cannot make sense of any more: its own scans say so, others go on.
    """
    try:
        compiled = [
            compiled_template(sha256, document, benchmark, profile) for benchmark in BENCHMARKS for profile in PROFILES
        ]
    except UNUSABLE:
        logger.warning("template.unusable", extra={"template_sha256": sha256})
        return []
    return [need for one in compiled for need in one.needs()]


@lru_cache(maxsize=16)
def plan_of(frozen: tuple[Frozen, ...]) -> Plan:
    """Return the plan that serves every distribution and profile of the ``frozen`` templates (sha256, document)."""
    return plan(need for sha256, document in frozen for need in needs_of(sha256, document))
