"""What migrations do with rows that are there."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from tests.factories.compliance import NOON
from tests.factories.provisioning import ProjectFactory, ProvisionedVmFactory, ProvisioningRunFactory

pytestmark = pytest.mark.django_db


def test_numbers_of_proxmox_lose_their_nodes_and_runs_without_vms_say_so(organization):
    migration = import_module("compliance.migrations.0015_ids_without_nodes")
    project = ProjectFactory(organization=organization)

    def vm(instance_id, **fields):
        return ProvisionedVmFactory(
            organization=organization, project=project, provider="proxmox", instance_id=instance_id, region="", **fields
        )

    there, other_node, gone = vm("a/qemu/100"), vm("b/qemu/100"), vm("a/qemu/101", retired_at=NOON)
    aws = ProvisionedVmFactory(organization=organization, instance_id="i-1")
    errors = {
        "superseded": "run-2, a newer run of this workspace, was registered before.",
        "failed": "The gate holds x.",
    }
    runs = {status: ProvisioningRunFactory(organization=organization, error=text) for status, text in errors.items()}
    fine = ProvisioningRunFactory(organization=organization)
    migration.bring_up_to_date(apps, connection.schema_editor())
    for row in (there, other_node, gone, aws, fine, *runs.values()):
        row.refresh_from_db()
    assert [(one.instance_id, one.region) for one in (there, gone)] == [("qemu/100", "a"), ("qemu/101", "a")]
    assert (other_node.instance_id, aws.instance_id) == ("b/qemu/100", "i-1")
    assert {status: run.status for status, run in runs.items()} == {status: status for status in errors}
    assert fine.status == "registered"
