"""A provisioned VM at work: a clock, an organization, something that answers like SSH, and steps of the worker."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from compliance.engine.transports.base import Output
from compliance.models import ProvisionedVm
from compliance.services import scan_runs, vm_work
from tests.compliance.test_scan_claims_services import ANSWER
from tests.factories.compliance import NOON
from tests.factories.organizations import OrganizationFactory
from tests.factories.provisioning import ProvisionedVmFactory, handover_settings
from tests.factories.templates_app import a_check, published_template
from tests.fakes.transport import FakeTransport

Phase, State = ProvisionedVm.Phase, ProvisionedVm.State


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def operator(db: None, enqueued):
    """The organization whose hosts may be on loopback, blocking, with content for Linux."""
    organization = OrganizationFactory(is_operator=True)
    handover_settings(organization)
    published_template([a_check(missing="pass")], slug="cis-l1-linux")
    return organization


@contextmanager
def listening(greeting: bytes, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Greet whoever connects, until the block ends; yield the port."""
    with socket.create_server((address, port)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(greeting)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.fixture
def ssh() -> Iterator[int]:
    with listening(b"SSH-2.0-OpenSSH_9.2p1\r\n") as port:
        yield port


def a_vm(organization, port: int = 22, *, now: datetime = NOON, **fields: Any) -> ProvisionedVm:
    """Return a VM that is looked for from ``now`` on, for half an hour."""
    values: dict[str, Any] = {
        "phase": Phase.ADDRESS, "due_at": now, "wait_until": now + timedelta(minutes=30), "addresses": ["127.0.0.1"],
    }  # fmt: skip
    vm = ProvisionedVmFactory(organization=organization, **values | fields)
    vm.host.port = port
    vm.host.save()
    return vm


def waiting_for_address(organization, **fields: Any) -> ProvisionedVm:
    vm = a_vm(organization, **fields)
    ProvisionedVm.objects.filter(pk=vm.pk).update(addresses=[])
    type(vm.host).objects.filter(pk=vm.host_id).update(address="")
    return fresh(vm)


def fresh(vm: ProvisionedVm) -> ProvisionedVm:
    return ProvisionedVm.objects.select_related("host", "organization", "scan").get(pk=vm.pk)


def events(vm: ProvisionedVm) -> list[str]:
    return list(vm.events.order_by("pk").values_list("kind", flat=True))


def drained(vm: ProvisionedVm, clock: Clock) -> ProvisionedVm:
    vm_work.drain(clock=clock)
    return fresh(vm)


def answer(script: bytes) -> Output:
    nonce = script.split(b"NONCE=", 1)[1].split(b"\n", 1)[0].decode().strip("'")
    return Output(ANSWER.format(nonce).encode())


class Answering(FakeTransport):
    def run(self, script: bytes, **ignored: Any) -> Output:
        return answer(script)


def scan_once(vm: ProvisionedVm, clock: Clock) -> ProvisionedVm:
    """Have the VM looked at and its scan performed."""
    vm_work.drain(clock=clock)
    scan_runs.drain(clock=clock)
    return fresh(vm)
