import pytest

from compliance.models import Preview
from compliance.services import previews
from templates_app.services.templates import copy_template
from tests.compliance.test_previews_services import change, recorded, scanned, sysctls
from tests.factories.compliance import NOON, HostFactory
from tests.factories.organizations import member
from tests.factories.templates_app import published_template


@pytest.fixture
def template(organization):
    return published_template(sysctls(forward="0", aslr="2"), organization)


@pytest.fixture
def draft(admin, template, organization):
    scanned(template, recorded("open"), HostFactory(organization=organization, hostname="web-1"))
    draft = copy_template(actor=admin, template=template, organization=organization, name="Stricter")
    change(draft, "linux_forward", enabled=False)
    return draft


def path(template, end: str = "") -> str:
    return f"/api/v1/templates/{template.pk}/preview/{end}"


def test_a_preview_is_asked_for_polled_and_read(api, draft):
    started = api.post(path(draft), {}, format="json")
    assert started.status_code == 202, started.content
    assert started.json()["progress"] == {"done": 0, "total": 1}
    assert api.get(started.json()["url"]).json()["status"] == "pending"
    previews.drain(clock=lambda: NOON)
    found = api.get(path(draft)).json()
    assert (found["id"], found["status"], found["progress"]) == (
        started.json()["job"], "completed", {"done": 1, "total": 1},
    )  # fmt: skip
    assert found["summary"]["changed"] == 1
    hosts = api.get(path(draft, "hosts/"))
    assert hosts.headers["X-Total-Count"] == "1"
    assert hosts.json()[0]["changes"][0]["check_id"] == "linux_forward"
    assert api.get(path(draft, "hosts/"), {"show": "not_tried"}).json() == []


def test_the_hosts_of_a_preview_cost_the_same_for_many_as_for_few(
    api, draft, admin, organization, template, django_assert_max_num_queries
):
    for _ in range(9):
        scanned(template, recorded("open"), HostFactory(organization=organization))
    api.post(path(draft), {}, format="json")
    previews.drain(clock=lambda: NOON)
    with django_assert_max_num_queries(9):
        assert len(api.get(path(draft, "hosts/")).json()) == 10


def test_before_the_first_preview_there_is_none(api, draft):
    assert api.get(path(draft)).status_code == 404
    assert api.get(path(draft, "hosts/")).status_code == 404


def test_a_filter_that_is_not_offered_is_refused(api, draft):
    api.post(path(draft), {}, format="json")
    response = api.get(path(draft, "hosts/"), {"show": "everything"})
    assert response.status_code == 400
    assert "show" in response.json()["errors"]


def test_a_preview_can_be_cancelled_once(api, draft):
    api.post(path(draft), {}, format="json")
    assert api.post(path(draft, "cancel/")).json()["status"] == "cancelled"
    assert api.post(path(draft, "cancel/")).status_code == 409


def test_a_system_template_wants_an_organization(api, organization, other_organization):
    system = published_template(slug="cis-l1-linux")
    assert api.post(path(system), {}, format="json").status_code == 400
    assert api.get(path(system)).status_code == 400
    assert api.post(path(system), {"organization": other_organization.pk}, format="json").status_code == 400
    assert api.post(path(system), {"organization": organization.pk}, format="json").status_code == 202
    assert api.get(path(system), {"organization": organization.pk}).status_code == 200
    assert api.get(path(system), {"organization": other_organization.pk}).status_code == 400


def test_viewers_read_previews_and_start_none(api, draft, organization, client_of):
    api.post(path(draft), {}, format="json")
    viewer = client_of(member(organization, "view_compliance"))
    assert viewer.get(path(draft)).status_code == 200
    assert viewer.post(path(draft), {}, format="json").status_code == 403
    assert viewer.post(path(draft, "cancel/")).status_code == 403
    assert Preview.objects.get().status == Preview.Status.PENDING


def test_a_draft_that_cannot_be_evaluated_is_refused_with_its_places(api, draft):
    definition = draft.checks.get(check_id="linux_aslr").definition
    change(draft, "linux_aslr", definition={**definition, "expect": {"nearly": "2"}})
    response = api.post(path(draft), {}, format="json")
    assert response.status_code == 400
    assert "checks.linux_aslr.expect.nearly" in response.json()["errors"]
