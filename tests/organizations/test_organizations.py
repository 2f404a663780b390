import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from rest_framework.test import APIClient

from organizations.errors import Invalid
from organizations.models.audit import AuditEvent
from organizations.models.organizations import Organization
from organizations.models.users import SystemActor
from organizations.services.organizations import create_organization, operators_organization, pause_automation
from tests.factories.organizations import member


def as_user(user) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_only_the_operator_makes_tenants(admin, superuser):
    body = {"name": "New tenant", "slug": "new-tenant", "time_zone": "Europe/Berlin"}
    assert as_user(admin).post("/api/v1/organizations/", body).status_code == 403
    made = as_user(superuser).post("/api/v1/organizations/", body)
    assert (made.status_code, made.json()["time_zone"]) == (201, "Europe/Berlin")


def test_superuser_by_a_limited_token_makes_no_tenants(superuser, organization):
    superuser.limited_to_id = organization.pk
    with pytest.raises(PermissionDenied):
        create_organization(actor=superuser, name="x", slug="x")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"slug": "no spaces"}, "slug"),
        ({"name": ""}, "name"),
        ({"name": "The other tenant"}, "name"),
    ],
)
def test_bad_field_is_named_and_nothing_changes(api, organization, other_organization, body, field):
    answer = api.patch(f"/api/v1/organizations/{organization.pk}/", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert Organization.objects.get(pk=organization.pk).name == organization.name


def test_taken_name_is_refused_by_the_service_too(superuser, organization):
    with pytest.raises(Invalid) as refusal:
        create_organization(actor=superuser, name=organization.name, slug="another")
    assert list(refusal.value.errors) == ["name"]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("user", 403), ("provisioner", 403), ("admin", 200)])
def test_only_admins_pause_automation(organization, role, status):
    client = as_user(member(organization, role=role))
    url = f"/api/v1/organizations/{organization.pk}/pause/"
    assert client.post(url, {"paused": True, "reason": "maintenance"}).status_code == status
    assert Organization.objects.get(pk=organization.pk).automation_paused is (status == 200)
    assert client.get(f"/api/v1/organizations/{organization.pk}/").status_code == 200


def test_pause_says_who_when_and_why(organization, admin):
    now = timezone.now()
    paused = pause_automation(actor=admin, organization=organization, paused=True, reason="maintenance", now=now)
    assert (paused.automation_paused_by, paused.automation_paused_at) == (admin, now)
    again = pause_automation(actor=admin, organization=organization, paused=True, reason="another", now=now)
    assert again.automation_paused_reason == "maintenance"
    pause_automation(actor=admin, organization=organization, paused=False, reason="done", now=now)
    actions = AuditEvent.objects.order_by("pk").values_list("action", "details__reason")
    assert list(actions) == [
        ("organization.automation_paused", "maintenance"),
        ("organization.automation_resumed", "done"),
    ]


def test_pause_without_a_reason_is_refused(api, organization):
    answer = api.post(f"/api/v1/organizations/{organization.pk}/pause/", {"paused": True})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["reason"])


def test_operators_organization_is_made_once(db):
    actor = SystemActor("tests")
    assert operators_organization(actor=actor) == operators_organization(actor=actor)
    assert Organization.objects.filter(is_operator=True).count() == 1


def test_me_lists_reach_and_permissions(api, admin, organization, other_organization):
    me = api.get("/api/v1/me/").json()
    (reach,) = me["organizations"]
    assert reach["id"] == organization.pk
    assert "manage_settings" in reach["permissions"]


@pytest.mark.parametrize("path", ["/api/v1/nowhere/", "/api/nowhere"])
def test_unknown_api_path_is_a_problem_document(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_broken_json_and_wrong_method_are_problem_documents(api, organization):
    url = f"/api/v1/organizations/{organization.pk}/"
    broken = api.patch(url, "{", content_type="application/json")
    assert (broken.status_code, broken.headers["Content-Type"]) == (400, "application/problem+json")
    assert api.delete(url).status_code == 405
    assert api.patch(url, "a=b", content_type="application/x-www-form-urlencoded").status_code == 415


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/tokens/", "application/problem+json"), ("/verify/", "text/html")])
def test_too_large_body_is_413(client, db, path, kind):
    answer = client.post(path, b"x" * 1_000_001, content_type="application/json")
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith(kind)


def test_schema_and_its_pages_need_a_login(client, admin):
    assert client.get("/api/schema/").status_code == 401
    client.force_login(admin)
    assert client.get("/api/schema/").status_code == 200
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "https://" not in page.content.decode().replace("https://www.w3.org", "")


def test_list_of_organizations_has_a_fixed_number_of_queries(api, organization, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        api.get("/api/v1/organizations/")
