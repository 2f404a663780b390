"""Exceptions on the configuration pages."""

import pytest
from django.urls import reverse

from tests.factories.compliance import HostFactory, WaiverFactory
from tests.factories.organizations import UserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:compliance_waiver_changelist")


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def of(waiver) -> str:
    return reverse("admin:compliance_waiver_change", args=[waiver.pk])


def test_the_list_shows_ones_own_and_costs_the_same_for_many(page, organization, django_assert_max_num_queries):
    foreign = WaiverFactory()

    def ask(number: int) -> int:
        for _ in range(number):
            host = HostFactory(organization=organization)
            WaiverFactory(organization=organization, host=host, created_by=UserFactory())
        with django_assert_max_num_queries(16) as seen:
            response = page.get(LIST)
        assert str(foreign) not in {str(row) for row in response.context["cl"].result_list}
        return len(seen)

    page.get(LIST)
    assert ask(1) == ask(8)


def test_buttons_stand_there_for_what_may_be_done(page, admin, organization):
    others = page.get(of(WaiverFactory(organization=organization))).content.decode()
    assert ">Approve<" in others and ">Reject<" in others and ">Revoke<" in others and ">Edit<" not in others
    host = HostFactory(organization=organization)
    own = page.get(of(WaiverFactory(organization=organization, host=host, created_by=admin))).content.decode()
    assert ">Approve<" not in own and ">Revoke<" in own


def test_nothing_is_changed_past_the_services(page, organization):
    waiver = WaiverFactory(organization=organization)
    assert page.post(of(waiver), {"status": "active"}).status_code == 403
    assert page.get(reverse("admin:compliance_waiver_add")).status_code == 403
    assert page.post(reverse("admin:compliance_waiver_delete", args=[waiver.pk]), {"post": "yes"}).status_code == 403
    waiver.refresh_from_db()
    assert waiver.status == "pending_approval"


def test_an_unknown_one_leads_back(page):
    assert page.get(reverse("admin:compliance_waiver_change", args=[999])).status_code == 302
