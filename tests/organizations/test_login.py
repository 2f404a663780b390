import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from organizations.models.audit import AuditEvent
from organizations.models.users import User
from tests.factories.organizations import PASSWORD, UserFactory, member


def sign_in(client, name: str, password: str = PASSWORD, **headers: str):
    return client.post("/accounts/login/", {"username": name, "password": password}, **headers)


@pytest.fixture
def user(db) -> User:
    return UserFactory(username="ann", email="Ann@Example.com")


@pytest.mark.parametrize("name", ["ann", "ann@example.com", "ANN@EXAMPLE.COM"])
def test_username_and_address_both_sign_in(client, user, name):
    assert sign_in(client, name).headers["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("name", ["ann", "ghost", "", "a" * 500, "ann\x00"])
def test_wrong_password_and_unknown_name_look_the_same(client, user, name):
    answer = sign_in(client, name, "wrong")
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_inactive_user_stays_out(client, user):
    User.objects.update(is_active=False)
    assert sign_in(client, "ann").status_code == 200
    assert "_auth_user_id" not in client.session


def test_too_many_failures_lock_the_name_at_that_address(client, user):
    for spelling in ("ann", "ANN", " ann", "Ann "):
        assert sign_in(client, spelling, "wrong").status_code == 200
    assert sign_in(client, "ann", "wrong").status_code == 429
    assert sign_in(client, "ann").status_code == 429
    assert sign_in(client, "ann", REMOTE_ADDR="192.0.2.9").status_code == 302
    assert not mail.outbox


def test_success_forgets_the_failures(client, user):
    for _ in range(4):
        sign_in(client, "ann", "wrong")
    assert sign_in(client, "ann").status_code == 302
    client.logout()
    assert sign_in(client, "ann", "wrong").status_code == 200


def test_login_needs_csrf(user):
    assert sign_in(Client(enforce_csrf_checks=True), "ann").status_code == 403


def test_next_leads_nowhere_else(client, user):
    answer = client.post("/accounts/login/?next=https://evil.example/", {"username": "ann", "password": PASSWORD})
    assert answer.headers["Location"] == "/"


def test_chosen_organization_is_remembered_when_in_reach(client, organization, other_organization):
    client.force_login(member(organization))
    url = reverse("switch_organization")
    assert client.post(url, {"organization": organization.pk, "next": "/verify/"}).headers["Location"] == "/verify/"
    assert client.session["organization"] == organization.pk
    answer = client.post(url, {"organization": other_organization.pk, "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"
    assert "organization" not in client.session


def test_pages_forbid_inline_script_and_framing(client, db):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_password_is_changed_by_oneself_and_recorded(client, user):
    client.force_login(user)
    new = "a quite different passphrase"
    weak = client.post("/accounts/password/", {"old_password": PASSWORD, "new_password1": "1", "new_password2": "1"})
    assert weak.status_code == 200
    body = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post("/accounts/password/", body).headers["Location"] == "/"
    assert client.get("/accounts/password/").status_code == 200
    assert User.objects.get(pk=user.pk).check_password(new)
    assert AuditEvent.objects.get().action == "user.password_changed"
