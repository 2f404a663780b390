"""Hosts, credentials, groups and scans."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import factory

from compliance.models import (
    Credential,
    Host,
    HostGroup,
    HostKey,
    Policy,
    PolicyOverride,
    PolicySecondary,
    Scan,
    Waiver,
)
from compliance.services import scan_outcomes, scan_requests
from compliance.services.snapshots import store_snapshot
from organizations.models.organizations import Organization
from templates_app.language.facts import FactDocument, HostOs
from templates_app.language.observations import Evidence
from templates_app.language.results import Result, SkipReason, Status
from templates_app.models import Template
from tests.factories.organizations import OrganizationFactory, UserFactory
from tests.factories.templates_app import a_check, published_template

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


class WaiverFactory(factory.django.DjangoModelFactory):
    """A pending exception in the whole organization, but for fields."""

    class Meta:
        model = Waiver

    organization = factory.SubFactory(OrganizationFactory)
    check_id = "linux_sysctl_ip_forward"
    reason = "The appliance routes packets; a firewall stands in front of it."
    created_by = factory.SubFactory(UserFactory)
    requested_by = factory.SelfAttribute("created_by")
    created_at = NOON


def a_scan(host: Host | None = None, template: Template | None = None, **fields: Any) -> Scan:
    """Return a pending scan, but for ``fields``."""
    host = host or HostFactory()
    template = template or published_template()
    values: dict[str, Any] = {
        "organization": host.organization, "host": host, "template": template, "template_sha256": template.sha256,
        "not_before": NOON,
    }  # fmt: skip
    return Scan.objects.create(**values | fields)


class HostKeyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = HostKey

    host = factory.SubFactory(HostFactory)
    type = "ssh-ed25519"
    fingerprint = factory.Sequence(lambda n: f"SHA256:{n:043}")
    state = HostKey.State.PINNED
    seen_at = NOON


STATUSES = ("fail", "error", "waived", "pass", "skip")
FOUND = {
    "pass": ("1", ""),
    "fail": ("0", ""),
    "waived": ("0", "waived until 1 December"),
    "error": ("could not be read", "needs root: kernel settings can only be read as root or through sudo"),
    "skip": ("not examined", "does not apply: the host is no router"),
}


def results_of(template: Template, statuses: Sequence[str] = STATUSES) -> list[Result]:
    """Return a result for each check of ``template``, with ``statuses`` in turn."""
    return [
        Result(
            check_id, Status(status), "net.ipv4.ip_forward is 0", f"net.ipv4.ip_forward is {FOUND[status][0]}",
            (Evidence("/etc/sysctl.d/10-net.conf", 3, "net.ipv4.ip_forward = 1", "the last one wins"),),
            SkipReason.NOT_APPLICABLE if status == "skip" else SkipReason.NONE, FOUND[status][1],
        )
        for check_id, status in zip(template.checks.values_list("check_id", flat=True), cycle(statuses), strict=False)
    ]  # fmt: skip


def some_facts(collected_at: datetime = NOON) -> FactDocument:
    os = HostOs("linux", "debian", "12", pretty_name="Debian GNU/Linux 12 (bookworm)")
    return FactDocument("1", "0" * 64, collected_at, "root", os, {})


def completed_scan(
    host: Host | None = None, template: Template | None = None, *, statuses: Sequence[str] = STATUSES,
    now: datetime = NOON, **fields: Any,
) -> Scan:  # fmt: skip
    """Return a scan of facts of ``now`` with ``statuses``, stored by the product's own services; its stream follows."""
    host = host or HostFactory()
    template = template or published_template([a_check(f"linux_check_{one}") for one in STATUSES])
    values: dict[str, Any] = {
        "status": Scan.Status.RUNNING, "lease_owner": "tests", "attempts": 1, "started_at": now, "created_at": now,
        "stream": scan_requests.stream_of(host, template, "server"),
    }  # fmt: skip
    scan = a_scan(host, template, **values | fields)
    return scan_outcomes.complete(
        scan=scan, snapshot=store_snapshot(host=host, facts=some_facts(now), walked_at=None),
        results=results_of(template, statuses), severities=dict(template.checks.values_list("check_id", "severity")),
        left_out=0, benchmark="debian12", now=now,
    )  # fmt: skip


def local_host() -> Host:
    """Return this machine as a host of the operator's organization."""
    operator, _ = Organization.objects.get_or_create(
        is_operator=True, defaults={"name": "Operator", "slug": "operator"}
    )
    return HostFactory(organization=operator, hostname="localhost", connection=Host.Connection.LOCAL)


class PolicyFactory(factory.django.DjangoModelFactory):
    """A policy as a row; its streams are begun by ``services.streams.assign_policy``, as in the product."""

    class Meta:
        model = Policy

    organization = factory.SubFactory(OrganizationFactory)
    os_type = "linux"
    template = factory.LazyFunction(published_template)


class PolicyOverrideFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PolicyOverride

    organization = factory.SubFactory(OrganizationFactory)
    policy = factory.LazyAttribute(lambda row: policy_of(row.organization))
    host = factory.LazyAttribute(lambda row: HostFactory(organization=row.organization))
    template = factory.LazyFunction(published_template)


class PolicySecondaryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PolicySecondary

    organization = factory.SubFactory(OrganizationFactory)
    policy = factory.LazyAttribute(lambda row: policy_of(row.organization))
    template = factory.LazyFunction(published_template)


def policy_of(organization: Organization) -> Policy:
    """Return the Linux policy of ``organization``, made when it has none."""
    policy = Policy.objects.of(organization).in_force().filter(os_type="linux").first()
    return policy or PolicyFactory(organization=organization)
