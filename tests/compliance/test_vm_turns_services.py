"""Whose turn it is: no organization, no round and no look that hangs keeps a handover waiting."""

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from compliance.models import ProvisionedVm, Scan, VmEvent
from compliance.selectors.handover_settings import settings_of
from compliance.services import provision_schedule, scan_claims, vm_work
from compliance.services.provisioned_vms import look_again
from compliance.services.vm_turns import CUT_OFF, claimed_in_turn, free_lost
from organizations.services.claims import LEASE
from tests.compliance.vm_work import (  # noqa: F401 - fixtures among them
    Clock,
    Phase,
    State,
    a_vm,
    clock,
    drained,
    fresh,
    listening,
    operator,
)
from tests.factories.compliance import NOON
from tests.factories.organizations import OrganizationFactory
from tests.factories.provisioning import VmEventFactory, handover_settings

pytestmark = pytest.mark.django_db
# ruff: noqa: F811 - fixtures of another module
Connect = Callable[..., socket.socket]


def taking(clock: Clock, seconds: float, connect: Connect) -> Connect:
    """Return a way to connect that takes so long where nobody answers, 10.x, and is the usual one elsewhere."""

    def connecting(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        if address[0].startswith("10."):
            clock.move(seconds=seconds)
            raise TimeoutError
        return connect(address, *args, **options)

    return connecting


def next_claim(clock: Clock, owner: str = "worker") -> ProvisionedVm | None:
    return next(claimed_in_turn(owner=owner, clock=clock), None)


def applied(vm: ProvisionedVm, clock: Clock) -> ProvisionedVm:
    """Have an apply tell of ``vm`` now."""
    look_again(vm, settings_of(vm.organization), clock())
    vm.save()
    VmEventFactory(vm=vm, kind=VmEvent.Kind.APPLIED, at=clock())
    return vm


# --- Organizations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("organizations", "vms", "at_most"), [(1, 120, timedelta(minutes=1)), (9, 6, timedelta(minutes=9))]
)
def test_silent_machines_of_others_do_not_keep_a_vm_waiting(operator, clock, monkeypatch, organizations, vms, at_most):
    for organization in OrganizationFactory.create_batch(organizations):
        handover_settings(organization)
        for number in range(vms):
            a_vm(organization, addresses=[f"10.9.0.{number}"])
    clock.move(seconds=1)
    monkeypatch.setattr(socket, "create_connection", taking(clock, 5, socket.create_connection))
    with listening(b"SSH-2.0-x\r\n") as port:
        ready, began = a_vm(operator, port, now=clock()), clock()
        while fresh(ready).phase != Phase.SCAN:
            vm_work.drain(clock=clock)
    assert clock() - began < at_most


def test_each_organization_has_one_turn_before_one_has_two(clock):
    for organization in OrganizationFactory.create_batch(3):
        for _ in range(2):
            a_vm(organization)
    turns = [vm.organization_id for vm in claimed_in_turn(owner="worker", clock=clock)]
    assert len(turns) == 6
    assert len({*turns[:3]}) == len({*turns[3:]}) == 3


# --- Rounds and handovers ---------------------------------------------------------------------------------------------


def test_a_round_lets_a_handover_pass(operator, clock):
    for _ in range(3):
        a_vm(operator, phase=Phase.SETTLED, due_at=None)
    provision_schedule.scan_again(settings_of(operator), clock())
    clock.move(minutes=1)
    handed_over = applied(a_vm(operator, handed_over_at=NOON), clock)
    clock.move(minutes=1)
    new = applied(a_vm(operator), clock)
    claims = [vm.pk for vm in claimed_in_turn(owner="worker", clock=clock)]
    assert (len(claims), claims[:2]) == (5, [new.pk, handed_over.pk])


def test_scans_of_a_round_let_the_scan_of_a_handover_pass(operator, clock):
    with listening(b"SSH-2.0-x\r\n") as port:
        a_vm(operator, port, phase=Phase.SETTLED, due_at=None)
        provision_schedule.scan_again(settings_of(operator), clock())
        vm_work.drain(clock=clock)
        clock.move(minutes=1)
        new = drained(applied(a_vm(operator, port), clock), clock)
    assert Scan.objects.count() == 2
    claimed = scan_claims.claim_next(owner="worker", now=clock())
    assert claimed is not None and claimed.host == new.host


def test_a_scan_of_a_round_is_hurried_when_an_apply_asks_for_it(operator, clock):
    with listening(b"SSH-2.0-x\r\n") as port:
        vm = a_vm(operator, port, phase=Phase.SETTLED, due_at=None)
        provision_schedule.scan_again(settings_of(operator), clock())
        vm_work.drain(clock=clock)
        routine = Scan.objects.get().priority
        clock.move(minutes=1)
        drained(applied(fresh(vm), clock), clock)
    assert Scan.objects.get().priority < routine


# --- Looks that come to no end ----------------------------------------------------------------------------------------


def test_looks_that_are_cut_off_each_time_end_with_the_time_to_wait(operator, clock):
    vm = a_vm(operator)
    while (claimed := next_claim(clock, f"worker at {clock()}")) is not None:
        assert clock() - NOON < timedelta(minutes=35)
        vm_work.wanted(claimed, clock())
        clock.move(seconds=LEASE.total_seconds() + 5)
        free_lost(now=clock())
    vm = fresh(vm)
    assert (vm.phase, vm.due_at, vm.state) == (Phase.SETTLED, None, State.UNVERIFIED)
    assert vm.reasons == [f"{CUT_OFF.rstrip('.')}, and the time to wait for it is over."]
    assert list(vm.events.values_list("kind", flat=True)) == ["waiting", "decided"]


def test_a_vm_whose_worker_vanished_is_looked_at_once_more_when_its_time_is_over(operator, clock):
    with listening(b"SSH-2.0-x\r\n") as port:
        vm = a_vm(operator, port)
        assert next_claim(clock)
        clock.move(hours=1)
        assert drained(vm, clock).phase == Phase.SCAN
