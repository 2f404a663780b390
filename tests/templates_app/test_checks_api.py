"""The API of a template's checks, and of what a check can look at."""

import pytest

from templates_app.services import checks, templates
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


def definition(check_id="linux_one", **fields):
    return a_check(check_id, **fields).model_dump(exclude_defaults=True)


@pytest.fixture
def draft(admin, organization):
    made = templates.create_template(actor=admin, organization=organization, name="House rules")
    for name in ("linux_one", "linux_two"):
        checks.add_check(actor=admin, template=made, definition=definition(name))
    return made


@pytest.fixture
def url(draft):
    return f"/api/v1/templates/{draft.pk}/checks/"


def test_checks_come_in_the_order_of_the_template_and_in_pages(api):
    system = published_template([a_check(f"linux_check_{n}") for n in range(3)], slug="cis-l1-linux")
    path = f"/api/v1/templates/{system.pk}/checks/"
    response = api.get(path, {"page_size": "10"})
    assert [one["check_id"] for one in response.json()] == [f"linux_check_{n}" for n in range(3)]
    assert response.headers["X-Total-Count"] == "3"
    assert response.json()[0]["definition"]["probe"] == {"kind": "sysctl", "key": "net.ipv4.ip_forward"}
    assert api.get(path, {"page_size": "3"}).status_code == 400
    one = api.get(f"{path}{response.json()[1]['id']}/")
    assert one.json() == response.json()[1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "linux_two"}, ["linux_two"]), ({"search": "linux nothing"}, []),
        ({"enabled": "false"}, ["linux_one"]), ({"enabled": "true", "severity": ""}, ["linux_two"]),
        ({"severity": "high"}, ["linux_two"]), ({"assessment": "manual"}, []), ({"area": "nowhere"}, []),
    ],
)  # fmt: skip
def test_checks_are_searched_and_filtered(api, url, draft, query, found):
    draft.checks.filter(check_id="linux_one").update(enabled=False, severity="low")
    draft.checks.filter(check_id="linux_two").update(severity="high")
    assert [one["check_id"] for one in api.get(url, query).json()] == found


@pytest.mark.parametrize(("field", "value"), [("severity", "dire"), ("enabled", "perhaps"), ("assessment", "x")])
def test_a_filter_that_means_nothing_is_named(api, url, field, value):
    answer = api.get(url, {field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_check_is_added_changed_and_removed(api, url, draft):
    body = {"definition": definition("linux_new"), "position": 0, "area": "kernel", "profiles": ["server"]}
    made = api.post(url, body, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["position"], made.json()["area"], made.json()["enabled"]) == (0, "kernel", True)
    one = f"{url}{made.json()['id']}/"
    body = {"severity": "critical", "enabled": False, "position": 2, "profiles": {"rhel9": ["server"]}}
    changed = api.patch(one, body, format="json")
    assert changed.status_code == 200, changed.content
    assert {name: changed.json()[name] for name in body} == body
    assert changed.json()["definition"]["severity"] == "critical"
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404
    assert draft.checks.count() == 2


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "definition"),
        ({"definition": 3}, "definition"),
        ({"definition": None}, "definition"),
        ({"definition": definition("linux_one")}, "id"),
        ({"definition": definition("linux_new") | {"probe": {"kind": "sysctl"}}}, "probe.key"),
        ({"definition": definition("linux_new") | {"all": 3}}, "all"),
        ({"definition": definition("linux_new"), "position": -1}, "position"),
        ({"definition": definition("linux_new"), "profiles": ["desktop"]}, "profiles.0"),
        ({"definition": definition("linux_new"), "enabled": "perhaps"}, "enabled"),
        ({"definition": definition("linux_new"), "area": "x" * 61}, "area"),
    ],
)
def test_a_bad_check_is_named_by_its_place(api, url, draft, body, place):
    response = api.post(url, body, format="json")
    assert response.status_code == 400, response.content
    assert place in response.json()["errors"]
    assert draft.checks.count() == 2


def test_a_check_of_another_template_does_not_exist_here(api, admin, organization, url, draft):
    other = templates.copy_template(actor=admin, template=draft, organization=organization)
    row = other.checks.first()
    for call in (api.get, api.patch, api.delete):
        assert call(f"{url}{row.pk}/", {}, format="json").status_code == 404
    assert other.checks.count() == 2


def test_many_checks_are_switched_at_once_or_none(api, url, draft):
    path = f"{url}bulk-toggle/"
    assert api.post(path, {"check_ids": ["linux_one", "linux_two"], "enabled": False}, format="json").json() == {
        "changed": 2
    }
    response = api.post(path, {"check_ids": ["linux_one", "linux_x"], "enabled": True}, format="json")
    assert response.status_code == 400
    assert response.json()["errors"] == {"check_ids": ["House rules v1 has no check linux_x."]}
    assert not draft.checks.filter(enabled=True).exists()
    for body in ({}, {"check_ids": [], "enabled": True}, {"check_ids": "linux_one", "enabled": True}):
        assert api.post(path, body, format="json").status_code == 400


def test_checks_are_taken_over_from_another_template(api, url, draft, other_organization):
    source = published_template([a_check("linux_three")], slug="cis")
    body = {"source": source.pk, "check_ids": ["linux_three"], "position": 0}
    response = api.post(f"{url}take-over/", body, format="json")
    assert response.status_code == 201, response.content
    assert [one["check_id"] for one in response.json()["checks"]] == ["linux_three"]
    theirs = published_template(organization=other_organization)
    for foreign in (theirs.pk, 987654):
        response = api.post(f"{url}take-over/", body | {"source": foreign}, format="json")
        assert (response.status_code, [*response.json()["errors"]]) == (400, ["source"])


def test_every_fact_kind_says_how_it_is_filled_in(api, draft, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        kinds = {one["name"]: one for one in api.get("/api/v1/templates/fact-kinds/").json()}
    assert kinds["sysctl"]["fields"] == [
        {
            "name": "key", "label": "Kernel parameter", "type": "text", "required": True, "default": None,
            "choices": [], "help": "With dots, as sysctl writes it: net.ipv4.ip_forward",
        }
    ]  # fmt: skip
    assert kinds["mount"]["fields"][1]["choices"] == ["options", "mounted"]
    assert (kinds["sudoers"]["needs_root"], kinds["sudoers"]["os"]) == ("always", ["linux"])
    assert "ge" in [one["name"] for one in kinds["sysctl"]["operators"]]
