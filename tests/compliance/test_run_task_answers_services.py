"""Whole conversations of run tasks with a played HCP Terraform: heartbeats, verdicts, time limits, lost workers."""

from datetime import UTC, datetime, timedelta

import pytest

from compliance.models import ProvisionedVm, RunTask
from compliance.selectors.run_tasks import failed_rules
from compliance.services import run_fetches, run_task_answers, terraform_hooks
from compliance.services.handovers import release
from compliance.services.run_task_news import wake_for_run
from compliance.services.terraform_hooks import Delivery
from compliance.services.vm_scans import give_up
from compliance.services.work_claims import claimed_in_turn
from tests.compliance.all_tables import everything_stored
from tests.compliance.terraform_files import instance, showing
from tests.factories.organizations import member
from tests.factories.provisioning import (
    RUN_TASK_KEY,
    ProjectFactory,
    handover_settings,
    hcp_connection,
    vm_scan,
)
from tests.factories.templates_app import a_check, published_template
from tests.peers.hcp import running_hcp
from tests.peers.hcp_deliveries import TASK_SIGNATURE

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ONE, TWO = instance(tags={"Name": "one"}), instance("aws_instance.two", id="i-two", tags={"Name": "two"})


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hcp(clock):
    with running_hcp(now=clock) as peer:
        yield peer


@pytest.fixture
def connection(hcp):
    connection = hcp_connection(hcp)
    handover_settings(connection.organization)
    return connection


@pytest.fixture
def ask(hcp, connection, clock):
    """Send the request of a run task as Terraform does, and return its row."""

    def asked(**fields: object) -> RunTask:
        told = hcp.run_task(RUN_TASK_KEY, **fields)
        delivery = Delivery(connection.pk, told.body, told.headers[TASK_SIGNATURE])
        return terraform_hooks.ask_for_answer(delivery=delivery, now=clock())

    return asked


@pytest.fixture
def tend(clock, django_capture_on_commit_callbacks, enqueued):
    """Do what a worker does every ten seconds, but for the looks at VMs."""

    def tended() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            run_task_answers.drain(clock=clock)
            run_fetches.drain(clock=clock)
        run_task_answers.drain(clock=clock)

    return tended


@pytest.fixture
def scan(clock, django_capture_on_commit_callbacks, enqueued):
    """Have a scan of a VM complete."""
    checks = [
        a_check("linux_bad", severity="high", title="Root may not log in"),
        a_check("linux_worse", severity="critical", title="No password is empty"),
        *(a_check(f"linux_good_{number}") for number in range(8)),
    ]
    template = published_template(checks, slug="cis-l1-linux")

    def scanned(name: str, statuses: tuple[str, ...]) -> ProvisionedVm:
        vm = ProvisionedVm.objects.get(name=name)
        with django_capture_on_commit_callbacks(execute=True):
            vm_scan(vm, template, statuses=statuses, now=clock())
        vm.refresh_from_db()
        return vm

    return scanned


BAD, GOOD = ("fail", "fail", *["pass"] * 8), ("pass",)


def told(hcp) -> list[tuple[str, int]]:
    return [(one.attributes["status"], one.status) for one in hcp.told]


# A whole conversation


def test_a_run_task_hears_at_once_again_and_the_verdict_with_its_reasons(hcp, connection, clock, ask, tend, scan):
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    task = ask()
    tend()
    assert told(hcp) == [("running", 200)]
    for _ in range(23):
        clock.forward(seconds=10)
        tend()
    assert told(hcp) == [("running", 200)]
    clock.forward(seconds=10)
    tend()
    assert told(hcp) == [("running", 200)] * 2
    assert hcp.told[-1].attributes["message"] == "0 of 2 VMs decided on; the others are being scanned."

    clock.forward(seconds=30)
    scan("one", BAD)
    tend()
    assert len(hcp.told) == 2  # one VM is still open, and the next beat is not due
    clock.forward(seconds=5)
    scan("two", GOOD)
    tend()
    assert told(hcp)[2:] == [("failed", 200)]
    message = hcp.told[-1].attributes["message"]
    assert message.startswith("1 of 2 VMs may not be handed over; repair and scan again, or have an admin of ")
    assert "one is blocked, score 80.0: 1 critical CIS check(s) failed." in message
    names = [(one["attributes"]["outcome-id"], one["attributes"]["tags"]) for one in hcp.told[-1].outcomes]
    assert [name for name, _ in names] == ["linux_worse", "linux_bad"]
    assert names[0][1]["Severity"] == [{"label": "Critical", "level": "error"}]

    task.refresh_from_db()
    assert (task.status, task.message, task.told_at, task.due_at) == ("failed", message, clock(), None)
    assert task.access_token == ""
    clock.forward(minutes=1)
    tend()
    assert len(hcp.told) == 3


def test_a_run_whose_vms_are_clean_passes_with_their_scores(hcp, ask, tend, scan, clock):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    clock.forward(minutes=2)
    scan("one", GOOD)
    tend()
    assert told(hcp) == [("running", 200), ("passed", 200)]
    assert hcp.told[-1].attributes["message"] == "1 VM may be handed over. one is allowed, score 100.0."
    assert hcp.told[-1].outcomes == []


def test_audit_mode_passes_and_says_what_block_mode_would(hcp, connection, ask, tend, scan):
    handover_settings(connection.organization, enforcement_mode="audit")
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    scan("one", BAD)
    tend()
    assert told(hcp) == [("running", 200), ("passed", 200)]
    assert "block mode would say: 1 critical CIS check(s) failed" in hcp.told[-1].attributes["message"]
    assert len(hcp.told[-1].outcomes) == 2


def test_details_are_sent_only_to_who_takes_them(hcp, ask, tend, scan):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask(capabilities={"outcomes": False})
    tend()
    scan("one", BAD)
    tend()
    assert told(hcp)[-1] == ("failed", 200)
    assert hcp.told[-1].outcomes == []


def test_the_address_of_our_pages_is_told_when_others_can_reach_it(hcp, ask, tend, scan, settings):
    settings.PUBLIC_URL = "https://plumbline.example.com"
    hcp.put_state("ws-1", "run-1", showing(ONE))
    task = ask()
    tend()
    vm = scan("one", BAD)
    tend()
    ask(stage="post_plan")
    tend()
    assert [one.attributes["url"].removeprefix("https://plumbline.example.com") for one in hcp.told] == [
        f"/provisioning/vms/?project={task.registered.project_id}",
        f"/provisioning/vms/{vm.pk}/",
        "/provisioning/",
    ]
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    ask(stage="post_plan")
    tend()
    assert "url" not in hcp.told[-1].attributes


def test_vms_of_exempted_projects_are_not_waited_for(hcp, connection, ask, tend):
    project = ProjectFactory(organization=connection.organization, name="web")
    handover_settings(connection.organization).exempted_projects.add(project)
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    assert ProvisionedVm.objects.get().phase == "address"
    assert told(hcp) == [("running", 200), ("passed", 200)]
    assert "exempt" in hcp.told[-1].attributes["message"]


def test_a_vm_that_was_decided_on_is_scanned_again_after_a_further_apply(hcp, ask, tend, scan, clock):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    scan("one", BAD)
    tend()
    hcp.put_state("ws-1", "run-2", showing(ONE))
    clock.forward(minutes=20)
    ask(run_id="run-2")
    tend()
    assert told(hcp)[-1] == ("running", 200)
    scan("one", GOOD)
    tend()
    assert [status for status, _ in told(hcp)] == ["running", "failed", "running", "passed"]


def test_a_run_that_destroys_everything_passes(hcp, ask, tend):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    hcp.put_state("ws-1", "run-2", showing())
    ask(run_id="run-2", run_created_at="2026-11-21T12:30:00Z")
    tend()
    assert told(hcp)[-1] == ("passed", 200)
    assert hcp.told[-1].attributes["message"] == "This apply leaves no VM; 1 taken out of service."


def test_a_state_that_cannot_be_fetched_fails_the_task_with_the_remedy(hcp, connection, ask, tend):
    connection.token = "revoked"
    connection.save()
    ask()
    tend()
    assert told(hcp) == [("running", 200), ("failed", 200)]
    assert "make a new one" in hcp.told[-1].attributes["message"]


def test_organizations_that_scan_nothing_pass_with_that_reason(hcp, connection, ask, tend):
    handover_settings(connection.organization, enabled=False)
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    assert told(hcp)[-1] == ("passed", 200)
    assert "switched off" in hcp.told[-1].attributes["message"]


# What makes the answer prompt


def test_a_release_a_failed_scan_and_a_scan_bring_the_answer_at_once(
    hcp, connection, ask, tend, scan, clock, django_capture_on_commit_callbacks
):
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    ask()
    tend()
    blocked = scan("one", BAD)
    admin = member(connection.organization, "release_handover")
    with django_capture_on_commit_callbacks(execute=True):
        release(actor=admin, vm=blocked, reason="A test machine.", now=clock())
        give_up(ProvisionedVm.objects.get(name="two"), "It has no address", clock())
    tend()
    assert told(hcp) == [("running", 200), ("failed", 200)]
    message = hcp.told[-1].attributes["message"]
    assert message.startswith("1 of 2 VMs may not be handed over")
    assert "two is unverified: It has no address." in message
    assert "one is" not in message


def test_news_that_come_while_a_worker_holds_the_task_are_not_lost(
    hcp, ask, tend, clock, django_capture_on_commit_callbacks
):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    task = ask()
    tend()
    clock.forward(minutes=4)
    held = next(claimed_in_turn(RunTask, owner="a worker", clock=clock))
    clock.forward(seconds=1)
    with django_capture_on_commit_callbacks(execute=True):
        wake_for_run(task.registered, clock())
    run_task_answers.rest(held, clock() + timedelta(minutes=4), told_at=clock())
    task.refresh_from_db()
    assert (task.due_at, task.lease_owner) == (clock(), "")


# Before an apply


@pytest.mark.parametrize("stage", ["pre_plan", "pre_apply"])
def test_a_workspace_that_holds_blocked_vms_is_refused_until_they_are_released(
    hcp, connection, ask, tend, scan, stage, clock
):
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    ask()
    tend()
    blocked = scan("one", BAD)
    scan("two", GOOD)
    ask(stage=stage, run_id="run-2", task_result_enforcement_level="mandatory")
    ask(stage=stage, run_id="run-3", workspace_id="ws-2", workspace_name="other")
    tend()
    answers = {one.attributes["message"]: one.attributes["status"] for one in hcp.told[-2:]}
    refusal = next(words for words, status in answers.items() if status == "failed")
    assert refusal.startswith("1 VM of the workspace web may not be handed over; repair and scan again, or have an ")
    assert f"admin of {connection.organization} release them" in refusal
    assert "1 critical CIS check(s) failed" in refusal
    assert answers["No VM of the workspace other is held back."] == "passed"

    admin = member(connection.organization, "release_handover")
    release(actor=admin, vm=blocked, reason="A test machine.", now=clock())
    ask(stage=stage, run_id="run-4")
    tend()
    assert told(hcp)[-1] == ("passed", 200)


def test_vms_of_other_connections_and_tenants_refuse_nothing(hcp, connection, ask, tend, scan):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    scan("one", BAD)
    ProvisionedVm.objects.update(connection=hcp_connection(hcp, connection.organization))
    ask(stage="pre_plan", run_id="run-2")
    tend()
    assert told(hcp)[-1] == ("passed", 200)


@pytest.mark.parametrize("fields", [{"stage": "post_plan"}, {"stage": "pre_apply", "is_speculative": True}])
def test_plans_and_speculative_runs_pass_at_once(hcp, ask, tend, fields):
    task = ask(**fields, task_result_enforcement_level="mandatory")
    tend()
    assert told(hcp) == [("passed", 200)]
    task.refresh_from_db()
    assert (task.status, task.access_token) == ("passed", "")


# Time limits


@pytest.mark.parametrize(("level", "verdict"), [("mandatory", "failed"), ("advisory", "passed")])
def test_before_nine_minutes_there_is_an_answer_whatever_is_decided(hcp, clock, ask, tend, level, verdict):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    task = ask(task_result_enforcement_level=level)
    while task.status == "running":
        tend()
        task.refresh_from_db()
        clock.forward(seconds=10)
    assert [status for status, _ in told(hcp)] == ["running", "running", "running", verdict]
    assert {status for _, status in told(hcp)} == {200}
    last = hcp.told[-1]
    assert timedelta(minutes=8) < last.at - START < timedelta(minutes=9)
    assert "still being scanned" in last.attributes["message"]
    gaps = [later.at - earlier.at for earlier, later in zip(hcp.told, hcp.told[1:], strict=False)]
    assert max(gaps) <= timedelta(minutes=4, seconds=10)
    assert task.access_token == ""


@pytest.mark.parametrize(("level", "verdict"), [("mandatory", "failed"), ("advisory", "passed")])
def test_a_state_that_does_not_come_in_time_is_answered_like_a_scan_that_does_not(
    hcp, clock, ask, tend, level, verdict
):
    ask(task_result_enforcement_level=level)
    hcp.put_state("ws-1", "run-0", showing(ONE))
    clock.forward(minutes=8, seconds=30)
    tend()
    assert told(hcp) == [(verdict, 200)]
    assert "still waited for" in hcp.told[0].attributes["message"]


def test_at_the_deadline_what_is_blocked_already_fails_an_advisory_task(hcp, clock, ask, tend, scan):
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    ask()
    tend()
    scan("one", BAD)
    clock.forward(minutes=8, seconds=30)
    tend()
    assert told(hcp)[-1] == ("failed", 200)


# Callbacks that do not arrive


def test_a_callback_that_fails_is_tried_again_with_pauses_until_it_arrives(hcp, clock, ask, tend):
    task = ask(stage="post_plan")
    hcp.broken = "failing"
    pauses = []
    for _ in range(4):
        tend()
        task.refresh_from_db()
        pauses.append((task.due_at - clock()).total_seconds())
        clock.now = task.due_at
    assert pauses == [5, 10, 20, 40]
    assert task.status == "running"
    hcp.broken = ""
    tend()
    assert told(hcp) == [("passed", 200)]


def test_a_callback_that_never_arrives_is_given_up_after_the_deadline(hcp, clock, ask, tend):
    task = ask(stage="post_plan")
    hcp.broken = "failing"
    while task.status == "running":
        tend()
        task.refresh_from_db()
        clock.now = task.due_at or clock.now
    assert clock() == START + timedelta(minutes=9)
    assert (task.status, task.access_token, task.due_at) == ("unanswered", "", None)
    assert "HTTP 503" in task.message


def test_a_token_whose_time_is_over_is_not_tried_again(hcp, clock, ask, tend):
    task = ask(stage="post_plan")
    clock.forward(minutes=11)
    tend()
    tend()
    assert [one.status for one in hcp.told] == [401]
    task.refresh_from_db()
    assert (task.status, task.access_token) == ("unanswered", "")
    assert "lives ten minutes" in task.message


def test_an_answer_that_is_refused_is_not_tried_again(hcp, ask, tend):
    task = ask(stage="post_plan")
    hcp.results[task.task_result_id].final = "canceled"
    tend()
    tend()
    assert [one.status for one in hcp.told] == [422]
    task.refresh_from_db()
    assert task.status == "unanswered"
    assert "canceled" in task.message


def test_the_host_of_the_connection_counts_when_the_answer_is_given(hcp, connection, ask, tend):
    task = ask(stage="post_plan")
    connection.host = "tfe.example.com"
    connection.save()
    tend()
    task.refresh_from_db()
    assert (task.status, hcp.asked) == ("unanswered", [])
    assert "tfe.example.com" in task.message


def test_a_connection_that_was_removed_meanwhile_answers_nothing(hcp, connection, ask, tend, clock):
    task = ask(stage="post_plan")
    connection.removed_at = clock()
    connection.save()
    tend()
    task.refresh_from_db()
    assert (task.status, task.access_token, hcp.asked) == ("unanswered", "", [])


# Workers


def test_a_worker_that_vanishes_before_its_callback_is_replaced_once(hcp, clock, ask, tend):
    task = ask(stage="post_plan")
    lost = next(claimed_in_turn(RunTask, owner="a lost worker", clock=clock))
    clock.forward(seconds=80)
    tend()
    assert hcp.told == []
    clock.forward(seconds=20)
    tend()
    tend()
    assert told(hcp) == [("passed", 200)]
    run_task_answers.end(lost, RunTask.Status.FAILED, "too late")
    task.refresh_from_db()
    assert task.status == "passed"


def test_nothing_of_the_conversation_stays_readable(hcp, connection, ask, tend):
    task = ask(stage="post_plan")
    token = task.access_token
    tend()
    stored = everything_stored()
    assert task.task_result_id in stored
    assert not [secret for secret in (token, connection.token, RUN_TASK_KEY) if secret in stored]


def test_failed_rules_name_the_machine_and_lead_to_the_result(hcp, ask, tend, scan):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    ask()
    tend()
    vm = scan("one", BAD)
    rules = list(failed_rules([vm.pk], site="https://plumbline.example.com"))
    assert [(rule.check_id, rule.machine, rule.title) for rule in rules] == [
        ("linux_bad", "one", "Root may not log in"),
        ("linux_worse", "one", "No password is empty"),
    ]
    assert rules[0].url == f"https://plumbline.example.com/compliance/scans/{vm.scan_id}/checks/linux_bad/"
