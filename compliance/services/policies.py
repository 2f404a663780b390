"""Policies: which template the hosts of one OS are held to; with overrides for hosts and secondary templates."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from compliance.models import Host, Policy, PolicyOverride, PolicySecondary, Stream
from compliance.models.policies import LARGEST_BATCH, LONGEST_INTERVAL_H, SHORTEST_INTERVAL_H, Profile
from compliance.services.streams import AT_ONCE, assign_policy, end_streams
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require
from templates_app.models import Template
from templates_app.models.templates import OsType

NO_SUCH = "There is no such row, or it is not yours to name."
SWITCHES = tuple(f"auto_remediate_{severity}" for severity in ("critical", "high", "medium", "low"))
FIELDS = (
    "os_type", "template", "pinned_template_version", "profile", "scan_interval_hours", "batch_size", "approval_mode",
    *SWITCHES,
)  # fmt: skip


# --- Policies ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_policy(*, actor: Actor, organization: Organization, values: Mapping[str, Any], now: datetime) -> Policy:
    """Hold the hosts of one OS to a template; their first scans are due at once, in the order of their names.

    ``values`` has os_type and template, and may have the rest of FIELDS; without an interval the template's counts.
    Raises PermissionDenied without manage_compliance, Invalid naming each field.
    """
    require(actor, "manage_compliance", organization)
    policy = Policy(organization=organization)
    if values.get("scan_interval_hours") is None and values.get("template") is not None:
        policy.scan_interval_hours = values["template"].scan_interval_hours
    take(policy, {name: value for name, value in values.items() if name != "scan_interval_hours" or value is not None})
    _save(policy)
    audit.record(actor=actor, action="policy.created", subject=policy)
    assign_policy(policy=policy, now=now, most=AT_ONCE)
    return policy


@transaction.atomic
def update_policy(*, actor: Actor, policy: Policy, values: Mapping[str, Any]) -> Policy:
    """Change ``policy``; another template, version or profile counts from each host's next scan on.

    Another interval moves the due time of every host that was scanned before by the difference. Raises
    PermissionDenied, Conflict when it was removed, Invalid naming each field; organization and OS type stay.
    """
    policy = locked(actor, policy)
    before, interval, os_type = audit.before(policy), policy.scan_interval_hours, policy.os_type
    take(policy, values)
    if policy.os_type != os_type:
        raise Invalid({"os_type": "The OS type of a policy does not change; remove this one and create another."})
    _save(policy)
    _shift(policy, timedelta(hours=policy.scan_interval_hours - interval))
    Stream.objects.going().filter(policy=policy).exclude(profile=policy.profile).update(profile=policy.profile)
    audit.record(actor=actor, action="policy.changed", subject=policy, before=before)
    return policy


@transaction.atomic
def remove_policy(*, actor: Actor, policy: Policy, now: datetime) -> Policy:
    """Let go of the hosts of ``policy``; its scans stay. Raises PermissionDenied, Conflict when it was removed."""
    policy = locked(actor, policy)
    before = audit.before(policy)
    policy.removed_at = now
    policy.save(update_fields=["removed_at"])
    end_streams(Stream.objects.going().filter(policy=policy), now)
    audit.record(actor=actor, action="policy.removed", subject=policy, before=before)
    return policy


def locked(actor: Actor, policy: Policy) -> Policy:
    """Return ``policy`` as stored, locked. Raises PermissionDenied, Conflict when it was removed."""
    require(actor, "manage_compliance", policy.organization)
    rows = Policy.objects.select_for_update(of=("self",)).select_related("organization", "template")
    stored = rows.defer("template__document").get(pk=policy.pk)
    if stored.removed_at is not None:
        raise Conflict(f"The {stored} was removed.")
    return stored


def take(policy: Policy, values: Mapping[str, Any]) -> None:
    """Set what ``values`` names, without saving. Raises Invalid naming each field that does not fit."""
    for name in FIELDS:
        if name in values:
            setattr(policy, name, values[name])
    if policy.pinned_template_version is not None and "template" in values and "pinned_template_version" not in values:
        policy.pinned_template_version = policy.template.version  # pinned it stays, now to the version that was named
    errors = _choices_refused(policy) | _numbers_refused(policy)
    if policy.template_id is None:
        errors["template"] = "Choose the template that hosts are held to."
    else:
        errors |= template_refused(policy, policy.template, policy.os_type)
    if errors:
        raise Invalid(errors)
    if policy.secondaries.filter(template__family=policy.template.family).exists() if policy.pk else False:
        raise Invalid({"template": "This is one of the policy's secondary templates; remove it there first."})
    _pin(policy)


def _choices_refused(policy: Policy) -> dict[str, str]:
    offered = {
        "os_type": (policy.os_type, OsType.values),
        "profile": (policy.profile, Profile.values),
        "approval_mode": (policy.approval_mode, Policy.Approval.values),
    }
    errors = {name: f"Write one of {', '.join(known)}." for name, (set_, known) in offered.items() if set_ not in known}
    return errors | {name: "Write true or false." for name in SWITCHES if not isinstance(getattr(policy, name), bool)}


def _numbers_refused(policy: Policy) -> dict[str, str]:
    bounds = {
        "scan_interval_hours": (SHORTEST_INTERVAL_H, LONGEST_INTERVAL_H, "hours"),
        "batch_size": (1, LARGEST_BATCH, "hosts"),
    }
    return {
        name: f"Write a number of {unit} from {least} to {most:,}."
        for name, (least, most, unit) in bounds.items()
        if not (type(getattr(policy, name)) is int and least <= getattr(policy, name) <= most)
    }


def template_refused(policy: Policy, template: Template, os_type: str) -> dict[str, str]:
    """Return {"template": why} when hosts of ``os_type`` under ``policy`` cannot be held to ``template``."""
    if template.organization_id not in (None, policy.organization_id):
        return {"template": NO_SUCH}
    if template.status != Template.Status.PUBLISHED:
        return {"template": f"{template} is a draft; publish it first."}
    if template.os_type != os_type and os_type in OsType.values:
        of, wanted = template.get_os_type_display(), OsType(os_type).label
        return {"template": f"{template} is for {of}; choose one for {wanted}."}
    return {}


def _pin(policy: Policy) -> None:
    """Have a pinned policy name the row of that very version, which then cannot be deleted."""
    if policy.pinned_template_version is None:
        return
    versions = Template.objects.published().filter(family=policy.template.family).order_by("version")
    known = {template.version: template for template in versions.defer("document")}
    if policy.pinned_template_version not in known:
        published = ", ".join(map(str, known))
        raise Invalid({
            "pinned_template_version": f"This version is not published. Published: {published}. Empty: the latest."
        })  # fmt: skip
    policy.template = known[policy.pinned_template_version]


def _save(policy: Policy) -> None:
    try:
        with transaction.atomic():
            policy.save()
    except IntegrityError as error:
        os_type = policy.get_os_type_display()
        raise Invalid({"os_type": f"This organization has a policy for {os_type} already; edit that one."}) from error


def _shift(policy: Policy, by: timedelta) -> None:
    if by:
        waiting = Stream.objects.primary().filter(policy=policy, misses=0).exclude(due_at=None).exclude(scanned_at=None)
        waiting.update(due_at=F("due_at") + by)


# --- Overrides --------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_override(*, actor: Actor, policy: Policy, host: Host, template: Template) -> PolicyOverride:
    """Hold ``host`` to another template under ``policy``, from its next scan on.

    Raises PermissionDenied, Conflict when the policy was removed, Invalid naming the field.
    """
    policy = locked(actor, policy)
    errors = host_refused(policy, host) | template_refused(policy, template, policy.os_type)
    if errors:
        raise Invalid(errors)
    override = PolicyOverride(organization=policy.organization, policy=policy, host=host, template=template)
    try:
        with transaction.atomic():
            override.save()
    except IntegrityError as error:
        raise Invalid({"host": f"{host} has an override under this policy already; remove that one first."}) from error
    audit.record(actor=actor, action="policy.override_added", subject=override)
    return override


def host_refused(policy: Policy, host: Host) -> dict[str, str]:
    if host.organization_id != policy.organization_id:
        return {"host": NO_SUCH}
    if host.retired_at is not None:
        return {"host": f"{host} is retired and is not scanned any more."}
    if host.os_type != policy.os_type:
        return {"host": f"{host} runs {host.get_os_type_display()}; this policy holds {policy.get_os_type_display()}."}
    return {}


@transaction.atomic
def change_override(*, actor: Actor, override: PolicyOverride, template: Template) -> PolicyOverride:
    """Give the override another template, from the host's next scan on. Raises as adding does."""
    policy = locked(actor, override.policy)
    if errors := template_refused(policy, template, policy.os_type):
        raise Invalid(errors)
    before = audit.before(override)
    override.template = template
    override.save(update_fields=["template"])
    audit.record(actor=actor, action="policy.override_changed", subject=override, before=before)
    return override


@transaction.atomic
def remove_override(*, actor: Actor, override: PolicyOverride) -> None:
    """Hold the host to the policy's template again, from its next scan on. Raises PermissionDenied, Conflict."""
    policy = locked(actor, override.policy)
    before = audit.before(override)
    override.delete()
    audit.record(
        actor=actor, action="policy.override_removed", subject=override, before=before, organization=policy.organization
    )


# --- Secondary templates ----------------------------------------------------------------------------------------------


@transaction.atomic
def add_secondary(*, actor: Actor, policy: Policy, template: Template, now: datetime) -> PolicySecondary:
    """Have ``template`` evaluated too, on the same facts, from each host's next scan on.

    Raises PermissionDenied, Conflict when the policy was removed, Invalid for a template that does not fit or is
    evaluated already.
    """
    policy = locked(actor, policy)
    errors = template_refused(policy, template, policy.os_type)
    if not errors and template.family == policy.template.family:
        errors = {"template": "This is the policy's own template; choose another one."}
    if not errors and policy.secondaries.filter(template__family=template.family).exists():
        errors = {"template": "This template is evaluated under this policy already."}
    if errors:
        raise Invalid(errors)
    secondary = PolicySecondary.objects.create(organization=policy.organization, policy=policy, template=template)
    audit.record(actor=actor, action="policy.secondary_added", subject=secondary)
    assign_policy(policy=policy, now=now, most=AT_ONCE)
    return secondary


@transaction.atomic
def remove_secondary(*, actor: Actor, secondary: PolicySecondary, now: datetime) -> None:
    """Evaluate that template no more; its scans stay. Raises PermissionDenied, Conflict."""
    policy = locked(actor, secondary.policy)
    before, family = audit.before(secondary), secondary.template.family
    secondary.delete()
    streams = Stream.objects.going().filter(policy=policy, role=Stream.Role.SECONDARY, family=family)
    end_streams(streams, now)
    audit.record(
        actor=actor, action="policy.secondary_removed", subject=secondary, before=before,
        organization=policy.organization,
    )  # fmt: skip
