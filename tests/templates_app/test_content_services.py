"""Loading the shipped templates: what is new, what is unchanged, what is broken."""

from pathlib import Path

import pytest

from compliance.models import Scan
from compliance.selectors.scan_reports import scan_report
from organizations.models.audit import AuditEvent
from templates_app.models import Template, TemplateCheck
from templates_app.services import content
from templates_app.signals import template_published
from tests.factories.compliance import HostFactory, completed_scan

pytestmark = pytest.mark.django_db

CHECK = """\
- id: linux_sysctl_{name}
  title: The kernel does not forward {name}
  description: Looks at the running value.
  severity: {severity}
  references: {{cis-debian12: ["3.3.1"]}}
  probe: {{kind: sysctl, key: net.ipv4.{name}}}
  expect: {{eq: "0"}}
  missing: fail
  rationale: Forwarding lets an attacker cross borders.
  remediation: Set it to 0.
"""
TEMPLATE = """\
slug: house
name: House rules
description: What we hold our hosts to.
os_type: linux
framework: Custom
scan_interval_hours: 24
checks:
  - {id: linux_sysctl_one, profiles: [server, workstation]}
  - {id: linux_sysctl_two, profiles: [server]}
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    (tmp_path / "checks" / "linux").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    write(
        tmp_path,
        "checks/linux/sysctl.yaml",
        CHECK.format(name="one", severity="medium") + CHECK.format(name="two", severity="low"),
    )
    write(tmp_path, "templates/house.yaml", TEMPLATE)
    monkeypatch.setattr(content.read_content, "__defaults__", (tmp_path,))
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)


def replace(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    write(root, name, text.replace(old, new))


def test_loading_stores_a_published_system_template_with_its_checks(root):
    assert content.load_content() == ["house: version 1 loaded, 2 checks"]
    template = Template.objects.get()
    assert (template.slug, template.status, template.organization) == ("house", "published", None)
    rows = template.checks.values_list("position", "check_id", "area", "sections", "profiles")
    assert [*rows] == [
        (0, "linux_sysctl_one", "sysctl", "3.3.1", ["server", "workstation"]),
        (1, "linux_sysctl_two", "sysctl", "3.3.1", ["server"]),
    ]
    assert AuditEvent.objects.filter(action="template.loaded").count() == 1


def test_loading_again_changes_nothing(root):
    content.load_content()
    before = [*Template.objects.values()], [*TemplateCheck.objects.values()], AuditEvent.objects.count()
    assert content.load_content() == ["house: version 1 is up to date"]
    assert ([*Template.objects.values()], [*TemplateCheck.objects.values()], AuditEvent.objects.count()) == before


def test_comments_and_order_of_keys_are_no_change(root):
    content.load_content()
    write(root, "templates/house.yaml", "# our rules\n" + TEMPLATE)
    assert content.load_content() == ["house: version 1 is up to date"]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("checks/linux/sysctl.yaml", 'expect: {eq: "0"}', 'expect: {eq: "1"}'),
        ("checks/linux/sysctl.yaml", "Set it to 0.", "Set it to 0 and reload."),
        ("templates/house.yaml", "  - {id: linux_sysctl_two, profiles: [server]}\n", ""),
        ("templates/house.yaml", "profiles: [server]}", "profiles: [server, workstation]}"),
    ],
)
def test_a_change_becomes_a_new_version_and_the_old_one_stays(root, name, old, new):
    content.load_content()
    first = Template.objects.values().get()
    replace(root, name, old, new)
    assert content.load_content()[0].startswith("house: version 2 loaded")
    assert Template.objects.values().get(version=1) == first
    assert Template.objects.latest_of("house").version == 2
    assert set(Template.objects.values_list("family", flat=True)) == {"house"}


def test_an_upgrade_tells_what_changed_and_whose_verdict_may_turn(root, django_capture_on_commit_callbacks):
    heard = []

    def hear(**news):
        heard.append((Template.objects.get(pk=news["template_id"]).version, news["previous_id"]))

    template_published.connect(hear)
    with django_capture_on_commit_callbacks(execute=True):
        content.load_content()
    first = Template.objects.get()
    replace(root, "checks/linux/sysctl.yaml", 'expect: {eq: "0"}', 'expect: {eq: "1"}')
    replace(root, "templates/house.yaml", "  - {id: linux_sysctl_two, profiles: [server]}\n", "")
    with django_capture_on_commit_callbacks(execute=True):
        lines = content.load_content()
    template_published.disconnect(hear)
    assert lines == [
        "house: version 2 loaded, 1 checks",
        "  removed: linux_sysctl_two",
        "  changed: linux_sysctl_one (expect); its verdict may turn",
    ]
    assert heard == [(1, None), (2, first.pk)]


def test_a_version_in_an_older_grammar_is_no_obstacle(root):
    content.load_content()
    replace(root, "checks/linux/sysctl.yaml", 'expect: {eq: "0"}', 'expect: {eq: "1"}')
    document = content.document_of(content.read_content().templates[0], content.read_content(), 2)
    old = Template(version=1, document='{"format": 0}')
    assert content.changes_since(old, document) == ["version 1 was written in an older grammar and cannot be compared"]


def test_results_of_an_old_version_stay_readable_in_its_words(root):
    content.load_content()
    host = HostFactory()
    scan = completed_scan(host, Template.objects.get(), statuses=["fail", "pass"])
    replace(root, "checks/linux/sysctl.yaml", "title: The kernel does not forward one", "title: No forwarding of one")
    replace(root, "templates/house.yaml", "  - {id: linux_sysctl_two, profiles: [server]}\n", "")
    content.load_content()
    report = scan_report(Scan.objects.get(pk=scan.pk))
    assert [(one.check_id, one.status) for one in report.results] == [
        ("linux_sysctl_one", "fail"), ("linux_sysctl_two", "pass"),
    ]  # fmt: skip
    assert report.results[0].title == "The kernel does not forward one"
    assert report.template_version == 1
    newer = completed_scan(host, Template.objects.latest_of("house"), statuses=["pass"])
    assert newer.stream == scan.stream
    assert scan_report(newer).results[0].title == "No forwarding of one"


BROKEN = [
    ("checks/linux/sysctl.yaml", "severity: medium", "severity: urgent", "checks/linux/sysctl.yaml:4", "severity"),
    ("checks/linux/sysctl.yaml", "probe: {kind: sysctl, key: net.ipv4.one}", "probe: {kind: sysctl}", ":6", "key"),
    ("checks/linux/sysctl.yaml", "kind: sysctl, key: net.ipv4.one", "kind: magic, key: x", ":6", "magic"),
    ("checks/linux/sysctl.yaml", 'expect: {eq: "0"}', 'expect: {resembles: "0"}', ":7", "expect"),
    ("checks/linux/sysctl.yaml", "  missing: fail\n", "  missing: fail\n  shell: rm -rf /\n", ":9", "shell"),
    ("checks/linux/sysctl.yaml", "id: linux_sysctl_two", "id: linux_sysctl_one", "sysctl.yaml", "linux_sysctl_one"),
    ("checks/linux/sysctl.yaml", "title: The kernel does not forward one", "title: [", "sysctl.yaml", "not YAML"),
    (
        "checks/linux/sysctl.yaml",
        "id: linux_sysctl_one",
        "id: !!python/object/apply:os.system ['x']",
        "sysctl.yaml",
        "",
    ),
    ("templates/house.yaml", "id: linux_sysctl_two", "id: linux_nothing", "templates/house.yaml:9", "linux_nothing"),
    ("templates/house.yaml", "id: linux_sysctl_two", "id: linux_sysctl_one", "house.yaml:9", "listed twice"),
    ("templates/house.yaml", "os_type: linux", "os_type: amiga", "house.yaml:4", "os_type"),
    (
        "templates/house.yaml",
        "scan_interval_hours: 24",
        "scan_interval_hours: 1",
        "house.yaml:6",
        "scan_interval_hours",
    ),
    ("templates/house.yaml", "profiles: [server]}", "profiles: [toaster]}", "house.yaml:9", "profiles"),
]


@pytest.mark.parametrize(("name", "old", "new", "place", "word"), BROKEN)
def test_broken_content_is_told_by_file_line_and_key_and_nothing_is_loaded(root, name, old, new, place, word):
    replace(root, name, old, new)
    with pytest.raises(content.ContentError) as refused:
        content.load_content()
    told = str(refused.value)
    assert place in told and word in told, told
    assert told.splitlines() == content.check_content()
    assert not Template.objects.exists()


def test_every_problem_is_told_at_once(root):
    replace(root, "checks/linux/sysctl.yaml", "severity: medium", "severity: urgent")
    replace(root, "templates/house.yaml", "os_type: linux", "os_type: amiga")
    assert {line.split(":")[0] for line in content.check_content()} >= {
        "checks/linux/sysctl.yaml",
        "templates/house.yaml",
    }


def test_one_broken_template_keeps_all_others_from_loading(root):
    write(
        root, "templates/other.yaml", TEMPLATE.replace("slug: house", "slug: other").replace("linux_sysctl_two", "gone")
    )
    with pytest.raises(content.ContentError):
        content.load_content()
    assert not Template.objects.exists()
