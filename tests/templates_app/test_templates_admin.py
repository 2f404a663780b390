"""Templates and their checks in the configuration pages: drafts are changed through the services, the rest is shown."""

import json

import pytest
from django.urls import reverse

from templates_app.models import Template, TemplateCheck
from templates_app.services import checks, templates
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(db):
    return published_template([a_check(f"linux_check_{n}") for n in range(3)], slug="cis-l1-linux", name="CIS")


@pytest.fixture
def draft(admin, organization):
    made = templates.create_template(actor=admin, organization=organization, name="House rules")
    checks.add_check(actor=admin, template=made, definition=a_check().model_dump(exclude_defaults=True))
    return made


def url(model, page, *pk):
    return reverse(f"admin:templates_app_{model}_{page}", args=pk)


def do(client, template, verb, **data):
    return client.post(url("template", "do", template.pk, verb), data, follow=True)


def test_a_template_shows_its_checks_and_a_check_its_definition(client, admin, template):
    client.force_login(admin)
    assert f"template__id__exact={template.pk}" in client.get(url("template", "change", template.pk)).content.decode()
    assert client.get(url("template", "changelist")).status_code == 200
    listed = client.get(url("templatecheck", "changelist"), {"template__id__exact": template.pk})
    assert listed.context["cl"].result_count == 3
    shown = client.get(url("templatecheck", "change", template.checks.first().pk)).content.decode()
    assert "key: net.ipv4.ip_forward" in shown


@pytest.mark.parametrize("who", ["admin", "superuser"])
def test_what_is_published_is_not_changed_and_checks_are_looked_at(client, request, organization, template, who):
    client.force_login(request.getfixturevalue(who))
    own = published_template(organization=organization, name="Ours")
    before = [*Template.objects.values()], [*TemplateCheck.objects.values()]
    for row in (template, own):
        assert client.post(url("template", "change", row.pk), {"name": "x"}).status_code == 403
    check = template.checks.first()
    assert client.post(url("templatecheck", "add"), {"title": "x"}).status_code == 403
    assert client.post(url("templatecheck", "change", check.pk), {"title": "x"}).status_code == 403
    assert client.post(url("templatecheck", "delete", check.pk), {"post": "yes"}).status_code == 403
    assert client.post(url("template", "delete", template.pk), {"post": "yes"}).status_code == 403
    assert ([*Template.objects.values()], [*TemplateCheck.objects.values()]) == before


def test_a_draft_is_made_changed_and_deleted_through_the_services(client, admin, organization):
    client.force_login(admin)
    fields = {"name": "Rules", "description": "Ours", "framework": "House", "scan_interval_hours": "48"}
    made = client.post(url("template", "add"), {**fields, "organization": organization.pk, "os_type": "linux"})
    assert made.status_code == 302, made.context["errors"]
    draft = Template.objects.get()
    assert (draft.name, draft.status, draft.organization, draft.scan_interval_hours) == (
        "Rules", "draft", organization, 48,
    )  # fmt: skip
    client.post(url("template", "change", draft.pk), fields | {"name": "Better"})
    draft.refresh_from_db()
    assert draft.name == "Better"
    refused = client.post(url("template", "change", draft.pk), fields | {"scan_interval_hours": "1"})
    assert refused.status_code == 200
    assert "scan_interval_hours" in refused.context["adminform"].form.errors
    assert client.post(url("template", "delete", draft.pk), {"post": "yes"}).status_code == 302
    assert not Template.objects.exists()


def test_a_system_template_is_never_made_there(client, superuser, organization):
    client.force_login(superuser)
    fields = {"name": "Rules", "framework": "House", "scan_interval_hours": "48", "os_type": "linux"}
    assert client.post(url("template", "add"), fields).status_code == 200
    assert not Template.objects.exists()


def test_the_buttons_publish_copy_and_open_a_version(client, admin, organization, draft):
    client.force_login(admin)
    shown = client.get(url("template", "change", draft.pk)).content.decode()
    assert "/do/publish/" in shown
    assert "/do/new-version/" not in shown
    do(client, draft, "publish")
    draft.refresh_from_db()
    assert (draft.status, draft.published_by) == ("published", admin)
    assert "/do/new-version/" in client.get(url("template", "change", draft.pk)).content.decode()
    do(client, draft, "new-version")
    assert Template.objects.get(family=draft.family, version=2).status == "draft"
    do(client, draft, "copy", organization=organization.pk)
    assert Template.objects.filter(name="House rules (copy)", organization=organization).count() == 1


def test_a_refusal_is_a_message(client, admin, organization, draft):
    client.force_login(admin)
    checks.remove_check(actor=admin, template=draft, check=draft.checks.get())
    assert "add at least one" in do(client, draft, "publish").content.decode()
    assert "publish it first" in do(client, draft, "new-version").content.decode()
    for organization in ("", "x", "9" * 30, "987654"):
        assert "Choose an organization" in do(client, draft, "copy", organization=organization).content.decode()
    assert do(client, draft, "explode").status_code == 404
    assert client.get(url("template", "do", draft.pk, "publish")).status_code == 404


def test_a_template_is_exported(client, admin, template):
    client.force_login(admin)
    answer = client.get(url("template", "export", template.pk))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cis-v1.json"'
    assert len(json.loads(answer.content)["checks"]) == 3


def test_of_another_tenants_template_no_button_works(client, admin, other_organization):
    client.force_login(admin)
    theirs = published_template(organization=other_organization)
    for verb in ("publish", "new-version", "copy"):
        assert do(client, theirs, verb, organization=admin.pk).status_code == 404
    assert client.get(url("template", "export", theirs.pk)).status_code == 404


def test_who_may_only_read_gets_no_buttons(client, organization, draft):
    reader = member(organization, "view_compliance", "view_audit")
    client.force_login(reader)
    shown = client.get(url("template", "change", draft.pk)).content.decode()
    assert "/do/" not in shown
    assert client.post(url("template", "do", draft.pk, "publish")).status_code == 403


@pytest.mark.parametrize(
    "query", ["q=%00", "template__id__exact=x", "template__id__exact=" + "9" * 40, "area=%00", "organization=%C2%B2"]
)
def test_odd_queries_of_a_list_are_no_error_of_ours(
    client, superuser, organization, other_organization, template, query
):
    client.force_login(superuser)
    for model in ("template", "templatecheck"):
        assert client.get(f"{url(model, 'changelist')}?{query}").status_code in (200, 302, 400)
