"""What Terraform is told when it asks for a run task's answer: what the gate says at that moment, in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.urls import reverse

from compliance.engine.enforcement import floored
from compliance.models import ProvisionedVm, ProvisioningRun, RunTask
from compliance.selectors.handovers import GONE_UNPROVEN, lost_unproven, unknown_machines
from compliance.selectors.provisioning_runs import newer_than
from compliance.selectors.scan_reports import check_reports
from compliance.terraform.outcomes import FailedRule, Status

State, Phase, Stage = ProvisionedVm.State, ProvisionedVm.Phase, RunTask.Stage
REFUSED = (State.BLOCKED, State.UNVERIFIED)
UNDECIDED = ~Q(state__in=(State.EXEMPT, State.RELEASED)) & (~Q(phase=Phase.SETTLED) | Q(state=State.PENDING))
"""A new apply has each VM scanned again, whatever was decided before; no scan changes what is exempt or released."""
MOST_NAMED = 10
"""VMs named in a message; it has 1,000 characters at most."""
MOST_READ = 100
"""VMs whose failed rules are told; the pages tell all of them."""


@dataclass(frozen=True)
class Word:
    """``status`` running is said again later, passed and failed are final. ``vms``: those it is about."""

    status: Status
    message: str
    vms: tuple[int, ...] = ()


def word_for(task: RunTask, *, last: bool) -> Word:
    """Return what to tell now; with ``last`` there is no time to wait for anything."""
    if task.speculative:
        return Word("passed", "A speculative run changes nothing, so there is nothing to decide on.")
    if task.stage == Stage.POST_PLAN:
        return Word("passed", "VMs are looked at once they are applied; a plan is not decided on.")
    if task.stage == Stage.POST_APPLY and task.registered is not None:
        return of_run(task, task.registered, last)
    return of_workspace(task)


def page_for(task: RunTask, word: Word) -> str:
    """Return the path of our page on what ``word`` is about: one VM, or those of the run's project."""
    if len(word.vms) == 1:
        return reverse("compliance:vm", args=word.vms)
    if task.registered is not None:
        return f"{reverse('compliance:vms')}?project={task.registered.project_id}"
    return reverse("compliance:provisioning")


# --- Before an apply: the VMs of the workspace ------------------------------------------------------------------------


def of_workspace(task: RunTask) -> Word:
    """Return failed while VMs of the workspace are held back, with the reasons, else passed."""
    again = Q(connection__host=task.connection.host, connection__removed_at__isnull=False)
    own = Q(connection=task.connection_id) | again & Q(organization=task.organization_id)
    vms = ProvisionedVm.objects.in_service().filter(own, workspace=task.workspace_id)
    refused = list(listed(vms.filter(state__in=REFUSED)))
    if not refused:
        return Word("passed", f"No VM of the workspace {task.workspace_name} is held back.")
    whole = f"{counted(len(refused))} of the workspace {task.workspace_name} may not be handed over"
    return Word("failed", f"{whole}; {remedy(task)} {details(refused)}", tuple(vm.pk for vm in refused))


# --- After an apply: the VMs of the run -------------------------------------------------------------------------------


def of_run(task: RunTask, run: ProvisioningRun, last: bool) -> Word:
    """Return the verdict on the VMs of ``run`` once all are decided on; before that, that it is waited for."""
    if run.status == ProvisioningRun.Status.SUPERSEDED and (newer := newer_than(run)):
        return of_run(task, newer, last)
    if run.status not in (ProvisioningRun.Status.REGISTERED, ProvisioningRun.Status.FETCHING):
        return Word("failed", run.error or f"The state of {run.run_id} could not be fetched.")
    if run.status == ProvisioningRun.Status.FETCHING:
        return Word(waiting(task, last), f"The state of {run.run_id} is still waited for.{later(last)}")
    vms = run.vms.in_service()
    total, undecided = vms.count(), vms.filter(UNDECIDED).count()
    if undecided and not last:
        return Word("running", f"{total - undecided} of {counted(total)} decided on; the others are being scanned.")
    if not total and lost_unproven(run):
        return Word("failed", GONE_UNPROVEN)
    if not total:
        unknown = unknown_machines(run)
        return Word("passed", unknown or f"This apply leaves no VM; {run.destroyed_count} taken out of service.")
    refused = list(listed(vms.filter(state__in=REFUSED)))
    if refused:
        whole = f"{len(refused)} of {counted(total)} may not be handed over"
        return Word("failed", f"{whole}; {remedy(task)} {details(refused)}", tuple(vm.pk for vm in refused))
    every = list(listed(vms))
    if undecided:
        words = f"{undecided} of {counted(total)} still being scanned or waited for.{later(last)}"
        return Word(waiting(task, last), words, tuple(vm.pk for vm in every))
    return Word("passed", f"{counted(total)} may be handed over. {details(every)}", tuple(vm.pk for vm in every))


def waiting(task: RunTask, last: bool) -> Status:
    """Return what is said of VMs that are not decided on: at the end of the time, what Terraform enforces."""
    if not last:
        return "running"
    return "failed" if task.mandatory else "passed"


def later(last: bool) -> str:
    return " Plumbline goes on and shows the result." if last else ""


# --- Words ------------------------------------------------------------------------------------------------------------


def listed(vms: QuerySet[ProvisionedVm]) -> QuerySet[ProvisionedVm]:
    return vms.select_related("scan").order_by("name", "pk")


def counted(count: int) -> str:
    return "1 VM" if count == 1 else f"{count} VMs"


def remedy(task: RunTask) -> str:
    return f"repair and scan again, or have an admin of {task.organization} release them in Plumbline."


def details(vms: Sequence[ProvisionedVm]) -> str:
    more = f" And {counted(len(vms) - MOST_NAMED)} more." if len(vms) > MOST_NAMED else ""
    return " ".join(detail(vm) for vm in vms[:MOST_NAMED]) + more


def detail(vm: ProvisionedVm) -> str:
    """Return a sentence on ``vm``: its state, its score, and what speaks against it."""
    score = f", score {floored(vm.scan.score)}" if vm.scan is not None and vm.scan.score is not None else ""
    against = vm.reasons or [f"block mode would say: {one}" for one in vm.would_block[:1]] + vm.would_block[1:]
    why = f": {'; '.join(reason.rstrip('.') for reason in against)}" if against else ""
    return f"{vm} is {vm.get_state_display().lower()}{score}{why}."


def failed_rules(vm_ids: Iterable[int], *, site: str) -> Iterator[FailedRule]:
    """Yield the checks that fail on these VMs after exceptions and exemptions; ``site`` is where our pages are."""
    chosen = ProvisionedVm.objects.filter(pk__in=list(vm_ids)[:MOST_READ], scan__isnull=False)
    for vm in chosen.select_related("scan__template", "scan__results").order_by("pk").iterator():
        scan = vm.scan
        for report in check_reports(scan) if scan is not None else ():
            if report.status == "fail":
                yield FailedRule(
                    check_id=report.check_id, title=report.title, severity=report.severity, machine=str(vm),
                    remediation=report.remediation,
                    url=site + reverse("compliance:result", args=[scan.pk, report.check_id]) if scan else "",
                )  # fmt: skip
