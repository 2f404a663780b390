"""The tab Scan History: what its filters mean, how long it says the list is, panels, evaluating again."""

from datetime import UTC, datetime, timedelta

import pytest

from compliance.models import Scan, ScanTally
from compliance.selectors.scans import tallied
from compliance.web import paging
from organizations.models.organizations import Organization
from organizations.permissions import grant
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, a_scan, completed_scan
from tests.factories.organizations import member
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
SCANS = "/compliance/scans/"


@pytest.fixture
def template(db):
    return published_template([a_check("linux_a")])


@pytest.fixture
def page(client, admin):
    client.force_login(admin)

    def get(**query):
        response = client.get(SCANS, query)
        assert response.status_code == 200, response.content
        return response

    return get


def hosts_in(response):
    return [scan.host.hostname for scan in response.context["page"]]


def test_every_filter_narrows(page, organization, template):
    policy = a_policy(organization, template)
    one, two, three = (HostFactory(organization=organization, hostname=name) for name in ("a", "b", "c-1"))
    a_scan(one, template, status="failed", policy=policy, scan_type="scheduled", created_at=NOON)
    a_scan(two, template, status="cancelled", created_at=NOON - timedelta(days=1))
    a_scan(three, template, scan_type="re_evaluation", created_at=NOON - timedelta(days=2))
    assert hosts_in(page()) == ["a", "b", "c-1"]
    assert hosts_in(page(order="created")) == ["c-1", "b", "a"]
    assert (
        hosts_in(page(status="failed")) == hosts_in(page(policy=policy.pk)) == hosts_in(page(type="scheduled")) == ["a"]
    )
    assert hosts_in(page(type="re_evaluation")) == hosts_in(page(q="c-")) == hosts_in(page(host=three.pk)) == ["c-1"]
    assert hosts_in(page(**{"from": "2026-11-20", "to": "2026-11-20"})) == ["b"]
    assert hosts_in(page(to="2026-11-20")) == ["b", "c-1"]
    assert hosts_in(page(status="x", type="x", policy="x", host="x")) == ["a", "b", "c-1"]


def test_days_are_those_of_the_organization(page, organization, template):
    Organization.objects.filter(pk=organization.pk).update(time_zone="Pacific/Auckland")
    a_scan(HostFactory(organization=organization, hostname="late"), template,
           created_at=datetime(2026, 11, 20, 12, 30, tzinfo=UTC))  # fmt: skip
    assert hosts_in(page(**{"from": "2026-11-21", "to": "2026-11-21"})) == ["late"]


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "²", "2026-11-21T00:00"])
def test_what_is_no_day_is_refused_with_a_sentence(client, admin, organization, day):
    client.force_login(admin)
    response = client.get(SCANS, {"from": day})
    assert response.status_code == 400
    assert "Write the day as year, month and day" in response.content.decode()


def test_a_list_that_goes_on_tells_its_length_from_the_tally(page, organization, template):
    for n in range(12):
        a_scan(HostFactory(organization=organization), template, status="failed", created_at=NOON - timedelta(hours=n))
    ScanTally.objects.create(organization=organization, status="failed", scan_type="on_demand", scans=900_000)
    first = page(page_size=10, status="failed")
    assert first.context["page"].paginator.count == 900_000
    assert page(page_size=10, page=2, status="failed").context["page"].paginator.count == 12  # it ends here
    assert len(hosts_in(page(page_size=10, page=2))) == 2
    assert hosts_in(page(page_size=10, page=7)) == []


def test_the_second_half_of_a_long_list_is_read_from_its_end(page, organization, template, monkeypatch):
    for n in range(35):
        host = HostFactory(organization=organization, hostname=f"h-{n:02}")
        a_scan(host, template, status="failed", created_at=NOON - timedelta(hours=n))
    ScanTally.objects.create(organization=organization, status="failed", scan_type="on_demand", scans=35)
    forwards = [hosts_in(page(page_size=10, page=number)) for number in (1, 2, 3, 4)]
    monkeypatch.setattr(paging, "DEEP", 5)
    assert [hosts_in(page(page_size=10, page=number)) for number in (1, 2, 3, 4)] == forwards
    assert [name for names in forwards for name in names] == [f"h-{n:02}" for n in range(35)]


def test_other_filters_count_up_to_a_bound(page, organization, template, monkeypatch):
    monkeypatch.setattr(paging, "MOST_COUNTED", 11)
    for n in range(14):
        a_scan(HostFactory(organization=organization, hostname=f"web-{n}"), template, status="failed")
    found = page(page_size=10, q="web")
    assert found.context["page"].paginator.count == 11
    assert "scans or more" in found.content.decode()
    assert len(hosts_in(page(page_size=10, page=2, q="web"))) == 4


def test_who_sees_a_part_is_told_the_length_of_that_part(client, client_of, organization, template):
    group = HostGroupFactory(organization=organization)
    user = member(organization)
    grant(user, "view_compliance", group)
    for n in range(14):
        host = HostFactory(organization=organization)
        if n < 12:
            host.groups.add(group)
        a_scan(host, template, status="failed")
    ScanTally.objects.create(organization=organization, status="failed", scan_type="on_demand", scans=900_000)
    client.force_login(user)
    assert client.get(SCANS, {"page_size": 10}).context["page"].paginator.count == 12
    assert client_of(user).get("/api/v1/scans/", {"page_size": 10}).headers["X-Total-Count"] == "12"


def test_the_tally_and_what_is_unfinished_add_up(organization, template):
    mine = Organization.objects.filter(pk=organization.pk)
    policy = a_policy(organization, template)
    for status, number in (("completed", 5), ("completed", -2), ("failed", 4)):
        ScanTally.objects.create(
            organization=organization, policy=policy, status=status, scan_type="scheduled", scans=number
        )
    a_scan(HostFactory(organization=organization), template, scan_type="on_demand")
    assert tallied(mine) == 8
    assert tallied(mine, status="completed") == 3
    assert tallied(mine, status="pending") == tallied(mine, scan_type="on_demand") == 1
    assert tallied(mine, policy=policy.pk) == 7
    assert tallied(mine, policy=0) == 0


def test_the_api_tells_the_total_of_what_is_filtered(api, organization, template):
    for n in range(12):
        a_scan(HostFactory(organization=organization), template, status="failed", created_at=NOON - timedelta(days=n))
    ScanTally.objects.create(organization=organization, status="failed", scan_type="on_demand", scans=40)

    def total(**query):
        return api.get("/api/v1/scans/", {"page_size": 10, **query}).headers["X-Total-Count"]

    assert total() == total(status="failed") == "40"
    assert total(template=template.pk) == total(search="web") == "12"
    assert total(created_at__gte="2026-11-20T00:00:00Z") == "2"
    assert total(status="completed") == "0"


def test_the_panel_is_a_part_and_an_address(client, page, organization, template, other_organization):
    scan = completed_scan(HostFactory(organization=organization), template, statuses=["fail"])
    whole = page(scan=scan.pk).content.decode()
    assert 'class="drawer"' in whole and "scan-list" in whole
    part = client.get(SCANS, {"scan": scan.pk}, headers={"HX-Request": "true", "HX-Target": "drawer"})
    assert "scan-list" not in part.content.decode()
    assert client.get(SCANS, {"scan": a_scan(HostFactory(organization=other_organization)).pk}).status_code == 404
    assert client.get(SCANS, {"scan": "9" * 18}).status_code == 404


def test_evaluating_again_needs_the_permission_and_a_template_that_fits(client, admin, organization, template):
    scan = completed_scan(HostFactory(organization=organization), template, statuses=["fail"])
    url = f"{SCANS}{scan.pk}/re-evaluate/"
    client.force_login(member(organization, role="provisioner"))
    assert client.post(url, {"template": template.pk}).status_code == 403
    client.force_login(admin)
    for wanted in ("", "x", "0", published_template(os_type="bsd").pk):
        answer = client.post(url, {"template": wanted}, follow=True)
        assert "Choose a template that is published" in answer.content.decode()
    assert not Scan.objects.filter(scan_type="re_evaluation").exists()
