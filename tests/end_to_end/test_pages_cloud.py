"""Accounts and schedules of the cloud as a user meets them, in a real browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cloudbench.models import CloudAccount, Schedule
from cloudbench.services import schedules
from tests.factories.cloudbench import BenchmarkFactory, CloudAccountFactory, a_document, completed_run
from tests.factories.organizations import OrganizationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "An account that somebody took a very long time to find a name for, which is then shown everywhere"
TITLES = {
    "cis_aws_3_0": "CIS Amazon Web Services Foundations Benchmark 3.0",
    "hipaa_security_rule": "HIPAA Security Rule",
    "soc2": "SOC 2 Type II Trust Services Criteria",
}


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting", time_zone="Europe/Berlin")


@pytest.fixture
def benchmarks(transactional_db):
    return [
        BenchmarkFactory(slug=slug, title=title, document=a_document("s3_bucket_versioning", "iam_root_mfa", slug=slug))
        for slug, title in TITLES.items()
    ]


@pytest.fixture
def account(organization, benchmarks):
    account = CloudAccountFactory(organization=organization, name="Production", account_id="111122223333")
    completed_run(account=account, benchmark=benchmarks[0], finished_at=timezone.now())
    return account


@pytest.fixture
def schedule(admin, account):
    values = {
        "benchmarks": [*TITLES], "frequency": "weekly", "weekday": 0, "time": "06:00", "time_zone": "Europe/Berlin",
        "alert_on_drop": True,
    }  # fmt: skip
    return schedules.create_schedule(actor=admin, account=account, values=values, now=timezone.now())


def toast(tab, words):
    expect(tab.page.get_by_role("region", name="Messages").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_is_accessible_fits_and_breaks_no_policy(
    open_page, account, schedule, admin, organization, width, dark
):
    long = CloudAccountFactory(
        organization=organization, name=LONG, access="keys", role_arn="", access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key="x", regions=["eu-central-1", "us-east-1", "ap-southeast-2"],
    )  # fmt: skip
    paused = {"benchmarks": ["soc2"], "time": "23:30", "frequency": "monthly", "day": 31, "enabled": False}
    schedules.create_schedule(actor=admin, account=long, values=paused, now=timezone.now())
    tab = open_page("/", width=width, dark=dark)
    tab.complaints.clear()
    page = f"/cloud/accounts/{account.pk}/"
    wrong = tab.wrong_on(
        "/cloud/accounts/", "/cloud/accounts/?q=nothing", "/cloud/accounts/new/", page, f"{page}?as=terraform",
        f"{page}?benchmarks=soc2&principal=nobody", f"{page}edit/", "/cloud/schedules/", "/cloud/schedules/?q=nothing",
        "/cloud/schedules/new/", f"/cloud/schedules/{schedule.pk}/edit/",
    )  # fmt: skip
    assert wrong == {}


def test_an_account_is_connected_from_the_empty_page_corrected_and_removed(open_page, organization, benchmarks):
    tab = open_page("/cloud/accounts/")
    page = tab.page
    page.get_by_role("main").get_by_role("link", name="Connect account").last.click()
    page.get_by_label("Name", exact=True).fill("Production")
    page.get_by_label("Account id", exact=True).fill("111122223333")
    page.get_by_label("Role ARN").fill("arn:aws:iam::999922223333:role/read")
    page.get_by_role("button", name="Connect account").click()
    expect(page.get_by_text("This role is one of account 999922223333")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Production")
    page.get_by_label("Role ARN").fill("arn:aws:iam::111122223333:role/read")
    page.get_by_role("button", name="Connect account").click()
    toast(tab, "Production is connected")
    account = CloudAccount.objects.get()
    expect(page.get_by_role("region", name="Trust policy")).to_contain_text(account.external_id)
    expect(page.get_by_role("region", name="plumbline-read-1.json")).to_contain_text("s3:ListAllMyBuckets")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove account").click()
    toast(tab, "Production is removed")
    assert CloudAccount.objects.get().removed_at


def test_the_policy_follows_the_chosen_benchmarks_and_is_copied(open_page, account):
    tab = open_page(f"/cloud/accounts/{account.pk}/")
    page = tab.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for title in list(TITLES.values())[1:]:
        page.get_by_label(title).uncheck()
    page.get_by_label("Identity that this server runs as").fill("arn:aws:iam::444455556666:role/app")
    page.get_by_role("button", name="Write the policy for these").click()
    expect(page.get_by_role("region", name="plumbline-read.json")).not_to_contain_text("rds:")
    expect(page.get_by_role("region", name="Trust policy")).to_contain_text("444455556666")
    page.get_by_role("link", name="Terraform").click()
    page.get_by_role("button", name="Copy main.tf").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('variable "plumbline_principal_arn"')
    assert "444455556666" in copied
    assert tab.complaints == []


def test_the_connection_test_shows_its_result_on_the_page_and_without_scripts(open_page, account, settings):
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"
    tab = open_page("/cloud/accounts/")
    tab.page.get_by_role("button", name="Test the connection to Production").click()
    expect(tab.page.get_by_role("heading", name="Connection test of Production")).to_be_visible()
    plain = open_page(f"/cloud/accounts/{account.pk}/", scripts=False)
    plain.page.get_by_role("button", name="Test connection").click()
    expect(plain.page.get_by_role("heading", name="Connection test of Production")).to_be_visible()
    expect(plain.page.get_by_role("link", name="Back to the account")).to_be_visible()


def test_a_schedule_is_added_paused_resumed_edited_and_deleted(open_page, account):
    tab = open_page("/cloud/schedules/")
    page = tab.page
    page.get_by_role("main").get_by_role("link", name="Add schedule").last.click()
    expect(page.get_by_label("Day of the month")).to_be_hidden()
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    page.get_by_label("Frequency").select_option("monthly")
    page.get_by_label("Day of the month").fill("31")
    page.get_by_role("button", name="Add schedule").click()
    toast(tab, "Production is evaluated next")
    expect(page.get_by_text("The last day of each month at 06:00")).to_be_visible()
    page.get_by_role("button", name="Pause the schedule of Production").click()
    expect(page.locator("td").get_by_text("Paused")).to_be_visible()
    page.get_by_role("button", name="Resume the schedule of Production").click()
    toast(tab, "goes on")
    page.get_by_role("link", name="Edit the schedule of Production").click()
    page.get_by_label("Frequency").select_option("daily")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_text("Every day at 06:00")).to_be_visible()
    assert Schedule.objects.get().next_at - timezone.now() < timedelta(days=1)
    page.get_by_role("link", name="Delete the schedule of Production").click()
    page.get_by_role("button", name="Delete schedule").click()
    expect(page.get_by_text("No schedule yet")).to_be_visible()
    assert tab.complaints == []
