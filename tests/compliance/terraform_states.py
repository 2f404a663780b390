"""States of Terraform for the tests of registration: some VMs of AWS, as show -json and as raw state tell them."""

import json
from datetime import datetime, timedelta

from compliance.models import ProvisionedVm, ProvisioningRun
from compliance.services.provisioning_runs import Submission, submit
from organizations.models.organizations import Organization
from organizations.models.users import User
from tests.factories.compliance import NOON
from tests.factories.organizations import member

LATER = NOON + timedelta(minutes=5)


def values_of(number: int, **values: object) -> dict[str, object]:
    return {
        "id": f"i-{number:017x}", "private_ip": f"10.9.{number // 250}.{number % 250 + 1}", "instance_state": "running",
        "tags": {"Name": f"web-{number}"}, "user_data": "S3CR3T",
    } | values  # fmt: skip


def shown(*vms: dict[str, object], type_: str = "aws_instance") -> bytes:
    """Return what `terraform show -json` writes of ``vms``, values of ``type_`` each."""
    resources = [
        {"address": f"{type_}.vm[{place}]", "mode": "managed", "type": type_, "name": "vm", "values": vm}
        for place, vm in enumerate(vms)
    ]
    return json.dumps({"format_version": "1.0", "values": {"root_module": {"resources": resources}}}).encode()


def raw_state(*vms: dict[str, object], lineage: str = "6f2a", serial: int = 1) -> bytes:
    """Return ``vms`` as a state file."""
    instances = [{"index_key": place, "schema_version": 1, "attributes": vm} for place, vm in enumerate(vms)]
    resource = {
        "mode": "managed", "type": "aws_instance", "name": "vm", "instances": instances,
        "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
    }  # fmt: skip
    return json.dumps({
        "version": 4, "terraform_version": "1.9.0", "serial": serial, "lineage": lineage, "resources": [resource]
    }).encode()  # fmt: skip


def provisioner(organization: Organization) -> User:
    return member(organization, "submit_runs", "view_compliance")


def posted(
    organization: Organization, body: bytes, *, project: str = "shop", now: datetime = NOON, actor: User | None = None,
    **fields: str,
) -> ProvisioningRun:  # fmt: skip
    """Return the run that posting ``body`` makes, or finds."""
    actor = actor or provisioner(organization)
    submission = Submission(project=project, body=body, **fields)
    return submit(actor=actor, organization=organization, submission=submission, now=now)[0]


def vm_called(name: str) -> ProvisionedVm:
    return ProvisionedVm.objects.in_service().select_related("host", "project", "scan", "organization").get(name=name)
