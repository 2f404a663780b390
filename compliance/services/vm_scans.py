"""What a VM's own scans do to it: a completed one decides on its handover, failed ones are tried again or given up."""

from datetime import datetime

from compliance.engine.enforcement import Standing, State, decide
from compliance.models import ProvisionedVm, Scan, VmEvent
from compliance.selectors.handover_settings import exempted_checks, why_exempt
from compliance.services.handovers import Policy, judged, locked, policy_of, settle
from compliance.services.vm_events import note
from compliance.services.work_claims import pause
from templates_app.language.results import Result
from templates_app.language.templates import compiled_template
from templates_app.language.waivers import exempted

Phase = ProvisionedVm.Phase
MOST_FAILED_SCANS = 3
HOPELESS = frozenset({
    "wrong_os_type", "unsupported_os", "nothing_applies", "template_unusable", "host_key_changed", "internal_error",
})  # fmt: skip
"""Error codes of scans that another attempt at the same VM cannot help."""


def vm_of(scan: Scan) -> ProvisionedVm | None:
    """Return the locked VM that ``scan`` decides on: its own scans do, no others."""
    if scan.scan_type != Scan.Type.PROVISION:
        return None
    return locked(ProvisionedVm.objects.in_service().filter(host=scan.host_id)).first()


def without_exempted(results: list[Result], scan: Scan, policy: Policy, benchmark: str) -> list[Result]:
    """Return ``results`` with those skipped that the organization has exempted."""
    rules = policy.settings.exempted_rules
    if not rules:
        return results
    compiled = compiled_template(scan.template_sha256, scan.template.document, benchmark, scan.profile)
    return exempted(results, exempted_checks(rules, compiled.selected, benchmark))


def mark(scan: Scan, vm: ProvisionedVm, policy: Policy) -> None:
    """Set on ``scan``, which is about to complete, what the gate makes of it."""
    found = judged(scan)
    against = decide(policy.rules, Standing(judged=found)).would_block
    scan.block_reasons, scan.would_block = list(against), bool(against)
    standing = Standing(
        judged=found, exempted=why_exempt(policy.settings, vm.project, policy.exempted),
        released=vm.released_at is not None, handed_over=vm.handed_over_at is not None,
    )  # fmt: skip
    scan.handover_blocked = decide(policy.rules, standing).state is State.BLOCKED


def note_completed(scan: Scan, vm: ProvisionedVm, policy: Policy, now: datetime) -> None:
    """Have the locked ``vm`` follow its completed ``scan``."""
    vm.scan, vm.phase, vm.due_at, vm.waits_for = scan, Phase.SETTLED, None, ""
    vm.unverifiable, vm.failed_scans, vm.os_family = "", 0, scan.host.os_type
    vm.save(update_fields=["scan", "phase", "due_at", "waits_for", "unverifiable", "failed_scans", "os_family"])
    score = "without a score" if scan.score is None else f"with a score of {scan.score:.1f}"
    note(vm, VmEvent.Kind.SCANNED, f"Scan {scan.pk} completed {score}.", at=now, scan=scan)
    settle(vm, policy, now)


def note_ended(scan: Scan, now: datetime) -> None:
    """Have the VM of ``scan``, which has ended without results, follow it; other hosts' scans change nothing here."""
    if (vm := vm_of(scan)) is None:
        return
    if scan.status == Scan.Status.CANCELLED:
        note(vm, VmEvent.Kind.SCAN_FAILED, f"Scan {scan.pk} was cancelled.", at=now, scan=scan)
        vm.phase, vm.due_at = Phase.SETTLED, None
        vm.save(update_fields=["phase", "due_at"])
    else:
        note_failed(scan, vm, now)


def note_failed(scan: Scan, vm: ProvisionedVm, now: datetime) -> None:
    """Have the locked ``vm`` try again within its time, and at least three times, else say that it is unverified."""
    vm.failed_scans += 1
    reason = scan.error or "The scan failed."
    note(vm, VmEvent.Kind.SCAN_FAILED, reason, at=now, scan=scan)
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
