"""The API of policies: what comes back, which status, which field is named."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compliance.models import Policy, PolicyOverride, Scan, Stream
from compliance.services.streams import assign_policy
from tests.factories.compliance import (
    HostFactory,
    HostGroupFactory,
    PolicyFactory,
    PolicyOverrideFactory,
    PolicySecondaryFactory,
    policy_of,
)
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import next_version, published_template

pytestmark = pytest.mark.django_db
POLICIES = "/api/v1/policies/"


def body(tenant, **fields):
    return {"organization": tenant.pk, "os_type": "linux", "template": published_template().pk} | fields


def test_a_policy_is_created_read_changed_and_removed(api, organization):
    host = HostFactory(organization=organization)
    made = api.post(POLICIES, body(organization, auto_remediate_critical=True, approval_mode="auto"), format="json")
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["scan_interval_hours"], shown["batch_size"], shown["pinned_template_version"]) == (24, 100, None)
    assert (shown["hosts"], shown["average_score"], shown["template_version"]) == (1, None, 1)
    assert shown["auto_remediate_critical"] is True and shown["auto_remediate_low"] is False
    url = f"{POLICIES}{shown['id']}/"
    assert api.get(url).json() == shown
    changed = api.patch(url, {"scan_interval_hours": 12, "approval_mode": "manual"}, format="json")
    assert (changed.status_code, changed.json()["scan_interval_hours"]) == (200, 12)
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    assert api.get(POLICIES).json() == []
    assert Policy.objects.count() == 1
    assert Stream.objects.get(host=host).ended_at is not None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"os_type": "plan9"}, "os_type"), ({"os_type": "windows"}, "template"), ({"template": 987654321}, "template"),
        ({"template": None}, "template"), ({"template": "x"}, "template"),
        ({"scan_interval_hours": 169}, "scan_interval_hours"),
        ({"scan_interval_hours": 0}, "scan_interval_hours"), ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 99999999999999999999}, "batch_size"),
        ({"pinned_template_version": 7}, "pinned_template_version"),
        ({"pinned_template_version": -1}, "pinned_template_version"),
        ({"pinned_template_version": 10**30}, "pinned_template_version"), ({"approval_mode": "x"}, "approval_mode"),
        ({"auto_remediate_low": "perhaps"}, "auto_remediate_low"), ({"organization": 987654321}, "organization"),
    ],
)  # fmt: skip
def test_a_bad_field_answers_400_and_names_it(api, organization, fields, field):
    answer = api.post(POLICIES, body(organization, **fields), format="json")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Policy.objects.exists()


def test_what_is_anothers_and_what_is_unknown_get_the_same_words(api, organization, other_organization):
    foreign = api.post(
        POLICIES, body(organization, template=published_template(organization=other_organization).pk), format="json"
    )
    unknown = api.post(POLICIES, body(organization, template=987654321), format="json")
    assert (foreign.status_code, foreign.json()) == (400, unknown.json())


def test_a_second_policy_for_an_os_is_refused(api, organization):
    policy_of(organization)
    answer = api.post(POLICIES, body(organization), format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["os_type"])


def test_the_organization_of_a_policy_does_not_change(api, organization, admin):
    policy = policy_of(organization)
    api.patch(f"{POLICIES}{policy.pk}/", {"organization": OrganizationFactory().pk}, format="json")
    assert Policy.objects.get().organization == organization


def test_a_pinned_version_counts_until_it_is_unpinned(api, organization):
    first = published_template(organization=organization)
    second = next_version(first)
    policy = PolicyFactory(organization=organization, template=second)
    url = f"{POLICIES}{policy.pk}/"
    assert api.get(url).json()["template_version"] == 2
    assert api.patch(url, {"pinned_template_version": 1}, format="json").json()["template_version"] == 1
    assert api.patch(url, {"pinned_template_version": None}, format="json").json()["template_version"] == 2


def test_who_may_look_may_not_change(client_of, organization):
    policy, viewer = policy_of(organization), member(organization, "view_compliance")
    client = client_of(viewer)
    assert client.get(f"{POLICIES}{policy.pk}/").status_code == 200
    for method, url, sent in (
        ("post", POLICIES, body(organization)), ("patch", f"{POLICIES}{policy.pk}/", {}),
        ("delete", f"{POLICIES}{policy.pk}/", {}), ("post", f"{POLICIES}{policy.pk}/scan/", {}),
        ("post", f"{POLICIES}{policy.pk}/overrides/", {}), ("post", f"{POLICIES}{policy.pk}/secondaries/", {}),
    ):  # fmt: skip
        assert getattr(client, method)(url, sent, format="json").status_code == 403, (method, url)


# --- Overrides and secondary templates --------------------------------------------------------------------------------


def test_overrides_are_added_listed_found_changed_and_removed(api, organization):
    policy, host = policy_of(organization), HostFactory(organization=organization, hostname="web-9")
    PolicyOverrideFactory(organization=organization)
    url = f"{POLICIES}{policy.pk}/overrides/"
    made = api.post(url, {"host": host.pk, "template": published_template().pk}, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["hostname"], made.json()["policy"]) == ("web-9", policy.pk)
    assert [row["hostname"] for row in api.get(url, {"search": "web-9"}).json()] == ["web-9"]
    assert api.get(url).headers["X-Total-Count"] == "2"
    row, other = f"{url}{made.json()['id']}/", published_template()
    assert api.patch(row, {"template": other.pk}, format="json").json()["template"] == other.pk
    again = api.post(url, {"host": host.pk, "template": other.pk}, format="json")
    assert (again.status_code, list(again.json()["errors"])) == (400, ["host"])
    assert api.delete(row).status_code == 204
    assert api.get(row).status_code == 404


def test_the_override_of_one_policy_is_not_found_under_another(api, organization, other_organization):
    override = PolicyOverrideFactory(organization=organization)
    theirs = PolicyOverrideFactory(organization=other_organization)
    windows = PolicyFactory(
        organization=organization, os_type="windows", template=published_template(os_type="windows")
    )
    for policy, row in ((windows, override), (theirs.policy, theirs), (override.policy, theirs)):
        assert api.get(f"{POLICIES}{policy.pk}/overrides/{row.pk}/").status_code == 404
        assert api.delete(f"{POLICIES}{policy.pk}/overrides/{row.pk}/").status_code == 404
    assert api.get(f"{POLICIES}{theirs.policy.pk}/overrides/").status_code == 404
    assert PolicyOverride.objects.count() == 2


def test_another_tenants_host_cannot_be_named(api, organization, other_organization):
    policy, template = policy_of(organization), published_template()
    url = f"{POLICIES}{policy.pk}/overrides/"
    foreign = api.post(url, {"host": HostFactory(organization=other_organization).pk, "template": template.pk})
    unknown = api.post(url, {"host": 987654321, "template": template.pk})
    assert (foreign.status_code, foreign.json()) == (400, unknown.json())


def test_secondary_templates_are_added_and_removed(api, organization):
    policy, template = policy_of(organization), published_template()
    HostFactory(organization=organization)
    url = f"{POLICIES}{policy.pk}/secondaries/"
    made = api.post(url, {"template": template.pk}, format="json")
    assert made.status_code == 201, made.content
    assert [row["template"] for row in api.get(url).json()] == [template.pk]
    assert api.post(url, {"template": template.pk}, format="json").status_code == 400
    assert api.post(url, {"template": policy.template_id}, format="json").status_code == 400
    assert api.delete(f"{url}{made.json()['id']}/").status_code == 204
    assert api.get(url).json() == []


@pytest.mark.parametrize("part", ["overrides", "secondaries"])
def test_what_stands_under_a_policy_costs_no_more_queries_for_many_rows(api, organization, part):
    make = {"overrides": PolicyOverrideFactory, "secondaries": PolicySecondaryFactory}[part]

    def queries_with_more_rows(count):
        make.create_batch(count, organization=organization)
        with CaptureQueriesContext(connection) as queries:
            assert api.get(f"{POLICIES}{policy_of(organization).pk}/{part}/").status_code == 200
        return len(queries)

    queries_with_more_rows(1)
    few, many = queries_with_more_rows(1), queries_with_more_rows(6)
    assert many <= few <= 12


# --- Scanning ---------------------------------------------------------------------------------------------------------


def test_a_whole_policy_is_scanned_but_for_the_offline(api, organization, enqueued):
    HostFactory.create_batch(2, organization=organization)
    HostFactory(organization=organization, unreachable_since=timezone.now())
    policy = policy_of(organization)
    assign_policy(policy=policy, now=timezone.now())
    answer = api.post(f"{POLICIES}{policy.pk}/scan/")
    assert answer.status_code == 202, answer.content
    assert answer.json() == {"queued": 2, "already_waiting": 0, "skipped_offline": 1, "without_template": 0}
    assert Scan.objects.filter(policy=policy, status="pending").count() == 2
    assert api.post(f"{POLICIES}{policy.pk}/scan/").json()["already_waiting"] == 2


def test_a_host_group_is_scanned_under_its_policy(api, organization, enqueued):
    group = HostGroupFactory(organization=organization)
    HostFactory(organization=organization).groups.add(group)
    HostFactory(organization=organization)
    url = f"/api/v1/host-groups/{group.pk}/scan/"
    assert api.post(url).status_code == 409
    assign_policy(policy=policy_of(organization), now=timezone.now())
    answer = api.post(url)
    assert (answer.status_code, answer.json()["queued"]) == (202, 1)


def test_a_policy_without_a_host_cannot_be_scanned(api, organization):
    answer = api.post(f"{POLICIES}{policy_of(organization).pk}/scan/")
    assert (answer.status_code, "no host" in answer.json()["detail"]) == (409, True)
