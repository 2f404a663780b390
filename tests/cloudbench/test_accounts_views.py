"""The pages of accounts and schedules: who sees what, and what a connection test shows."""

import pytest
from django.urls import reverse

from cloudbench.models import CloudAccount, Schedule
from organizations import permissions
from organizations.models.memberships import Membership
from tests.factories.cloudbench import BenchmarkFactory, CloudAccountFactory, ScheduleFactory, a_document
from tests.factories.organizations import MembershipFactory, OrganizationFactory, member
from tests.peers.moto import ACCOUNT, user_of

pytest_plugins = ("tests.peers.moto",)
pytestmark = pytest.mark.django_db
SECRET = "Xq7-never-to-be-seen"


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def test_a_connection_test_names_each_missing_permission(page, organization, aws):
    BenchmarkFactory(slug="small", document=a_document("s3_bucket_versioning", "iam_root_mfa", slug="small"))
    keys = user_of(aws, "ec2:DescribeRegions", "iam:GetAccountSummary")
    account = CloudAccountFactory(organization=organization, account_id=ACCOUNT, access="keys", role_arn="", **keys)
    aws.enforce_after(0)
    url = reverse("cloudbench:test_account", args=[account.pk])
    shown = page.post(url, {"benchmarks": "small"}, headers={"HX-Request": "true"}).content.decode()
    assert "Permissions missing" in shown
    assert "s3:ListAllMyBuckets" in shown
    assert "iam:GetAccountSummary" not in shown
    assert keys["secret_access_key"] not in shown


def test_no_page_shows_a_secret(page, organization):
    account = CloudAccountFactory(
        organization=organization, access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key=SECRET, session_token=SECRET
    )
    names = ("cloudbench:account", "cloudbench:edit_account", "admin:cloudbench_cloudaccount_change")
    urls = [reverse("cloudbench:accounts"), *(reverse(name, args=[account.pk]) for name in names)]
    answers = [page.get(url) for url in urls]
    assert [one.status_code for one in answers] == [200] * 4
    assert not any(SECRET in one.content.decode() for one in answers)
    assert "AKIAIOSFODNN7EXAMPLE" not in answers[1].content.decode()


def test_what_one_may_only_see_has_no_buttons_and_takes_none(client, organization):
    account = CloudAccountFactory(organization=organization)
    schedule = ScheduleFactory(account=account)
    client.force_login(member(organization, role=Membership.Role.PROVISIONER))
    for name in ("accounts", "schedules"):
        shown = client.get(reverse(f"cloudbench:{name}")).content.decode()
        assert account.name in shown
        assert "<dialog" not in shown
    for name, pk in (
        ("edit_account", account.pk), ("remove_account", account.pk), ("test_account", account.pk),
        ("edit_schedule", schedule.pk), ("pause_schedule", schedule.pk), ("delete_schedule", schedule.pk),
    ):  # fmt: skip
        assert client.post(reverse(f"cloudbench:{name}", args=[pk])).status_code == 403
    assert CloudAccount.objects.get().removed_at is None
    assert Schedule.objects.get().enabled


def test_whoever_holds_one_account_sees_that_one_only(client, organization):
    mine, other = (CloudAccountFactory(organization=organization, name=name) for name in ("Mine", "Another"))
    ScheduleFactory(account=mine)
    ScheduleFactory(account=other)
    user = member(organization)
    permissions.grant(user, "view_compliance", mine)
    client.force_login(user)
    for name in ("accounts", "schedules"):
        shown = client.get(reverse(f"cloudbench:{name}")).content.decode()
        assert "Mine" in shown
        assert "Another" not in shown
    assert client.get(reverse("cloudbench:account", args=[mine.pk])).status_code == 200
    assert client.get(reverse("cloudbench:account", args=[other.pk])).status_code == 404


def test_an_admin_of_several_organizations_chooses_one(page, admin, organization):
    second = MembershipFactory(user=admin, role="admin", organization=OrganizationFactory()).organization
    values = {
        "name": "Lab", "account_id": "111122223333", "access": "role", "role_arn": "arn:aws:iam::111122223333:role/r",
    }  # fmt: skip
    url = reverse("cloudbench:create_account")
    assert page.post(url, values).status_code == 400
    assert page.post(url, values | {"organization": OrganizationFactory().pk}).status_code == 400
    assert page.post(url, values | {"organization": second.pk}).status_code == 302
    assert CloudAccount.objects.get().organization == second


def test_what_is_wrong_with_a_form_stands_beside_its_field(page, organization):
    account = CloudAccountFactory(organization=organization)
    url = reverse("cloudbench:edit_account", args=[account.pk])
    answer = page.post(url, {"name": "x", "account_id": "12", "access": "role", "regions": "mars"})
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert "is no region; write one such as" in shown
    BenchmarkFactory(slug="small")
    answer = page.post(
        reverse("cloudbench:create_schedule"), {"account": account.pk, "frequency": "weekly", "time": "x"}
    )
    assert answer.status_code == 400
    assert all(words in answer.content.decode() for words in ("Choose at least one benchmark", "such as 06:00"))


# --- The configuration pages ------------------------------------------------------------------------------------------


def test_configuration_calls_the_services(page, organization, admin):
    BenchmarkFactory(slug="small")
    made = page.post(
        reverse("admin:cloudbench_cloudaccount_add"),
        {"organization": organization.pk, "name": "Lab", "account_id": "111122223333", "access": "keys",
         "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": SECRET, "regions": "eu-central-1"},
    )  # fmt: skip
    assert made.status_code == 302, made.content.decode()[:3000]
    account = CloudAccount.objects.get()
    assert (account.secret_access_key, account.regions) == (SECRET, ["eu-central-1"])
    wrong = page.post(
        reverse("admin:cloudbench_cloudaccount_change", args=[account.pk]),
        {"name": "Lab", "account_id": "111122223333", "access": "role", "access_key_id": account.access_key_id},
    )
    assert "Write the ARN of a role" in wrong.content.decode()
    scheduled = page.post(
        reverse("admin:cloudbench_schedule_add"),
        {"account": account.pk, "benchmarks": ["small"], "frequency": "daily", "time": "06:00", "time_zone": "UTC",
         "drop_points": 10, "enabled": "on"},
    )  # fmt: skip
    assert scheduled.status_code == 302, scheduled.content.decode()[:3000]
    assert Schedule.objects.get().next_at
    gone = page.post(reverse("admin:cloudbench_cloudaccount_delete", args=[account.pk]), {"post": "yes"})
    assert gone.status_code == 302
    account.refresh_from_db()
    assert (bool(account.removed_at), Schedule.objects.get().enabled) == (True, False)
