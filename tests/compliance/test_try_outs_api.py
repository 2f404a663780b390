import pytest

from compliance.services.snapshots import store_snapshot
from tests.compliance.test_previews_services import recorded
from tests.factories.compliance import HostFactory
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template

PATH = "/api/v1/checks/try/"


@pytest.fixture
def host(organization):
    host = HostFactory(organization=organization, hostname="web-1.example.com")
    store_snapshot(host=host, facts=recorded("open"), walked_at=None)
    return host


def definition(**fields):
    return a_check(**fields).model_dump(exclude_defaults=True)


def test_a_definition_is_tried_on_the_last_facts(api, host):
    response = api.post(PATH, {"definition": definition(), "host": host.pk}, format="json")
    assert response.status_code == 200, response.content
    found = response.json()
    assert (found["hostname"], found["status"]) == ("web-1.example.com", "fail")
    assert found["expected"] == "Kernel parameter net.ipv4.ip_forward, running and persistent, is 0"
    assert found["evidence"][0]["source"] == "/proc/sys/net/ipv4/ip_forward"
    assert found["hint"] == ""


def test_a_stored_check_is_tried_with_the_variables_of_its_template(api, host, organization):
    check = a_check(expect={"eq": "{{ wanted }}"})
    variables = {"wanted": {"type": "text", "title": "What it should be", "default": "1"}}
    template = published_template([check], organization, variables=variables)
    response = api.post(PATH, {"check": template.checks.get().pk, "host": host.pk}, format="json")
    assert response.json()["expected"].endswith("is 1")


def test_every_error_stands_at_its_place(api, host):
    bad = definition() | {"probe": {"kind": "sysctl", "kee": "x"}, "severity": "awful"}
    response = api.post(PATH, {"definition": bad, "host": host.pk}, format="json")
    assert response.status_code == 400
    assert "severity" in response.json()["errors"]
    bad = definition() | {"probe": {"kind": "sysctl"}}
    response = api.post(PATH, {"definition": bad, "host": host.pk}, format="json")
    assert "probe.key" in response.json()["errors"]


def test_a_host_without_facts_is_a_conflict_in_words(api, organization):
    host = HostFactory(organization=organization, hostname="web-2")
    response = api.post(PATH, {"definition": definition(), "host": host.pk}, format="json")
    assert response.status_code == 409
    assert "web-2 was never scanned" in response.json()["detail"]


def test_what_was_not_collected_will_be_by_the_next_scan(api, host):
    asked = definition(probe={"kind": "sysctl", "key": "vm.swappiness"})
    found = api.post(PATH, {"definition": asked, "host": host.pk}, format="json").json()
    assert found["status"] == "error"
    assert "the next scan of the host collects it" in found["hint"]


def test_hosts_checks_and_templates_of_other_tenants_cannot_be_named(api, host, other_organization):
    foreign = HostFactory(organization=other_organization)
    response = api.post(PATH, {"definition": definition(), "host": foreign.pk}, format="json")
    assert response.status_code == 400
    template = published_template(organization=other_organization)
    for body in ({"check": template.checks.get().pk}, {"definition": definition(), "template": template.pk}):
        assert api.post(PATH, {**body, "host": host.pk}, format="json").status_code == 400


def test_whoever_only_views_tries_nothing(host, organization, client_of):
    viewer = client_of(member(organization, "view_compliance"))
    assert viewer.post(PATH, {"definition": definition(), "host": host.pk}, format="json").status_code == 403


@pytest.mark.parametrize("body", [{}, {"definition": "x"}, {"definition": {}}, {"definition": {"id": "a\0b"}}])
def test_bad_bodies_are_refused(api, host, body):
    assert api.post(PATH, body | {"host": host.pk}, format="json").status_code == 400
