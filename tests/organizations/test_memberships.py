import pytest
from django.core.exceptions import PermissionDenied

from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from organizations.models.memberships import Membership
from organizations.permissions import codenames_of, in_reach_of
from organizations.services.memberships import add_member, change_role, remove_member, set_grants
from tests.factories.organizations import UserFactory, member


def test_added_member_holds_the_role_at_once(organization, admin):
    user = UserFactory()
    add_member(actor=admin, organization=organization, user=user, role="provisioner")
    assert codenames_of(user, organization) == ["view_compliance", "submit_runs"]
    assert AuditEvent.objects.get(action="membership.added").subject_label == f"{user} as provisioner of {organization}"


def test_user_is_a_member_once(organization, admin):
    with pytest.raises(Conflict, match="already"):
        add_member(actor=admin, organization=organization, user=admin, role="viewer")


def test_last_active_admin_stays(organization, admin):
    own = Membership.objects.get(user=admin)
    with pytest.raises(Conflict, match="last admin"):
        change_role(actor=admin, membership=own, role="viewer")
    with pytest.raises(Conflict, match="last admin"):
        remove_member(actor=admin, membership=own)
    second = member(organization, role="admin")
    second.is_active = False
    second.save()
    with pytest.raises(Conflict, match="last admin"):
        remove_member(actor=admin, membership=own)


def test_removed_member_keeps_nothing(organization, admin):
    user = member(organization, "view_audit", role="admin")
    remove_member(actor=admin, membership=Membership.objects.get(user=user))
    assert codenames_of(user, organization) == []
    assert not in_reach_of(user).exists()
    assert not user.is_staff or not type(user).objects.get(pk=user.pk).is_staff


def test_grants_become_exactly_those_named(organization, admin):
    user = member(organization, "view_audit")
    membership = Membership.objects.get(user=user)
    set_grants(actor=admin, membership=membership, codenames=["view_compliance"])
    assert codenames_of(user, organization) == ["view_compliance"]
    with pytest.raises(Invalid, match="no permission"):
        set_grants(actor=admin, membership=membership, codenames=["rule_the_world"])


def test_only_who_may_configure_changes_members(organization):
    user = member(organization, "view_compliance", "manage_compliance")
    with pytest.raises(PermissionDenied, match="manage_settings"):
        add_member(actor=user, organization=organization, user=UserFactory(), role="admin")


def test_api_adds_changes_and_ends_a_membership(api, organization):
    person = UserFactory(email="Ann@example.com")
    made = api.post(
        "/api/v1/members/", {"organization": organization.pk, "username": "ann@example.com", "role": "user"}
    )
    assert (made.status_code, made.json()["username"]) == (201, person.username)
    url = f"/api/v1/members/{made.json()['id']}/"
    changed = api.patch(url, {"role": "viewer", "grants": ["view_compliance", "view_audit"]})
    assert changed.json()["grants"] == ["view_audit", "view_compliance"]
    assert api.delete(url).status_code == 204
    assert not Membership.objects.filter(user=person).exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "nobody"}, "username"),
        ({"role": "emperor"}, "role"),
        ({"organization": 987654321}, "organization"),
        ({"organization": "x"}, "organization"),
        ({"grants": ["rule_the_world"]}, "grants.0"),
    ],
)
def test_api_names_the_field_that_is_wrong(api, organization, body, field):
    person = UserFactory()
    answer = api.post(
        "/api/v1/members/", {"organization": organization.pk, "username": person.username, "role": "user", **body}
    )
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Membership.objects.filter(user=person).exists()


def test_foreign_organization_in_a_body_looks_unknown(api, other_organization):
    def answer(pk: int) -> dict:
        return api.post("/api/v1/members/", {"organization": pk, "username": "x", "role": "user"}).json()["errors"]

    assert answer(other_organization.pk)["organization"] == answer(987654321)["organization"]
