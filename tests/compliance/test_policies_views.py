"""The tab Policies below the browser: filters, queries, bad input, what others may see."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compliance.models import Policy, PolicyOverride
from compliance.services.streams import assign_policy
from tests.factories.compliance import (
    HostFactory,
    PolicyFactory,
    PolicyOverrideFactory,
    PolicySecondaryFactory,
    policy_of,
)
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import next_version, published_template

pytestmark = pytest.mark.django_db
LIST = "/compliance/policies/"
AS_PART = {"HX-Request": "true", "HX-Target": "policy-parts-1"}


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def form(of, **fields):
    return {
        "template": of.pk, "pinned_template_version": "latest", "scan_interval_hours": "24", "batch_size": "100",
        "profile": "server", "approval_mode": "manual",
    } | fields  # fmt: skip


def test_the_list_costs_as_many_queries_for_many_policies_as_for_few(client, superuser):
    client.force_login(superuser)

    def queries_with_more_rows(count):
        for _ in range(count):
            own = OrganizationFactory()
            HostFactory.create_batch(2, organization=own)
            PolicyOverrideFactory(organization=own)
            PolicySecondaryFactory(organization=own)
            assign_policy(policy=policy_of(own), now=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    queries_with_more_rows(1)
    few, many = queries_with_more_rows(1), queries_with_more_rows(6)
    assert many <= few <= 12


@pytest.mark.parametrize("htmx", [True, False])
def test_what_stands_under_a_policy_costs_no_more_queries_for_many_rows(page, organization, htmx):
    def queries_with_more_rows(count):
        PolicyOverrideFactory.create_batch(count, organization=organization)
        PolicySecondaryFactory.create_batch(count, organization=organization)
        with CaptureQueriesContext(connection) as queries:
            headers = AS_PART if htmx else {}
            assert page.get(f"{LIST}{policy_of(organization).pk}/", headers=headers).status_code == 200
        return len(queries)

    queries_with_more_rows(1)
    few, many = queries_with_more_rows(1), queries_with_more_rows(6)
    assert many <= few <= 14


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Linux", "Windows"]), ("?os=windows", ["Windows"]), ("?q=house", ["Linux"]), ("?q=nowhere", []),
        ("?os=plan9", ["Linux", "Windows"]), ("?order=-os", ["Windows", "Linux"]),
        ("?order=score", ["Linux", "Windows"]), ("?order=-hosts", ["Linux", "Windows"]),
        ("?open=99999999999999999999", ["Linux", "Windows"]), ("?open=x%00", ["Linux", "Windows"]),
    ],
)  # fmt: skip
def test_the_list_is_filtered_searched_and_ordered(page, organization, query, shown):
    policy_of(organization)
    windows = published_template(name="STIG for the other system", os_type="windows")
    PolicyFactory(organization=organization, os_type="windows", template=windows)
    answer = page.get(LIST + query)
    assert answer.status_code == 200
    assert [policy.get_os_type_display() for policy in answer.context["page"]] == shown


def test_removed_policies_and_those_of_others_are_not_shown(page, organization, other_organization):
    policy_of(other_organization)
    PolicyFactory(organization=organization, removed_at=timezone.now())
    assert list(page.get(LIST).context["page"]) == []


def test_the_average_counts_hosts_that_count(page, organization):
    HostFactory.create_batch(3, organization=organization)
    policy = policy_of(organization)
    assign_policy(policy=policy, now=timezone.now())
    for stream, score in zip(policy.streams.all(), (80.0, 60.0, None), strict=True):
        policy.streams.filter(pk=stream.pk).update(counted_score=score)
    shown = page.get(LIST).context["page"][0]
    assert (shown.hosts, shown.average_score, shown.due) == (3, 70.0, 3)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scan_interval_hours": "169"}, "168"), ({"scan_interval_hours": "x"}, "whole number"),
        ({"batch_size": ""}, "required"), ({"batch_size": "0"}, "greater than or equal to 1"),
        ({"pinned_template_version": "7"}, "valid choice"), ({"approval_mode": "x"}, "valid choice"),
        ({"profile": ""}, "required"), ({"template": "987654321"}, "Pick a template"),
        ({"template": "", "q": "nothing like it"}, "Pick a template"), ({"template": "9" * 30}, "Pick a template"),
        ({"template": "\0", "q": "\0"}, "Pick a template"),
    ],
)  # fmt: skip
def test_bad_input_comes_back_beside_its_field(page, organization, fields, words):
    answer = page.post(f"{LIST}new/?organization={organization.pk}&os=linux", form(published_template(), **fields))
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Policy.objects.exists()


def test_a_template_of_another_tenant_cannot_be_picked(page, organization, other_organization):
    foreign = published_template(organization=other_organization)
    answer = page.post(f"{LIST}new/?organization={organization.pk}&os=linux", form(foreign))
    assert (answer.status_code, Policy.objects.count()) == (400, 0)
    options = page.get(f"{LIST}templates/?organization={organization.pk}&os=linux").content.decode()
    assert f'data-value="{foreign.pk}"' not in options
    assert page.get(f"{LIST}templates/?organization={other_organization.pk}").status_code == 404


def test_a_second_policy_is_refused_beside_no_field_but_in_words(page, organization):
    policy_of(organization)
    answer = page.post(f"{LIST}new/?organization={organization.pk}&os=linux", form(published_template()))
    assert (answer.status_code, "has a policy for Linux already" in answer.content.decode()) == (400, True)


def test_whoever_manages_several_organizations_chooses_one_first(client, superuser, organization, other_organization):
    published_template()
    client.force_login(superuser)
    asked = client.get(f"{LIST}new/").content.decode()
    assert f"?organization={organization.pk}" in asked
    assert f"?organization={other_organization.pk}" in asked
    assert client.get(f"{LIST}new/?organization={organization.pk}").context["form"]


def test_where_every_system_has_a_policy_the_form_says_so(page, organization):
    policy_of(organization)
    assert "Every system has its policy" in page.get(f"{LIST}new/").content.decode()


def test_an_edited_policy_keeps_its_template_row_unless_another_is_picked(page, organization):
    first = published_template(organization=organization)
    next_version(first)
    policy = PolicyFactory(organization=organization, template=first)
    answer = page.post(f"{LIST}{policy.pk}/edit/", form(first, batch_size="7", scan_interval_hours=""))
    assert answer.status_code == 302
    policy.refresh_from_db()
    assert (policy.template, policy.batch_size, policy.scan_interval_hours) == (first, 7, 24)


def test_the_version_field_follows_the_template(page, organization):
    template = published_template()
    next_version(template)
    shown = page.get(f"{LIST}versions/?template={template.pk}").content.decode()
    assert "Version 2" in shown
    assert 'value="24"' in shown
    for nothing in ("", "x", "9" * 30, "%00"):
        assert page.get(f"{LIST}versions/?template={nothing}&scan_interval_hours=%00").status_code == 200


def test_an_override_of_another_policy_is_not_removed_by_this_ones_address(page, organization, other_organization):
    theirs = PolicyOverrideFactory(organization=other_organization)
    mine = policy_of(organization)
    for policy in (mine, theirs.policy):
        assert page.post(f"{LIST}{policy.pk}/overrides/{theirs.pk}/remove/").status_code == 404
    secondary = PolicySecondaryFactory(organization=other_organization)
    assert page.post(f"{LIST}{mine.pk}/secondaries/{secondary.pk}/remove/").status_code == 404
    assert PolicyOverride.objects.count() == 1


def test_host_choices_are_those_without_an_override(page, organization, other_organization):
    override = PolicyOverrideFactory(organization=organization)
    free = HostFactory(organization=organization)
    HostFactory(organization=organization, retired_at=timezone.now())
    HostFactory(organization=other_organization)
    shown = page.get(f"{LIST}{override.policy_id}/hosts/").content.decode()
    assert shown.count("data-value") == 1
    assert free.hostname in shown


def test_who_may_only_look_may_not_press_buttons(client, organization):
    client.force_login(member(organization, "view_compliance"))
    policy = policy_of(organization)
    override, secondary = (
        PolicyOverrideFactory(organization=organization),
        PolicySecondaryFactory(organization=organization),
    )
    for url in (
        "new/", f"{policy.pk}/", f"{policy.pk}/edit/", f"{policy.pk}/remove/", f"{policy.pk}/scan/",
        f"{policy.pk}/secondaries/", f"{policy.pk}/overrides/{override.pk}/remove/",
        f"{policy.pk}/secondaries/{secondary.pk}/remove/",
    ):  # fmt: skip
        assert client.post(LIST + url).status_code == 403, url
    assert client.get(f"{LIST}{policy.pk}/hosts/").status_code == 403
