"""What a run task is told of runs that are no plain ones: superseded, refused, or without their VMs by now."""

from datetime import timedelta

import pytest

from compliance.models import RunTask
from compliance.selectors.run_tasks import word_for
from tests.factories.compliance import NOON
from tests.factories.provisioning import ProvisionedVmFactory, ProvisioningRunFactory, TerraformConnectionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(organization):
    """Give what a run of the workspace is created with."""
    return {
        "organization": organization, "connection": TerraformConnectionFactory(organization=organization),
        "workspace_id": "ws-1", "workspace_name": "web",
    }  # fmt: skip


def word(run, stage: str = "post_apply"):
    task = RunTask(
        organization=run.organization, connection=run.connection, workspace_id=run.workspace_id, stage=stage,
        workspace_name="web", registered=run,
    )  # fmt: skip
    return word_for(task, last=False)


def vm_of(run, **fields):
    vm = ProvisionedVmFactory(
        organization=run.organization, project=run.project, run=run, connection=run.connection,
        workspace=run.workspace_id, **fields,
    )  # fmt: skip
    vm.runs.add(run)
    return vm


def test_a_superseded_run_is_answered_for_by_the_newer_one(told):
    older = ProvisioningRunFactory(status="superseded", error="run-2 is newer.", run_created_at=NOON, **told)
    assert word(older).status == "failed"
    vm = vm_of(ProvisioningRunFactory(run_created_at=NOON + timedelta(minutes=1), **told), state="blocked")
    assert (word(older).status, word(older).vms) == ("failed", (vm.pk,))
    type(vm).objects.update(state="allowed")
    assert word(older).status == "passed"


def test_a_run_that_was_refused_fails_with_the_reason(told):
    run = ProvisioningRunFactory(status="failed", error="The gate holds web-1.", **told)
    assert (word(run).status, word(run).message) == ("failed", "The gate holds web-1.")


@pytest.mark.parametrize(("state", "status"), [("allowed", "passed"), ("blocked", "failed"), ("pending", "failed")])
def test_a_run_whose_vms_are_gone_passes_if_they_had_been_let_through(told, state, status):
    run = ProvisioningRunFactory(vms_count=1, **told)
    vm_of(run, state=state, retired_at=NOON)
    assert word(run).status == status


def test_before_an_apply_vms_of_the_connection_that_was_there_before_count(told):
    before = ProvisioningRunFactory(**told)
    vm = vm_of(before, state="blocked")
    anew = ProvisioningRunFactory(**told | {"connection": TerraformConnectionFactory(organization=vm.organization)})
    assert word(anew, "pre_plan").status == "passed"
    type(before.connection).objects.filter(pk=before.connection_id).update(removed_at=NOON)
    assert word(anew, "pre_plan").vms == (vm.pk,)
