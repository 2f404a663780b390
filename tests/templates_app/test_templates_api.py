"""The API of templates: the system's are read-only, drafts of one's own are changed, what is published never is."""

import json

import pytest

from organizations import permissions
from templates_app.models import Template
from templates_app.services import checks, templates
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
TEMPLATES = "/api/v1/templates/"


@pytest.fixture
def system(db):
    return published_template([a_check(f"linux_check_{n}") for n in range(3)], slug="cis-l1-linux", name="CIS")


@pytest.fixture
def draft(admin, organization):
    made = templates.create_template(actor=admin, organization=organization, name="House rules")
    checks.add_check(actor=admin, template=made, definition=a_check().model_dump(exclude_defaults=True))
    return made


def post(api, path, body=None, status=201):
    response = api.post(f"{TEMPLATES}{path}", body or {}, format="json")
    assert response.status_code == status, response.content
    return response.json()


def test_system_templates_and_the_own_ones_are_shown_and_no_others(api, organization, other_organization, system):
    own = published_template(organization=organization, name="House rules")
    theirs = published_template(organization=other_organization)
    shown = api.get(TEMPLATES).json()
    assert {one["id"] for one in shown} == {system.pk, own.pk}
    assert {one["id"]: one["is_system"] for one in shown} == {system.pk: True, own.pk: False}
    assert {one["id"]: one["check_count"] for one in shown} == {system.pk: 3, own.pk: 1}
    assert api.get(f"{TEMPLATES}{theirs.pk}/").status_code == 404
    assert api.get(f"{TEMPLATES}{theirs.pk}/checks/").status_code == 404


def test_the_list_filters_and_searches(api, system, draft):
    published_template(os_type="bsd", slug="cis-l1-bsd", name="BSD rules")

    def names(**query):
        response = api.get(TEMPLATES, query)
        assert response.status_code == 200, response.content
        return [one["name"] for one in response.json()]

    assert names(os_type="bsd") == names(search="bsd rules") == names(slug="cis-l1-bsd") == ["BSD rules"]
    assert names(status="draft") == names(family=draft.family) == ["House rules"]
    assert names(ordering="-name") == ["House rules", "CIS", "BSD rules"]
    assert names(organization=draft.organization_id, framework="nothing") == []


@pytest.mark.parametrize(
    "query", [{"os_type": "mac"}, {"status": "x"}, {"ordering": "document"}, {"organization": "x"}]
)
def test_a_bad_query_is_refused(api, system, query):
    response = api.get(TEMPLATES, query)
    assert response.status_code == 400
    assert [*response.json()["errors"]] == [*query]


def test_a_list_reads_no_document_and_costs_the_same_for_many(api, organization, django_assert_max_num_queries):
    for number in range(12):
        published_template(organization=organization, name=f"Rules {number}")
    with django_assert_max_num_queries(5) as counted:
        assert len(api.get(TEMPLATES).json()) == 12
    assert not [query["sql"] for query in counted.captured_queries if '"document"' in query["sql"]]


# --- A draft's life ---------------------------------------------------------------------------------------------------


def test_an_empty_draft_is_made_changed_and_deleted(api, organization):
    made = post(api, "", {"organization": organization.pk, "name": "Rules"})
    assert (made["status"], made["version"], made["check_count"], made["framework"]) == ("draft", 1, 0, "Custom")
    url = f"{TEMPLATES}{made['id']}/"
    variable = {"type": "int", "title": "A limit", "default": 3, "max": 5}
    body = {"name": "Better", "variables": {"limit": variable}, "values": {"limit": 4}, "scan_interval_hours": 48}
    changed = api.patch(url, body, format="json")
    assert changed.status_code == 200, changed.content
    assert {name: changed.json()[name] for name in body} == body
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"scan_interval_hours": 169}, "scan_interval_hours"),
        ({"os_type": "windows"}, "os_type"),
        ({"organization": 987654}, "organization"),
        ({"organization": None}, "organization"),
        ({"name": "nul \0"}, "name"),
    ],
)
def test_a_bad_field_is_named(api, organization, body, field):
    answer = post(api, "", {"organization": organization.pk, **({"name": "A"} if body else {}), **body}, status=400)
    assert field in answer["errors"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"scan_interval_hours": 1}, "scan_interval_hours"),
        ({"variables": 3}, "variables"),
        ({"variables": {"limit": 3}}, "variables.limit"),
        ({"values": {"nothing": 3}}, "values.nothing"),
        ({"status": "retired"}, "status"),
    ],
)
def test_a_bad_change_is_named_by_its_place(api, draft, body, place):
    response = api.patch(f"{TEMPLATES}{draft.pk}/", body, format="json")
    assert response.status_code == 400, response.content
    assert [*response.json()["errors"]] == [place]


def test_publishing_by_status_saves_the_rest_first(api, draft):
    response = api.patch(f"{TEMPLATES}{draft.pk}/", {"status": "published", "name": "Final"}, format="json")
    assert response.status_code == 200, response.content
    assert (response.json()["status"], response.json()["name"]) == ("published", "Final")
    assert len(response.json()["sha256"]) == 64
    again = api.patch(f"{TEMPLATES}{draft.pk}/", {"status": "draft"}, format="json")
    assert (again.status_code, [*again.json()["errors"]]) == (400, ["status"])


def test_publishing_names_what_cannot_be_evaluated(api, draft):
    draft.checks.update(definition={"id": "linux_sysctl_ip_forward"})
    answer = post(api, f"{draft.pk}/publish/", status=400)
    assert "checks.linux_sysctl_ip_forward.title" in answer["errors"]


def test_a_published_version_is_immutable_and_gets_a_new_version(api, draft):
    assert post(api, f"{draft.pk}/publish/", status=200)["status"] == "published"
    url = f"{TEMPLATES}{draft.pk}/"
    before = Template.objects.values().get(pk=draft.pk), [*draft.checks.values()]
    check = f"{url}checks/{draft.checks.get().pk}/"
    for response in (
        api.patch(url, {"name": "x"}, format="json"),
        api.post(f"{url}publish/"),
        api.post(
            f"{url}checks/", {"definition": a_check("linux_new").model_dump(exclude_defaults=True)}, format="json"
        ),
        api.patch(check, {"enabled": False}, format="json"),
        api.delete(check),
        api.post(
            f"{url}checks/bulk-toggle/", {"check_ids": ["linux_sysctl_ip_forward"], "enabled": False}, format="json"
        ),
    ):
        assert response.status_code == 409, response.content
        assert "make a new version" in response.json()["detail"]
    assert (Template.objects.values().get(pk=draft.pk), [*draft.checks.values()]) == before
    second = post(api, f"{draft.pk}/new-version/")
    assert (second["version"], second["status"], second["family"]) == (2, "draft", draft.family)
    assert "open draft already" in post(api, f"{draft.pk}/new-version/", status=409)["detail"]
    assert api.delete(url).status_code == 204


@pytest.mark.parametrize("who", ["admin", "superuser"])
def test_a_system_template_is_not_changed(request, client_of, organization, system, who):
    client = client_of(request.getfixturevalue(who))
    before = Template.objects.values().get(pk=system.pk), [*system.checks.values()]
    url = f"{TEMPLATES}{system.pk}/"
    for response in (
        client.patch(url, {"name": "Mine"}, format="json"),
        client.delete(url),
        client.post(f"{url}publish/"),
        client.post(f"{url}new-version/"),
        client.delete(f"{url}checks/{system.checks.first().pk}/"),
    ):
        assert response.status_code == 409, response.content
        assert "copy it" in response.json()["detail"]
    assert (Template.objects.values().get(pk=system.pk), [*system.checks.values()]) == before
    assert client.put(url, {}, format="json").status_code == 405


def test_any_template_in_sight_is_copied_where_one_manages(
    api, client_of, admin, organization, other_organization, system
):
    copy = post(api, f"{system.pk}/copy/", {"organization": organization.pk, "name": "Mine"})
    assert (copy["name"], copy["status"], copy["check_count"], copy["organization"]) == (
        "Mine",
        "draft",
        3,
        organization.pk,
    )
    permissions.grant(admin, "view_compliance", other_organization)
    refused = api.post(f"{TEMPLATES}{system.pk}/copy/", {"organization": other_organization.pk}, format="json")
    assert refused.status_code == 403
    unknown = post(api, f"{system.pk}/copy/", {"organization": 987654}, status=400)
    assert [*unknown["errors"]] == ["organization"]


# --- Documents --------------------------------------------------------------------------------------------------------


def test_an_export_is_a_file_that_import_takes(api, organization, system):
    exported = api.get(f"{TEMPLATES}{system.pk}/export/")
    assert exported.headers["Content-Disposition"] == 'attachment; filename="cis-v1.json"'
    document = json.loads(exported.content)
    for body in (document, exported.content.decode()):
        made = post(api, "import/", {"organization": organization.pk, "document": body})
        assert (made["status"], made["check_count"], made["is_system"]) == ("draft", 3, False)
        again = json.loads(api.get(f"{TEMPLATES}{made['id']}/export/").content)
        assert again | {"origin": 0} == document | {"origin": 0}


def test_a_bad_document_is_refused_whole_with_every_place(api, organization, system):
    document = json.loads(api.get(f"{TEMPLATES}{system.pk}/export/").content)
    del document["content_sha256"]
    document["checks"][0]["check"]["severity"] = "urgent"
    document["checks"][2]["check"]["probe"] = {"kind": "sysctl"}
    answer = post(api, "import/", {"organization": organization.pk, "document": document}, status=400)
    assert {*answer["errors"]} == {"document.checks.0.check.severity", "document.checks.2.check.probe.key"}
    assert Template.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"{", "document"),
        (b'{"document": {"a": 1, "a": 2}}', "document.a"),
        (b"[" * 50_000, "document"),
        (b"\xff", "document"),
        (b"[]", "non_field_errors"),
        (b'{"organization": 1}', "document"),
    ],
)
def test_a_body_that_is_no_document_is_refused(api, organization, body, place):
    response = api.post(f"{TEMPLATES}import/", body, content_type="application/json")
    assert response.status_code == 400, response.content
    assert place in response.json()["errors"]


def test_a_document_too_large_is_413(api, organization):
    response = api.post(f"{TEMPLATES}import/", b" " * 4_100_000, content_type="application/json")
    assert response.status_code == 413, response.content


# --- Roles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("user", 403), ("provisioner", 200), ("admin", 200)])
def test_roles_that_read(client_of, organization, system, role, status):
    client = client_of(member(organization, role=role))
    for path in ("", f"{system.pk}/", f"{system.pk}/checks/", f"{system.pk}/export/", "fact-kinds/"):
        assert client.get(f"{TEMPLATES}{path}").status_code == status, path


@pytest.mark.parametrize("role", ["viewer", "user", "provisioner"])
def test_roles_that_do_not_write(client_of, organization, system, draft, role):
    client = client_of(member(organization, role=role))
    before = [*Template.objects.values()]
    for path in ("", "import/", f"{draft.pk}/publish/", f"{draft.pk}/checks/", f"{draft.pk}/checks/bulk-toggle/"):
        body = {"organization": organization.pk, "name": "A", "document": {}}
        assert client.post(f"{TEMPLATES}{path}", body, format="json").status_code in (400, 403), path
    copied = client.post(f"{TEMPLATES}{system.pk}/copy/", {"organization": organization.pk}, format="json")
    assert copied.status_code == 403
    assert client.patch(f"{TEMPLATES}{draft.pk}/", {"name": "B"}, format="json").status_code == 403
    assert client.delete(f"{TEMPLATES}{draft.pk}/").status_code == 403
    assert [*Template.objects.values()] == before


@pytest.mark.parametrize("field", ["status", "name", "framework", "description"])
def test_half_a_character_is_refused_by_its_field(api, draft, field):
    response = api.patch(
        f"{TEMPLATES}{draft.pk}/", b'{"%s": "\\ud800"}' % field.encode(), content_type="application/json"
    )
    assert response.status_code == 400, response.content
    assert [*response.json()["errors"]] == [field]
