"""The pages of Provisioning: what each shows, to whom, and what its buttons do."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from compliance.models import HandoverSettings, ProvisionedVm, Scan, VmEvent
from compliance.selectors.handover_settings import settings_of
from organizations.models.audit import AuditEvent
from tests.factories.compliance import NOON, CredentialFactory, HostKeyFactory, a_scan
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import member
from tests.factories.provisioning import (
    ProjectFactory,
    ProviderConnectionFactory,
    ProvisionedVmFactory,
    TerraformConnectionFactory,
    VmEventFactory,
    handover_settings,
    provision_stream,
    vm_scan,
)
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

OVERVIEW, SCANS, VMS = "/provisioning/", "/provisioning/scans/", "/provisioning/vms/"
SETTINGS = "/provisioning/settings/"
READABLE = (OVERVIEW, SCANS, VMS, "/provisioning/runs/", "/provisioning/vms/{vm}/")
ADMINS_ONLY = (
    SETTINGS, f"{SETTINGS}schedule/?schedule_cron=0+2+*+*+*", f"{SETTINGS}rules/?rule_q=ssh",
    f"{SETTINGS}projects/?project_q=web", "/provisioning/vms/{vm}/release/",
)  # fmt: skip
BUTTONS = (
    SETTINGS, "/provisioning/vms/{vm}/release/", "/provisioning/vms/{vm}/scan/",
    f"{SETTINGS}terraform/{{terraform}}/test/", f"{SETTINGS}providers/{{provider}}/test/",
)  # fmt: skip


def text(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def template():
    checks = [a_check("linux_check_1", severity="critical"), a_check("linux_check_2")]
    return published_template(checks, slug="cis-l1-linux")


@pytest.fixture
def settings_row(organization):
    return handover_settings(organization)


@pytest.fixture
def vm(organization, settings_row):
    return ProvisionedVmFactory(organization=organization, name="shop-1", addresses=["192.0.2.7"])


@pytest.fixture
def blocked(vm, template):
    vm_scan(vm, template)
    vm.refresh_from_db()
    assert vm.state == "blocked"
    return vm


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def reader(organization):
    client = Client()
    client.force_login(member(organization, role="provisioner"))
    return client


@pytest.fixture
def form(settings_row):
    return {
        "enabled": "on", "cis_profile": "level1_server", "scan_on_provision": "on", "wait_minutes": "30",
        "enforcement_mode": "block", "minimum_score": "70", "block_on_critical": "on", "schedule_cron": "",
        "ssh_user": "ubuntu", "ssh_credential": str(settings_row.ssh_credential_id),
    }  # fmt: skip


# --- Who may see and do what ------------------------------------------------------------------------------------------


@pytest.fixture
def ids(organization, blocked):
    return {
        "vm": blocked.pk, "terraform": TerraformConnectionFactory(organization=organization).pk,
        "provider": ProviderConnectionFactory(organization=organization).pk,
    }  # fmt: skip


@pytest.mark.parametrize("path", [*READABLE, *ADMINS_ONLY])
@pytest.mark.parametrize("role", ["viewer", "user", "provisioner", "admin", "stranger"])
def test_who_sees_which_page(role, path, client, organization, other_organization, ids):
    stranger = role == "stranger"
    client.force_login(member(other_organization if stranger else organization, role="admin" if stranger else role))
    answer = client.get(path.format(**ids))
    about_a_row = "{vm}" in path
    if stranger:
        assert answer.status_code == (404 if about_a_row else 200)
        assert "shop-1" not in text(answer)
    elif role == "admin" or (role == "provisioner" and path in READABLE):
        assert answer.status_code == 200
    else:
        assert answer.status_code == 403
        assert "shop-1" not in text(answer)


@pytest.mark.parametrize("path", BUTTONS)
@pytest.mark.parametrize("role", ["viewer", "user", "provisioner", "stranger"])
def test_only_admins_of_the_organization_press_buttons(role, path, client, organization, other_organization, ids, form):
    stranger = role == "stranger"
    client.force_login(member(other_organization if stranger else organization, role="admin" if stranger else role))
    before = AuditEvent.objects.filter(organization=organization).count()
    name = f"{path.format(**ids)}?organization={organization.pk}" if path == SETTINGS else path.format(**ids)
    answer = client.post(name, form | {"reason": "It is fine.", "minimum_score": "1"})
    assert answer.status_code == (404 if stranger else 403)
    assert ProvisionedVm.objects.get().state == "blocked"
    assert settings_of(organization).minimum_score == 70
    assert AuditEvent.objects.filter(organization=organization).count() == before


def test_navigation_and_settings_tab_are_there_for_who_may_open_them(page, reader, client, organization):
    assert 'href="/provisioning/settings/"' in text(page.get(OVERVIEW))
    assert 'href="/provisioning/settings/"' not in text(reader.get(OVERVIEW))
    assert 'href="/provisioning/"' in text(reader.get("/compliance/"))
    viewer = Client()
    viewer.force_login(member(organization, role="viewer"))
    assert 'href="/provisioning/"' not in text(viewer.get("/"))


def test_release_and_scan_now_are_shown_to_admins_only(page, reader, blocked):
    for path in (OVERVIEW, SCANS, f"{VMS}{blocked.pk}/"):
        assert f'href="#release-{blocked.pk}"' in text(page.get(path))
        assert f"release-{blocked.pk}" not in text(reader.get(path))
    assert "Scan now" in text(page.get(f"{VMS}{blocked.pk}/"))
    assert "Scan now" not in text(reader.get(f"{VMS}{blocked.pk}/"))


# --- Overview ---------------------------------------------------------------------------------------------------------


def test_overview_has_four_figures_with_their_colour_and_the_last_scans(page, organization, blocked, template):
    clean = ProvisionedVmFactory(organization=organization, name="shop-2")
    vm_scan(clean, template, statuses=["pass"])
    shown = text(page.get(OVERVIEW))
    assert '<span class="stat-value text-warn">75.0 %</span>' in shown  # of 50 and 100
    assert "Average score" in shown
    assert "Fair: 70 to 90 %" in shown
    assert '<span class="stat-value text-bad">1</span>' in shown
    assert f'href="{VMS}?state=blocked"' in shown
    assert '<span class="stat-value">50.0 %</span>' in shown
    assert f'href="{VMS}{blocked.pk}/"' in shown
    assert f'href="{VMS}{clean.pk}/"' in shown
    assert "192.0.2.7" in shown
    assert 'badge-blocked"' in shown
    assert "/report/html/" in shown
    assert f"release-{clean.pk}" not in shown


@pytest.mark.parametrize(
    ("statuses", "css", "words"),
    [
        (["pass"], "text-good", "Good: 90 % or more"),
        (["pass", "pass", "pass", "fail"], "text-warn", "Fair"),
        (["fail"], "text-bad", "Poor: below 70 %"),
    ],
)
def test_average_score_says_its_grade_by_colour_and_word(statuses, css, words, page, vm):
    checks = published_template([a_check(f"linux_check_{n}") for n in range(4)], slug="cis-l1-linux")
    vm_scan(vm, checks, statuses=statuses)
    shown = text(page.get(OVERVIEW))
    assert f'<span class="stat-value {css}">' in shown
    assert words in shown


def test_overview_says_what_else_is_held_back(page, organization, settings_row):
    for state in ("pending", "pending", "unverified"):
        ProvisionedVmFactory(organization=organization, state=state)
    shown = text(page.get(OVERVIEW))
    assert "none is held back" not in shown
    assert "held back, too: 1 unverified, 2 pending" in shown
    assert f'href="{VMS}?state=held"' in shown


def test_recipe_stays_on_the_overview_and_lists_lead_to_it(page, vm):
    assert "<summary>How VMs get here</summary>" in text(page.get(OVERVIEW))
    assert 'id="way-post"' in text(page.get(OVERVIEW))
    assert 'href="/provisioning/#way-post"' in text(page.get(SCANS))


def test_overview_shows_the_last_twenty_only(page, vm, template):
    for number in range(22):
        vm_scan(vm, template, now=NOON + timedelta(minutes=number))
    shown = text(page.get(OVERVIEW))
    assert shown.count("/report/html/") == 20
    assert shown.count(f'href="#release-{vm.pk}"') == 1


def test_without_vms_it_says_how_they_come_and_that_scanning_is_off(page, reader):
    shown = text(page.get(OVERVIEW))
    assert "No VM yet" in shown
    assert "terraform show -json | curl" in shown
    assert "Authorization: Token $TOKEN" in shown
    assert "HCP Terraform" in shown
    assert "Scanning is off" in shown
    assert "Open settings" in shown
    shown = text(reader.get(OVERVIEW))
    assert "Scanning is off" in shown
    assert "Open settings" not in shown


def test_with_vms_and_scanning_off_it_says_that_all_are_let_through(page, organization):
    ProvisionedVmFactory(organization=organization, state="exempt")
    shown = text(page.get(OVERVIEW))
    assert "CIS scanning is switched off." in shown
    assert "n/a" in shown
    assert "Nothing scanned yet" in shown


# --- Scan results and VMs ---------------------------------------------------------------------------------------------


@pytest.fixture
def several(organization, blocked, template):
    other = ProvisionedVmFactory(organization=organization, name="bank-1", provider="azure")
    vm_scan(other, template, statuses=["pass"])
    failed = ProvisionedVmFactory(organization=organization, name="dark-1")
    a_scan(
        failed.host, template, scan_type="provision", stream=provision_stream(failed, template), status="failed",
        error="No route to host.",
    )  # fmt: skip
    return {"shop-1": blocked, "bank-1": other, "dark-1": failed}


def names_in(response) -> set[str]:
    shown = text(response)
    return {name for name in ("shop-1", "bank-1", "dark-1") if f">{name}</a>" in shown}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"shop-1", "bank-1", "dark-1"}),
        ("status=completed", {"shop-1", "bank-1"}),
        ("status=failed", {"dark-1"}),
        ("status=blocked", {"shop-1"}),
        ("status=would_block", {"shop-1"}),
        ("status=cancelled", set()),
        ("project={bank}", {"bank-1"}),
        ("project=999999", set()),
        ("provider=azure", {"bank-1"}),
        ("q=bank", {"bank-1"}),
        ("q=192.0.2.7", {"shop-1"}),
        ("vm={shop}", {"shop-1"}),
    ],
)
def test_scan_results_are_filtered(query, names, page, several):
    query = query.format(bank=several["bank-1"].project_id, shop=several["shop-1"].pk)
    assert names_in(page.get(f"{SCANS}?{query}")) == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"shop-1", "bank-1", "dark-1"}),
        ("state=blocked", {"shop-1"}),
        ("state=allowed", {"bank-1"}),
        ("state=held", {"shop-1", "dark-1"}),
        ("state=destroyed", set()),
        ("project={bank}", {"bank-1"}),
        ("provider=azure", {"bank-1"}),
        ("q=dark", {"dark-1"}),
    ],
)
def test_vms_are_filtered(query, names, page, several):
    assert names_in(page.get(f"{VMS}?{query.format(bank=several['bank-1'].project_id)}")) == names


def test_let_through_against_the_rules_is_a_filter_of_its_own(page, organization, template):
    handover_settings(organization, enforcement_mode="audit")
    vm = ProvisionedVmFactory(organization=organization, name="shop-1")
    vm_scan(vm, template)
    clean = ProvisionedVmFactory(organization=organization, name="bank-1")
    vm_scan(clean, template, statuses=["pass"])
    assert names_in(page.get(f"{VMS}?state=against")) == {"shop-1"}
    assert "against the rules" in text(page.get(SCANS))


def test_destroyed_vms_are_listed_where_they_are_asked_for(page, vm):
    ProvisionedVm.objects.update(retired_at=NOON)
    assert names_in(page.get(VMS)) == set()
    answer = page.get(f"{VMS}?state=destroyed")
    assert names_in(answer) == {"shop-1"}
    assert "Destroyed" in text(answer)
    assert "Scan now" not in text(page.get(f"{VMS}{vm.pk}/"))


def test_lists_are_paged_and_count(page, vm, template):
    for number in range(12):
        vm_scan(vm, template, now=NOON + timedelta(minutes=number))
    shown = text(page.get(f"{SCANS}?page_size=10"))
    assert shown.count("/report/html/") == 10
    assert "12" in shown
    assert text(page.get(f"{SCANS}?page_size=10&page=2")).count("/report/html/") == 2
    assert "No such page" in text(page.get(f"{SCANS}?page_size=10&page=9"))


@pytest.mark.parametrize("path", [SCANS, VMS])
@pytest.mark.parametrize("query", ["page=x", "page_size=7", "page=0"])
def test_a_bad_page_is_told(path, query, page):
    assert page.get(f"{path}?{query}").status_code == 400


@pytest.mark.parametrize("path", [SCANS, VMS])
def test_unknown_filters_are_ignored_or_find_nothing(path, page, several):
    for query in ("status=nonsense", "state=nonsense", "project=x", "provider=none", "vm=x", "q=%00", "order=nonsense"):
        assert page.get(f"{path}?{query}").status_code == 200


def test_scans_under_way_refresh_by_themselves(page, vm, template):
    scan = a_scan(vm.host, template, scan_type="provision", stream=provision_stream(vm, template))
    for path in (SCANS, OVERVIEW):
        assert 'hx-trigger="every' in text(page.get(path))
    Scan.objects.filter(pk=scan.pk).update(status="cancelled")
    for path in (SCANS, OVERVIEW):
        assert 'hx-trigger="every' not in text(page.get(path))


@pytest.mark.parametrize("path", [OVERVIEW, SCANS, VMS])
def test_lists_cost_no_more_for_many_rows(path, page, organization, settings_row, template):
    def queries(number):
        for _ in range(number):
            vm_scan(ProvisionedVmFactory(organization=organization), template)
        with CaptureQueriesContext(connection) as captured:
            assert page.get(path).status_code == 200
        return captured.captured_queries

    few, many = queries(3), queries(12)
    assert len(many) == len(few) <= 16
    assert not [one for one in many if '"templates_app_template"."document"' in one["sql"]]


# --- One VM -----------------------------------------------------------------------------------------------------------


def test_vm_page_has_the_gate_with_every_reason_facts_timeline_and_scans(page, blocked):
    HostKeyFactory(host=blocked.host, first_contact=True)
    shown = text(page.get(f"{VMS}{blocked.pk}/"))
    assert '<h2 class="gate-state" id="gate-title">Blocked</h2>' in shown
    assert "1 critical CIS check(s) failed" in shown
    assert "Score 50.0 is below the minimum of 70" in shown
    assert "The 2 reasons" in shown
    assert "Who can release it:" in shown
    for fact in (blocked.instance_id, blocked.resource_address, "192.0.2.7", str(blocked.project), blocked.run.run_id):
        assert fact in shown
    assert f'href="/compliance/hosts/{blocked.host_id}/"' in shown
    assert "First contact" in shown
    assert "Scanned" in shown
    assert f'href="/compliance/scans/{blocked.scan_id}/"' in shown


def test_pinned_identity_is_told_apart_from_first_contact(page, vm):
    HostKeyFactory(host=vm.host, first_contact=False)
    shown = text(page.get(f"{VMS}{vm.pk}/"))
    assert "Pinned" in shown
    assert "First contact" not in shown


def test_what_is_let_through_against_the_rules_says_so(page, organization, template):
    handover_settings(organization, enforcement_mode="warn")
    vm = ProvisionedVmFactory(organization=organization)
    vm_scan(vm, template)
    shown = text(page.get(f"{VMS}{vm.pk}/"))
    assert "What speaks against it" in shown
    assert "Block mode would hold it back; the mode is Warn." in shown


def test_a_vm_that_is_waited_for_is_live_and_says_for_what(page, vm):
    ProvisionedVm.objects.update(
        phase="ssh", due_at=NOON, attempts=3, waits_for="192.0.2.7 port 22 does not answer yet (timed out).",
        wait_until=NOON + timedelta(minutes=30),
    )  # fmt: skip
    url = f"{VMS}{vm.pk}/"
    shown = text(page.get(url))
    assert "does not answer yet" in shown
    assert "tried 3 times" in shown
    part = page.get(url, headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<div class="stack" id="vm-live"')
    assert "HX-Refresh" not in part.headers
    ProvisionedVm.objects.update(phase="settled")
    assert page.get(url, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_timeline_calls_decisions_by_their_state_and_is_newest_first(page, vm):
    ProvisionedVm.objects.update(state="blocked", reasons=["1 critical CIS check(s) failed"])
    for number, (kind, state) in enumerate([("applied", ""), ("resolved", ""), ("decided", "blocked")]):
        VmEventFactory(vm=vm, kind=kind, state=state, at=NOON + timedelta(minutes=number), text=f"event {number}")
    shown = text(page.get(f"{VMS}{vm.pk}/"))
    assert shown.index("event 2") < shown.index("event 1") < shown.index("event 0")
    assert "<strong>Blocked</strong>" in shown


def test_release_says_who_when_and_why(page, admin, blocked):
    url = f"{VMS}{blocked.pk}/"
    answer = page.post(f"{url}release/", {"reason": "The appliance needs it until December."}, follow=True)
    shown = text(answer)
    assert "is released" in shown
    assert "The appliance needs it until December." in shown
    blocked.refresh_from_db()
    assert (blocked.state, blocked.released_by) == ("released", admin)
    assert AuditEvent.objects.filter(action="handover.released", actor_label__contains=admin.username).exists()
    assert VmEvent.objects.filter(vm=blocked, kind="released").exists()
    assert f"release-{blocked.pk}" not in text(page.get(url))


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001])
def test_a_release_without_a_fit_reason_is_refused_beside_the_field(reason, page, blocked):
    answer = page.post(f"{VMS}{blocked.pk}/release/", {"reason": reason})
    assert answer.status_code == 400
    assert "errorlist" in text(answer)
    blocked.refresh_from_db()
    assert blocked.state == "blocked"


def test_what_needs_no_release_is_not_released(page, organization, settings_row, template):
    vm = ProvisionedVmFactory(organization=organization)
    vm_scan(vm, template, statuses=["pass"])
    assert page.get(f"{VMS}{vm.pk}/release/").status_code == 302
    shown = text(page.post(f"{VMS}{vm.pk}/release/", {"reason": "In haste."}, follow=True))
    assert "needs no release" in shown
    assert ProvisionedVm.objects.get(pk=vm.pk).state == "allowed"


def test_scan_now_has_a_worker_look_at_it(page, vm, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        shown = text(page.post(f"{VMS}{vm.pk}/scan/", follow=True))
    assert "A scan of shop-1 is asked for." in shown
    vm.refresh_from_db()
    assert vm.phase == "address"
    assert vm.due_at is not None
    assert enqueued


def test_scan_now_is_refused_while_scanning_is_off(page, organization):
    vm = ProvisionedVmFactory(organization=organization)
    assert "CIS scanning is switched off" in text(page.post(f"{VMS}{vm.pk}/scan/", follow=True))
    vm.refresh_from_db()
    assert vm.phase == "settled"


# --- Where else VMs are seen ------------------------------------------------------------------------------------------


def test_host_page_names_its_vm_and_its_provision_stream(page, blocked):
    shown = text(page.get(f"/compliance/hosts/{blocked.host_id}/"))
    assert "Provisioned VM" in shown
    assert f'href="{VMS}{blocked.pk}/"' in shown
    assert "1 critical CIS check(s) failed" in shown


def test_scan_history_shows_provision_scans_and_filters_by_them(page, blocked):
    assert '<option value="provision" selected>' in text(page.get("/compliance/scans/?type=provision"))
    assert blocked.host.hostname in text(page.get("/compliance/scans/?type=provision"))


def test_scan_page_says_what_it_means_for_the_handover(page, blocked):
    shown = text(page.get(f"/compliance/scans/{blocked.scan_id}/"))
    assert f'href="{VMS}{blocked.pk}/"' in shown
    assert f'action="{VMS}{blocked.pk}/scan/"' in shown
    assert "1 critical CIS check(s) failed" in shown


def test_rows_that_are_renewed_alone_lead_to_the_page_of_the_release(page, blocked):
    answer = page.get(SCANS, headers={"HX-Request": "true", "HX-Target": "scan-rows"})
    assert f'href="{VMS}{blocked.pk}/release/"' in text(answer)


def test_alert_leads_to_the_vm(page, organization, vm):
    AlertFactory(
        organization=organization, kind="handover_violation", subject_kind="provisioned_vm", subject_id=str(vm.pk)
    )
    assert f'href="{VMS}{vm.pk}/"' in text(page.get("/alerts/"))


# --- Settings ---------------------------------------------------------------------------------------------------------


def test_settings_show_the_defaults_before_they_are_stored(page):
    shown = text(page.get(SETTINGS))
    assert 'name="minimum_score" value="70"' in shown
    assert 'value="ubuntu"' in shown
    assert not HandoverSettings.objects.exists()


def test_settings_are_saved_with_exemptions_by_tick_and_by_line(page, organization, form, template):
    web, shop = ProjectFactory(organization=organization, name="web"), ProjectFactory(organization=organization)
    sent = form | {
        "scan_on_schedule": "on", "schedule_cron": "0 2 * * *", "exempted_rules": ["linux_check_1"],
        "more_rules": "3.3.1\n\n", "exempted_projects": [str(shop.pk)], "more_projects": "web",
    }  # fmt: skip
    answer = page.post(SETTINGS, sent, follow=True)
    assert "The settings are saved." in text(answer)
    stored = HandoverSettings.objects.get()
    assert stored.exempted_rules == ["linux_check_1", "3.3.1"]
    assert set(stored.exempted_projects.all()) == {web, shop}
    assert stored.schedule_cron == "0 2 * * *"
    assert "Every day at 02:00" in text(answer)
    assert AuditEvent.objects.filter(action="handover_settings.changed").exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("minimum_score", "101", "less than or equal to 100"),
        ("minimum_score", "nan", "Enter a number"),
        ("wait_minutes", "0", "greater than or equal to 1"),
        ("enforcement_mode", "shout", "Select a valid choice"),
        ("cis_profile", "level9", "Select a valid choice"),
        ("schedule_cron", "every day", "Write five fields"),
        ("ssh_user", "two words", "without spaces"),
        ("ssh_credential", "999999", "Select a valid choice"),
        ("ssh_credential", "", "Choose the SSH credential"),
        ("more_rules", "no_such_check", "no_such_check"),
        ("more_projects", "no such project", "no such project"),
    ],
)
def test_bad_settings_are_told_beside_the_field_and_nothing_is_saved(field, value, words, page, organization, form):
    answer = page.post(SETTINGS, form | {"minimum_score": "50", field: value})
    assert answer.status_code == 400
    shown = text(answer)
    assert words in shown
    assert "Nothing was saved." in shown
    assert settings_of(organization).minimum_score == 70


def test_another_tenants_credential_and_project_cannot_be_named(page, organization, other_organization, form):
    credential = CredentialFactory(organization=other_organization)
    assert page.post(SETTINGS, form | {"ssh_credential": str(credential.pk)}).status_code == 400
    project = ProjectFactory(organization=other_organization, name="theirs")
    assert page.post(SETTINGS, form | {"more_projects": "theirs"}).status_code == 400
    page.post(SETTINGS, form | {"exempted_projects": [str(project.pk)]})
    assert not HandoverSettings.objects.get().exempted_projects.exists()


def test_cron_is_told_in_words_with_the_next_times_in_the_organizations_zone(page, organization):
    organization.time_zone = "Europe/Berlin"
    organization.save()
    shown = text(page.get(f"{SETTINGS}schedule/", {"schedule_cron": "30 2 * * 1"}))
    assert "At 02:30 on Mondays" in shown
    assert "Europe/Berlin" in shown
    assert shown.count("02:30") == 4
    assert "cannot be read" in text(page.get(f"{SETTINGS}schedule/", {"schedule_cron": "x!y 2 * * *"}))
    assert "Five fields" in text(page.get(f"{SETTINGS}schedule/", {"schedule_cron": "\0"}))


def test_rules_and_projects_are_searched_beside_those_that_are_ticked(page, organization, template):
    project = ProjectFactory(organization=organization, name="web shop")
    shown = text(page.get(f"{SETTINGS}rules/", {"rule_q": "check_2", "exempted_rules": "linux_check_1"}))
    assert 'value="linux_check_1" checked' in shown
    assert 'value="linux_check_2">' in shown
    assert "No check and no section matches" in text(page.get(f"{SETTINGS}rules/", {"rule_q": "nothing"}))
    shown = text(page.get(f"{SETTINGS}projects/", {"project_q": "shop"}))
    assert f'value="{project.pk}">' in shown
    assert "No project matches" in text(page.get(f"{SETTINGS}projects/", {"project_q": "nothing"}))


def test_who_has_several_organizations_chooses_one(client, superuser, organization, other_organization):
    client.force_login(superuser)
    shown = text(client.get(SETTINGS))
    assert "Whose settings?" in shown
    assert f'href="?organization={other_organization.pk}"' in shown
    assert client.get(f"{SETTINGS}?organization={other_organization.pk}").status_code == 200
    assert client.get(f"{SETTINGS}?organization=999999").status_code == 404
    assert client.post(SETTINGS, {}).status_code == 404


def test_connections_are_listed_and_tested(page, organization, settings):
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"  # nobody listens there
    terraform = TerraformConnectionFactory(organization=organization, name="HCP")
    provider = ProviderConnectionFactory(organization=organization, name="Frankfurt")
    shown = text(page.get(SETTINGS))
    assert "HCP" in shown
    assert "not tested yet" in shown
    assert f'href="/admin/compliance/terraformconnection/{terraform.pk}/change/"' in shown
    assert f'href="/admin/compliance/providerconnection/{provider.pk}/change/"' in shown
    shown = text(page.post(f"{SETTINGS}providers/{provider.pk}/test/", follow=True))
    assert "Frankfurt: " in shown
    assert "Does not work" in shown
    type(provider).objects.update(test_ok=True)
    assert "Works" in text(page.get(SETTINGS))
    assert "There is no token" in text(page.post(f"{SETTINGS}terraform/{terraform.pk}/test/", follow=True))
