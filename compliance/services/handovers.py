"""Handovers: what the gate says of each VM, anew when a scan ends, the settings change or someone releases it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from compliance.engine.enforcement import Decision, Judged, Rules, Standing, decide
from compliance.models import ALLOWING, HandoverSettings, ProvisionedVm, Scan, VmEvent
from compliance.selectors.handover_settings import exempted_project_ids, rules_of, settings_of, why_exempt
from compliance.services.run_task_news import wake_for_vms
from compliance.services.vm_events import event, note
from itsm.models import Alert
from itsm.services.alerts import News, raise_alert
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor, SystemActor, User
from organizations.permissions import require

GATE = SystemActor("handover gate")
DECIDED_FIELDS = ("state", "reasons", "would_block", "state_since", "handed_over_at")
LONGEST_REASON = 1000
BATCH = 200
VIOLATION = "handover_violation"
BY_SETTINGS = "The settings were changed."
NUMBERS = re.compile(r"[0-9.]+")


@dataclass(frozen=True)
class Policy:
    """What an organization has set, read once for many VMs."""

    settings: HandoverSettings
    rules: Rules
    exempted: frozenset[int]


def policy_of(organization: Organization) -> Policy:
    settings = settings_of(organization)
    return Policy(settings, rules_of(settings), exempted_project_ids(settings))


def judged(scan: Scan) -> Judged:
    """Return what the gate asks of a completed ``scan``."""
    return Judged(
        score=scan.score, coverage=scan.coverage, incomplete=scan.incomplete, failed_critical=scan.failed_critical,
        failed_high=scan.failed_high,
    )  # fmt: skip


def standing_of(vm: ProvisionedVm, policy: Policy) -> Standing:
    return Standing(
        judged=judged(vm.scan) if vm.scan is not None else None,
        exempted=why_exempt(policy.settings, vm.project, policy.exempted),
        unverifiable=vm.unverifiable,
        released=vm.released_at is not None,
        handed_over=vm.handed_over_at is not None,
        was_blocked=vm.state == ProvisionedVm.State.BLOCKED,
    )


def take(vm: ProvisionedVm, decision: Decision, now: datetime, *, hands_over: bool = True) -> bool:
    """Set on ``vm``, without saving, what was decided; return whether anything changed.

    One that is let through counts as handed over from then on, but not ``hands_over``.
    """
    before = (vm.state, vm.reasons, vm.would_block, vm.handed_over_at)
    if vm.state != decision.state:
        vm.state, vm.state_since = decision.state.value, now
    vm.reasons, vm.would_block = list(decision.reasons), list(decision.would_block)
    if hands_over and vm.handed_over_at is None and vm.state in ALLOWING:
        vm.handed_over_at = now
    return before != (vm.state, vm.reasons, vm.would_block, vm.handed_over_at)


# --- Deciding ---------------------------------------------------------------------------------------------------------


def settle(vm: ProvisionedVm, policy: Policy, now: datetime) -> None:
    """Decide on the locked ``vm`` after a scan of its own; each time that it is let through all the same is told."""
    for one, _ in settled([vm], policy, now):
        tell(one, now)


def settle_many(vms: Sequence[ProvisionedVm], policy: Policy, now: datetime, *, changed_settings: bool = False) -> None:
    """Decide on the locked ``vms`` after an apply or a change of the settings; told is what nobody was told of yet.

    Settings alone hand nothing over: what a lenient moment let through is held again after it, unless a scan or an
    apply came meanwhile.
    """
    alarming = settled(vms, policy, now, changed_settings=changed_settings)
    keys = Alert.objects.filter(organization=policy.settings.organization, kind=VIOLATION)
    known = set(keys.values_list("dedupe_key", flat=True)) if alarming else set()
    for vm, news in alarming:
        if news or (key_of(vm) not in known and vm.state != ProvisionedVm.State.RELEASED):
            tell(vm, now)


def settled(
    vms: Sequence[ProvisionedVm], policy: Policy, now: datetime, *, changed_settings: bool = False
) -> list[tuple[ProvisionedVm, bool]]:
    """Decide on ``vms``; store what changed and tell it in their timelines and the audit log, in a few statements.

    Return those that are let through in spite of what speaks against them, and whether any of it is new.
    """
    changed, alarming, events = [], [], []
    for vm in vms:
        before, state, against = audit.before(vm), vm.state, kinds(vm.would_block)
        decision = decide(policy.rules, standing_of(vm, policy))
        if take(vm, decision, now, hands_over=not changed_settings):
            changed.append((vm, before))
            if vm.state != state or vm.state not in ALLOWING:
                words = f"{BY_SETTINGS if changed_settings else ''} {sentences(decision.reasons)}".strip()
                events.append(event(vm, VmEvent.Kind.DECIDED, words, at=now, scan=vm.scan))
        if decision.alarming:
            alarming.append((vm, not kinds(vm.would_block) <= against))
    if changed:
        ProvisionedVm.objects.bulk_update([vm for vm, _ in changed], DECIDED_FIELDS, batch_size=BATCH)
        VmEvent.objects.bulk_create(events, batch_size=BATCH)
        audit.record_all(
            actor=GATE, action="handover.decided", subjects=changed, organization=policy.settings.organization
        )
    wake_for_vms(vms, now)
    return alarming


def kinds(reasons: Sequence[str]) -> set[str]:
    """Return what ``reasons`` say without their numbers: two failed checks in place of three are no news."""
    return {NUMBERS.sub("", reason) for reason in reasons}


def locked(vms: QuerySet[ProvisionedVm]) -> QuerySet[ProvisionedVm]:
    """Return ``vms`` locked, with what decides on them.

    What may change meanwhile is read after the lock: PostgreSQL would join the row it waited for with the old one.
    """
    rows = vms.select_for_update(of=("self",)).select_related("organization", "host")
    return rows.prefetch_related("project", "scan")


def sentences(reasons: Sequence[str]) -> str:
    return " ".join(f"{reason.rstrip('.')}." for reason in reasons)


def tell(vm: ProvisionedVm, now: datetime) -> None:
    """Raise an alert of what speaks against ``vm``, which is let through all the same."""
    raise_alert(
        organization=vm.organization,
        news=News(
            kind=VIOLATION,
            severity=Alert.Severity.WARNING,
            title=f"{vm} does not meet the handover rules",
            message=f"{sentences(vm.would_block)} It was let through: {why_let_through(vm)}",
            dedupe_key=key_of(vm),
            subject_kind="provisioned_vm",
            subject_id=str(vm.pk),
            subject_label=str(vm),
            details={"would_block": vm.would_block, "project": str(vm.project)},
        ),
        now=now,
    )
    note(vm, VmEvent.Kind.ALERTED, sentences(vm.would_block), at=now, scan=vm.scan)


def key_of(vm: ProvisionedVm) -> str:
    return f"{VIOLATION}:{vm.pk}"


def why_let_through(vm: ProvisionedVm) -> str:
    if vm.state == ProvisionedVm.State.RELEASED:
        return "an admin released it."
    return "it had been handed over already, or the enforcement mode does not block."


# --- Release ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def release(*, actor: Actor, vm: ProvisionedVm, reason: str, now: datetime) -> ProvisionedVm:
    """Let ``vm`` be handed over in spite of what the gate says; repeating it changes nothing.

    Raises PermissionDenied without release_handover, Invalid without a reason, Conflict for a VM that is let through
    anyway or was destroyed.
    """
    require(actor, "release_handover", vm)
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid({"reason": "Say why this VM may be handed over."})
    if len(reason) > LONGEST_REASON:
        raise Invalid({"reason": f"Write at most {LONGEST_REASON} characters."})
    vm = locked(ProvisionedVm.objects.filter(pk=vm.pk)).get()
    if vm.state == ProvisionedVm.State.RELEASED:
        return vm
    if vm.retired_at is not None:
        raise Conflict(f"{vm} was destroyed.")
    if vm.allowed:
        raise Conflict(f"{vm} needs no release: the gate lets it through, it is {vm.get_state_display().lower()}.")
    if not isinstance(actor, User):
        raise Conflict("Only a person can release a VM.")
    before = audit.before(vm)
    vm.released_by, vm.released_at, vm.release_reason = actor, now, reason
    policy = policy_of(vm.organization)
    take(vm, decide(policy.rules, standing_of(vm, policy)), now)
    vm.save(update_fields=[*DECIDED_FIELDS, "released_by", "released_at", "release_reason"])
    note(vm, VmEvent.Kind.RELEASED, reason, at=now, scan=vm.scan, actor=actor)
    audit.record(actor=actor, action="handover.released", subject=vm, before=before)
    wake_for_vms([vm], now)
    return vm
