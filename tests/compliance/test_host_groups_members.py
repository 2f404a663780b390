"""Members of host groups: put in and taken out, many at once, by services, pages and the API."""

import pytest
from django.core.exceptions import PermissionDenied

from compliance.models import HostGroup, Scan
from compliance.services import host_groups
from organizations.errors import Invalid
from organizations.models.audit import AuditEvent
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, WaiverFactory, completed_scan
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(organization):
    return HostGroupFactory(organization=organization, name="Databases")


@pytest.fixture
def hosts(organization):
    return [HostFactory(organization=organization, hostname=f"db-{n}") for n in range(3)]


def members(group):
    return sorted(group.hosts.values_list("hostname", flat=True))


def test_hosts_go_in_and_out_and_the_log_says_which(admin, group, hosts):
    assert host_groups.add_hosts(actor=admin, group=group, hosts=hosts[:2], now=NOON) == 2
    assert host_groups.add_hosts(actor=admin, group=group, hosts=hosts, now=NOON) == 1
    assert host_groups.remove_hosts(actor=admin, group=group, hosts=hosts[:1], now=NOON) == 1
    assert host_groups.remove_hosts(actor=admin, group=group, hosts=hosts[:1], now=NOON) == 0
    assert members(group) == ["db-1", "db-2"]
    events = AuditEvent.objects.order_by("sequence").values_list("action", "details")
    assert [action.removeprefix("host_group.hosts_") for action, _ in events] == ["added", "added", "removed"]
    assert events[0][1] == {"number": 2, "hosts": ["db-0", "db-1"]}


def test_who_manages_a_part_only_does_not_decide_who_is_in_it(organization, group, hosts, other_organization):
    with pytest.raises(PermissionDenied):
        host_groups.add_hosts(actor=member(organization, role="provisioner"), group=group, hosts=hosts, now=NOON)
    foreign = HostFactory(organization=other_organization)
    manager = member(organization, "manage_compliance")
    with pytest.raises(Invalid):
        host_groups.add_hosts(actor=manager, group=group, hosts=[foreign], now=NOON)
    assert members(group) == []


def test_the_posture_of_a_host_follows_the_exceptions_of_its_new_group(admin, organization, group, hosts, enqueued):
    scan = completed_scan(hosts[0], statuses=["fail"])
    check = scan.template.checks.first().check_id
    WaiverFactory(
        organization=organization, check_id=check, host_group=group, status="active", decided_by=admin, decided_at=NOON
    )
    host_groups.add_hosts(actor=admin, group=group, hosts=hosts, now=NOON)
    assert Scan.objects.get(scan_type="re_evaluation").based_on == scan


@pytest.mark.parametrize("values", [{"name": " "}, {"name": "x" * 121}, {"name": "a\0b"}, {"description": "x" * 501}])
def test_a_name_that_cannot_be_is_refused(admin, organization, values):
    with pytest.raises(Invalid):
        host_groups.create_group(actor=admin, organization=organization, values={"name": "ok"} | values)
    assert not HostGroup.objects.exists()


def test_the_api_lists_and_moves_members(api, group, hosts, other_organization):
    url = f"/api/v1/host-groups/{group.pk}/hosts/"
    moved = api.post(url, {"add": [host.pk for host in hosts]}, format="json")
    assert (moved.status_code, moved.json()) == (200, {"added": 3, "removed": 0})
    moved = api.post(url, {"add": [hosts[0].pk], "remove": [hosts[1].pk]}, format="json")
    assert moved.json() == {"added": 0, "removed": 1}
    listed = api.get(url)
    assert [host["hostname"] for host in listed.json()] == ["db-0", "db-2"]
    assert listed.headers["X-Total-Count"] == "2"
    foreign = HostFactory(organization=other_organization)
    for wrong in ([foreign.pk], [987654], ["x"], [-1], [10**30], "x"):
        answer = api.post(url, {"add": wrong}, format="json")
        assert answer.status_code == 400, wrong
    assert members(group) == ["db-0", "db-2"]


def test_pages_make_fill_change_and_delete_a_group(client, admin, organization, hosts):
    client.force_login(admin)
    made = client.post("/compliance/hosts/groups/", {"name": "Databases"}, follow=True)
    group = HostGroup.objects.get()
    url = f"/compliance/hosts/groups/{group.pk}/"
    assert "The group Databases is made" in made.content.decode()
    assert client.post("/compliance/hosts/groups/", {"name": "Databases"}).status_code == 400
    client.post(f"{url}hosts/", {"do": "add", "hosts": [hosts[0].pk, "x", "9" * 30]})
    client.post(f"{url}hosts/", {"do": "add", "all": "1", "q": "db-2"})
    assert members(group) == ["db-0", "db-2"]
    assert "No host was chosen" in client.post(f"{url}hosts/", {"do": "add"}, follow=True).content.decode()
    client.post(f"{url}hosts/", {"do": "remove", "hosts": [hosts[0].pk]})
    assert members(group) == ["db-2"]
    changed = client.post(f"{url}change/", {"name": "Data", "description": "d"}, follow=True).content.decode()
    assert "The group Data is saved" in changed
    client.post(f"{url}change/", {"delete": "1"})
    assert not HostGroup.objects.exists()


def test_a_provisioner_sees_groups_and_no_buttons(client, organization, group, hosts):
    group.hosts.add(hosts[0])
    client.force_login(member(organization, role="provisioner"))
    text = client.get(f"/compliance/hosts/groups/{group.pk}/").content.decode()
    assert "db-0" in text and "Add hosts" not in text and "edit-group" not in text
    assert client.post(f"/compliance/hosts/groups/{group.pk}/hosts/", {"do": "remove"}).status_code == 403
    assert client.post("/compliance/hosts/groups/", {"name": "x"}).status_code == 403
