"""The API of alerts."""

import pytest

from itsm.models import Alert
from organizations.models.audit import AuditEvent
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
ALERTS = "/api/v1/alerts/"


def test_an_open_alert_is_acknowledged_once(api, admin, organization):
    alert = AlertFactory(organization=organization)
    body = api.post(f"{ALERTS}{alert.pk}/acknowledge/").json()
    assert (body["status"], body["acknowledged_by"]) == ("acknowledged", admin.pk)
    assert AuditEvent.objects.filter(action="alert.acknowledged", subject_id=str(alert.pk)).exists()
    assert api.post(f"{ALERTS}{alert.pk}/acknowledge/").status_code == 409


def test_the_list_filters_searches_and_orders(api, organization):
    critical = AlertFactory(organization=organization, severity="critical", title="The host key of web-1 changed")
    old = AlertFactory(organization=organization, status="acknowledged", kind="other")

    def ids(**query):
        response = api.get(ALERTS, query)
        assert response.status_code == 200, response.content
        assert response.headers["X-Total-Count"] == str(len(response.json()))
        return {one["id"] for one in response.json()}

    assert ids() == {critical.pk, old.pk}
    assert ids(status="open") == ids(severity="critical") == ids(search="web-1 key") == {critical.pk}
    assert ids(kind="other") == ids(status="acknowledged") == {old.pk}


@pytest.mark.parametrize(
    ("query", "field"),
    [({"status": "gone"}, "status"), ({"severity": "9"}, "severity"), ({"ordering": "x"}, "ordering")],
)
def test_a_bad_query_names_the_parameter(api, query, field):
    response = api.get(ALERTS, query)
    assert response.status_code == 400
    assert field in response.json()["errors"]


def test_alerts_are_neither_made_nor_changed_nor_deleted_by_the_api(api, organization):
    alert = AlertFactory(organization=organization)
    assert api.post(ALERTS, {"title": "x"}, format="json").status_code == 405
    assert api.patch(f"{ALERTS}{alert.pk}/", {"title": "x"}, format="json").status_code == 405
    assert api.delete(f"{ALERTS}{alert.pk}/").status_code == 405


@pytest.mark.parametrize(
    ("role", "reading", "writing"),
    [("viewer", 403, 403), ("user", 403, 403), ("provisioner", 200, 403), ("admin", 200, 200)],
)
def test_roles(client_of, organization, role, reading, writing):
    alert = AlertFactory(organization=organization)
    client = client_of(member(organization, role=role))
    assert client.get(ALERTS).status_code == reading
    assert client.post(f"{ALERTS}{alert.pk}/acknowledge/").status_code == writing
    assert Alert.objects.get(pk=alert.pk).status == ("acknowledged" if writing == 200 else "open")
