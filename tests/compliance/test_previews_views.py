"""The preview's page and the editor's try-out, as parts and as wholes."""

import pytest
from django.urls import reverse

from compliance.models import Preview
from compliance.services import previews
from templates_app.services.templates import copy_template
from tests.compliance.test_previews_services import change, recorded, scanned, sysctls
from tests.factories.compliance import NOON, HostFactory
from tests.factories.organizations import member
from tests.factories.templates_app import published_template


@pytest.fixture
def template(organization):
    return published_template(sysctls(forward="0", aslr="2"), organization, name="House rules")


@pytest.fixture
def host(organization, template):
    host = HostFactory(organization=organization, hostname="web-1.example.com")
    scanned(template, recorded("open"), host)
    return host


@pytest.fixture
def draft(admin, template, organization, host):
    draft = copy_template(actor=admin, template=template, organization=organization, name="Stricter")
    change(draft, "linux_forward", enabled=False)
    return draft


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def url(name, *args):
    return reverse(f"compliance:{name}", args=args)


def test_a_preview_is_started_followed_and_shown(page, draft):
    assert "Not tried yet" in page.get(url("preview", draft.pk)).content.decode()
    assert page.post(url("preview", draft.pk)).status_code == 302
    live = page.get(url("preview", draft.pk), headers={"HX-Request": "true", "HX-Target": "preview-progress"})
    assert "0 of 1 hosts" in live.content.decode()
    assert "HX-Refresh" not in live
    previews.drain(clock=lambda: NOON)
    ended = page.get(url("preview", draft.pk), headers={"HX-Request": "true", "HX-Target": "preview-progress"})
    assert ended["HX-Refresh"] == "true"
    text = page.get(url("preview", draft.pk)).content.decode()
    assert "web-1.example.com" in text
    assert "Switched off in this template." in text
    assert "#publish" in text


def test_checks_that_turn_are_called_by_their_titles(page, draft):
    page.post(url("preview", draft.pk))
    previews.drain(clock=lambda: NOON)
    answer = page.get(url("preview", draft.pk))
    titles = {one["check_id"]: one["title"] for one in answer.context["checks"]}
    assert titles == {"linux_forward": "forward holds"}
    assert 'forward holds<span class="cell-sub mono">linux_forward</span>' in answer.content.decode()


def test_a_changed_draft_is_to_be_previewed_again_before_publishing(page, draft):
    page.post(url("preview", draft.pk))
    previews.drain(clock=lambda: NOON)
    change(draft, "linux_aslr", enabled=False)
    text = page.get(url("preview", draft.pk)).content.decode()
    assert "The template has changed since" in text
    assert 'href="#publish"' not in text


def test_the_previewed_draft_is_published(page, draft):
    page.post(url("preview", draft.pk))
    previews.drain(clock=lambda: NOON)
    page.post(url("publish_previewed", draft.pk))
    draft.refresh_from_db()
    assert draft.status == "published"
    answer = page.post(url("publish_previewed", draft.pk), follow=True)
    assert "never changes" in answer.content.decode()


def test_a_preview_is_cancelled_by_its_button(page, draft):
    page.post(url("preview", draft.pk))
    page.post(url("cancel_preview", draft.pk))
    assert Preview.objects.get().status == Preview.Status.CANCELLED
    assert "was cancelled" in page.get(url("preview", draft.pk)).content.decode()
    answer = page.post(url("cancel_preview", draft.pk), follow=True)
    assert "Only a preview under way" in answer.content.decode()


def test_a_draft_that_cannot_be_evaluated_is_told_in_words(page, draft):
    definition = draft.checks.get(check_id="linux_aslr").definition
    change(draft, "linux_aslr", definition={**definition, "probe": {"kind": "sysctl"}})
    answer = page.post(url("preview", draft.pk), follow=True)
    assert "checks.linux_aslr.probe.key" in answer.content.decode()


def test_the_preview_page_costs_the_same_for_many_hosts_as_for_few(
    page, draft, template, organization, django_assert_max_num_queries
):
    for _ in range(11):
        scanned(template, recorded("open"), HostFactory(organization=organization))
    page.post(url("preview", draft.pk))
    previews.drain(clock=lambda: NOON)
    page.get(url("preview", draft.pk))
    with django_assert_max_num_queries(12):
        assert len(page.get(url("preview", draft.pk)).context["rows"]) == 12


@pytest.mark.parametrize("show", ["changed", "worse", "better", "same", "new", "not_tried", "all", "nonsense"])
def test_every_filter_of_the_hosts_is_answered(page, draft, show):
    page.post(url("preview", draft.pk))
    previews.drain(clock=lambda: NOON)
    assert page.get(f"{url('preview', draft.pk)}?show={show}&q=web").status_code == 200


def test_viewers_see_a_preview_and_start_none(client, draft, organization):
    client.force_login(member(organization, "view_compliance"))
    assert client.get(url("preview", draft.pk)).status_code == 200
    assert client.post(url("preview", draft.pk)).status_code == 403
    assert client.post(url("publish_previewed", draft.pk)).status_code == 403
    assert client.get(url("try_out", draft.pk)).status_code == 403


WRITTEN = {
    "mode": "form", "kind": "sysctl", "probe.key": "net.ipv4.ip_forward", "operator": "eq", "operand.value": "0",
    "missing": "fail", "quantifier": "all", "os": ["debian12", "ubuntu2204", "rhel9"],
}  # fmt: skip


def test_the_try_out_offers_the_host_that_was_scanned_last(page, draft, host):
    text = page.get(url("try_out", draft.pk)).content.decode()
    assert f'value="{host.pk}"' in text
    assert host.hostname in page.get(f"{url('try_out_hosts', draft.pk)}?q=web").content.decode()


def test_what_is_written_is_tried_before_it_has_texts(page, draft, host):
    text = page.post(url("try_out", draft.pk), {**WRITTEN, "host": host.pk}).content.decode()
    assert "running: 1" in text
    assert "badge-fail" in text
    assert "key: net.ipv4.ip_forward" in text


def test_errors_go_to_their_fields(page, draft, host):
    text = page.post(url("try_out", draft.pk), {**WRITTEN, "probe.key": "", "host": host.pk}).content.decode()
    assert 'id="err-probe-key" hx-swap-oob="true">Is missing; write the kernel parameter.</div>' in text
    assert 'id="err-title" hx-swap-oob="true"></div>' in text


def test_nothing_is_wrong_before_a_word_is_written(page, draft, host):
    text = page.post(url("try_out", draft.pk), {"mode": "form", "host": host.pk}).content.decode()
    assert "Choose what the check looks at" in text
    assert "Not complete yet" not in text


def test_a_host_without_facts_and_no_host_are_told(page, draft, organization):
    new = HostFactory(organization=organization, hostname="new-1")
    assert "never scanned" in page.post(url("try_out", draft.pk), {**WRITTEN, "host": new.pk}).content.decode()
    assert "Choose a host" in page.post(url("try_out", draft.pk), WRITTEN).content.decode()


def test_hosts_of_other_tenants_are_not_offered(page, draft, other_organization):
    foreign = HostFactory(organization=other_organization, hostname="foreign-1")
    assert "foreign-1" not in page.get(f"{url('try_out_hosts', draft.pk)}?q=foreign").content.decode()
    assert "Choose a host" in page.post(url("try_out", draft.pk), {**WRITTEN, "host": foreign.pk}).content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "nonsense"}, {"operator": "nonsense"}, {"operand.value": "\0"}, {"mode": "yaml", "yaml": "a: [1"},
        {"mode": "yaml", "yaml": "x" * 9000}, {"probe.key": "\ud7ff" * 3}, {"references": ":::"}, {"host": "9" * 40},
        {"condition": ["choice"], "condition_arg": ["x"], "condition_holds": ["is"]}, {"rule_yaml": "all: 3"},
        {"operator": "count", "operand.how": "range", "operand.low": "a"}, {"missing": "perhaps"}, {"variables": "3"},
    ],
)  # fmt: skip
def test_odd_input_is_answered_with_words(page, draft, host, sent):
    assert page.post(url("try_out", draft.pk), {**WRITTEN, "host": host.pk, **sent}).status_code == 200
    editor = reverse("templates_app:new_check", args=[draft.pk])
    assert page.post(editor, {**WRITTEN, **sent, "do": "save"}).status_code == 400
