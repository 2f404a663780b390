"""Rows that ask hosts of tenants: who has a slow host, or many of them, keeps nobody else waiting."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from compliance.models import ProvisioningRun, RunTask, TerraformConnection
from compliance.models.work import Work
from compliance.services import run_fetches, run_task_answers, terraform_hooks
from compliance.services.terraform_hooks import Delivery
from compliance.services.work_claims import LONGEST_TURNS, claimed_in_turn, postpone, put_back, same_host
from organizations.lib.pinned_https import Answer, HttpsError, Place, Trouble
from organizations.models.organizations import Organization
from organizations.services.claims import owner_name
from tests.compliance.test_run_task_answers_services import Clock
from tests.compliance.test_waivers_concurrency import at_once
from tests.factories.organizations import OrganizationFactory
from tests.factories.provisioning import (
    NOTIFICATION_KEY,
    RUN_TASK_KEY,
    ProjectFactory,
    TerraformConnectionFactory,
    hcp_connection,
)
from tests.peers.hcp_deliveries import NOTIFICATION_SIGNATURE, TASK_SIGNATURE

pytest_plugins = ("tests.peers.hcp",)
pytestmark = pytest.mark.django_db

TIME_OUT = timedelta(seconds=15)
SLOW, BROKEN, LATE = "slow", "broken", "late"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asked(clock, monkeypatch) -> list[str]:
    """Play the hosts, by their names: slow ones end in a time-out, late ones answer just before; list who was asked."""
    hosts: list[str] = []

    def ask(request, **_: object) -> Answer:
        host = Place.of(request.url).host
        hosts.append(host)
        kind = host.split("-")[0]
        if kind in (SLOW, LATE):
            clock.now += TIME_OUT
        if kind == SLOW:
            raise HttpsError(Trouble.TOO_SLOW, f"{host} did not answer within 15 s; try again.")
        return Answer({BROKEN: 503}.get(kind, 200 if request.method == "PATCH" else 404), {}, b"")

    monkeypatch.setattr("compliance.terraform.hcp.ask", ask)
    return hosts


def to(host: str, organization: Organization) -> TerraformConnection:
    return TerraformConnectionFactory(organization=organization, host=host, token="a-token")


def tasks(connection: TerraformConnection, clock: Clock, number: int = 1, **fields: object) -> list[RunTask]:
    values = {
        "stage": "post_plan", "access_token": "x", "callback_url": f"https://{connection.host}/x",
        "workspace_id": "ws-1", "workspace_name": "web", "run_id": "run-1", "created_at": clock.now,
        "due_at": clock.now, "deadline": clock.now + timedelta(minutes=9),
    } | fields  # fmt: skip
    organization = connection.organization
    return [
        RunTask.objects.create(
            organization=organization, connection=connection, task_result_id=f"{connection.pk}-{n}", **values
        )
        for n in range(number)
    ]  # fmt: skip


def runs(connection: TerraformConnection, clock: Clock, number: int = 1) -> list[ProvisioningRun]:
    organization = connection.organization
    project = ProjectFactory(organization=organization)
    return [
        ProvisioningRun.objects.create(
            organization=organization, project=project, connection=connection, workspace_id="ws-1",
            workspace_name="web", run_id=f"run-{n}", run_created_at=clock.now, source="notification",
            source_key=f"{connection.pk}:run-{n}", status="fetching", due_at=clock.now, created_at=clock.now,
        )
        for n in range(number)
    ]  # fmt: skip


each_drain = pytest.mark.parametrize(
    ("made", "drain"), [(tasks, run_task_answers.drain), (runs, run_fetches.drain)], ids=["answers", "fetches"]
)


# --- Turns ------------------------------------------------------------------------------------------------------------


@each_drain
@pytest.mark.parametrize("kind", [SLOW, LATE])
def test_other_tenants_come_next_however_many_rows_a_slow_host_has(
    organization, other_organization, clock, asked, made, drain, kind
):
    made(to(f"{kind}-1", organization), clock, 40)
    clock.forward(seconds=1)
    made(to("good", other_organization), clock)
    began = clock.now
    drain(clock=clock)
    assert asked[:2] == [f"{kind}-1", "good"]
    assert clock.now - began <= LONGEST_TURNS + TIME_OUT


@each_drain
def test_many_slow_hosts_of_some_tenants_take_one_turn_each_over_all_drains(
    organization, other_organization, clock, asked, made, drain
):
    slow = [organization, OrganizationFactory(), OrganizationFactory(), OrganizationFactory()]
    for number in range(5):
        for tenant in slow:
            made(to(f"{LATE}-{tenant.pk}-{number}", tenant), clock, 3)
    clock.forward(seconds=1)
    made(to("good", other_organization), clock)
    drains = 0
    while "good" not in asked:
        before = clock.now
        drain(clock=clock)
        drains += 1
        assert clock.now - before <= LONGEST_TURNS + TIME_OUT
    assert drains == 3
    assert sorted(host.split("-")[1] for host in asked[:4]) == sorted(str(tenant.pk) for tenant in slow)


def test_rows_of_one_tenant_are_taken_in_the_order_in_which_they_came(organization, clock, asked):
    made = []
    for number in range(5):
        made += tasks(to(f"good-{number}", organization), clock)
        clock.forward(seconds=1)
    assert run_task_answers.drain(clock=clock) == 5
    assert asked == [f"good-{number}" for number in range(5)]


@pytest.mark.parametrize("made", [tasks, runs])
def test_one_worker_at_a_time_is_at_the_rows_of_a_tenant(organization, other_organization, clock, made):
    mine = made(to("slow-1", organization), clock) + made(to("slow-2", organization), clock)
    clock.forward(seconds=1)
    (other,) = made(to("good", other_organization), clock)
    model = type(other)

    def next_of(worker: str) -> Work | None:
        return next(claimed_in_turn(model, owner=worker, clock=clock), None)

    assert [next_of("one"), next_of("two"), next_of("three")] == [mine[0], other, None]
    clock.forward(seconds=89)
    assert next_of("three") is None
    clock.forward(seconds=2)
    assert next_of("three") == mine[1]


@pytest.mark.django_db(transaction=True)
def test_workers_that_come_at_the_same_moment_take_each_row_once(clock):
    for _ in range(3):
        tasks(to("good", OrganizationFactory()), clock, 10)

    def work() -> list[int]:
        taken = []
        while RunTask.objects.exclude(due_at=None).exists():
            for task in claimed_in_turn(RunTask, owner=owner_name(), clock=clock):
                postpone(same_host(task, clock.now), clock.now)
                put_back(task, due_at=None)
                taken.append(task.pk)
        return taken

    taken = [pk for part in at_once(work, work, work, work) for pk in part]
    assert sorted(taken) == sorted(RunTask.objects.values_list("pk", flat=True))


# --- Hosts in trouble -------------------------------------------------------------------------------------------------


@each_drain
@pytest.mark.parametrize("kind", [SLOW, BROKEN])
def test_what_is_due_at_a_host_in_trouble_waits_with_what_was_asked(organization, clock, asked, made, drain, kind):
    troubled, fine = to(f"{kind}-1", organization), to("good", organization)
    made(troubled, clock, 10)
    made(fine, clock, 2)
    drain(clock=clock)
    assert asked == [f"{kind}-1", "good", "good"]
    due = {row.due_at for row in [*troubled.run_tasks.all(), *troubled.runs.all()]}
    assert due == {clock.now + timedelta(seconds=5)}


@each_drain
def test_what_failed_comes_after_what_waited_with_it(organization, clock, asked, made, drain):
    connection = to(f"{BROKEN}-1", organization)
    rows = made(connection, clock, 3)
    for _ in range(3):
        drain(clock=clock)
        clock.forward(seconds=5)
    assert len(asked) == 3
    assert [type(row).objects.get(pk=row.pk).attempts for row in rows] == [1, 1, 1]


def test_once_a_host_is_well_again_all_that_waited_is_done(organization, clock, asked):
    connection = to(f"{BROKEN}-1", organization)
    tasks(connection, clock, 3)
    run_task_answers.drain(clock=clock)
    TerraformConnection.objects.update(host="good")
    RunTask.objects.update(callback_url="https://good/x")
    clock.forward(seconds=5)
    run_task_answers.drain(clock=clock)
    assert {*RunTask.objects.values_list("status", flat=True)} == {"passed"}


def test_no_task_waits_for_a_host_past_its_deadline(organization, clock, asked):
    connection = to(f"{BROKEN}-1", organization)
    (first,) = tasks(connection, clock)
    RunTask.objects.update(attempts=9)
    claimed = next(claimed_in_turn(RunTask, owner="a worker", clock=clock))
    soon, over = clock.now + timedelta(seconds=30), clock.now - timedelta(seconds=1)
    near = RunTask.objects.create(**values_of(first, task_result_id="near", deadline=soon))
    late = RunTask.objects.create(**values_of(first, task_result_id="late", deadline=over))
    run_task_answers.work_on(claimed, clock)
    dues = [RunTask.objects.get(pk=row.pk).due_at for row in (first, near, late)]
    assert dues == [clock.now + timedelta(minutes=1), soon, clock.now + timedelta(minutes=1)]


def values_of(task: RunTask, **fields: object) -> dict[str, object]:
    kept = {field.name: getattr(task, field.name) for field in RunTask._meta.concrete_fields if not field.primary_key}
    return kept | {"attempts": 0} | fields


def test_a_state_that_is_not_there_yet_has_no_other_wait(hcp, clock):
    connection = hcp_connection(hcp)
    hcp.put_state("ws-1", "run-of-before", b"{}")
    first, second = runs(connection, clock, 2)
    assert run_fetches.drain(clock=clock) == 2
    for run in (first, second):
        run.refresh_from_db()
        assert (run.attempts, run.due_at) == (1, clock.now + timedelta(seconds=5))


# --- Deliveries -------------------------------------------------------------------------------------------------------


def test_many_deliveries_at_once_ask_for_a_worker_once(hcp, enqueued, clock, django_capture_on_commit_callbacks):
    connection = hcp_connection(hcp)

    def deliver(take: Callable[..., object], told, signature: str, connection=connection) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            take(delivery=Delivery(connection.pk, told.body, told.headers[signature]), now=clock())

    def notify(number: int, **to: object) -> None:
        told = hcp.notification(NOTIFICATION_KEY, run_id=f"run-{number}")
        deliver(terraform_hooks.notify, told, NOTIFICATION_SIGNATURE, **to)

    for number in range(5):
        notify(number)
        clock.forward(seconds=1)
    assert len(enqueued) == 1
    for _ in range(5):
        deliver(terraform_hooks.ask_for_answer, hcp.run_task(RUN_TASK_KEY, stage="post_plan"), TASK_SIGNATURE)
    assert len(enqueued) == 2  # answers do not wait behind states
    notify(1, connection=hcp_connection(hcp, OrganizationFactory()))
    assert len(enqueued) == 3  # nor one tenant's behind another's
    run_fetches.drain(clock=clock)
    notify(9)
    assert len(enqueued) == 4
