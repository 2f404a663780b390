"""Policies in the configuration: the same services, the same refusals."""

import pytest
from django.urls import reverse

from compliance.models import Policy, PolicyOverride, PolicySecondary, Stream
from organizations.models.audit import AuditEvent
from tests.factories.compliance import (
    HostFactory,
    PolicyFactory,
    PolicyOverrideFactory,
    PolicySecondaryFactory,
    policy_of,
)
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def address(model, page, *args):
    return reverse(f"admin:compliance_{model}_{page}", args=args)


def form(organization, of, **fields):
    return {
        "organization": organization.pk, "os_type": "linux", "template": of.pk, "profile": "server",
        "scan_interval_hours": 24, "batch_size": 100, "approval_mode": "manual",
    } | fields  # fmt: skip


def test_a_policy_is_made_changed_and_removed_through_the_services(page, organization):
    host, template = HostFactory(organization=organization), published_template()
    answer = page.post(address("policy", "add"), form(organization, template, auto_remediate_low="on"))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    policy = Policy.objects.get()
    assert (policy.auto_remediate_low, Stream.objects.get(host=host).policy) == (True, policy)
    answer = page.post(address("policy", "change", policy.pk), form(organization, template, batch_size=7))
    assert answer.status_code == 302
    assert page.post(address("policy", "delete", policy.pk), {"post": "yes"}).status_code == 302
    policy.refresh_from_db()
    assert (policy.batch_size, policy.removed_at is not None) == (7, True)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))[-3:] == [
        "policy.created", "policy.changed", "policy.removed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scan_interval_hours": 169}, "from 1 to 168"), ({"pinned_template_version": 9}, "not published"),
        ({"os_type": "windows"}, "choose one for Windows"), ({"batch_size": 0}, "from 1 to 10,000"),
        ({"template": 987654321}, "valid choice"),
    ],
)  # fmt: skip
def test_what_does_not_fit_stands_beside_its_field(page, organization, fields, words):
    answer = page.post(address("policy", "add"), form(organization, published_template()) | fields)
    assert (answer.status_code, words in answer.content.decode()) == (200, True)
    assert not Policy.objects.exists()


def test_a_second_policy_for_an_os_comes_back_as_a_message(page, organization):
    policy_of(organization)
    answer = page.post(address("policy", "add"), form(organization, published_template()), follow=True)
    assert "has a policy for Linux already" in answer.content.decode()
    assert Policy.objects.count() == 1


def test_removed_policies_and_foreign_templates_are_not_offered(page, organization, other_organization):
    gone = PolicyFactory(organization=organization, removed_at="2026-11-01T00:00:00Z")
    published_template(organization=other_organization, name="Rules of the other tenant")
    assert page.get(address("policy", "change", gone.pk)).status_code == 302
    assert "Rules of the other tenant" not in page.get(address("policy", "add")).content.decode()
    assert str(gone) not in page.get(address("policyoverride", "add")).content.decode()


def test_overrides_are_made_changed_and_removed_through_the_services(page, organization):
    policy, host = policy_of(organization), HostFactory(organization=organization)
    sent = {"policy": policy.pk, "host": host.pk, "template": published_template().pk}
    assert page.post(address("policyoverride", "add"), sent).status_code == 302
    assert "already" in page.post(address("policyoverride", "add"), sent, follow=True).content.decode()
    override, other = PolicyOverride.objects.get(), published_template()
    assert page.post(address("policyoverride", "change", override.pk), {"template": other.pk}).status_code == 302
    override.refresh_from_db()
    assert override.template == other
    assert page.post(address("policyoverride", "delete", override.pk), {"post": "yes"}).status_code == 302
    assert not PolicyOverride.objects.exists()


def test_secondary_templates_are_made_and_removed_through_the_services(page, organization):
    HostFactory(organization=organization)
    policy = policy_of(organization)
    sent = {"policy": policy.pk, "template": published_template().pk}
    assert page.post(address("policysecondary", "add"), sent).status_code == 302
    secondary = PolicySecondary.objects.get()
    assert Stream.objects.going().filter(role="secondary").count() == 1
    assert page.post(address("policysecondary", "delete", secondary.pk), {"post": "yes"}).status_code == 302
    assert not Stream.objects.going().filter(role="secondary").exists()


def test_the_list_leads_to_the_overrides_of_each_policy(page, organization):
    override = PolicyOverrideFactory(organization=organization)
    PolicySecondaryFactory(organization=organization)
    shown = page.get(address("policy", "changelist")).content.decode()
    link = f"{address('policyoverride', 'changelist')}?policy__id__exact={override.policy_id}"
    assert link in shown
    assert override.host.hostname in page.get(link).content.decode()
