"""Streams with their figures and tallies of checks, as a posture is made of, without scans behind them."""

from typing import Any

import factory

from compliance.models import CheckTally, Host, Policy, Stream
from organizations.models.organizations import Organization
from templates_app.models import Template
from tests.factories.compliance import NOON, HostFactory
from tests.factories.organizations import OrganizationFactory
from tests.factories.templates_app import published_template


def a_policy(organization: Organization, template: Template | None = None, **fields: Any) -> Policy:
    """Return the policy in force of ``organization`` for Linux, made unless there is one."""
    found = Policy.objects.in_force().filter(organization=organization, os_type="linux").first()
    if found:
        return found
    return Policy.objects.create(
        organization=organization, os_type="linux", template=template or published_template(), **fields
    )


def a_standing(host: Host, score: float | None = None, **fields: Any) -> Stream:
    """Return the policy stream of ``host`` with ``score`` and other figures; a score counts unless it is incomplete."""
    policy = fields.pop("policy", None) or a_policy(host.organization)
    template = fields.pop("template", policy.template)
    values: dict[str, Any] = {
        "organization": host.organization, "host": host, "policy": policy, "role": Stream.Role.POLICY,
        "family": template.family, "profile": policy.profile, "template": template, "score": score,
        "score_without_waivers": score, "coverage": 1.0, "scanned_at": NOON,
    } | fields  # fmt: skip
    counts = values["role"] == Stream.Role.POLICY and not values.get("incomplete") and not values.get("ended_at")
    return Stream.objects.create(**{"counted_score": score if counts else None} | values)


class StreamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Stream

    organization = factory.SubFactory(OrganizationFactory)

    @classmethod
    def _create(cls, model_class: type[Stream], organization: Organization) -> Stream:
        return a_standing(HostFactory(organization=organization), 80.0)


class CheckTallyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CheckTally

    organization = factory.SubFactory(OrganizationFactory)
    policy = factory.LazyAttribute(lambda tally: a_policy(tally.organization))
    check_id = factory.Sequence(lambda n: f"linux_check_{n}")
    severity = "medium"
    status = "fail"
    hosts = 1
