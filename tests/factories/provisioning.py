"""Provisioned VMs with what they hang on, and scans of their own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import factory

from compliance.models import (
    HandoverSettings,
    Project,
    ProviderConnection,
    ProvisionedVm,
    ProvisioningRun,
    Scan,
    Stream,
    TerraformConnection,
    VmEvent,
)
from organizations.models.organizations import Organization
from templates_app.models import Template
from tests.factories.compliance import NOON, STATUSES, CredentialFactory, HostFactory, completed_scan
from tests.factories.organizations import OrganizationFactory
from tests.factories.templates_app import a_check, published_template
from tests.peers.hcp import READS_STATE, HcpPeer


class ProjectFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Project

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"project {n}")


class TerraformConnectionFactory(factory.django.DjangoModelFactory):
    """A connection without a token, so that nothing of it asks the real host."""

    class Meta:
        model = TerraformConnection

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"terraform {n}")


class ProviderConnectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ProviderConnection

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"provider {n}")
    kind = ProviderConnection.Kind.AWS
    scope = factory.LazyFunction(lambda: {"region": "eu-central-1"})


class ProvisioningRunFactory(factory.django.DjangoModelFactory):
    """A posted apply that is registered."""

    class Meta:
        model = ProvisioningRun

    organization = factory.SubFactory(OrganizationFactory)
    project = factory.SubFactory(ProjectFactory, organization=factory.SelfAttribute("..organization"))
    run_id = factory.Sequence(lambda n: f"run-{n}")
    source = ProvisioningRun.Source.POSTED
    source_key = factory.LazyAttribute(lambda run: f"posted:{run.project}:{run.run_id}")
    status = ProvisioningRun.Status.REGISTERED
    registered_at = NOON


class ProvisionedVmFactory(factory.django.DjangoModelFactory):
    """A VM that waits for nothing any more and was not scanned; its host answers at 10.20.0.x."""

    class Meta:
        model = ProvisionedVm

    organization = factory.SubFactory(OrganizationFactory)
    project = factory.SubFactory(ProjectFactory, organization=factory.SelfAttribute("..organization"))
    run = factory.SubFactory(
        ProvisioningRunFactory,
        organization=factory.SelfAttribute("..organization"),
        project=factory.SelfAttribute("..project"),
    )
    name = factory.Sequence(lambda n: f"app-{n}")
    addresses = factory.Sequence(lambda n: [f"10.20.{n // 250 % 250}.{n % 250 + 1}"])
    host = factory.SubFactory(
        HostFactory,
        organization=factory.SelfAttribute("..organization"),
        hostname=factory.LazyAttribute(lambda host: f"{host.factory_parent.name}.example.com"),
        address=factory.LazyAttribute(lambda host: host.factory_parent.addresses[0]),
    )
    provider = ProviderConnection.Kind.AWS
    instance_id = factory.Sequence(lambda n: f"i-{n:017x}")
    resource_address = factory.LazyAttribute(lambda vm: f"aws_instance.{vm.name}")
    resource_type = "aws_instance"
    os_family = "linux"
    region = "eu-central-1"
    power_state = "running"
    phase = ProvisionedVm.Phase.SETTLED
    state = ProvisionedVm.State.PENDING
    state_since = NOON


class HandoverSettingsFactory(factory.django.DjangoModelFactory):
    """The settings of an organization, which has them once: the defaults."""

    class Meta:
        model = HandoverSettings
        django_get_or_create = ("organization",)

    organization = factory.SubFactory(OrganizationFactory)


class VmEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = VmEvent

    vm = factory.SubFactory(ProvisionedVmFactory)
    kind = VmEvent.Kind.APPLIED
    at = NOON
    text = "Run run-1 of web was applied."


def handover_settings(organization: Organization, **fields: Any) -> HandoverSettings:
    """Return the stored settings of ``organization``: scanning on and blocking, but for ``fields``."""
    values: dict[str, Any] = {"enabled": True, "enforcement_mode": "block"}
    if "ssh_credential" not in fields:
        values["ssh_credential"] = CredentialFactory(organization=organization)
    made, _ = HandoverSettings.objects.update_or_create(organization=organization, defaults=values | fields)
    return made


def provision_stream(vm: ProvisionedVm, template: Template | None = None) -> Stream:
    family = template.family if template else "cis-l1-linux"
    stream, _ = Stream.objects.get_or_create(
        host=vm.host, role=Stream.Role.PROVISION, profile="server", ended_at=None,
        defaults={"organization": vm.organization, "family": family},
    )  # fmt: skip
    return stream


def vm_scan(
    vm: ProvisionedVm, template: Template | None = None, *, statuses: Sequence[str] = ("fail", "pass"),
    now: datetime = NOON, **fields: Any,
) -> Scan:  # fmt: skip
    """Return a completed scan of the VM's own, by the product's services: the gate has decided on it.

    Without a ``template`` it has the content that the settings choose unless they are changed.
    """
    template = (
        template
        or Template.objects.latest_of("cis-l1-linux")
        or published_template([a_check(f"linux_check_{one}") for one in STATUSES], slug="cis-l1-linux")
    )
    stream = provision_stream(vm, template)
    return completed_scan(
        vm.host, template, statuses=statuses, now=now, scan_type=Scan.Type.PROVISION, stream=stream, **fields
    )


NOTIFICATION_KEY, RUN_TASK_KEY = "a key for notifications", "a key for run tasks"


def hcp_connection(peer: HcpPeer, organization: Organization | None = None, **fields: Any) -> TerraformConnection:
    """Return a connection to the played HCP Terraform, which is on loopback: the operator's alone may go there."""
    if organization is None:
        organization = OrganizationFactory(is_operator=True)
    values: dict[str, Any] = {
        "host": peer.host, "ca_certificate": peer.ca_certificate, "token": peer.token(READS_STATE),
        "notification_key": NOTIFICATION_KEY, "run_task_key": RUN_TASK_KEY,
    }  # fmt: skip
    return TerraformConnectionFactory(organization=organization, **values | fields)
