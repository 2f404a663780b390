"""Hosts, credentials, groups and scans."""

from datetime import UTC, datetime
from typing import Any

import factory

from compliance.models import Credential, Host, HostGroup, Scan
from organizations.models.organizations import Organization
from templates_app.models import Template
from tests.factories.organizations import OrganizationFactory
from tests.factories.templates_app import published_template

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class HostGroupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = HostGroup

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"group {n}")


class CredentialFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Credential

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"credential {n}")
    username = "ops"
    password = "not a secret"


class HostFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Host

    organization = factory.SubFactory(OrganizationFactory)
    hostname = factory.Sequence(lambda n: f"web-{n}.example.com")


def a_scan(host: Host | None = None, template: Template | None = None, **fields: Any) -> Scan:
    """Return a pending scan, but for ``fields``."""
    host = host or HostFactory()
    template = template or published_template()
    values: dict[str, Any] = {
        "organization": host.organization, "host": host, "template": template, "template_sha256": template.sha256,
        "not_before": NOON,
    }  # fmt: skip
    return Scan.objects.create(**values | fields)


def local_host() -> Host:
    """Return this machine as a host of the operator's organization."""
    operator, _ = Organization.objects.get_or_create(
        is_operator=True, defaults={"name": "Operator", "slug": "operator"}
    )
    return HostFactory(organization=operator, hostname="localhost", connection=Host.Connection.LOCAL)
