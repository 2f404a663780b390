import pytest
from django.test import override_settings


def test_alive_needs_nothing(client):
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
@pytest.mark.parametrize("token", ["", "right"])
def test_metrics_are_the_operators(client, db, header, token):
    with override_settings(METRICS_TOKEN=token):
        assert client.get("/metrics", headers=header).status_code == 404


def test_metrics_name_no_tenant(client, organization):
    with override_settings(METRICS_TOKEN="right"):
        answer = client.get("/metrics", headers={"Authorization": "Bearer right"})
    assert "plumbline_organizations 1" in answer.content.decode()
    assert organization.name not in answer.content.decode()


def test_not_ready_names_the_missing_part(client, db, settings):
    from celery import current_app

    with current_app.connection_for_write() as link:
        assert link.transport_cls == "memory"
    assert client.get("/readyz").json() == {"database": "ok", "queue": "ok"}
