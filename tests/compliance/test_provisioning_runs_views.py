"""The page of runs: each apply that was told of, what became of it, and why it failed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compliance.models import ProvisioningRun
from tests.factories.compliance import NOON
from tests.factories.organizations import UserFactory, member
from tests.factories.provisioning import ProjectFactory, ProvisioningRunFactory, TerraformConnectionFactory

pytestmark = pytest.mark.django_db

OVERVIEW, RUNS = "/provisioning/", "/provisioning/runs/"
UNREACHABLE = "app.terraform.io cannot be reached: no route to host."


def text(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def shop(organization):
    return ProjectFactory(organization=organization, name="shop")


@pytest.fixture
def fetching(organization, shop):
    terraform = TerraformConnectionFactory(organization=organization, name="Our HCP")
    return ProvisioningRunFactory(
        organization=organization, project=shop, workspace_name="network", run_id="run-CZcmD7eagjhyX0vN",
        source="notification", connection=terraform, status="fetching", registered_at=None, attempts=3,
        due_at=timezone.now() + timedelta(seconds=40),
    )  # fmt: skip


def failed(organization, **fields) -> ProvisioningRun:
    values = {"status": "failed", "error": UNREACHABLE, "registered_at": None, "created_at": timezone.now()}
    return ProvisioningRunFactory(organization=organization, **values | fields)


def runs_in(response) -> list[str]:
    return [run.run_id for run in response.context["page"]]


# --- What a line says -------------------------------------------------------------------------------------------------


def test_a_registered_run_names_its_vms_and_leads_to_those_of_its_project(page, organization, shop):
    pipeline = UserFactory(username="gitlab")
    run = ProvisioningRunFactory(
        organization=organization, project=shop, run_id="4711", vms_count=12, destroyed_count=3, requested_by=pipeline
    )
    shown = text(page.get(RUNS))
    assert "4711" in shown
    assert f"id:{run.pk}" in shown
    assert "Registered" in shown
    assert f'<a href="/provisioning/vms/?project={shop.pk}">12 VMs</a>' in shown
    assert "3 destroyed" in shown
    assert "Posted" in shown
    assert "by gitlab" in shown


def test_a_run_without_vms_leads_nowhere(page, organization, shop):
    ProvisioningRunFactory(organization=organization, project=shop)
    shown = text(page.get(RUNS))
    assert "no VM" in shown
    assert "/provisioning/vms/?project=" not in shown


def test_a_fetching_run_says_its_workspace_its_way_and_its_next_try(page, organization, fetching):
    shown = text(page.get(RUNS))
    assert "run-CZcmD7eagjhyX0vN" in shown
    assert "network" in shown
    assert "Notification" in shown
    assert "Our HCP" in shown
    assert "Fetching the state" in shown
    next_try = fetching.due_at.astimezone(organization.zone)
    assert f"Tried 3 times; next try at {next_try:%H:%M:%S}." in shown


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"due_at": NOON, "attempts": 0}, "Waits for a worker."),
        ({"due_at": NOON, "attempts": 1}, "Tried 1 time; due again since 12:00:00."),
        ({"attempts": 2, "lease_until": timezone.now() + timedelta(days=1)}, "Being fetched now, try 2."),
    ],
)
def test_a_fetching_run_says_what_it_waits_for(fields, words, page, fetching):
    ProvisioningRun.objects.update(**fields)
    assert words in text(page.get(RUNS))


def test_a_failed_run_says_why_in_full(page, organization):
    failed(organization, error=f"{UNREACHABLE} {'It was tried for 30 minutes. ' * 20}Enough.")
    shown = text(page.get(RUNS))
    assert 'badge-failed"' in shown
    assert UNREACHABLE in shown
    assert "Enough." in shown


def test_a_superseded_run_says_which_one_came_before(page, organization):
    failed(organization, status="superseded", error="run-2, a newer run of this workspace, was registered before.")
    shown = text(page.get(RUNS))
    assert "Superseded by a newer run" in shown
    assert "run-2, a newer run of this workspace" in shown


def test_resources_whose_machines_no_state_lists_are_counted_and_named(page, organization):
    ProvisioningRunFactory(organization=organization, groups=["aws_autoscaling_group.web", "aws_autoscaling_group.api"])
    shown = text(page.get(RUNS))
    assert "2 resources make machines that the state does not list</summary>" in shown
    assert "aws_autoscaling_group.api" in shown


# --- The list ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def several(organization, shop, fetching):
    failed(organization, run_id="run-failed")
    ProvisioningRunFactory(organization=organization, project=shop, run_id="run-done")


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ("", ["run-done", "run-failed", "run-CZcmD7eagjhyX0vN"]),
        ("status=failed", ["run-failed"]),
        ("status=fetching", ["run-CZcmD7eagjhyX0vN"]),
        ("status=superseded", []),
        ("status=nonsense", ["run-done", "run-failed", "run-CZcmD7eagjhyX0vN"]),
        ("project={shop}", ["run-done", "run-CZcmD7eagjhyX0vN"]),
        ("project={shop}&status=registered", ["run-done"]),
        ("project=x", []),
        ("q=czcmd7", ["run-CZcmD7eagjhyX0vN"]),
        ("q=network", ["run-CZcmD7eagjhyX0vN"]),
        ("q=shop+done", ["run-done"]),
        ("q=%00", ["run-done", "run-failed", "run-CZcmD7eagjhyX0vN"]),
    ],
)
def test_runs_are_newest_first_and_filtered(query, runs, page, shop, several):
    assert runs_in(page.get(f"{RUNS}?{query.format(shop=shop.pk)}")) == runs


def test_runs_are_paged(page, organization, shop):
    for number in range(12):
        ProvisioningRunFactory(organization=organization, project=shop, run_id=f"apply-{number}")
    assert runs_in(page.get(f"{RUNS}?page_size=10&page=2")) == ["apply-1", "apply-0"]
    assert "of 12 runs" in text(page.get(f"{RUNS}?page_size=10"))
    assert "No such page" in text(page.get(f"{RUNS}?page_size=10&page=9"))
    assert page.get(f"{RUNS}?page=x").status_code == 400


def test_the_list_refreshes_itself_while_a_state_is_fetched(page, fetching):
    assert 'hx-trigger="every' in text(page.get(RUNS))
    ProvisioningRun.objects.update(status="failed", error=UNREACHABLE, due_at=None)
    assert 'hx-trigger="every' not in text(page.get(RUNS))


def test_the_list_costs_no_more_for_many_rows_and_reads_no_secret(page, organization):
    def queries(number):
        for _ in range(number):
            terraform = TerraformConnectionFactory(organization=organization, token="a secret")
            failed(organization, connection=terraform, requested_by=UserFactory(), groups=["aws_autoscaling_group.web"])
        with CaptureQueriesContext(connection) as captured:
            assert page.get(RUNS).status_code == 200
        return captured.captured_queries

    few, many = queries(3), queries(12)
    assert len(many) == len(few) <= 12
    assert not [one for one in many if '"token"' in one["sql"]]


def test_runs_of_another_tenant_are_not_there(client, organization, other_organization, several):
    client.force_login(member(other_organization, role="admin"))
    assert runs_in(client.get(RUNS)) == []
    assert "shop" not in text(client.get(RUNS))


def test_without_runs_it_says_how_they_come(page, several):
    assert "No run matches" in text(page.get(f"{RUNS}?q=nowhere"))
    ProvisioningRun.objects.all().delete()
    shown = text(page.get(RUNS))
    assert "No run yet" in shown
    assert f'href="{OVERVIEW}#way-post">How runs get here</a>' in shown


# --- The way there ----------------------------------------------------------------------------------------------------


def test_runs_are_a_tab_of_provisioning(page):
    assert f'href="{RUNS}" aria-current="page">Runs</a>' in text(page.get(RUNS))


def test_overview_says_that_runs_failed_in_the_last_seven_days(page, organization, other_organization):
    failed(organization, created_at=timezone.now() - timedelta(days=8))
    failed(other_organization)
    assert f"{RUNS}?status=failed" not in text(page.get(OVERVIEW))
    failed(organization)
    shown = text(page.get(OVERVIEW))
    assert "1 run failed in the last seven days." in shown
    assert f'href="{RUNS}?status=failed"' in shown
    failed(organization)
    assert "2 runs failed in the last seven days." in text(page.get(OVERVIEW))
