"""The page of alerts."""

import pytest

from itsm.models import Alert
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
ALERTS = "/alerts/"


@pytest.fixture
def alert(organization):
    return AlertFactory(organization=organization, title="The host key of web-1 changed", severity="critical")


def test_open_alerts_are_shown_first_and_others_on_demand(client, admin, alert, organization):
    AlertFactory(organization=organization, title="An old one", status="acknowledged")
    client.force_login(admin)
    shown = client.get(ALERTS).content.decode()
    assert "web-1 changed" in shown and "An old one" not in shown
    assert "An old one" in client.get(ALERTS, {"state": "acknowledged"}).content.decode()
    assert "An old one" in client.get(ALERTS, {"state": "all"}).content.decode()
    assert "No alert matches" in client.get(ALERTS, {"severity": "info"}).content.decode()


def test_acknowledging_leads_back_to_the_same_view(client, admin, alert):
    client.force_login(admin)
    query = "severity=critical&page=1&next=https://evil.example&x=%0d%0aSet-Cookie:a"
    response = client.post(f"{ALERTS}{alert.pk}/acknowledge/", {"view": query})
    assert response.headers["Location"] == "/alerts/?severity=critical&page=1"
    alert.refresh_from_db()
    assert alert.status == Alert.Status.ACKNOWLEDGED
    again = client.post(f"{ALERTS}{alert.pk}/acknowledge/", follow=True)
    assert "Only an open alert can be acknowledged" in again.content.decode()


def test_who_may_only_look_has_no_button_and_cannot_post(client, organization, alert):
    client.force_login(member(organization, role="provisioner"))
    assert "Acknowledge</button>" not in client.get(ALERTS).content.decode()
    assert client.post(f"{ALERTS}{alert.pk}/acknowledge/").status_code == 403
    alert.refresh_from_db()
    assert alert.status == Alert.Status.OPEN


@pytest.mark.parametrize("query", ["state=%00", "severity=\u00b2", "state=open&state=all", "organization=%00"])
def test_odd_queries_are_no_error_of_ours(client, admin, alert, query):
    client.force_login(admin)
    assert client.get(f"{ALERTS}?{query}").status_code in (200, 404)


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=7", "page=999999999999999999999"])
def test_a_page_that_cannot_be_is_refused_with_a_sentence(client, admin, alert, query):
    client.force_login(admin)
    response = client.get(f"{ALERTS}?{query}")
    assert response.status_code == 400
    assert "page" in response.content.decode()


@pytest.mark.parametrize(
    ("kind", "url"),
    [("host", "/compliance/hosts/7/"), ("scan", "/compliance/scans/7/"), ("waiver", "/compliance/exceptions/?panel=7")],
)
def test_an_alert_leads_to_what_it_is_about(client, admin, organization, kind, url):
    AlertFactory(organization=organization, subject_kind=kind, subject_id="7")
    client.force_login(admin)
    assert f'href="{url}"' in client.get("/alerts/").content.decode()


def test_an_alert_about_nothing_that_has_a_page_leads_nowhere(client, admin, organization):
    AlertFactory(organization=organization, subject_kind="cloud", subject_id="../../x")
    client.force_login(admin)
    page = client.get("/alerts/").content.decode()
    assert "../../x" not in page
