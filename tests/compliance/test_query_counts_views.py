"""Lists with scans behind every row: as many queries for thirty as for three, and no document read for a list."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.compliance import HostFactory, HostGroupFactory, completed_scan
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

PAGES = {
    "/": 20, "/compliance/hosts/?page_size=10": 11, "/compliance/scans/?page_size=10": 10,
    "/compliance/templates/": 11, "/alerts/": 12,
    "/compliance/hosts/{host}/": 20,
    "/compliance/hosts/{host}/?tab=history&page_size=10": 12,
    "/compliance/hosts/{host}/?tab=alerts": 13, "/compliance/hosts/{host}/drift/": 13, "/compliance/hosts/groups/": 8,
    "/compliance/hosts/?host={host}&page_size=10": 19, "/compliance/scans/?scan={scan}&page_size=10": 16,
    "/compliance/scans/{scan}/": 18,
    "/compliance/templates/{template}/": 15,
}  # fmt: skip
LISTS = {
    "/api/v1/hosts/": 5, "/api/v1/scans/?page_size=10": 5, "/api/v1/alerts/": 4, "/api/v1/templates/": 4,
    "/api/v1/host-groups/": 4,
    "/api/v1/credentials/": 5, "/api/v1/hosts/{host}/history/": 5, "/api/v1/hosts/{host}/compliance/": 6,
    "/api/v1/templates/{template}/checks/": 6,
}  # fmt: skip
LARGE = ('"templates_app_template"."document"', '"compliance_blob"."data"')
READS_RESULTS = (
    "/compliance/hosts/{host}/", "/compliance/scans/{scan}/", "/compliance/hosts/{host}/drift/",
    "/compliance/hosts/?host={host}&page_size=10", "/compliance/scans/?scan={scan}&page_size=10",
)  # fmt: skip


@pytest.fixture
def template(db):
    return published_template([a_check(f"linux_check_{n}") for n in range(30)], slug="cis-l1-linux")


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization)


def more(number, organization, host, template):
    for _ in range(number):
        other = HostFactory(organization=organization)
        other.groups.add(HostGroupFactory(organization=organization))
        scan = completed_scan(other, template)
        completed_scan(host, template)
        AlertFactory(organization=organization)
    return scan


@pytest.mark.parametrize(("path", "most"), (PAGES | LISTS).items())
def test_list_costs_no_more_for_many_rows(path, most, client, api, organization, host, template):
    asked = api if path in LISTS else client
    client.force_login(member(organization, role="admin"))

    def queries(number):
        scan = more(number, organization, host, template)
        url = path.format(host=host.pk, scan=scan.pk, template=template.pk)
        with CaptureQueriesContext(connection) as captured:
            assert asked.get(url).status_code == 200
        return [one["sql"] for one in captured]

    few, many = queries(11), queries(20)
    assert len(many) == len(few)
    assert len(many) <= most
    if path not in READS_RESULTS:
        assert not [sql[:200] for sql in many if any(column in sql for column in LARGE)]
