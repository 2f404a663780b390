"""Settings of provisioning: what they may hold, and that every VM is decided on anew by them."""

from datetime import UTC, datetime
from unittest.mock import ANY

import pytest
from django.core.exceptions import PermissionDenied

from compliance.models import HandoverSettings, ProvisionedVm
from compliance.selectors.handover_settings import exempted_project_names, schedule_of, settings_of
from compliance.selectors.rules import Rule, matching_projects, matching_rules, rules_called, unknown_rules
from compliance.services import handover_settings as service
from compliance.services.handover_settings import change_settings, settle_rest
from organizations.errors import Invalid
from organizations.models.audit import AuditEvent
from tests.factories.compliance import NOON, CredentialFactory
from tests.factories.organizations import member
from tests.factories.provisioning import ProjectFactory, ProvisionedVmFactory, handover_settings, vm_scan
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


def rule(check_id: str, title: str, *sections: str):
    return a_check(check_id, title=title, references={"cis-debian12": list(sections), "stig-rhel9": ["V-9"]})


@pytest.fixture
def content():
    return published_template(
        [
            rule("linux_sshd_root", "Root cannot log in by SSH", "5.1.20"),
            rule("linux_sshd_banner", "SSH shows a banner", "5.1.5"),
            rule("linux_tmp", "/tmp is a file system of its own", "1.1.2.1"),
        ],
        slug="cis-l1-linux",
    )


def changed(admin, organization, now=NOON, **values) -> HandoverSettings:
    return change_settings(actor=admin, organization=organization, values=values, now=now)


def refusal(admin, organization, **values) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        changed(admin, organization, **values)
    return caught.value.errors


def test_only_who_may_manage_settings_changes_them(organization):
    for actor in (
        member(organization, "view_compliance", "manage_compliance"),
        member(organization, role="provisioner"),
    ):
        with pytest.raises(PermissionDenied):
            changed(actor, organization, minimum_score=80)
    assert not HandoverSettings.objects.exists()


def test_the_first_change_keeps_the_defaults_of_the_rest_and_is_told_with_what_was(admin, organization):
    changed(admin, organization, minimum_score=82.5, block_on_high=True)
    stored = settings_of(organization)
    assert (stored.minimum_score, stored.block_on_high, stored.enabled, stored.ssh_user) == (
        82.5,
        True,
        False,
        "ubuntu",
    )
    event = AuditEvent.objects.get(action="handover_settings.changed")
    assert event.before == {"minimum_score": 70.0, "block_on_high": False}
    assert event.after == {"minimum_score": 82.5, "block_on_high": True}


def test_scanning_is_switched_on_with_a_credential_of_the_own_organization_only(admin, organization):
    assert "leave CIS scanning off" in refusal(admin, organization, enabled=True)["ssh_credential"][0]
    foreign = CredentialFactory()
    assert "no such row" in refusal(admin, organization, enabled=True, ssh_credential=foreign)["ssh_credential"][0]
    own = CredentialFactory(organization=organization)
    assert changed(admin, organization, enabled=True, ssh_credential=own).enabled
    assert "ssh_credential" in refusal(admin, organization, ssh_credential=None)
    assert settings_of(organization).ssh_credential == own


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"minimum_score": 100.5}, "minimum_score", "from 0 to 100"),
        ({"minimum_score": -1}, "minimum_score", "from 0 to 100"),
        ({"minimum_score": float("nan")}, "minimum_score", "from 0 to 100"),
        ({"minimum_score": "much"}, "minimum_score", "from 0 to 100"),
        ({"enforcement_mode": "deny"}, "enforcement_mode", "audit, warn, block"),
        ({"cis_profile": "level3_server"}, "cis_profile", "level1_server"),
        ({"wait_minutes": 0}, "wait_minutes", "1 to 1440"),
        ({"wait_minutes": 1441}, "wait_minutes", "1 to 1440"),
        ({"ssh_user": " "}, "ssh_user", "such as ubuntu"),
        ({"ssh_user": "-oProxyCommand=x"}, "ssh_user", "such as ubuntu"),
        ({"ssh_user": "a b"}, "ssh_user", "such as ubuntu"),
        ({"scan_on_schedule": True}, "schedule_cron", "when to scan"),
        ({"schedule_cron": "61 * * * *"}, "schedule_cron", "minute: 61"),
        ({"schedule_cron": "* * *"}, "schedule_cron", "five fields"),
        ({"schedule_cron": "0 0 30 2 *"}, "schedule_cron", "never happens"),
        ({"exempted_rules": "linux_tmp"}, "exempted_rules", "list of check ids"),
        ({"exempted_rules": [7]}, "exempted_rules", "list of check ids"),
        ({"exempted_rules": ["linux_tmp"] + [f"r{n}" for n in range(500)]}, "exempted_rules", "at most 500"),
        ({"exempted_projects": "web"}, "exempted_projects", "by name or id"),
        ({"exempted_projects": ["web"]}, "exempted_projects", "no project web"),
    ],
)  # fmt: skip
def test_each_field_says_what_is_wrong_and_what_to_write(admin, organization, content, values, field, words):
    errors = refusal(admin, organization, **values)
    assert words.lower() in errors[field][0].lower()
    assert errors[field][0].endswith(".")
    assert errors.keys() == {field}
    assert not HandoverSettings.objects.exists()


def test_all_wrong_fields_are_named_at_once(admin, organization):
    errors = refusal(admin, organization, minimum_score=101, ssh_user="", schedule_cron="x", exempted_rules=["none"])
    assert errors.keys() == {"minimum_score", "ssh_user", "schedule_cron", "exempted_rules"}


def test_rules_are_check_ids_and_sections_and_unknown_ones_are_refused_by_name(admin, organization, content):
    given = ["linux_tmp", " 5.1 ", "5.1.20", "5.1", ""]
    assert changed(admin, organization, exempted_rules=given).exempted_rules == ["linux_tmp", "5.1", "5.1.20"]
    words = refusal(admin, organization, exempted_rules=["5.1", "5.2", "V-9", "linux_tm", "5.1.2"])["exempted_rules"][0]
    assert "5.2, V-9, linux_tm, 5.1.2." in words


def test_a_rule_that_content_no_longer_has_may_stay_but_not_come(admin, organization, content):
    settings = handover_settings(organization, exempted_rules=["linux_gone"])
    changed(admin, organization, exempted_rules=["linux_gone", "linux_tmp"])
    settings.refresh_from_db()
    assert settings.exempted_rules == ["linux_gone", "linux_tmp"]
    changed(admin, organization, exempted_rules=["linux_tmp"])
    assert "linux_gone" in refusal(admin, organization, exempted_rules=["linux_gone"])["exempted_rules"][0]


def test_checks_of_other_tenants_and_of_stig_templates_are_no_rules(organization, other_organization, content):
    published_template([a_check("linux_house")], organization=organization)
    published_template([a_check("linux_foreign")], organization=other_organization)
    published_template([a_check("linux_stig")], slug="stig-linux")
    given = ["linux_house", "linux_foreign", "linux_stig"]
    assert unknown_rules(organization, given) == ["linux_foreign", "linux_stig"]
    assert [one.id for one in matching_rules(organization, "linux_")] == [
        "linux_house", "linux_sshd_banner", "linux_sshd_root", "linux_tmp",
    ]  # fmt: skip


def test_rules_are_found_by_id_title_and_section(organization, content):
    assert [one.id for one in matching_rules(organization, "root ssh")] == ["linux_sshd_root"]
    found = matching_rules(organization, "5.1")
    assert found[0] == Rule("5.1", "Section 5.1", ("5.1",), checks=2)
    assert [one.id for one in found] == ["5.1", "5.1.5", "5.1.20", "linux_sshd_banner", "linux_sshd_root"]
    assert [one.id for one in matching_rules(organization, "linux", most=2)] == ["linux_sshd_banner", "linux_sshd_root"]
    assert matching_rules(organization, "nothing like it") == []
    assert rules_called(organization, ["5.1", "linux_tmp", "gone"]) == [
        Rule("5.1", "Section 5.1", ("5.1",), 2),
        Rule("linux_tmp", "/tmp is a file system of its own", ("1.1.2.1",)),
        Rule("gone", "", checks=0),
    ]


def test_projects_are_exempted_by_name_or_id_and_only_own_ones(admin, organization, other_organization):
    web, data = (ProjectFactory(organization=organization, name=name) for name in ("web", "data"))
    foreign = ProjectFactory(organization=other_organization, name="theirs")
    settings = changed(admin, organization, exempted_projects=["web", data.pk, str(web.pk), data])
    assert exempted_project_names(settings) == ["data", "web"]
    details = AuditEvent.objects.get(action="handover_settings.changed").details
    assert details == {"exempted_projects": {"before": [], "after": ["data", "web"]}}
    for one in (foreign.pk, "theirs"):
        assert f"no project {one}" in refusal(admin, organization, exempted_projects=[one])["exempted_projects"][0]
    changed(admin, organization, minimum_score=50)
    assert exempted_project_names(settings) == ["data", "web"]
    changed(admin, organization, exempted_projects=[])
    assert exempted_project_names(settings) == []
    assert [one.name for one in matching_projects(organization, "A")] == ["data"]


def test_the_schedule_is_told_in_words_on_the_organizations_clocks(admin, organization):
    organization.time_zone = "Europe/Berlin"
    organization.save()
    credential = CredentialFactory(organization=organization)
    settings = changed(
        admin,
        organization,
        enabled=True,
        ssh_credential=credential,
        scan_on_schedule=True,
        schedule_cron=" 0  2 * * * ",
    )
    assert settings.schedule_cron == "0 2 * * *"
    assert settings.next_scan_at == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    schedule = schedule_of(settings, NOON)
    assert schedule.words == "every day at 02:00"
    assert [one.isoformat() for one in schedule.next] == [f"2026-11-2{day}T01:00:00+00:00" for day in (2, 3, 4)]
    assert changed(admin, organization, minimum_score=60).next_scan_at == settings.next_scan_at
    assert changed(admin, organization, scan_on_schedule=False).next_scan_at is None
    assert changed(admin, organization, scan_on_schedule=True).next_scan_at == settings.next_scan_at
    assert changed(admin, organization, enabled=False).next_scan_at is None


def test_changed_settings_decide_anew_on_every_vm(admin, organization, content):
    handover_settings(organization, enforcement_mode="audit")
    project = ProjectFactory(organization=organization)
    vm = ProvisionedVmFactory(organization=organization, project=project)
    vm_scan(vm, content)
    ProvisionedVm.objects.update(handed_over_at=None)
    changed(admin, organization, enforcement_mode="block", minimum_score=99)
    vm.refresh_from_db()
    assert (vm.state, vm.reasons) == ("blocked", ANY)
    assert vm.reasons
    changed(admin, organization, exempted_projects=[project.name])
    vm.refresh_from_db()
    assert vm.state == "exempt"


def test_many_vms_are_decided_on_in_chunks(admin, organization, monkeypatch):
    monkeypatch.setattr(service, "CHUNK", 2)
    vms = [ProvisionedVmFactory(organization=organization) for _ in range(5)]
    other = ProvisionedVmFactory()
    changed(admin, organization, minimum_score=50)  # scanning is off, so they are exempt

    def states() -> list[str]:
        return list(ProvisionedVm.objects.order_by("pk").values_list("state", flat=True))

    assert states() == ["exempt", "exempt", "pending", "pending", "pending", "pending"]
    assert settings_of(organization).settle_from == vms[1].pk + 1
    assert settle_rest(clock=lambda: NOON) == 2
    assert states() == ["exempt"] * 5 + ["pending"]
    assert other.organization != organization
    assert settle_rest(clock=lambda: NOON) == 0
    assert settings_of(organization).settle_from is None
