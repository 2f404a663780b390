"""The API of exceptions."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.models import Waiver
from compliance.services.waivers import approve_waiver
from tests.compliance.scoring_again import scanned
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, WaiverFactory, a_scan
from tests.factories.organizations import UserFactory, member
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

EXCEPTIONS = "/api/v1/exceptions/"
CHECK = "linux_sysctl_ip_forward"


@pytest.fixture
def template():
    return published_template()


@pytest.fixture
def body(organization, template):
    return {"organization": organization.pk, "check_id": CHECK, "reason": "A firewall stands in front."}


@pytest.fixture
def approver(organization, client_of):
    return client_of(member(organization, "view_compliance", "approve_exception"))


def test_the_life_of_an_exception(api, admin, approver, body, organization):
    host = HostFactory(organization=organization)
    made = api.post(EXCEPTIONS, body | {"host": host.pk}, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["status"], shown["hostname"], shown["scope"]) == ("pending_approval", host.hostname, host.hostname)
    assert (shown["check_title"], shown["created_by_name"]) == (
        "The kernel does not forward IPv4 packets", admin.username,
    )  # fmt: skip
    url = f"{EXCEPTIONS}{shown['id']}/"
    assert api.post(f"{url}approve/").status_code == 403, "never one's own"
    assert approver.post(f"{url}approve/").json()["status"] == "active"
    assert api.patch(url, {"reason": "Better words."}, format="json").json()["reason"] == "Better words."
    revoked = api.delete(url)
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert api.delete(url).status_code == 409
    assert api.get(url).json()["status"] == "revoked"


def test_a_rejection_takes_an_optional_reason(api, approver, body, organization):
    for reason in ({}, {"reason": "Repair it."}):
        pk = api.post(EXCEPTIONS, body, format="json").json()["id"]
        assert api.post(f"{EXCEPTIONS}{pk}/reject/", reason, format="json").status_code == 403
        rejected = approver.post(f"{EXCEPTIONS}{pk}/reject/", reason, format="json")
        assert (rejected.json()["status"], rejected.json()["decision_reason"]) == ("rejected", reason.get("reason", ""))
    too_long = approver.post(f"{EXCEPTIONS}{pk}/reject/", {"reason": "x" * 501}, format="json")
    assert too_long.status_code == 400 and list(too_long.json()["errors"]) == ["reason"]


def test_a_longer_expiry_waits_for_approval_again(api, admin, organization, template):
    waiver = WaiverFactory(organization=organization, expires_at=timezone.now() + timedelta(days=9))
    approve_waiver(actor=admin, waiver=waiver, now=NOON)
    changed = api.patch(f"{EXCEPTIONS}{waiver.pk}/", {"expires_at": None}, format="json").json()
    assert (changed["status"], changed["requested_by_name"]) == ("pending_approval", admin.username)
    assert api.patch(f"{EXCEPTIONS}{waiver.pk}/", {"reason": "x"}, format="json").status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"check_id": "linux_no_such_check"}, "check_id"),
        ({"check_id": ""}, "check_id"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"reason": "a\0"}, "reason"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"host": 10**17}, "host"),
        ({"host_group": 10**17}, "host_group"),
        ({"organization": 10**17}, "organization"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(api, body, change, field):
    response = api.post(EXCEPTIONS, body | change, format="json")
    assert response.status_code == 400, response.content
    assert list(response.json()["errors"]) == [field]
    assert not Waiver.objects.exists()


def test_foreign_and_unknown_rows_get_the_same_answer(api, body, other_organization):
    foreign = {"host": HostFactory(organization=other_organization).pk}
    groups = {"host_group": HostGroupFactory(organization=other_organization).pk}
    for change in (foreign, groups):
        unknown = dict.fromkeys(change, 10**17)
        answers = [api.post(EXCEPTIONS, body | one, format="json").json()["errors"] for one in (change, unknown)]
        assert answers[0] == answers[1]


def test_a_second_for_the_same_scope_names_the_first(api, body):
    first = api.post(EXCEPTIONS, body, format="json").json()
    again = api.post(EXCEPTIONS, body, format="json")
    assert again.status_code == 409
    assert first["number"] in again.json()["detail"]


@pytest.mark.parametrize("field", ["check_id", "host", "host_group", "organization"])
def test_what_it_is_about_cannot_be_changed(api, admin, organization, template, field):
    waiver = approve_waiver(actor=admin, waiver=WaiverFactory(organization=organization), now=NOON)
    response = api.patch(f"{EXCEPTIONS}{waiver.pk}/", {field: 1}, format="json")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_the_list_is_filtered_searched_ordered_and_counted(api, organization, template):
    host, group = (
        HostFactory(organization=organization, hostname="router1"),
        HostGroupFactory(organization=organization),
    )
    on_host = WaiverFactory(organization=organization, host=host)
    on_group = WaiverFactory(organization=organization, host_group=group, reason="Labelled for the lab.")
    whole = WaiverFactory(organization=organization, status="active", decided_by=UserFactory())
    WaiverFactory()

    def found(query: str) -> list[int]:
        response = api.get(f"{EXCEPTIONS}?{query}")
        assert response.headers["X-Total-Count"] == str(len(response.json()))
        return [row["id"] for row in response.json()]

    assert found("") == [whole.pk, on_group.pk, on_host.pk]
    assert found("status=active") == [whole.pk]
    assert found(f"host={host.pk}") == found("search=router1") == [on_host.pk]
    assert found(f"host_group={group.pk}") == found("search=the+lab") == [on_group.pk]
    assert found(f"check_id={CHECK}&ordering=created_at") == [on_host.pk, on_group.pk, whole.pk]
    assert found("check_id=linux_other") == []


def test_the_list_costs_the_same_for_many(api, organization, template, django_assert_max_num_queries):
    def ask(number: int) -> int:
        for _ in range(number):
            host = HostFactory(organization=organization)
            WaiverFactory(organization=organization, host=host, created_by=UserFactory())
        with django_assert_max_num_queries(5) as seen:
            assert api.get(EXCEPTIONS).status_code == 200
        return len(seen)

    assert ask(1) == ask(12)


def test_who_may_only_look_changes_nothing(client_of, organization, body):
    viewer = client_of(member(organization, "view_compliance"))
    pk = WaiverFactory(organization=organization).pk
    assert viewer.get(f"{EXCEPTIONS}{pk}/").status_code == 200
    assert viewer.post(EXCEPTIONS, body, format="json").status_code == 403
    for method, path in (("patch", ""), ("delete", ""), ("post", "approve/"), ("post", "reject/")):
        assert getattr(viewer, method)(f"{EXCEPTIONS}{pk}/{path}").status_code == 403


# --- Re-evaluation ----------------------------------------------------------------------------------------------------


def test_stored_facts_are_scored_against_another_template(api, organization, template):
    scan = scanned(HostFactory(organization=organization), template)
    other = published_template([a_check(expect={"eq": "1"})])
    made = api.post(f"/api/v1/scans/{scan.pk}/re-evaluate/", {"template": other.pk}, format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["scan_type"], shown["based_on"], shown["score"]) == ("re_evaluation", scan.pk, 100.0)
    assert api.get(f"/api/v1/scans/{shown['id']}/results/").json()["results"][0]["status"] == "pass"


def test_a_re_evaluation_refuses_what_cannot_be(api, organization, other_organization, template):
    host = HostFactory(organization=organization)
    scan, pending = scanned(host, template), a_scan(host, template)
    url = f"/api/v1/scans/{scan.pk}/re-evaluate/"
    for wrong in (published_template(organization=other_organization).pk, published_template(os_type="bsd").pk, None):
        response = api.post(url, {"template": wrong}, format="json")
        assert (response.status_code, list(response.json()["errors"])) == (400, ["template"])
    refused = api.post(f"/api/v1/scans/{pending.pk}/re-evaluate/", {"template": template.pk}, format="json")
    assert refused.status_code == 409
