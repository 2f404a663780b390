"""Grants for host groups: lists, single rows, pages and services give one answer."""

import itertools

import pytest
from django.core.exceptions import PermissionDenied

from compliance.models import Host, HostGroup, Scan
from compliance.services import host_groups, hosts, scan_requests
from organizations.errors import Invalid
from organizations.models.audit import AuditEvent
from organizations.models.memberships import Membership
from organizations.models.scopes import ScopeGrant, scope_codenames
from organizations.permissions import (
    CODENAMES,
    granted_by_hand,
    holders_of,
    holds,
    in_reach_of,
    permitted_in_part,
    permitted_rows,
    permitted_to,
    read_once,
    require,
    rows_in_reach,
    scope_grants,
)
from organizations.services.memberships import remove_member, set_scope_grants
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, a_scan, completed_scan
from tests.factories.organizations import MembershipFactory, member
from tests.factories.templates_app import published_template

ROLES = tuple(Membership.Role.values)
GRANTS = (None, *scope_codenames(HostGroup))


@pytest.fixture
def group(organization):
    return HostGroupFactory(organization=organization, name="Databases")


@pytest.fixture
def inside(organization, group):
    host = HostFactory(organization=organization, hostname="db-1")
    host.groups.add(group, HostGroupFactory(organization=organization, name="Not granted"))
    return host


@pytest.fixture
def outside(organization):
    return HostFactory(organization=organization, hostname="web-1")


@pytest.fixture
def template(db):
    return published_template(slug="cis-l1-linux")


def granted(group, *codenames, role="viewer"):
    """Return a member who holds ``codenames`` for ``group`` only, beside the role."""
    membership = MembershipFactory(organization=group.organization, role=role)
    admin = member(group.organization, role="admin")
    grants = [ScopeGrant(group, codename) for codename in codenames]
    set_scope_grants(actor=admin, membership=membership, grants=grants)
    return type(membership.user).objects.get(pk=membership.user.pk)


# --- A list and a single row never disagree ---------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "grant"), list(itertools.product(ROLES, GRANTS)))
def test_list_and_single_row_agree(role, grant, organization, other_organization, group, inside, outside, template):
    foreign = HostFactory(organization=other_organization)
    foreign.groups.add(HostGroupFactory(organization=other_organization))
    second = HostGroupFactory(organization=organization)
    both = HostFactory(organization=organization)
    both.groups.add(group, second)
    every = [inside, outside, foreign, both]
    scans = [a_scan(host, template) for host in every]
    user = granted(group, *([grant] if grant else []), role=role)
    read_once(user)  # as for a request
    for model, rows in ((Host, every), (Scan, scans), (HostGroup, [group, second])):
        for codename in CODENAMES:
            listed = list(permitted_rows(user, codename, model.objects.all()))
            assert len(listed) == len(set(listed))
            assert {row.pk for row in rows if holds(user, codename, row)} == {row.pk for row in listed} & {
                row.pk for row in rows
            }
            known = rows_in_reach(user, model.objects.all())
            assert set(listed) <= set(known)
    wholly = role == "admin" or (role == "provisioner" and grant == "view_compliance")
    if grant and not wholly:
        assert holds(user, grant, inside)
        assert not holds(user, grant, outside)
        assert not holds(user, grant, organization)
    assert not holds(user, "view_compliance", foreign)


@pytest.mark.parametrize("codename", scope_codenames(HostGroup))
def test_grant_for_a_group_is_none_for_the_organization(codename, organization, group, inside):
    user = granted(group, codename)
    assert not permitted_to(user, codename).exists()
    assert list(permitted_in_part(user, codename)) == list(in_reach_of(user)) == [organization]
    require(user, codename, inside)
    with pytest.raises(PermissionDenied, match=codename):
        require(user, codename, organization)


def test_whoever_has_no_grant_for_a_group_pays_nothing_for_it(organization, inside):
    user = member(organization, "view_compliance")
    sql = str(permitted_rows(user, "view_compliance", Host.objects.all()).query)
    assert "host_groups" not in sql
    assert "hostgroup" not in sql


def test_leaving_the_group_ends_the_access_at_once(group, inside):
    user = granted(group, "view_compliance")
    scan = a_scan(inside)
    assert holds(user, "view_compliance", scan)
    inside.groups.remove(group)
    assert not holds(user, "view_compliance", inside)
    assert not holds(user, "view_compliance", scan)
    assert not rows_in_reach(user, Host.objects.all()).exists()


def test_host_of_another_tenant_put_into_the_group_by_mistake_stays_closed(group, other_organization):
    astray = HostFactory(organization=other_organization)
    astray.groups.add(group)
    user = granted(group, "view_compliance")
    assert not holds(user, "view_compliance", astray)
    assert not permitted_rows(user, "view_compliance", Host.objects.all()).exists()


def test_token_of_another_organization_opens_nothing(group, inside, other_organization):
    user = granted(group, "view_compliance")
    user.limited_to_id = other_organization.pk
    assert not holds(user, "view_compliance", inside)
    assert not permitted_rows(user, "view_compliance", Host.objects.all()).exists()
    user.limited_to_id = group.organization_id
    assert list(permitted_rows(user, "view_compliance", Host.objects.all())) == [inside]


def test_inactive_holder_opens_nothing(group, inside):
    user = granted(group, "view_compliance")
    user.is_active = False
    assert not holds(user, "view_compliance", inside)
    assert not rows_in_reach(user, Host.objects.all()).exists()


def test_superuser_sees_every_host(superuser, inside, outside):
    assert set(permitted_rows(superuser, "manage_compliance", Host.objects.all())) == {inside, outside}


# --- Granting and taking back -----------------------------------------------------------------------------------------


def test_granting_is_recorded_and_needs_manage_settings(organization, group):
    user = granted(group, "view_compliance", "manage_compliance")
    event = AuditEvent.objects.get(action="membership.scope_grants_changed")
    assert event.details["grants_after"] == [
        f"host_group {group.pk} (Databases): manage_compliance",
        f"host_group {group.pk} (Databases): view_compliance",
    ]
    membership = Membership.objects.get(user=user)
    for actor in (user, member(organization, "manage_compliance")):
        with pytest.raises(PermissionDenied, match="manage_settings"):
            set_scope_grants(actor=actor, membership=membership, grants=[])
    assert granted_by_hand(user, organization) == []


def test_grants_become_exactly_those_named(admin, organization, group, inside, outside):
    user = granted(group, "view_compliance")
    other = HostGroupFactory(organization=organization)
    outside.groups.add(other)
    membership = Membership.objects.get(user=user)
    set_scope_grants(actor=admin, membership=membership, grants=[ScopeGrant(other, "view_compliance")])
    assert list(permitted_rows(user, "view_compliance", Host.objects.all())) == [outside]


@pytest.mark.parametrize("codename", sorted(set(CODENAMES) - set(scope_codenames(HostGroup))))
def test_what_concerns_the_whole_organization_cannot_be_granted_for_a_group(codename, admin, organization, group):
    membership = MembershipFactory(organization=organization)
    with pytest.raises(Invalid, match="For a host group"):
        set_scope_grants(actor=admin, membership=membership, grants=[ScopeGrant(group, codename)])


def test_group_of_another_tenant_cannot_be_granted_for(admin, organization, other_organization):
    foreign = HostGroupFactory(organization=other_organization)
    membership = MembershipFactory(organization=organization)
    with pytest.raises(Invalid, match="no such row"):
        set_scope_grants(actor=admin, membership=membership, grants=[ScopeGrant(foreign, "view_compliance")])


def test_removed_member_keeps_no_grant_for_a_group(admin, group, inside):
    user = granted(group, "view_compliance", "manage_compliance")
    assert user.is_staff
    remove_member(actor=admin, membership=Membership.objects.get(user=user))
    user = type(user).objects.get(pk=user.pk)
    assert not holds(user, "view_compliance", inside)
    assert not in_reach_of(user).exists()
    assert not user.is_staff
    assert holders_of(group) == []


def test_deleted_group_leaves_no_grant(admin, organization, group):
    user = granted(group, "view_compliance", "manage_compliance")
    host_groups.delete_group(actor=admin, group=group)
    assert not type(user).objects.get(pk=user.pk).is_staff
    membership = Membership.objects.get(user=user)
    assert scope_grants([membership]) == {membership.pk: []}
    details = AuditEvent.objects.get(action="host_group.deleted").details
    assert details["grants_ended"] == [f"{user}: manage_compliance", f"{user}: view_compliance"]


# --- What it opens, and what it does not ------------------------------------------------------------------------------


def test_services_act_on_hosts_of_the_group_only(group, inside, outside, template):
    manager = granted(group, "view_compliance", "manage_compliance")
    scan = scan_requests.request_scan(actor=manager, host=inside, template=template, now=NOON)
    scan_requests.cancel_scan(actor=manager, scan=scan, now=NOON)
    with pytest.raises(PermissionDenied):
        scan_requests.request_scan(actor=manager, host=outside, template=template, now=NOON)
    with pytest.raises(PermissionDenied):
        hosts.retire_host(actor=manager, host=outside, now=NOON)
    hosts.retire_host(actor=manager, host=inside, now=NOON)


def test_manager_of_a_group_does_not_decide_who_else_sees_a_host(client_of, organization, group, inside):
    manager = granted(group, "view_compliance", "manage_compliance")
    api = client_of(manager)
    url = f"/api/v1/hosts/{inside.pk}/"
    assert api.patch(url, {"hostname": "db-2"}, format="json").status_code == 200
    assert api.patch(url, {"groups": [group.pk]}, format="json").status_code == 403
    assert api.patch(url, {"address": "192.0.2.9"}, format="json").status_code == 403
    new = api.post("/api/v1/hosts/", {"organization": organization.pk, "hostname": "db-3", "groups": [group.pk]})
    assert new.status_code == 403
    assert api.delete(f"/api/v1/host-groups/{group.pk}/").status_code == 403
    assert api.patch(f"/api/v1/host-groups/{group.pk}/", {"name": "Mine"}).status_code == 403


def test_api_shows_the_group_and_what_lies_in_it(client_of, organization, group, inside, outside, template):
    api = client_of(granted(group, "view_compliance"))
    mine, other = completed_scan(inside, template), completed_scan(outside, template)
    assert [row["id"] for row in api.get("/api/v1/hosts/").json()] == [inside.pk]
    assert [row["id"] for row in api.get("/api/v1/scans/").json()] == [mine.pk]
    assert [row["id"] for row in api.get("/api/v1/host-groups/").json()] == [group.pk]
    assert [row["id"] for row in api.get("/api/v1/templates/").json()] == [template.pk]
    assert [row["id"] for row in api.get("/api/v1/hosts/", {"organization": organization.pk}).json()] == [inside.pk]
    for part in ("", "results/", "report.json"):
        assert api.get(f"/api/v1/scans/{mine.pk}/{part}").status_code == 200
        assert api.get(f"/api/v1/scans/{other.pk}/{part}").status_code == 404
    for part in ("", "history/", "compliance/", "host-keys/"):
        assert api.get(f"/api/v1/hosts/{inside.pk}/{part}").status_code == 200
        assert api.get(f"/api/v1/hosts/{outside.pk}/{part}").status_code == 404
    assert api.get(f"/api/v1/templates/{template.pk}/checks/").status_code == 200
    assert api.get("/api/v1/scans/", {"host": outside.pk}).status_code == 400
    for closed in ("credentials", "members", "alerts", "audit"):
        assert api.get(f"/api/v1/{closed}/").status_code == 403
    assert api.delete(f"/api/v1/hosts/{inside.pk}/").status_code == 403


def test_scan_of_a_host_outside_cannot_be_asked_for(client_of, group, inside, outside, template, enqueued):
    api = client_of(granted(group, "view_compliance", "manage_compliance"))
    assert api.post("/api/v1/scans/", {"host": inside.pk}).status_code == 201
    refused, unknown = (api.post("/api/v1/scans/", {"host": pk}) for pk in (outside.pk, 987654321))
    assert refused.status_code == unknown.status_code == 400
    assert refused.json() == unknown.json()


def test_pages_open_for_the_group(client, organization, group, inside, outside, template):
    mine, other = completed_scan(inside, template), completed_scan(outside, template)
    client.force_login(granted(group, "view_compliance"))
    page = client.get("/compliance/hosts/")
    listed = page.content.decode()
    assert "db-1" in listed
    assert "web-1" not in listed
    assert list(page.context["groups"]) == [group]
    scans = client.get("/compliance/scans/").content.decode()
    assert "db-1" in scans
    assert "web-1" not in scans
    check_id = template.checks.first().check_id
    for path in (
        "/compliance/hosts/{0.host_id}/",
        "/compliance/hosts/{0.host_id}/?tab=history",
        "/compliance/scans/{0.pk}/",
        f"/compliance/scans/{{0.pk}}/checks/{check_id}/",
        "/compliance/scans/{0.pk}/report/json/",
    ):
        assert client.get(path.format(mine)).status_code == 200, path
        assert client.get(path.format(other)).status_code == 404, path
    assert client.get("/compliance/templates/").status_code == 200
    assert client.get(f"/compliance/templates/{template.pk}/").status_code == 200
    assert client.post(f"/compliance/hosts/{inside.pk}/scan/").status_code == 403


def test_pages_of_the_whole_organization_say_whom_to_ask(client, organization, group):
    boss = member(organization, role="admin")
    client.force_login(granted(group, "view_compliance"))
    answer = client.get("/alerts/")
    assert answer.status_code == 403
    assert boss.username in answer.content.decode()
    assert "only for parts of it" in answer.content.decode()
    welcome = client.get("/").content.decode()
    assert "/compliance/hosts/" in welcome
    assert boss.email in welcome


def test_navigation_leads_only_to_what_opens(client, group):
    client.force_login(granted(group, "view_compliance"))
    context = client.get("/compliance/hosts/").context
    urls = [entry["url"] for entry in context["nav_entries"]] + [tab["url"] for tab in context["compliance_tabs"]]
    assert "/compliance/hosts/" in urls
    assert {client.get(url).status_code for url in urls} == {200}


def test_manager_scans_and_cancels_on_pages(client, group, inside, outside, template, enqueued):
    client.force_login(granted(group, "view_compliance", "manage_compliance"))
    asked = client.post(f"/compliance/hosts/{inside.pk}/scan/", {"template": template.pk})
    scan = Scan.objects.get(host=inside)
    assert asked.headers["Location"] == f"/compliance/scans/{scan.pk}/"
    assert client.post(f"/compliance/scans/{scan.pk}/cancel/").status_code == 302
    scan.refresh_from_db()
    assert scan.status == Scan.Status.CANCELLED
    assert client.post(f"/compliance/hosts/{outside.pk}/scan/").status_code == 404


def test_configuration_shows_a_manager_the_group_and_its_hosts(client, group, inside, outside):
    client.force_login(granted(group, "view_compliance", "manage_compliance"))
    assert client.get("/admin/").status_code == 200
    listed = client.get("/admin/compliance/host/").content.decode()
    assert "db-1" in listed
    assert "web-1" not in listed
    assert client.get(f"/admin/compliance/host/{outside.pk}/change/").status_code in (302, 403, 404)
    assert client.get("/admin/compliance/host/add/").status_code == 403
    assert client.get("/admin/compliance/credential/").status_code == 403
    page = client.get(f"/admin/compliance/host/{inside.pk}/change/")
    assert page.status_code == 200
    form = page.context["adminform"].form
    sent = {name: form[name].value() for name in form.fields} | {"hostname": "db-9"}
    saved = client.post(
        f"/admin/compliance/host/{inside.pk}/change/", {name: "" if v is None else v for name, v in sent.items()}
    )
    assert saved.status_code == 302
    inside.refresh_from_db()
    assert inside.hostname == "db-9"
    assert inside.groups.count() == 2


def test_configuration_shows_the_group_itself_to_look_at_only(client, admin, organization, group):
    manager = granted(group, "view_compliance", "manage_compliance")
    url = f"/admin/compliance/hostgroup/{group.pk}/change/"
    client.force_login(manager)
    page = client.get(url).content.decode()
    assert "Databases" in page
    assert 'name="_save"' not in page
    assert "granted to" not in page.lower()
    assert client.post(url, {"name": "Mine"}).status_code == 403
    client.force_login(admin)
    assert f"{manager}: manage_compliance<br>{manager}: view_compliance" in client.get(url).content.decode()


# --- The doors for granting -------------------------------------------------------------------------------------------


def test_api_grants_and_takes_back(api, client_of, organization, group, inside):
    membership = MembershipFactory(organization=organization)
    url = f"/api/v1/members/{membership.pk}/"
    entry = {"kind": "host_group", "id": group.pk, "permissions": ["view_compliance"]}
    answer = api.patch(url, {"scope_grants": [entry]}, format="json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["scope_grants"] == [entry | {"name": "Databases"}]
    listed = {row["id"]: row["scope_grants"] for row in api.get("/api/v1/members/").json()}
    assert listed[membership.pk] == [entry | {"name": "Databases"}]
    me = client_of(membership.user).get("/api/v1/me/").json()["organizations"]
    assert me[0]["scope_grants"] == [entry | {"name": "Databases"}]
    assert me[0]["permissions"] == []
    assert api.patch(url, {"scope_grants": []}, format="json").json()["scope_grants"] == []
    assert not holds(membership.user, "view_compliance", inside)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": 987654321}, "scope_grants.0"),
        ({"kind": "host"}, "scope_grants.0"),
        ({"permissions": ["manage_settings"]}, "scope_grants.0"),
        ({"permissions": ["rule_the_world"]}, "scope_grants.0.permissions.0"),
        ({"id": "x"}, "scope_grants.0.id"),
        ({"id": 10**30}, "scope_grants.0.id"),
    ],
)
def test_api_names_what_is_wrong_with_a_grant(change, field, api, organization, group):
    membership = MembershipFactory(organization=organization)
    entry = {"kind": "host_group", "id": group.pk, "permissions": ["view_compliance"]} | change
    answer = api.patch(f"/api/v1/members/{membership.pk}/", {"scope_grants": [entry]}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_api_takes_a_group_of_another_tenant_for_unknown(api, organization, other_organization):
    membership = MembershipFactory(organization=organization)
    foreign = HostGroupFactory(organization=other_organization)

    def answer(pk):
        entry = {"kind": "host_group", "id": pk, "permissions": ["view_compliance"]}
        return api.patch(f"/api/v1/members/{membership.pk}/", {"scope_grants": [entry]}, format="json")

    assert answer(foreign.pk).status_code == 400
    assert answer(foreign.pk).json() == answer(987654321).json()


def test_api_leaves_no_member_behind_when_a_grant_is_wrong(api, organization):
    person = member(HostGroupFactory().organization)
    entry = {"kind": "host_group", "id": 987654321, "permissions": ["view_compliance"]}
    body = {"organization": organization.pk, "username": person.username, "role": "viewer", "scope_grants": [entry]}
    assert api.post("/api/v1/members/", body, format="json").status_code == 400
    assert not Membership.objects.filter(organization=organization, user=person).exists()


def test_configuration_grants_and_takes_back(client, admin, organization, group, inside):
    membership = MembershipFactory(organization=organization)
    client.force_login(admin)
    url = f"/admin/organizations/membership/{membership.pk}/change/"
    page = client.get(url)
    assert "Databases: view compliance" in page.content.decode()
    chosen = str(ScopeGrant(group, "view_compliance"))
    assert client.post(url, {"role": "viewer", "scope_grants": [chosen]}).status_code == 302
    assert holds(membership.user, "view_compliance", inside)
    assert client.post(url, {"role": "viewer"}).status_code == 302
    assert not holds(membership.user, "view_compliance", inside)


def test_configuration_adds_a_member_as_before(client, admin, organization):
    person = member(HostGroupFactory().organization)
    client.force_login(admin)
    body = {"organization": organization.pk, "user": person.pk, "role": "viewer"}
    page = client.get("/admin/organizations/membership/add/")
    assert "scope_grants" not in page.content.decode()
    assert client.post("/admin/organizations/membership/add/", body).status_code == 302
    assert Membership.objects.filter(organization=organization, user=person).exists()
