"""An organization that has a row of everything, so that bad input meets rows and not only 404."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model

from cloudbench.models import CloudAccount, CustomControl, Run, Schedule
from compliance.models import (
    Credential,
    Host,
    HostGroup,
    Policy,
    PolicyOverride,
    PolicySecondary,
    Project,
    ProviderConnection,
    ProvisionedVm,
    ProvisioningRun,
    Scan,
    TerraformConnection,
    Waiver,
)
from compliance.services.previews import request_preview
from compliance.services.streams import assign_policy
from itsm.models import Alert
from organizations.models.audit import AuditEvent
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.tokens import ApiToken
from organizations.models.users import User
from templates_app.models import Template, TemplateCheck
from templates_app.services.templates import copy_template
from tests.borders.routes import row_of
from tests.factories.cloudbench import ControlStateFactory, completed_run
from tests.factories.compliance import NOON, a_scan, completed_scan
from tests.factories.provisioning import handover_settings, vm_scan

OWNED = (
    Alert, AuditEvent, CloudAccount, Credential, CustomControl, Host, HostGroup, Membership, Policy, PolicyOverride,
    PolicySecondary, Project, ProviderConnection, ProvisionedVm, ProvisioningRun, Run, Scan, Schedule, Template,
    TemplateCheck, TerraformConnection, Waiver,
)  # fmt: skip
FIELDS: dict[str, type[Model]] = {
    "organization": Organization, "host": Host, "template": Template, "policy": Policy, "policy_pk": Policy,
    "credential": Credential, "ssh_credential": Credential, "host_group": HostGroup, "groups": HostGroup,
    "source": Template, "check": TemplateCheck, "account": CloudAccount, "run": Run, "add": Host, "remove": Host,
    "from": Scan, "to": Scan, "vm": ProvisionedVm, "project": Project, "exempted_projects": Project,
}  # fmt: skip
"""What rows are named by a parameter or a field of this name."""
CONTROL = "1.1"
"""A control that the newest run has."""


def stock(organization: Organization, admin: User) -> None:
    """Make rows of everything, with a template of one's own in draft and in print, scans in two states, a preview."""
    for model in (*OWNED, ApiToken):
        row_of(model, organization)
    policy = Policy.objects.get(organization=organization)
    assign_policy(policy=policy, now=NOON)
    host = row_of(Host, organization)
    scan = completed_scan(host)
    completed_scan(host, scan.template)
    handover_settings(organization)
    vm_scan(row_of(ProvisionedVm, organization), scan.template)
    a_scan(host, scan.template)
    template = Template.objects.filter(organization=organization).first()
    copy_template(actor=admin, template=template, organization=organization, name="A draft")
    request_preview(actor=admin, template=template)
    account = CloudAccount.objects.filter(organization=organization).first()
    ControlStateFactory(run=completed_run(account=account), control_id=CONTROL, status="FAIL", affected=2, evaluated=3)


def ids_of(organization: Organization) -> dict[type[Model], list[int]]:
    """Return the ids of the rows that ``organization`` has of each kind, newest first."""
    templates = Template.objects.filter(organization=organization)
    rows: dict[type[Model], Any] = {
        model: model._base_manager.filter(organization=organization)
        for model in (*OWNED, ApiToken)
        if model is not TemplateCheck
    }
    rows[Organization] = Organization.objects.filter(pk=organization.pk)
    rows[TemplateCheck] = TemplateCheck.objects.filter(template__in=templates)
    return {model: [*found.order_by("-pk").values_list("pk", flat=True)] for model, found in rows.items()}


def with_ids(values: Any, pick: Callable[[type[Model], Any], Any]) -> Any:
    """Return ``values`` (a body, a query) with what names a row replaced by what ``pick`` says of (model, value)."""
    if not isinstance(values, dict):
        return values
    return {
        name: [pick(FIELDS[name], one) for one in value]
        if name in FIELDS and isinstance(value, list)
        else pick(FIELDS[name], value)
        if name in FIELDS
        else value
        for name, value in values.items()
    }
