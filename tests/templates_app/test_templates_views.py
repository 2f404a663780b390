"""The pages of templates: what is listed, who may do what, what the buttons do and refuse."""

import json

import pytest
from django.urls import reverse

from templates_app.models import Template
from templates_app.services.templates import copy_template, new_version
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template


@pytest.fixture
def rules(organization):
    checks = [a_check(f"linux_{name}", title=f"Rule {name} holds") for name in ("one", "two", "three")]
    return published_template(checks, organization, name="House rules")


@pytest.fixture
def draft(admin, rules, organization):
    return copy_template(actor=admin, template=rules, organization=organization, name="Payment baseline")


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def url(name, *args):
    return reverse(f"templates_app:{name}", args=args)


def test_versions_of_a_lineage_stand_in_one_row(page, admin, rules):
    new_version(actor=admin, template=rules)
    families = page.get(url("templates")).context["families"]
    assert [(str(head), [str(one) for one in earlier]) for head, earlier in families] == [
        ("House rules v2", ["House rules v1"])
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=house", ["House rules"]), ("?status=draft", ["Payment baseline"]), ("?origin=system", ["CIS"]),
        ("?origin=mine", ["House rules", "Payment baseline"]), ("?framework=CIS&q=c", ["CIS"]), ("?q=nothing", []),
        ("?os=bsd", []),
    ],
)  # fmt: skip
def test_the_list_is_searched_and_filtered(page, draft, query, names):
    published_template(slug="cis-l1-linux", name="CIS", framework="CIS")
    families = page.get(url("templates") + query).context["families"]
    assert [head.name for head, _ in families] == names


def test_a_status_filter_shows_the_published_version_beneath_a_draft(page, admin, rules):
    new_version(actor=admin, template=rules)
    families = page.get(url("templates") + "?status=published").context["families"]
    assert [str(head) for head, _ in families] == ["House rules v1"]


def test_templates_of_other_tenants_are_not_there(page, other_organization):
    foreign = published_template(organization=other_organization, name="Theirs")
    assert "Theirs" not in page.get(url("templates")).content.decode()
    for name in ("template", "copy", "export", "new_check", "add_checks"):
        assert page.get(url(name, foreign.pk)).status_code == 404
    for name in ("delete", "new_version", "change_checks"):
        assert page.post(url(name, foreign.pk)).status_code == 404


def test_a_published_version_is_read_only_and_offers_a_new_one(page, rules):
    text = page.get(url("template", rules.pk)).content.decode()
    assert "New Version" in text
    assert 'value="publish"' not in text
    answer = page.post(url("template", rules.pk), {"do": "save", **settings_of(rules)})
    assert answer.status_code == 302
    rules.refresh_from_db()
    assert rules.name == "House rules"
    check = rules.checks.first()
    assert page.get(url("check", rules.pk, check.pk)).status_code == 302
    page.post(url("toggle_check", rules.pk, check.pk), {f"enable_{check.pk}": "0"})
    check.refresh_from_db()
    assert check.enabled


def settings_of(template, **changes):
    return {
        "name": template.name, "description": template.description, "framework": template.framework,
        "scan_interval_hours": template.scan_interval_hours, **changes,
    }  # fmt: skip


def test_publish_saves_first_and_a_refusal_saves_nothing(page, draft):
    draft.checks.update(enabled=False)
    answer = page.post(url("template", draft.pk), {"do": "publish", **settings_of(draft, name="Another")})
    assert answer.status_code == 400
    assert "Every check is switched off" in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.name, draft.status) == ("Payment baseline", "draft")


@pytest.mark.parametrize("hours", ["23", "169", "", "x"])
def test_an_interval_out_of_bounds_is_told_at_its_field(page, draft, hours):
    answer = page.post(url("template", draft.pk), {"do": "save", **settings_of(draft, scan_interval_hours=hours)})
    assert answer.status_code == 400
    assert "scan_interval_hours" in answer.context["form"].errors


def test_variables_are_fields_with_their_bounds(page, admin, organization):
    variables = {"days": {"type": "int", "title": "Days until", "default": 30, "min": 1, "max": 90}}
    rules = published_template(organization=organization, variables=variables)
    draft = copy_template(actor=admin, template=rules, organization=organization)
    assert (
        page.post(url("template", draft.pk), {"do": "save", **settings_of(draft, value_days="99")}).status_code == 400
    )
    assert (
        page.post(url("template", draft.pk), {"do": "save", **settings_of(draft, value_days="14")}).status_code == 302
    )
    draft.refresh_from_db()
    assert draft.values == {"days": 14}


def test_ticked_checks_are_switched_removed_and_graded(page, draft):
    change = url("change_checks", draft.pk)
    page.post(change, {"do": "off", "check_ids": ["linux_one", "linux_two"]})
    assert draft.checks.filter(enabled=False).count() == 2
    page.post(change, {"do": "severity", "to_severity": "critical", "check_ids": ["linux_one"]})
    assert draft.checks.get(check_id="linux_one").severity == "critical"
    page.post(f"{change}?q=rule+two", {"do": "remove", "all_matching": "1"})
    assert list(draft.checks.values_list("check_id", flat=True)) == ["linux_one", "linux_three"]
    answer = page.post(change, {"do": "off"}, follow=True)
    assert "Name at least one check." in answer.content.decode()
    answer = page.post(change, {"do": "dance", "check_ids": ["linux_one"]}, follow=True)
    assert "Choose what to do" in answer.content.decode()


def test_one_check_is_switched_by_htmx_and_moved(page, draft):
    first, second = draft.checks.order_by("position")[:2]
    answer = page.post(
        url("toggle_check", draft.pk, first.pk), {f"enable_{first.pk}": "0"}, headers={"HX-Request": "true"}
    )
    assert 'aria-checked="false"' in answer.content.decode()
    page.post(url("move_check", draft.pk, second.pk), {"move": "up"})
    assert draft.checks.order_by("position").first() == second
    page.post(url("remove_check", draft.pk, first.pk))
    assert not draft.checks.filter(pk=first.pk).exists()


def test_checks_that_are_there_already_are_not_offered_again(page, draft, rules, organization):
    more = published_template([a_check("linux_one"), a_check("linux_four")], organization, name="More")
    address = f"{url('add_checks', draft.pk)}?source={more.pk}"
    assert [row.check_id for row in page.get(address).context["page"]] == ["linux_four"]
    page.post(address, {"source": more.pk, "all_matching": "1"})
    assert draft.checks.count() == 4
    assert page.get(f"{url('add_checks', draft.pk)}?source=999999").status_code == 404


def test_export_and_import_say_the_same(page, draft, organization, tmp_path):
    exported = page.get(url("export", draft.pk))
    assert exported.headers["Content-Disposition"].startswith("attachment")
    file = tmp_path / "rules.json"
    file.write_bytes(exported.content)
    with file.open("rb") as document:
        page.post(url("import"), {"organization": organization.pk, "document": document, "name": "Carried"})
    carried = Template.objects.get(name="Carried")
    again = json.loads(page.get(url("export", carried.pk)).content)
    assert again["checks"] == json.loads(exported.content)["checks"]


def test_a_draft_is_deleted_and_a_system_template_never(page, draft):
    assert page.post(url("delete", draft.pk)).status_code == 302
    assert not Template.objects.filter(pk=draft.pk).exists()
    assert page.post(url("delete", published_template().pk)).status_code == 404


def test_an_empty_draft_is_made(page, organization):
    fields = {"organization": organization.pk, "name": "New", "os_type": "linux", "framework": "Custom"}
    answer = page.post(url("new"), fields, follow=True)
    assert "add its first checks" in answer.content.decode()
    assert page.post(url("new"), fields | {"name": ""}).status_code == 400
    assert page.post(url("new"), fields | {"os_type": "windows"}).status_code == 400


def test_facts_are_found_by_their_words(page):
    text = page.get(f"{url('kind_options')}?q=file+names").content.decode()
    assert 'data-value="file_stat"' in text
    assert "Nothing found" in page.get(f"{url('kind_options')}?q=zzzz").content.decode()


@pytest.mark.parametrize("name", ["new", "import", "kind_options"])
def test_whoever_only_views_changes_nothing(client, organization, draft, name):
    client.force_login(member(organization, "view_compliance"))
    assert client.get(url(name)).status_code == 403
    assert client.get(url("templates")).status_code == 200
    assert client.post(url("template", draft.pk), {"do": "save"}).status_code == 403
    assert client.post(url("delete", draft.pk)).status_code == 403
    assert client.get(url("new_check", draft.pk)).status_code == 403


@pytest.mark.parametrize("query", ["?q=%00", "?page_size=7", "?page=0", "?area=%00&severity=x", "?enabled=maybe"])
def test_odd_queries_are_answered(page, draft, query):
    assert page.get(url("template", draft.pk) + query).status_code in (200, 400)
    assert page.get(url("templates") + query).status_code in (200, 400)
