"""A published template never changes, whatever the door."""

import pytest
from django.db import DatabaseError, connection, transaction

from templates_app.models import Template, TemplateCheck
from templates_app.services.templates import fill_draft
from tests.factories.templates_app import a_check, a_document, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def template(db):
    return published_template([a_check(), a_check("linux_other")])


def refused(change):
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        change()


def by_sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize(
    "field", ["name", "description", "document", "sha256", "status", "version", "slug", "scan_interval_hours"]
)
def test_no_field_of_a_published_template_changes(template, field):
    before = Template.objects.values().get(pk=template.pk)
    value = {"status": "draft", "version": 9, "scan_interval_hours": 48}.get(field, "x" * 60)

    def save():
        setattr(template, field, value)
        template.save()

    refused(save)
    refused(lambda: Template.objects.filter(pk=template.pk).update(**{field: value}))
    refused(lambda: by_sql(f"UPDATE templates_app_template SET {field} = %s WHERE id = %s", value, template.pk))
    assert Template.objects.values().get(pk=template.pk) == before


def test_no_check_of_a_published_template_is_changed_added_or_removed(template):
    before = [*TemplateCheck.objects.filter(template=template).values()]
    check = template.checks.first()

    def save():
        check.enabled = False
        check.save()

    refused(save)
    refused(lambda: template.checks.update(severity="low"))
    refused(lambda: template.checks.all().delete())
    refused(lambda: TemplateCheck.objects.bulk_update([check], ["enabled"]))
    refused(lambda: fill_draft(template, a_document([a_check("linux_new")]), {}))
    refused(lambda: by_sql("UPDATE templates_app_templatecheck SET title = 'x'"))
    refused(lambda: by_sql("DELETE FROM templates_app_templatecheck"))
    assert [*TemplateCheck.objects.filter(template=template).values()] == before


def test_a_check_cannot_be_moved_into_a_published_template(template):
    draft = Template.objects.create(name="Draft", os_type="linux", framework="Custom")
    fill_draft(draft, a_document([a_check("linux_new")]), {})
    refused(lambda: draft.checks.update(template=template))


def test_a_published_template_with_checks_is_not_deleted(template):
    refused(template.delete)
    assert Template.objects.filter(pk=template.pk).exists()


def test_a_draft_may_be_changed_and_deleted():
    draft = Template.objects.create(name="Draft", os_type="linux", framework="Custom")
    fill_draft(draft, a_document(), {})
    draft.checks.update(enabled=False)
    Template.objects.filter(pk=draft.pk).update(name="Better")
    draft.delete()
    assert not Template.objects.exists()


def test_newest_is_the_last_published_version_of_each_family(template):
    second = published_template([a_check()], slug="a", version=2)
    published_template([a_check()], slug="a")
    Template.objects.create(name="Draft", family="a", version=3, os_type="linux", framework="Custom")
    assert set(Template.objects.newest()) == {template, second}
    assert Template.objects.latest_of("a") == second
