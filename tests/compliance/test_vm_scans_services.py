"""Which of a VM's own scans decide on it: those of facts and content that were asked for last, and no others."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from compliance.engine.transports import opening
from compliance.engine.transports.base import Output, Reason, TransportError
from compliance.models import ProvisionedVm, Scan
from compliance.selectors.handovers import run_handover
from compliance.services import scan_outcomes, scan_requests, scan_runs, vm_work
from compliance.services.scan_claims import claim_next
from compliance.services.snapshots import store_snapshot
from compliance.services.vm_requests import request_vm_scan
from templates_app.models import Template
from tests.compliance.terraform_states import posted, shown, values_of, vm_called
from tests.compliance.test_scan_claims_services import ANSWER
from tests.compliance.vm_work import (  # noqa: F401 - fixtures among them
    Answering,
    Clock,
    Phase,
    State,
    a_vm,
    clock,
    drained,
    fresh,
    operator,
    scan_once,
    ssh,
)
from tests.factories.compliance import NOON, results_of, some_facts
from tests.factories.organizations import member
from tests.factories.provisioning import handover_settings
from tests.factories.templates_app import a_check, next_version, published_template

pytestmark = pytest.mark.django_db
# ruff: noqa: F811 - fixtures of another module


def apply(organization, run_id: str, now: datetime) -> ProvisionedVm:
    """Return the VM that an apply tells of."""
    posted(organization, shown(values_of(1)), run_id=run_id, now=now)
    return vm_called("web-1")


def applied(organization, port: int, now: datetime) -> ProvisionedVm:
    """Return the VM of a first apply, whose address a person has entered: states name no machine on loopback."""
    vm = apply(organization, "1", now)
    type(vm.host).objects.filter(pk=vm.host_id).update(address="127.0.0.1", port=port)
    return fresh(vm)


def finish(scan: Scan, status: str, *, collected_at: datetime, now: datetime) -> Scan:
    severities = dict(scan.template.checks.values_list("check_id", "severity"))
    return scan_outcomes.complete(
        scan=scan, snapshot=store_snapshot(host=scan.host, facts=some_facts(collected_at), walked_at=None),
        results=results_of(scan.template, [status]), severities=severities, left_out=0, benchmark="debian12", now=now,
    )  # fmt: skip


def begun(clock: Clock) -> Scan:
    scan = claim_next(owner="worker", now=clock())
    assert scan is not None
    return scan


def standing(vm: ProvisionedVm) -> tuple[str, str]:
    return fresh(vm).phase, fresh(vm).state


@pytest.fixture
def overtaken(operator, ssh, clock) -> tuple[ProvisionedVm, Scan]:
    """A VM and the scan of it that runs; a minute later a second apply tells of the VM."""
    applied(operator, ssh, clock())
    vm_work.drain(clock=clock)
    scan = begun(clock)
    clock.move(minutes=1)
    return apply(operator, "2", clock()), scan


# --- Facts from before ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["pass", "fail"])
def test_facts_from_before_an_apply_stand_in_the_timeline_and_decide_nothing(overtaken, clock, status):
    vm, scan = overtaken
    clock.move(seconds=5)
    scan = finish(scan, status, collected_at=NOON, now=clock())
    assert (*standing(vm), fresh(vm).scan) == (Phase.ADDRESS, State.PENDING, None)
    assert (scan.would_block, scan.handover_blocked) == (status == "fail", False)
    last = vm.events.last()
    assert (last.kind, last.scan) == ("scanned", scan)
    assert last.text.endswith("It decides nothing: it began before this VM was last applied or asked for.")


def test_facts_that_were_collected_after_the_apply_decide(overtaken, clock):
    vm, scan = overtaken
    finish(scan, "pass", collected_at=clock(), now=clock())
    assert (*standing(vm), fresh(vm).scan) == (Phase.SETTLED, State.ALLOWED, scan)


def test_a_pipeline_waits_for_the_scan_of_its_own_apply(overtaken, clock):
    vm, scan = overtaken
    vm_work.drain(clock=clock)
    finish(scan, "fail", collected_at=NOON, now=clock())
    assert standing(vm) == (Phase.SCAN, State.PENDING)
    assert not run_handover(fresh(vm).run).final
    finish(begun(clock), "pass", collected_at=clock(), now=clock())
    assert standing(vm) == (Phase.SETTLED, State.ALLOWED)


def test_an_older_scan_that_fails_for_good_ends_nothing_while_a_younger_one_waits(overtaken, clock):
    vm, scan = overtaken
    vm_work.drain(clock=clock)
    scan_outcomes.fail(scan=scan, code="unsupported_os", message="No.", now=clock())
    assert (*standing(vm), fresh(vm).failed_scans) == (Phase.SCAN, State.PENDING, 0)
    assert vm.events.last().kind == "scan_failed"


def test_a_younger_scan_that_is_cancelled_ends_the_wait_though_an_older_one_runs(overtaken, operator, clock):
    vm, _ = overtaken
    vm_work.drain(clock=clock)
    waiting = Scan.objects.get(status="pending")
    scan_requests.cancel_scan(actor=member(operator, role="admin"), scan=waiting, now=clock())
    assert standing(vm) == (Phase.SETTLED, State.PENDING)


def answer(script: bytes) -> Output:
    """Return what a host says on which a walk finds nothing, too."""
    nonce = script.split(b"NONCE=", 1)[1].split(b"\n", 1)[0].decode().strip("'")
    walk = "{0} begin fs_walk\n|N\n|M /\n|E 0\n|\n|rc 0\n{0} end fs_walk\n{0} finish\n"
    return Output(ANSWER.replace("{0} finish\n", walk).format(nonce).encode())


class Slow(Answering):
    """Reads the facts first, and has ``meanwhile`` happen before it tells them, or that it could not."""

    def __init__(self, meanwhile: Callable[[], Any], error: TransportError | None = None) -> None:
        super().__init__([])
        self.meanwhile, self.error = meanwhile, error

    def run(self, script: bytes, **ignored: Any) -> Output:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return answer(script)


@pytest.mark.parametrize("error", [None, TransportError(Reason.NO_COMMON_ALGORITHM, "It did not work.")])
def test_what_another_scan_finds_during_an_apply_is_not_for_the_vms_own(operator, ssh, clock, monkeypatch, error):
    vm = applied(operator, ssh, clock())
    vm_work.drain(clock=clock)
    scan_requests.request_scan(
        actor=member(operator, role="admin"), host=vm.host, template=published_template([a_check()]), now=clock()
    )

    def applied_again() -> None:
        clock.move(minutes=1)
        apply(operator, "2", clock())
        vm_work.drain(clock=clock)

    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Slow(applied_again, error))
    assert scan_runs.drain(clock=clock) == 2
    vm = fresh(vm)
    assert (vm.state, vm.scan.status, vm.failed_scans) == (State.ALLOWED, "completed", 0)
    assert vm.scan.snapshot.collected_at == vm.wanted_at > NOON


def test_scan_now_while_a_scan_runs_is_followed_by_a_scan(operator, ssh, clock):
    vm = a_vm(operator, ssh)
    vm_work.drain(clock=clock)
    scan = begun(clock)
    clock.move(minutes=2)
    request_vm_scan(actor=member(operator, role="admin"), vm=vm, now=clock())
    finish(scan, "fail", collected_at=NOON, now=clock())
    assert standing(vm) == (Phase.ADDRESS, State.PENDING)
    vm_work.drain(clock=clock)
    finish(begun(clock), "pass", collected_at=clock(), now=clock())
    assert standing(vm) == (Phase.SETTLED, State.ALLOWED)


def test_scan_now_of_a_vm_whose_scan_waits_has_that_scan_collect_later_facts(operator, ssh, clock):
    vm = drained(a_vm(operator, ssh), clock)
    clock.move(minutes=1)
    vm = request_vm_scan(actor=member(operator, role="admin"), vm=vm, now=clock())
    assert (fresh(vm).phase, fresh(vm).wanted_at, Scan.objects.get().status) == (Phase.SCAN, clock(), "pending")


def test_file_systems_are_walked_again_when_a_vm_is_asked_for_again(operator, ssh, clock, monkeypatch):
    probe = {"kind": "fs_walk", "find": "world_writable_files"}
    check = a_check("linux_fs", probe=probe, expect={"absent": True}, missing=None)
    next_version(Template.objects.latest_of("cis-l1-linux"), [check])
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Slow(lambda: None))
    vm = scan_once(a_vm(operator, ssh), clock)
    clock.move(hours=1)
    request_vm_scan(actor=member(operator, role="admin"), vm=vm, now=clock())
    vm = scan_once(vm, clock)
    assert (vm.state, vm.scan.snapshot.walked_at) == (State.ALLOWED, clock())


# --- Other content ----------------------------------------------------------------------------------------------------


@pytest.fixture
def raised(operator, ssh, clock) -> ProvisionedVm:
    """A VM whose scan waits for a worker with content of Level 1, when the settings come to ask for Level 2."""
    published_template([a_check("linux_level2")], slug="cis-l2-linux")
    vm = drained(a_vm(operator, ssh), clock)
    handover_settings(operator, cis_profile="level2_server")
    clock.move(minutes=1)
    return vm


def waiting_content() -> list[str]:
    return list(Scan.objects.filter(status="pending").values_list("template__slug", flat=True))


def test_scan_now_does_not_wait_for_a_scan_with_content_of_before(raised, operator, clock):
    old = Scan.objects.get()
    request_vm_scan(actor=member(operator, role="admin"), vm=raised, now=clock())
    vm_work.drain(clock=clock)
    old.refresh_from_db()
    assert (old.status, old.error_code, waiting_content()) == ("cancelled", "not_wanted", ["cis-l2-linux"])


def test_a_waiting_scan_of_an_older_version_or_another_profile_is_not_taken_for_the_one_wanted(operator, ssh, clock):
    admin, vm = member(operator, role="admin"), drained(a_vm(operator, ssh), clock)
    newer = next_version(Scan.objects.get().template, [a_check(missing="pass")])
    request_vm_scan(actor=admin, vm=vm, now=clock())
    vm_work.drain(clock=clock)
    assert Scan.objects.get(status="pending").template == newer
    handover_settings(operator, cis_profile="level1_workstation")
    request_vm_scan(actor=admin, vm=vm, now=clock())
    vm_work.drain(clock=clock)
    assert Scan.objects.get(status="pending").profile == "workstation"


def test_a_scan_with_content_of_before_decides_nothing_and_is_followed_by_the_right_one(raised, clock):
    finish(begun(clock), "pass", collected_at=clock(), now=clock())
    assert (*standing(raised), fresh(raised).scan) == (Phase.SCAN, State.PENDING, None)
    assert raised.events.last().text.endswith("It decides nothing: the settings ask for CIS Level 2 Server by now.")
    vm_work.sweep(now=clock())
    vm_work.drain(clock=clock)
    assert waiting_content() == ["cis-l2-linux"]


def test_content_of_before_that_cannot_be_used_does_not_end_the_wait(raised, clock):
    scan_outcomes.fail(scan=begun(clock), code="template_unusable", message="No.", now=clock())
    assert standing(raised) == (Phase.SCAN, State.PENDING)
    vm_work.sweep(now=clock())
    vm_work.drain(clock=clock)
    assert waiting_content() == ["cis-l2-linux"]
