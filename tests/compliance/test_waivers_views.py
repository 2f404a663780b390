"""The pages of exceptions."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.models import Waiver
from compliance.services.waivers import approve_waiver
from organizations import permissions
from tests.compliance.scoring_again import scanned
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, WaiverFactory
from tests.factories.organizations import MembershipFactory, UserFactory, member
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db

EXCEPTIONS = "/compliance/exceptions/"
CHECK = "linux_sysctl_ip_forward"


@pytest.fixture
def template():
    return published_template()


@pytest.fixture
def page(client, admin):
    """The pages as an admin of the organization."""
    client.force_login(admin)
    return client


@pytest.fixture
def form(template):
    return {"check_id": CHECK, "scope": "organization", "reason": "A firewall stands in front."}


def text(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_list_shows_what_is_known_of_each(page, organization, template):
    host = HostFactory(organization=organization, hostname="router1", address="192.0.2.9")
    waiver = WaiverFactory(organization=organization, host=host, expires_at=timezone.now() + timedelta(days=9, hours=1))
    shown = text(page.get(EXCEPTIONS))
    for words in (str(waiver), "The kernel does not forward", "router1", "192.0.2.9", "Pending approval", "1 week"):
        assert words in shown
    assert str(waiver.created_by) in shown


def test_the_list_is_narrowed_by_its_address(page, organization, template):
    host = HostFactory(organization=organization, hostname="router1")
    group = HostGroupFactory(organization=organization, name="Lab")
    on_host = WaiverFactory(organization=organization, host=host)
    on_group = WaiverFactory(organization=organization, host_group=group, check_id="linux_other")
    whole = WaiverFactory(organization=organization, status="active", decided_by=UserFactory())

    def found(query: str) -> set[int]:
        return {waiver.pk for waiver in page.get(f"{EXCEPTIONS}?{query}").context["page"].object_list}

    assert found("") == {on_host.pk, on_group.pk, whole.pk}
    assert found("status=active") == found("scope=organization") == {whole.pk}
    assert found("scope=host") == found("q=router1") == found(f"host={host.pk}") == {on_host.pk}
    assert found("q=lab") == found(f"host_group={group.pk}") == found("check=linux_other") == {on_group.pk}
    assert found("q=kernel+forward") == {on_host.pk, whole.pk}, "titles are searched too"
    assert found("q=%00") == found("")
    for nothing in ("host=99999999999999999999", "host=x", "check=%00x"):
        assert found(nothing) == set()


def test_the_panel_is_a_page_and_a_part(page, organization, template):
    waiver = WaiverFactory(organization=organization)
    whole = page.get(f"{EXCEPTIONS}?panel={waiver.pk}")
    assert b"<html" in whole.content and b'class="drawer"' in whole.content
    part = page.get(f"{EXCEPTIONS}?panel={waiver.pk}", headers={"HX-Request": "true", "HX-Target": "drawer"})
    assert b"<html" not in part.content and b'class="drawer"' in part.content
    assert page.get(f"{EXCEPTIONS}?panel=999").status_code == 404


def test_the_panel_offers_what_the_viewer_may_do(client, admin, organization, template):
    asker = member(organization, "view_compliance", "manage_compliance", "approve_exception")
    waiver = WaiverFactory(organization=organization, created_by=asker)
    viewer = member(organization, "view_compliance")
    seen = {}
    for name, user in (("asker", asker), ("other", admin), ("viewer", viewer)):
        client.force_login(user)
        panel = text(client.get(f"{EXCEPTIONS}?panel={waiver.pk}"))
        seen[name] = {word for word in ("Approve", "Reject", "Revoke") if f"</svg>{word}</" in panel}
        assert ("takes two people" in panel) == (name == "asker")
    assert seen == {"asker": {"Revoke"}, "other": {"Approve", "Reject", "Revoke"}, "viewer": set()}


def test_its_history_tells_who_did_what(page, admin, organization, template):
    page.post(f"{EXCEPTIONS}new/", {"check_id": CHECK, "scope": "organization", "reason": "Accepted."})
    waiver = Waiver.objects.get()
    other = member(organization, "approve_exception", "view_compliance")
    page.force_login(other)
    page.post(f"{EXCEPTIONS}{waiver.pk}/reject/", {"reason": "Repair it."})
    panel = text(page.get(f"{EXCEPTIONS}?panel={waiver.pk}"))
    assert f"Rejected by {other}" in panel and f"Requested by {admin}" in panel and "Repair it." in panel


def test_an_exception_is_requested_for_each_scope(page, organization, form):
    host = HostFactory(organization=organization)
    group = HostGroupFactory(organization=organization)
    for scope, more in (("host", {"host": host.pk}), ("host_group", {"host_group": group.pk}), ("organization", {})):
        response = page.post(f"{EXCEPTIONS}new/", form | {"scope": scope} | more, follow=True)
        waiver = Waiver.objects.latest("pk")
        assert response.redirect_chain[0][0] == f"{EXCEPTIONS}?panel={waiver.pk}"
        assert f"{waiver} is requested" in text(response)
    assert Waiver.objects.filter(host=host).count() == Waiver.objects.filter(host_group=group).count() == 1


def test_the_expiry_is_read_in_the_zone_of_the_organization(page, organization, form):
    organization.time_zone = "Europe/Berlin"
    organization.save()
    page.post(f"{EXCEPTIONS}new/", form | {"expires_at": "2126-01-15T12:00"})
    waiver = Waiver.objects.get()
    assert waiver.expires_at.isoformat() == "2126-01-15T11:00:00+00:00"
    approve_waiver(actor=member(organization, "approve_exception"), waiver=waiver, now=NOON)
    assert 'value="2126-01-15T12:00"' in text(page.get(f"{EXCEPTIONS}{waiver.pk}/edit/"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"check_id": ""}, "Choose a check"),
        ({"check_id": "linux_no_such_check"}, "No template that your organization sees"),
        ({"reason": " "}, "This field is required"),
        ({"scope": ""}, "This field is required"),
        ({"scope": "host"}, "Choose a host"),
        ({"scope": "host", "host": "99999999999999999999"}, "not yours to name"),
        ({"scope": "host_group", "host_group": "x"}, "not yours to name"),
        ({"expires_at": "2020-01-01T00:00"}, "Choose a time in the future"),
        ({"expires_at": "soon"}, "Enter a valid date/time"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(page, form, change, words):
    response = page.post(f"{EXCEPTIONS}new/", form | change)
    assert response.status_code == 400
    assert words in text(response)
    assert not Waiver.objects.exists()


def test_a_second_one_names_the_first(page, organization, form):
    first = WaiverFactory(organization=organization)
    assert f"{first} covers this check and scope already" in text(page.post(f"{EXCEPTIONS}new/", form))


def test_a_link_from_a_result_fills_the_form_in(page, organization, template):
    host = HostFactory(organization=organization, hostname="router1", address="192.0.2.9")
    shown = text(page.get(f"{EXCEPTIONS}new/?check={CHECK}&host={host.pk}"))
    assert 'value="The kernel does not forward IPv4 packets"' in shown
    assert 'value="router1 (192.0.2.9)"' in shown
    assert page.get(f"{EXCEPTIONS}new/?check=%00&host=9999999999999999999999").status_code == 200


def test_with_several_organizations_the_form_asks_in_which(client, admin, organization, other_organization, form):
    MembershipFactory(user=admin, organization=other_organization, role="admin")
    client.force_login(admin)
    assert client.post(f"{EXCEPTIONS}new/", form).status_code == 400
    client.post(f"{EXCEPTIONS}new/", form | {"organization": other_organization.pk})
    assert Waiver.objects.get().organization == other_organization


def test_the_searchable_fields_find_what_may_be_named(page, organization, other_organization, template):
    host = HostFactory(organization=organization, hostname="router1", address="192.0.2.9")
    HostFactory(organization=other_organization, hostname="router2")
    HostFactory(organization=organization, hostname="router3", retired_at=NOON)
    HostGroupFactory(organization=organization, name="Lab")
    hosts = text(page.get(f"{EXCEPTIONS}hosts/?q=router"))
    assert f'data-value="{host.pk}"' in hosts and "192.0.2.9" in hosts
    assert "router2" not in hosts and "router3" not in hosts
    assert "router1" in text(page.get(f"{EXCEPTIONS}hosts/?q=192.0.2"))
    assert "Lab" in text(page.get(f"{EXCEPTIONS}groups/?q=la"))
    assert f'data-value="{CHECK}"' in text(page.get(f"{EXCEPTIONS}checks/?q=forward"))
    assert "Nothing found" in text(page.get(f"{EXCEPTIONS}checks/?q=xyz"))


def test_buttons_do_what_they_say_and_come_back_to_the_view(page, organization, template):
    waiver = WaiverFactory(organization=organization)
    response = page.post(f"{EXCEPTIONS}{waiver.pk}/approve/", {"view": "status=pending_approval&x=1"}, follow=True)
    assert response.redirect_chain[0][0] == f"{EXCEPTIONS}?status=pending_approval&panel={waiver.pk}"
    assert "is active" in text(response)
    response = page.post(f"{EXCEPTIONS}{waiver.pk}/revoke/", follow=True)
    assert "is revoked" in text(response)
    assert "Only a pending or active" in text(page.post(f"{EXCEPTIONS}{waiver.pk}/revoke/", follow=True))


def test_nobody_approves_his_own_by_the_button_either(page, admin, organization, template):
    waiver = WaiverFactory(organization=organization, created_by=admin)
    shown = text(page.post(f"{EXCEPTIONS}{waiver.pk}/approve/", follow=True))
    assert "another user must decide" in shown
    waiver.refresh_from_db()
    assert waiver.status == "pending_approval"


def test_editing_says_beforehand_that_a_longer_time_needs_approval(page, admin, organization, template):
    waiver = WaiverFactory(organization=organization, expires_at=timezone.now() + timedelta(days=9))
    approve_waiver(actor=admin, waiver=waiver, now=timezone.now())
    url = f"{EXCEPTIONS}{waiver.pk}/edit/"
    assert "A longer time needs approval again." in text(page.get(url))
    shown = text(page.post(url, {"reason": "Still so.", "expires_at": ""}, follow=True))
    assert "waits for approval again" in shown
    assert "It cannot be edited" in text(page.get(url))
    assert page.post(url, {"reason": "x"}).status_code == 400


def test_who_holds_a_host_group_sees_and_asks_for_its_hosts_only(client, organization, form):
    group = HostGroupFactory(organization=organization)
    mine, other = HostFactory(organization=organization), HostFactory(organization=organization)
    mine.groups.add(group)
    user = member(organization)
    for codename in ("view_compliance", "manage_compliance"):
        permissions.grant(user, codename, group)
    seen, hidden = WaiverFactory(organization=organization, host=mine), WaiverFactory(organization=organization)
    client.force_login(user)
    assert [waiver.pk for waiver in client.get(EXCEPTIONS).context["page"]] == [seen.pk]
    assert client.get(f"{EXCEPTIONS}?panel={hidden.pk}").status_code == 404
    assert client.post(f"{EXCEPTIONS}new/", form | {"scope": "host", "host": other.pk}).status_code == 400
    assert client.post(f"{EXCEPTIONS}new/", form).status_code == 400
    assert "The whole organization" not in text(client.get(f"{EXCEPTIONS}new/"))
    assert client.post(f"{EXCEPTIONS}new/", form | {"scope": "host_group", "host_group": group.pk}).status_code == 302


def test_the_list_costs_the_same_for_many(page, organization, template, django_assert_max_num_queries):
    def ask(number: int) -> int:
        for _ in range(number):
            host = HostFactory(organization=organization)
            WaiverFactory(organization=organization, host=host, created_by=UserFactory(), requested_by=UserFactory())
        with django_assert_max_num_queries(12) as seen:
            page.get(EXCEPTIONS)
        return len(seen)

    page.get(EXCEPTIONS)
    assert ask(1) == ask(12)


def test_an_empty_list_says_what_comes_next(page):
    assert "No exception yet" in text(page.get(EXCEPTIONS))
    assert "No exception matches" in text(page.get(f"{EXCEPTIONS}?q=xyz"))


def test_a_failed_result_leads_to_the_form_and_a_waived_one_to_its_exception(page, admin, organization, template):
    host = HostFactory(organization=organization)
    failed = scanned(host, template)
    waiver = WaiverFactory(organization=organization)
    approve_waiver(actor=admin, waiver=waiver, now=NOON)
    waived = scanned(host, template, now=NOON + timedelta(hours=1))
    shown = text(page.get(f"/compliance/scans/{failed.pk}/checks/{CHECK}/"))
    assert f"{EXCEPTIONS}new/?check={CHECK}&amp;host={host.pk}" in shown
    shown = text(page.get(f"/compliance/scans/{waived.pk}/checks/{CHECK}/"))
    assert f"{EXCEPTIONS}?check={CHECK}&amp;status=active" in shown
    assert f"Exception {waiver}, approved by {admin}, without an expiry" in shown
