"""Templates and their checks in the configuration pages: to look at."""

import pytest
from django.urls import reverse

from templates_app.models import Template, TemplateCheck
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(db):
    return published_template([a_check(f"linux_check_{n}") for n in range(3)], slug="cis-l1-linux", name="CIS")


def url(model, page, *pk):
    return reverse(f"admin:templates_app_{model}_{page}", args=pk)


def test_a_template_shows_its_checks_and_a_check_its_definition(client, admin, template):
    client.force_login(admin)
    assert f"template__id__exact={template.pk}" in client.get(url("template", "change", template.pk)).content.decode()
    assert client.get(url("template", "changelist")).status_code == 200
    listed = client.get(url("templatecheck", "changelist"), {"template__id__exact": template.pk})
    assert listed.context["cl"].result_count == 3
    shown = client.get(url("templatecheck", "change", template.checks.first().pk)).content.decode()
    assert "key: net.ipv4.ip_forward" in shown


@pytest.mark.parametrize("who", ["admin", "superuser"])
def test_nothing_is_added_changed_or_deleted_there(client, request, template, who):
    client.force_login(request.getfixturevalue(who))
    before = [*Template.objects.values()], [*TemplateCheck.objects.values()]
    check = template.checks.first()
    for model, row in (("template", template), ("templatecheck", check)):
        assert client.post(url(model, "add"), {"name": "x"}).status_code == 403
        assert client.post(url(model, "change", row.pk), {"name": "x", "title": "x"}).status_code == 403
        assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert ([*Template.objects.values()], [*TemplateCheck.objects.values()]) == before


@pytest.mark.parametrize(
    "query", ["q=%00", "template__id__exact=x", "template__id__exact=" + "9" * 40, "area=%00", "organization=%C2%B2"]
)
def test_odd_queries_of_a_list_are_no_error_of_ours(
    client, superuser, organization, other_organization, template, query
):
    client.force_login(superuser)
    for model in ("template", "templatecheck"):
        assert client.get(f"{url(model, 'changelist')}?{query}").status_code in (200, 302, 400)
