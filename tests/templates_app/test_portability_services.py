"""A template as one JSON document: out and in again, the same; a bad document is refused whole."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from organizations.errors import Invalid, TooLarge
from organizations.models.audit import AuditEvent
from templates_app.models import Template
from templates_app.services import portability, templates
from templates_app.services.portability import as_text, export_template, import_template
from tests.factories.content import system_templates
from tests.factories.organizations import member
from tests.factories.templates_app import NOON, a_check, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def exported(admin, organization):
    template = published_template([a_check(), a_check("linux_other")], organization=organization, name="House rules")
    return export_template(template)


def without_origin(document):
    return {name: value for name, value in document.items() if name != "origin"}


def errors_of(admin, organization, document):
    before = Template.objects.count()
    with pytest.raises(Invalid) as refused:
        import_template(actor=admin, organization=organization, document=document)
    assert Template.objects.count() == before
    return refused.value.errors


def test_an_import_is_always_a_new_custom_draft(admin, organization, exported):
    one = import_template(actor=admin, organization=organization, document=exported)
    two = import_template(actor=admin, organization=organization, document=as_text(exported), name="Other")
    assert (one.status, one.version, one.name, one.organization) == ("draft", 1, "House rules", organization)
    assert (two.name, two.slug) == ("Other", "")
    assert len({one.family, two.family, exported["origin"]["family"]}) == 3
    assert AuditEvent.objects.filter(action="template.imported").count() == 2


@pytest.mark.parametrize("role", ["viewer", "provisioner"])
def test_importing_needs_the_right_to_manage(role, organization, exported):
    with pytest.raises(PermissionDenied):
        import_template(actor=member(organization, role=role), organization=organization, document=exported)


def test_a_whole_system_template_comes_back_the_same(admin, organization):
    document = export_template(system_templates()[0])
    text = as_text(document).encode()
    assert len(text) < portability.MOST_BYTES / 4
    draft = import_template(actor=admin, organization=organization, document=text)
    assert without_origin(export_template(draft)) == without_origin(document)
    final = templates.publish_template(actor=admin, template=draft, now=NOON)
    assert without_origin(export_template(final)) == without_origin(document)


TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40)
LINE = st.text(st.characters(whitelist_categories=["L", "N", "P"]), min_size=3, max_size=40)
PROSE = LINE.map(lambda text: text.ljust(10, "."))
IDS = st.from_regex(r"[a-z][a-z0-9_]{2,20}", fullmatch=True)
RULES = st.sampled_from(
    [
        {"probe": {"kind": "sysctl", "key": "a.b"}, "expect": {"eq": "{{ limit }}"}, "missing": "fail"},
        {"probe": {"kind": "package", "name": "telnetd"}, "expect": {"absent": True}},
        {"assessment": "manual"},
        {"any": [{"probe": {"kind": "sshd", "key": "Port"}, "expect": {"range": [1, 9]}, "missing": "pass"}]},
        {"by_os": {"rhel9": {"probe": {"kind": "mount", "path": "/tmp"}, "expect": {"exists": True}}}},
    ]
)


@st.composite
def documents(draw):
    limit = {"type": "int", "title": "The limit", "default": draw(st.integers(0, 9)), "min": 0, "max": 9}
    profiles = st.one_of(
        st.lists(st.sampled_from(["server", "workstation"]), max_size=2),
        st.dictionaries(st.sampled_from(["debian12", "rhel9"]), st.just(["server"]), max_size=2),
    )
    return {
        "format": "plumbline-template",
        "format_version": 1,
        "name": draw(LINE),
        "description": draw(TEXT),
        "os_type": "linux",
        "framework": draw(LINE),
        "scan_interval_hours": draw(st.integers(24, 168)),
        "variables": {"limit": limit},
        "values": draw(st.sampled_from([{}, {"limit": 3}])),
        "checks": [
            {
                "check": {
                    "id": check_id,
                    "title": draw(LINE),
                    "description": draw(PROSE),
                    "rationale": draw(PROSE),
                    "remediation": draw(PROSE),
                    "severity": draw(st.sampled_from(["critical", "high", "medium", "low"])),
                    "references": draw(st.dictionaries(LINE, st.lists(LINE, max_size=2), max_size=2)),
                    **draw(RULES),
                },
                "enabled": draw(st.booleans()),
                "profiles": draw(profiles),
                "area": draw(st.sampled_from(["", "ssh", "kernel"])),
            }
            for check_id in draw(st.lists(IDS, unique=True, max_size=4))
        ],
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents())
def test_whatever_can_be_imported_comes_back_the_same(admin, organization, document):
    first = export_template(import_template(actor=admin, organization=organization, document=document))
    second = export_template(import_template(actor=admin, organization=organization, document=as_text(first)))
    assert without_origin(first) == without_origin(second)
    assert {name: first[name] for name in ("name", "description", "variables", "values", "framework")} == {
        name: document[name] for name in ("name", "description", "variables", "values", "framework")
    }
    assert [one["check"]["id"] for one in first["checks"]] == [one["check"]["id"] for one in document["checks"]]
    assert [one["enabled"] for one in first["checks"]] == [one["enabled"] for one in document["checks"]]
    Template.objects.filter(status="draft").delete()


# --- Bad documents ----------------------------------------------------------------------------------------------------


UNREADABLE = [
    (b"", "is not JSON, line 1 column 1"),
    (b'{"format":', "is not JSON, line 1 column 11"),
    (b'{\n "a": 1,\n}', "is not JSON, line 3 column 1"),
    (b"\xff\xfe", "is not UTF-8 text, at byte 0"),
    ('{"a": "é"}'.encode("latin-1"), "is not UTF-8 text, at byte 7"),
    (b'{"a": NaN}', "NaN is no number in JSON"),
    (b"[" * 100_000, "is nested more than 30 levels deep, line 1"),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "is nested more than 30 levels deep"),
    (b"9" * 10_000, "is not JSON that can be read"),
    (b"[]", "must be an object"),
    (b"null", "must be an object"),
    ([], "must be an object"),
    (7, "must be an object"),
    (None, "must be an object"),
]


@pytest.mark.parametrize(("document", "words"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_no_json_object_is_refused_with_its_place(admin, organization, document, words):
    errors = errors_of(admin, organization, document)
    assert [*errors] == ["document"]
    assert words in errors["document"][0]


@pytest.mark.parametrize("document", [[], ["a"], 3, True, 1.5, None])
def test_a_value_that_is_no_object_is_refused(admin, organization, document):
    assert [*errors_of(admin, organization, document)] == ["document"]


def test_a_key_that_stands_twice_is_refused(admin, organization, exported):
    text = as_text(exported).replace('"enabled": true', '"enabled": true, "enabled": false')
    assert errors_of(admin, organization, text) == {
        "document.checks.0.enabled": ["stands twice in one object"],
        "document.checks.1.enabled": ["stands twice in one object"],
    }


def test_a_document_that_is_too_large_is_refused(admin, organization):
    with pytest.raises(TooLarge):
        import_template(actor=admin, organization=organization, document=b" " * (portability.MOST_BYTES + 1))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"format": "x"}, "document.format"),
        ({"format_version": 2}, "document.format_version"),
        ({"format_version": True}, "document.format_version"),
        ({"content_sha256": "0" * 64}, "document.content_sha256"),
        ({"content_sha256": 3}, "document.content_sha256"),
        ({"name": ""}, "document.name"),
        ({"os_type": "windows"}, "document.os_type"),
        ({"scan_interval_hours": 1}, "document.scan_interval_hours"),
        ({"script": "rm -rf /"}, "document.script"),
        ({"checks": 3}, "document.checks"),
        ({"checks": [3]}, "document.checks.0"),
        ({"values": {"a": 1}}, "document.values.a"),
        ({"values": {"a": 1.5}}, "document.values.a"),
        ({"variables": {"a": {}}}, "document.variables.a.type"),
        ({"description": "a\0b"}, "document.description"),
        ({"description": "\ud800"}, "document.description"),
        ({"scan_interval_hours": 1e400}, "document.scan_interval_hours"),
        ({"scan_interval_hours": 2**70}, "document.scan_interval_hours"),
    ],
)
def test_a_bad_value_is_refused_by_its_place(admin, organization, exported, fields, place):
    assert place in errors_of(admin, organization, exported | fields)


def test_every_error_of_a_document_is_told_at_once(admin, organization, exported):
    document = json.loads(as_text(exported))
    del document["content_sha256"]
    document["framework"] = ""
    document["checks"][0]["check"] |= {"probe": {"kind": "sysctl"}, "severity": "urgent"}
    document["checks"][1]["check"] |= {"expect": {"equals": 1}, "id": "linux_sysctl_ip_forward"}
    document["checks"][1] |= {"profiles": ["desktop"], "remediation_script": "local/wipe"}
    assert errors_of(admin, organization, document).keys() == {
        "document.framework", "document.checks.0.check.probe.key", "document.checks.0.check.severity",
        "document.checks.1.check.expect.equals", "document.checks.1.check.id", "document.checks.1.profiles.0",
        "document.checks.1.remediation_script",
    }  # fmt: skip


def test_a_document_changed_after_its_export_says_so(admin, organization, exported):
    exported["checks"][0]["enabled"] = False
    errors = errors_of(admin, organization, exported)
    assert "changed after its export" in errors["document.content_sha256"][0]
    del exported["content_sha256"]
    assert import_template(actor=admin, organization=organization, document=exported).checks.filter(enabled=False)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_document_is_an_error_of_ours(admin, organization, exported, data):
    """Whatever stands at some place of a sound document: it is imported, or refused with a place."""
    document = json.loads(as_text(exported))
    node = document
    while True:
        keys = [*node] if isinstance(node, dict) else [*range(len(node))]
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans()):
            node = node[key]
            continue
        node[key] = data.draw(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), JUNK))
        break
    refused = {}
    try:
        import_template(actor=admin, organization=organization, document=document)
    except Invalid as error:
        refused = error.errors
    assert all(place.startswith("document") for place in refused)


JUNK = st.recursive(
    st.one_of(st.none(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
