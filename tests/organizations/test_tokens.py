from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from organizations.models.tokens import ApiToken
from organizations.permissions import grant, put_in_role
from tests.factories.organizations import MembershipFactory, UserFactory, member


def soon() -> str:
    return (timezone.now() + timedelta(days=1)).isoformat()


def by_token(key: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Token {key}")


@pytest.fixture
def key(api, organization) -> str:
    body = {"name": "pipeline", "organization": organization.pk, "expires_at": soon()}
    answer = api.post("/api/v1/tokens/", body)
    assert answer.status_code == 201, answer.content
    return answer.json()["key"]


def test_key_is_shown_once_and_stored_as_a_digest(api, key):
    (listed,) = api.get("/api/v1/tokens/").json()
    assert "key" not in listed
    token = ApiToken.objects.get()
    assert key not in {str(value) for value in vars(token).values()}
    assert len(token.digest) == 128


def test_token_acts_as_its_user(key, admin, organization):
    me = by_token(key).get("/api/v1/me/").json()
    assert (me["username"], me["token"]) == (admin.username, "pipeline")
    assert [entry["id"] for entry in me["organizations"]] == [organization.pk]


def test_token_stays_in_its_organization(key, admin, other_organization):
    put_in_role(admin, other_organization, "admin")
    client = by_token(key)
    assert len(client.get("/api/v1/me/").json()["organizations"]) == 1
    assert client.get(f"/api/v1/organizations/{other_organization.pk}/").status_code == 404
    body = {"name": "wider", "organization": other_organization.pk, "expires_at": soon()}
    assert client.post("/api/v1/tokens/", body).status_code == 400


@pytest.mark.parametrize("header", ["Token", "Token x", "Token \xff", "Token a b", "Bearer x", "Token " + "x" * 9000])
def test_bad_token_is_401(db, header):
    answer = APIClient(HTTP_AUTHORIZATION=header).get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_expired_token_is_401(key):
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert by_token(key).get("/api/v1/me/").status_code == 401


def test_token_of_a_deactivated_user_is_401(key, admin):
    admin.is_active = False
    admin.save()
    assert by_token(key).get("/api/v1/me/").status_code == 401


def test_revoked_token_is_401(api, key):
    assert api.delete(f"/api/v1/tokens/{ApiToken.objects.get().pk}/").status_code == 204
    assert by_token(key).get("/api/v1/me/").status_code == 401


def test_admin_sees_and_revokes_tokens_of_the_organization(organization, key):
    other_admin = member(organization, role="admin")
    client = APIClient()
    client.force_authenticate(other_admin)
    assert [token["name"] for token in client.get("/api/v1/tokens/").json()] == ["pipeline"]
    assert client.delete(f"/api/v1/tokens/{ApiToken.objects.get().pk}/").status_code == 204


@pytest.mark.parametrize("role", ["viewer", "user", "provisioner"])
def test_only_who_may_configure_makes_tokens(organization, role):
    client = APIClient()
    client.force_authenticate(member(organization, role=role))
    body = {"name": "mine", "organization": organization.pk, "expires_at": soon()}
    assert client.post("/api/v1/tokens/", body).status_code == 403


def test_expiry_lies_in_the_future(api, organization):
    past = (timezone.now() - timedelta(minutes=1)).isoformat()
    answer = api.post("/api/v1/tokens/", {"name": "old", "organization": organization.pk, "expires_at": past})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["expires_at"])


def test_token_without_an_organization_is_the_operators(api, superuser):
    body = {"name": "all", "expires_at": soon()}
    assert api.post("/api/v1/tokens/", body).status_code == 400
    client = APIClient()
    client.force_authenticate(superuser)
    assert client.post("/api/v1/tokens/", body).status_code == 201


def test_session_needs_csrf(admin):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.get("/api/v1/me/").status_code == 200
    assert client.post("/api/v1/tokens/", {"name": "x"}).status_code == 403


def test_stranger_has_no_token(db):
    UserFactory()
    assert APIClient().get("/api/v1/tokens/").status_code == 401


def test_tokens_and_organizations_are_narrowed_to_one_as_every_list(api, key, admin, organization, other_organization):
    MembershipFactory(user=admin, organization=other_organization)
    for path, whose in (("tokens", "organization"), ("organizations", "id")):
        listed = api.get(f"/api/v1/{path}/?organization={organization.pk}").json()
        assert [row[whose] for row in listed] == [organization.pk]
    assert api.get(f"/api/v1/tokens/?organization={other_organization.pk}").json() == []
    for unknown in ("999999", "x", "9" * 30):
        assert api.get(f"/api/v1/tokens/?organization={unknown}").json()["errors"].keys() == {"organization"}


def test_an_admin_makes_a_token_for_a_pipeline_that_may_post_runs_and_nothing_else(api, organization):
    pipeline = member(organization, role="provisioner")
    body = {"name": "ci", "organization": organization.pk, "expires_at": soon(), "username": pipeline.username}
    answer = api.post("/api/v1/tokens/", body)
    assert (answer.status_code, answer.json()["username"]) == (201, pipeline.username)
    client = by_token(answer.json()["key"])
    (entry,) = client.get("/api/v1/me/").json()["organizations"]
    assert set(entry["permissions"]) == {"view_compliance", "submit_runs"}
    assert client.post("/api/v1/tokens/", body).status_code == 403


@pytest.mark.parametrize("whose", ["nobody", "of another organization", "inactive", "superuser"])
def test_a_token_is_made_for_active_members_only(api, organization, other_organization, whose):
    home = {"nobody": None, "of another organization": other_organization}.get(whose, organization)
    user = member(home, role="provisioner") if home else UserFactory()
    type(user).objects.filter(pk=user.pk).update(is_active=whose != "inactive", is_superuser=whose == "superuser")
    body = {"name": "ci", "organization": organization.pk, "expires_at": soon(), "username": user.username}
    answer = api.post("/api/v1/tokens/", body)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["username"])
    assert not ApiToken.objects.exists()


def test_nobody_makes_a_token_for_who_may_do_more(organization):
    clerk, admin = member(organization, role="viewer"), member(organization, role="admin")
    grant(clerk, "manage_settings", organization)
    client = APIClient()
    client.force_authenticate(clerk)
    body = {"name": "ci", "organization": organization.pk, "expires_at": soon(), "username": admin.username}
    assert client.post("/api/v1/tokens/", body).status_code == 403
    assert not ApiToken.objects.exists()
