"""What a VM's own scans do to it: a completed one decides on its handover, failed ones are tried again or given up."""

from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from compliance.engine.enforcement import Standing, State, decide
from compliance.engine.transports.base import Reason
from compliance.models import HandoverSettings, ProvisionedVm, Scan, Stream, VmEvent
from compliance.selectors.handover_settings import exempted_checks, settings_of
from compliance.services.handovers import Policy, judged, locked, policy_of, settle, standing_of
from compliance.services.run_task_news import wake_for_vms
from compliance.services.vm_events import note
from compliance.services.vm_streams import slug_and_profile
from compliance.services.work_claims import pause
from templates_app.language.results import Result
from templates_app.language.templates import compiled_template
from templates_app.language.waivers import exempted

Phase = ProvisionedVm.Phase
LOOKED_FOR = (Phase.ADDRESS, Phase.SSH)
MOST_FAILED_SCANS = 3
HOPELESS = frozenset({
    "wrong_os_type", "unsupported_os", "nothing_applies", "template_unusable", Reason.HOST_KEY_CHANGED,
    Reason.KEY_UNUSABLE, Reason.PASSWORD_TO_UNPINNED_HOST, Reason.NO_COMMON_ALGORITHM,
})  # fmt: skip
"""Error codes of scans that another attempt at the same VM cannot help."""


def vm_of(scan: Scan) -> ProvisionedVm | None:
    """Return the locked VM that ``scan`` decides on: its own scans do, no others."""
    if scan.scan_type != Scan.Type.PROVISION:
        return None
    return locked(ProvisionedVm.objects.in_service().filter(host=scan.host_id)).first()


def without_exempted(results: list[Result], scan: Scan, benchmark: str) -> list[Result]:
    """Return ``results`` with those skipped that the organization has exempted; only in a VM's own stream they are.

    That holds when its facts are scored again, too, or else its figures would jump with each change of an exception.
    """
    if scan.stream is None or scan.stream.role != Stream.Role.PROVISION:
        return results
    rules = settings_of(scan.organization).exempted_rules
    if not rules:
        return results
    compiled = compiled_template(scan.template_sha256, scan.template.document, benchmark, scan.profile)
    return exempted(results, exempted_checks(rules, compiled.selected, benchmark))


def mark(scan: Scan, vm: ProvisionedVm, policy: Policy) -> None:
    """Set on ``scan``, about to complete, what the gate makes of it; one that decides nothing blocks nothing."""
    found = judged(scan)
    against = decide(policy.rules, Standing(judged=found)).would_block
    decision = decide(policy.rules, replace(standing_of(vm, policy), judged=found, unverifiable=""))
    scan.handover_blocked = decision.state is State.BLOCKED and not why_undecisive(scan, vm, policy.settings)
    scan.block_reasons = list(decision.reasons if scan.handover_blocked else against)
    scan.would_block = bool(against)


def why_undecisive(scan: Scan, vm: ProvisionedVm, settings: HandoverSettings) -> str:
    """Return why ``scan``, which comes to its end, says nothing of what the gate waits for; empty when it does.

    What counts is when the collecting of its facts began, which may be long before the scan that they serve.
    """
    began = scan.snapshot.collected_at if scan.snapshot is not None else scan.started_at
    if began is not None and vm.wanted_at is not None and began < vm.wanted_at:
        return "it began before this VM was last applied or asked for"
    if (scan.template.family, scan.profile) != slug_and_profile(settings, vm.host.os_type):
        return f"the settings ask for {settings.get_cis_profile_display()} by now"
    return ""


def note_completed(scan: Scan, vm: ProvisionedVm, policy: Policy, now: datetime) -> None:
    """Have the locked ``vm`` follow its completed ``scan``; one that decides nothing only stands in its timeline."""
    score = "without a score" if scan.score is None else f"with a score of {scan.score:.1f}"
    why = why_undecisive(scan, vm, policy.settings)
    words = f"Scan {scan.pk} completed {score}." + (f" It decides nothing: {why}." if why else "")
    note(vm, VmEvent.Kind.SCANNED, words, at=now, scan=scan)
    if why:
        return
    vm.scan, vm.unverifiable, vm.failed_scans, vm.os_family = scan, "", 0, scan.host.os_type
    vm.phase, vm.due_at, vm.waits_for = Phase.SETTLED, None, ""
    vm.save(update_fields=["scan", "phase", "due_at", "waits_for", "unverifiable", "failed_scans", "os_family"])
    settle(vm, policy, now)


def note_ended(scan: Scan, vm: ProvisionedVm | None, now: datetime) -> None:
    """Have ``vm``, which the caller has locked before the scan, follow ``scan``, which has ended without results.

    A VM that is being looked for, or that waits for a younger scan, goes on with that. No VM, nothing to do.
    """
    if vm is None:
        return
    cancelled = scan.status == Scan.Status.CANCELLED
    reason = f"Scan {scan.pk} was cancelled." if cancelled else scan.error or "The scan failed."
    note(vm, VmEvent.Kind.SCAN_FAILED, reason, at=now, scan=scan)
    if vm.phase in LOOKED_FOR or younger_than(scan).exists():
        return
    if cancelled:
        vm.phase, vm.due_at = Phase.SETTLED, None
        vm.save(update_fields=["phase", "due_at"])
        wake_for_vms([vm], now)
    elif not why_undecisive(scan, vm, settings_of(vm.organization)):
        try_again(scan, vm, reason, now)


def younger_than(scan: Scan) -> QuerySet[Scan]:
    """Return the unfinished scans of the VM's own that were asked for after ``scan``."""
    return Scan.objects.unfinished().filter(host=scan.host_id, scan_type=Scan.Type.PROVISION, pk__gt=scan.pk)


def try_again(scan: Scan, vm: ProvisionedVm, reason: str, now: datetime) -> None:
    """Have the locked ``vm`` try again within its time, and at least three times, else say that it is unverified."""
    vm.failed_scans += 1
    in_time = vm.wait_until is not None and now < vm.wait_until
    if scan.error_code not in HOPELESS and (in_time or vm.failed_scans < MOST_FAILED_SCANS):
        vm.phase, vm.due_at, vm.attempts = Phase.SSH, now + pause(vm.failed_scans + 2), 0
        vm.save(update_fields=["failed_scans", "phase", "due_at", "attempts"])
        return
    times = "" if vm.failed_scans == 1 else f" {vm.failed_scans} times"
    give_up(vm, f"The scan failed{times}: {reason}", now)


def give_up(vm: ProvisionedVm, reason: str, now: datetime) -> None:
    """Have trying end without results, with the reason, and decide."""
    vm.phase, vm.due_at, vm.waits_for, vm.unverifiable = Phase.SETTLED, None, "", reason
    vm.lease_owner, vm.lease_until = "", None
    vm.save()
    settle(vm, policy_of(vm.organization), now)
