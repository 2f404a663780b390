import re

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm

from organizations.models.memberships import Membership
from organizations.models.users import User
from organizations.permissions import (
    CODENAMES,
    codenames_of,
    grant,
    granted_by_hand,
    holds,
    in_reach_of,
    permitted_to,
    put_in_role,
    require,
    take_back,
)
from tests.factories.organizations import OrganizationFactory, UserFactory, member

MATRIX = {
    "viewer": set(),
    "user": set(),
    "provisioner": {"view_compliance", "submit_runs"},
    "admin": set(CODENAMES),
}


@pytest.mark.parametrize("role", MATRIX)
@pytest.mark.parametrize("codename", CODENAMES)
def test_role_holds_exactly_its_permissions(organization, other_organization, role, codename):
    user = member(organization, role=role)
    assert holds(user, codename, organization) is (codename in MATRIX[role])
    assert not holds(user, codename, other_organization)


@pytest.mark.parametrize("codename", CODENAMES)
def test_list_and_single_answer_agree(organization, other_organization, codename):
    user = member(organization, codename)
    assert list(permitted_to(user, codename)) == [organization]
    require(user, codename, organization)
    with pytest.raises(PermissionDenied, match=codename):
        require(user, codename, other_organization)


@pytest.mark.parametrize("codename", CODENAMES)
def test_global_grant_opens_nothing(organization, codename):
    user, group = UserFactory(), Group.objects.create(name="everyone")
    user.groups.add(group)
    assign_perm(f"organizations.{codename}", user)
    assign_perm(f"organizations.{codename}", group)
    assert not permitted_to(user, codename).exists()
    assert not in_reach_of(user).exists()


def test_viewer_reaches_its_organization_without_holding_anything(organization, other_organization):
    viewer = member(organization)
    assert list(in_reach_of(viewer)) == [organization]
    assert codenames_of(viewer, organization) == []


def test_grant_alone_puts_an_organization_in_reach(organization, other_organization):
    user = member(organization)
    put_in_role(user, organization, None)
    Membership.objects.filter(user=user).delete()
    assign_perm("view_audit", user, other_organization)
    assert list(in_reach_of(user)) == [other_organization]


def test_inactive_user_reaches_nothing(organization, superuser):
    admin = member(organization, role="admin")
    for user in (admin, superuser):
        user.is_active = False
        user.save()
        assert not in_reach_of(user).exists()
        assert not holds(user, "view_compliance", organization)


def test_stranger_reaches_nothing(organization):
    assert not in_reach_of(AnonymousUser()).exists()
    assert not permitted_to(AnonymousUser(), "view_compliance").exists()


def test_superuser_reaches_all(superuser):
    organizations = {OrganizationFactory(), OrganizationFactory()}
    assert set(in_reach_of(superuser)) == set(permitted_to(superuser, "manage_settings")) == organizations


@pytest.mark.parametrize("is_superuser", [True, False])
def test_limit_to_one_organization_holds_everywhere(organization, other_organization, is_superuser):
    user = member(organization, role="admin")
    put_in_role(user, other_organization, "admin")
    user.is_superuser = is_superuser
    user.limited_to_id = organization.pk
    assert list(in_reach_of(user)) == list(permitted_to(user, "manage_settings")) == [organization]
    assert not holds(user, "manage_settings", other_organization)


def test_changing_role_leaves_grants_by_hand(organization):
    user = member(organization, "view_audit", role="admin")
    put_in_role(user, organization, "viewer")
    assert codenames_of(user, organization) == granted_by_hand(user, organization) == ["view_audit"]


def test_unknown_codename_is_an_error_of_ours(organization, admin):
    with pytest.raises(ValueError, match="no permission"):
        permitted_to(admin, "view_complaince")


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("provisioner", False), ("admin", True)])
def test_only_who_may_configure_enters_the_configuration(organization, client, role, may):
    client.force_login(member(organization, role=role))
    assert (client.get("/admin/").status_code == 200) is may


def test_page_reads_who_is_asking_and_what_that_one_may_do_in_four_queries(organization, client):
    client.force_login(member(organization, role="admin"))
    client.get("/accounts/password/")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/accounts/password/").status_code == 200
    read = [re.search(r'FROM "([a-z]+_[a-z]+)', one["sql"]).group(1) for one in captured]
    who = ["django_session", "organizations_user"]
    assert read == [*who, "guardian_userobjectpermission", "organizations_organization"]


def test_what_is_held_is_read_anew_with_every_request(organization, client, client_of):
    user = member(organization)
    api = client_of(user)
    client.force_login(user)
    assert (api.get("/api/v1/alerts/").status_code, client.get("/alerts/").status_code) == (403, 403)
    grant(User.objects.get(pk=user.pk), "view_compliance", organization)
    assert (api.get("/api/v1/alerts/").status_code, client.get("/alerts/").status_code) == (200, 200)
    take_back(User.objects.get(pk=user.pk), "view_compliance", organization)
    assert (api.get("/api/v1/alerts/").status_code, client.get("/alerts/").status_code) == (403, 403)
    assert not holds(user, "view_compliance", organization)


def test_checking_costs_one_query(organization, admin, django_assert_num_queries):
    holds(admin, "view_compliance", organization)
    with django_assert_num_queries(1):
        holds(admin, "view_compliance", organization)
