"""Templates with small checks of their own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from organizations.models.organizations import Organization
from templates_app.language.checks import Check
from templates_app.language.templates import FrozenCheck, TemplateDocument
from templates_app.models import Template
from templates_app.models.templates import new_family
from templates_app.services.templates import fill_draft, publish

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def a_check(check_id: str = "linux_sysctl_ip_forward", **fields: Any) -> Check:
    """Return a check that the kernel does not forward packets, but for ``fields``."""
    return Check.model_validate({
        "id": check_id,
        "title": "The kernel does not forward IPv4 packets",
        "description": "Looks at net.ipv4.ip_forward, running and persistent.",
        "rationale": "A host that forwards packets lets an attacker cross borders.",
        "remediation": "Set net.ipv4.ip_forward = 0 in a file below /etc/sysctl.d.",
        "severity": "medium",
        "references": {"cis-debian12": ["3.3.1"], "cac": ["sysctl_net_ipv4_ip_forward"]},
        "probe": {"kind": "sysctl", "key": "net.ipv4.ip_forward"},
        "expect": {"eq": "0"},
        "missing": "fail",
    } | fields)  # fmt: skip


def a_document(checks: Sequence[Check] = (), **fields: Any) -> TemplateDocument:
    values: Mapping[str, Any] = {
        "slug": "", "name": "House rules", "os_type": "linux", "framework": "Custom", "version": 1,
        "checks": [FrozenCheck(check=check) for check in checks or (a_check(),)],
    }  # fmt: skip
    return TemplateDocument.model_validate({**values, **fields})


def published_template(
    checks: Sequence[Check] = (), organization: Organization | None = None, **fields: Any
) -> Template:
    """Return a published template with ``checks``; without an organization a system template."""
    document = a_document(checks, **fields)
    template = Template.objects.create(
        organization=organization, family=document.slug or new_family(), slug=document.slug, version=document.version,
        name=document.name, os_type=document.os_type, framework=document.framework,
    )  # fmt: skip
    fill_draft(template, document, {})
    return publish(template, document, now=NOON, by=None)


def next_version(template: Template, checks: Sequence[Check] = ()) -> Template:
    """Return a further published version of the family of ``template``."""
    document = a_document(checks, name=template.name, os_type=template.os_type, version=template.version + 1)
    new = Template.objects.create(
        organization=template.organization, family=template.family, slug=template.slug, version=document.version,
        name=document.name, os_type=document.os_type, framework=document.framework,
    )  # fmt: skip
    fill_draft(new, document, {})
    return publish(new, document, now=NOON, by=None)
