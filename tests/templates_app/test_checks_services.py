"""The checks of a draft: added, changed, moved, switched, removed, taken over; every error by its place."""

import pytest
from django.core.exceptions import PermissionDenied

from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from templates_app.services import checks, templates
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


def definition(check_id="linux_one", **fields):
    return a_check(check_id, **fields).model_dump(exclude_defaults=True)


@pytest.fixture
def draft(admin, organization):
    made = templates.create_template(actor=admin, organization=organization, name="House rules")
    for name in ("linux_one", "linux_two", "linux_three"):
        checks.add_check(actor=admin, template=made, definition=definition(name))
    return made


def order(draft):
    rows = draft.checks.order_by("position")
    assert [one.position for one in rows] == [*range(len(rows))]
    return [one.check_id.removeprefix("linux_") for one in rows]


def refused(call, *args, **kwargs):
    with pytest.raises(Invalid) as error:
        call(*args, **kwargs)
    return error.value.errors


def add(admin, draft, **fields):
    return checks.add_check(actor=admin, template=draft, definition=definition("linux_new") | fields)


def test_a_check_is_added_at_its_place_and_told_by_its_row(admin, draft):
    made = checks.add_check(
        actor=admin, template=draft, position=1, enabled=False, profiles=["server"], area="kernel",
        definition=definition("linux_new", severity="high"),
    )  # fmt: skip
    assert (made.title, made.severity, made.assessment) == ("The kernel does not forward IPv4 packets", "high", "auto")
    assert (made.enabled, made.profiles, made.area, made.sections) == (False, ["server"], "kernel", "3.3.1")
    assert order(draft) == ["one", "new", "two", "three"]
    assert AuditEvent.objects.filter(action="check.added", organization=draft.organization).count() == 4


@pytest.mark.parametrize(("position", "place"), [(0, 0), (3, 3), (99, 3), (None, 3)])
def test_a_place_beyond_the_end_is_the_end(admin, draft, position, place):
    made = checks.add_check(actor=admin, template=draft, definition=definition("linux_new"), position=position)
    assert made.position == place
    assert len(order(draft)) == 4


BAD = [
    ({"probe": {"kind": "sysctl"}}, {"probe.key": "is missing; write the kernel parameter"}),
    ({"probe": {"kind": "sysctl", "key": 3}}, {"probe.key": "must be a text"}),
    ({"probe": {"kind": "sysctl", "key": "a", "keys": 1}}, {"probe.keys": "is not known here; known: key"}),
    ({"probe": {"kind": "mount", "path": "/", "facet": "x"}}, {"probe.facet": "must be 'options' or 'mounted'"}),
    ({"probe": {}}, {"probe": "names no kind"}),
    ({"probe": 7}, {"probe": "must be an object with named fields"}),
    ({"expect": {"eq": "1", "ne": "2"}}, {"expect": "wants exactly one operator"}),
    ({"expect": {"range": [9, 1]}}, {"expect.range": "the lowest value stands above the highest"}),
    ({"expect": {"eq": "{{ nothing }}"}}, {"expect.eq": "no variable is called 'nothing'"}),
    ({"severity": "urgent"}, {"severity": "must be 'critical', 'high', 'medium' or 'low'"}),
    ({"title": "two\nlines"}, {"title": "must be one line"}),
    ({"title": "x"}, {"title": "is too short: it wants at least 3 characters"}),
    ({"title": "half \ud800"}, {"title": "holds half of a character (a lone surrogate)"}),
    ({"title": "nul \0"}, {"title": "holds a NUL character, which no database can store"}),
    ({"colour": "red"}, {"colour": "is not known here"}),
    ({"references": {"cis": "1.1"}}, {"references.cis": "must be a list"}),
    ({"assessment": "manual"}, {"definition": "a manual check has no probe"}),
    (
        {"id": "Big"},
        {"id": "must be 3 to 80 small letters, digits and underscores, with a letter first: linux_site_motd"},
    ),
]


@pytest.mark.parametrize(("fields", "errors"), BAD, ids=[next(iter(one[0])) + str(n) for n, one in enumerate(BAD)])
def test_a_bad_definition_is_refused_by_its_place(admin, draft, fields, errors):
    assert refused(add, admin, draft, **fields) == {place: [words] for place, words in errors.items()}
    assert order(draft) == ["one", "two", "three"]


def test_every_error_is_told_at_once(admin, draft):
    bad = {
        "id": "linux_new",
        "severity": "urgent",
        "probe": {"kind": "sysctl"},
        "expect": {"equals": "0"},
        "applies_when": {"moon": True},
    }
    errors = refused(checks.add_check, actor=admin, template=draft, definition=bad)
    assert {"title", "description", "rationale", "remediation", "severity"} <= errors.keys()
    assert {"probe.key", "expect.equals", "applies_when.moon"} <= errors.keys()


def test_errors_within_groups_and_distributions_have_their_place(admin, draft):
    plain = {
        name: value for name, value in definition("linux_new").items() if name not in ("probe", "expect", "missing")
    }
    good = {"probe": {"kind": "sysctl", "key": "a"}, "expect": {"eq": "1"}, "missing": "fail"}
    groups = plain | {"all": [good, {"any": [good | {"probe": {"kind": "sysctl"}}, 7]}, {"none": []}]}
    assert refused(checks.add_check, actor=admin, template=draft, definition=groups).keys() == {
        "all.1.any.0.probe.key", "all.1.any.1", "all.2.none",
    }  # fmt: skip
    branches = plain | {"by_os": {"debian12": good | {"expect": {"is": 1}}, "beos": good}}
    errors = refused(checks.add_check, actor=admin, template=draft, definition=branches)
    assert errors.keys() == {"by_os.debian12.expect.is", "by_os.beos"}


@pytest.mark.parametrize("bad", [None, 3, "x", [], {}])
def test_what_is_no_definition_at_all_is_refused(admin, draft, bad):
    assert refused(checks.add_check, actor=admin, template=draft, definition=bad)


def test_a_bomb_of_nesting_is_refused(admin, draft):
    bomb: dict = {}
    for _ in range(5000):
        bomb = {"all": [bomb]}
    assert "nested" in str(refused(add, admin, draft, **bomb))


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"enabled": "perhaps"}, "enabled"),
        ({"profiles": ["desktop"]}, "profiles.0"),
        ({"profiles": {"beos": ["server"]}}, "profiles.beos"),
        ({"profiles": 3}, "profiles"),
        ({"area": "x" * 61}, "area"),
        ({"position": -1}, "position"),
    ],
)
def test_what_surrounds_a_check_is_held_to_its_form(admin, draft, arguments, place):
    errors = refused(
        checks.add_check, **{"actor": admin, "template": draft, "definition": definition("linux_new"), **arguments}
    )
    assert [*errors] == [place]


def test_no_check_stands_twice_in_a_template(admin, draft):
    assert "already" in refused(add, admin, draft, id="linux_two")["id"][0]
    row = draft.checks.get(check_id="linux_one")
    renamed = definition("linux_two")
    changed = refused(checks.update_check, actor=admin, template=draft, check=row, changes={"definition": renamed})
    assert [*changed] == ["id"]


# --- Changing ---------------------------------------------------------------------------------------------------------


def test_a_check_is_changed_whole_or_in_part(admin, draft):
    row = draft.checks.get(check_id="linux_two")
    new = definition("linux_renamed", title="Another title", expect={"eq": "1"})
    changed = checks.update_check(
        actor=admin, template=draft, check=row,
        changes={"definition": new, "severity": "critical", "enabled": False, "profiles": {"rhel9": ["server"]}},
    )  # fmt: skip
    stored = draft.checks.get(pk=row.pk)
    assert stored.definition == changed.definition == new | {"severity": "critical"}
    assert (stored.check_id, stored.title, stored.severity) == ("linux_renamed", "Another title", "critical")
    assert (stored.enabled, stored.profiles, stored.position) == (False, {"rhel9": ["server"]}, 1)
    assert AuditEvent.objects.get(action="check.changed").before["title"] == row.title


def test_what_a_change_may_not_touch_is_refused(admin, draft):
    row = draft.checks.first()
    assert [*refused(checks.update_check, actor=admin, template=draft, check=row, changes={"template": 1})] == [
        "template"
    ]


@pytest.mark.parametrize(
    ("position", "after"),
    [
        (0, ["three", "one", "two"]),
        (1, ["one", "three", "two"]),
        (2, ["one", "two", "three"]),
        (50, ["one", "two", "three"]),
    ],
)
def test_a_check_moves_up(admin, draft, position, after):
    checks.move_check(actor=admin, template=draft, check=draft.checks.get(check_id="linux_three"), position=position)
    assert order(draft) == after


@pytest.mark.parametrize(("position", "after"), [(1, ["two", "one", "three"]), (9, ["two", "three", "one"])])
def test_a_check_moves_down(admin, draft, position, after):
    checks.move_check(actor=admin, template=draft, check=draft.checks.get(check_id="linux_one"), position=position)
    assert order(draft) == after


@pytest.mark.parametrize("position", [-1, "first", True, 1.5])
def test_a_place_that_is_none_is_refused(admin, draft, position):
    row = draft.checks.first()
    assert [*refused(checks.move_check, actor=admin, template=draft, check=row, position=position)] == ["position"]


def test_a_removed_check_leaves_no_gap(admin, draft):
    row = draft.checks.get(check_id="linux_two")
    checks.remove_check(actor=admin, template=draft, check=row)
    assert order(draft) == ["one", "three"]
    with pytest.raises(Conflict, match="no longer in the template"):
        checks.remove_check(actor=admin, template=draft, check=row)


def test_a_check_of_another_template_is_not_changed_through_this_one(admin, organization, draft):
    other = templates.copy_template(actor=admin, template=draft, organization=organization)
    with pytest.raises(Conflict):
        checks.toggle_check(actor=admin, template=draft, check=other.checks.first(), enabled=False)


# --- Many at once -----------------------------------------------------------------------------------------------------


def test_many_checks_are_switched_at_once(admin, draft):
    ids = ["linux_one", "linux_three"]
    assert checks.bulk_toggle(actor=admin, template=draft, check_ids=ids, enabled=False) == 2
    assert [*draft.checks.filter(enabled=True).values_list("check_id", flat=True)] == ["linux_two"]
    assert checks.bulk_toggle(actor=admin, template=draft, check_ids=ids, enabled=False) == 0
    assert AuditEvent.objects.get(action="checks.disabled").details == {"checks": ids}


MANY = [
    (checks.bulk_toggle, {"enabled": False}),
    (checks.remove_checks, {}),
    (checks.override_severity, {"severity": "low"}),
    (checks.set_profiles, {"profiles": ["server"]}),
]


@pytest.mark.parametrize(("service", "fields"), MANY)
def test_one_unknown_id_stops_all(admin, draft, service, fields):
    before = [*draft.checks.values()]
    errors = refused(service, actor=admin, template=draft, check_ids=["linux_one", "linux_x", "linux_y"], **fields)
    assert errors == {"check_ids": ["House rules v1 has no check linux_x, linux_y."]}
    assert [*refused(service, actor=admin, template=draft, check_ids=[], **fields)] == ["check_ids"]
    assert [*draft.checks.values()] == before


def test_many_checks_are_removed_and_the_rest_closes_up(admin, draft):
    assert checks.remove_checks(actor=admin, template=draft, check_ids=["linux_one", "linux_two"]) == 2
    assert order(draft) == ["three"]


def test_a_severity_is_overridden_in_row_and_definition(admin, draft):
    changed = checks.override_severity(actor=admin, template=draft, check_ids=["linux_one"], severity="critical")
    row = draft.checks.get(check_id="linux_one")
    assert (changed, row.severity, row.definition["severity"]) == (1, "critical", "critical")
    bad = refused(checks.override_severity, actor=admin, template=draft, check_ids=["linux_one"], severity="urgent")
    assert [*bad] == ["severity"]


def test_profiles_of_many_are_set(admin, draft):
    checks.set_profiles(actor=admin, template=draft, check_ids=["linux_one", "linux_two"], profiles=["workstation"])
    assert [one.profiles for one in draft.checks.order_by("position")] == [
        ["workstation"], ["workstation"], ["server", "workstation"],
    ]  # fmt: skip
    bad = refused(checks.set_profiles, actor=admin, template=draft, check_ids=["linux_one"], profiles=["x"])
    assert [*bad] == ["profiles.0"]


# --- Taking over ------------------------------------------------------------------------------------------------------


def test_checks_are_taken_over_with_the_variables_they_ask_for(admin, draft):
    variables = {
        name: {"type": "choice", "title": "A choice", "default": "a", "choices": ["a", "b"]}
        for name in ("used", "chosen", "unused")
    }
    asks = [
        a_check("linux_uses", expect={"eq": "{{ used }}"}),
        a_check("linux_chooses", applies_when={"all": [{"choice": {"chosen": "b"}}]}),
        a_check("linux_plain"),
    ]
    source = published_template(asks, slug="cis", variables=variables, values={"chosen": "b", "unused": "b"})
    taken = checks.add_from(
        actor=admin, template=draft, source=source, check_ids=["linux_uses", "linux_chooses"], position=1
    )
    draft.refresh_from_db()
    assert order(draft) == ["one", "uses", "chooses", "two", "three"]
    assert taken.variables == ["chosen", "used"] == sorted(draft.variables)
    assert draft.values == {"chosen": "b"}
    assert source.checks.count() == 3
    errors = refused(
        checks.add_from, actor=admin, template=draft, source=source, check_ids=["linux_uses", "linux_plain"]
    )
    assert errors == {"id": ["This template has a check linux_uses already."]}


def test_what_one_may_not_see_is_not_taken_over(admin, draft, other_organization):
    theirs = published_template(organization=other_organization)
    with pytest.raises(PermissionDenied):
        checks.add_from(actor=admin, template=draft, source=theirs, check_ids=["linux_sysctl_ip_forward"])


def test_checks_of_another_os_are_not_taken_over(admin, draft):
    source = published_template(os_type="bsd", slug="bsd")
    errors = refused(checks.add_from, actor=admin, template=draft, source=source, check_ids=["linux_sysctl_ip_forward"])
    assert [*errors] == ["source"]
