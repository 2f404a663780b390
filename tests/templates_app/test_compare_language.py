"""What one document says that another does not, and a definition tried on facts."""

from datetime import UTC, datetime

from templates_app.language.compare import compare, told
from templates_app.language.facts import FactDocument, Facts, HostOs, Section, SectionStatus
from templates_app.language.trial import try_check
from tests.factories.templates_app import a_check, a_document

LIMIT = {"type": "int", "title": "The limit", "default": 1}


def test_equal_documents_do_not_differ():
    assert compare(a_document(), a_document(name="Another name", version=2)).same


def test_each_kind_of_change_is_told():
    old = a_document(
        [a_check("linux_gone"), a_check("linux_words"), a_check("linux_rule"), a_check("linux_off")],
        variables={"limit": LIMIT},
    )
    new = a_document(
        [a_check("linux_new"), a_check("linux_words", title="Another title", severity="low"),
         a_check("linux_rule", expect={"eq": "1"}), a_check("linux_off")],
        variables={"limit": LIMIT | {"default": 2}},
    )  # fmt: skip
    off = new.checks[3].model_copy(update={"enabled": False})
    new = new.model_copy(update={"checks": [*new.checks[:3], off]})
    found = compare(old, new)
    assert (found.added, found.removed, found.values) == (("linux_new",), ("linux_gone",), ("limit",))
    assert {one.check_id: one.fields for one in found.changed} == {
        "linux_words": ("severity", "title"), "linux_rule": ("expect",), "linux_off": ("enabled",),
    }  # fmt: skip
    assert found.may_flip == ("linux_rule", "linux_off")
    assert told(found) == [
        "added: linux_new",
        "removed: linux_gone",
        "changed: linux_words (severity, title)",
        "changed: linux_rule (expect); its verdict may turn",
        "changed: linux_off (enabled); its verdict may turn",
        "changed: variables limit; verdicts of checks that ask for them may turn",
    ]


def facts(os_id="debian", version="12"):
    host = HostOs(family="linux", id=os_id, version_id=version, pretty_name=f"{os_id} {version}")
    value = {"net.ipv4.ip_forward": {"running": "1", "persistent": []}}
    sections = {"sysctl": Section(1, SectionStatus.OK, value)}
    return Facts(FactDocument("1", "", datetime(2026, 11, 21, tzinfo=UTC), "root", host, sections))


def test_a_definition_is_tried_on_facts():
    definition = a_check(expect={"eq": "{{ wanted }}"}).model_dump(exclude_defaults=True)
    result, problems = try_check(definition, facts(), {"wanted": "0"})
    assert (result.status, problems) == ("fail", {})
    assert "running: 1" in result.actual
    assert result.evidence[0].source == "/proc/sys/net/ipv4/ip_forward"


def test_a_trial_that_cannot_be_made_says_why():
    definition = a_check().model_dump(exclude_defaults=True)
    assert try_check(definition | {"probe": {"kind": "sysctl"}}, facts(), {})[1].keys() == {"probe.key"}
    assert try_check(definition | {"title": "nul \0"}, facts(), {})[1].keys() == {"title"}
    assert try_check(3, facts(), {})[1]
    assert "rhel 9" in try_check(definition | {"os": ["debian12"]}, facts("rhel", "9.4"), {})[1]["os"]
    assert "no benchmark fits" in try_check(definition, facts("beos", "5"), {})[1]["os"]
