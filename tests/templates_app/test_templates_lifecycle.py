"""Any sequence of what two people of two organizations may do with templates: what must hold, holds after each step."""

from contextlib import suppress

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from organizations.errors import Conflict, Invalid
from organizations.permissions import in_reach_of
from templates_app.language.templates import read_document
from templates_app.models import Template, TemplateCheck
from templates_app.services import checks, portability, templates
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import NOON, a_check, published_template

WHO = st.integers(0, 1)
STRANGE = st.sampled_from([False, False, False, False, True])
"""Whether it is the other organization's admin who tries."""
CHECKS = st.sampled_from(["linux_one", "linux_two", "linux_three", "linux_asks"])


def definition(check_id):
    asks = {"expect": {"eq": "{{ limit }}"}} if check_id == "linux_asks" else {}
    return a_check(check_id, **asks).model_dump(exclude_defaults=True)


EDITS = [
    lambda actor, row, one, _: checks.bulk_toggle(actor=actor, template=row, check_ids=[one.check_id], enabled=False),
    lambda actor, row, one, _: checks.remove_checks(actor=actor, template=row, check_ids=[one.check_id]),
    lambda actor, row, one, _: checks.remove_check(actor=actor, template=row, check=one),
    lambda actor, row, one, place: checks.move_check(actor=actor, template=row, check=one, position=place),
    lambda actor, row, one, _: checks.override_severity(
        actor=actor, template=row, check_ids=[one.check_id], severity="low"
    ),
]


class Templates(RuleBasedStateMachine):
    """Two admins of two organizations, and whatever they try with any template, their own or not."""

    rows = Bundle("rows")

    def __init__(self):
        super().__init__()
        self.run = transaction.atomic()
        self.run.__enter__()
        self.organizations = [OrganizationFactory(), OrganizationFactory()]
        self.actors = [member(organization, role="admin") for organization in self.organizations]
        self.system = published_template([a_check("linux_one"), a_check("linux_two")], slug="cis")
        self.frozen = {self.system.pk: self.state_of(self.system.pk)}

    def teardown(self):
        transaction.set_rollback(True)
        self.run.__exit__(None, None, None)

    @staticmethod
    def state_of(pk):
        return Template.objects.values().get(pk=pk), [
            *TemplateCheck.objects.filter(template=pk).order_by("pk").values()
        ]

    def owner(self, row):
        return 1 if row.organization_id == self.organizations[1].pk else 0

    def attempt(self, strange, row, call):
        """Have the row's owner do it, unless ``strange``: of another's row nothing may be done at all."""
        if not Template.objects.filter(pk=row.pk).exists():
            return None
        who = self.owner(row)
        if strange and row.organization_id is not None:
            before = self.state_of(row.pk)
            with pytest.raises(PermissionDenied):
                call(self.actors[1 - who])
            assert self.state_of(row.pk) == before
            return None
        with suppress(Conflict, Invalid):
            return call(self.actors[who])
        return None

    @initialize(target=rows)
    def begin(self):
        """Both have a draft; one has a published version with an open draft besides."""
        first = templates.publish_template(actor=self.actors[0], template=self.drafted(0), now=NOON)
        self.frozen[first.pk] = self.state_of(first.pk)
        second = templates.new_version(actor=self.actors[0], template=first)
        return multiple(self.drafted(0), self.drafted(1), first, second, self.system)

    @rule(target=rows, who=WHO)
    def create(self, who):
        return self.drafted(who)

    def drafted(self, who):
        made = templates.create_template(actor=self.actors[who], organization=self.organizations[who], name="New")
        checks.add_check(actor=self.actors[who], template=made, definition=definition("linux_one"))
        return made

    @rule(target=rows, strange=STRANGE, row=rows)
    def copy(self, strange, row):
        organization = self.organizations[self.owner(row)]
        made = self.attempt(strange, row, lambda actor: templates.copy_template(
            actor=actor, template=row, organization=organization
        ))  # fmt: skip
        return made or multiple()

    @rule(strange=STRANGE, row=rows, check=CHECKS)
    def add(self, strange, row, check):
        self.attempt(
            strange, row, lambda actor: checks.add_check(actor=actor, template=row, definition=definition(check))
        )

    @rule(strange=STRANGE, row=rows, source=rows, check=CHECKS)
    def take_over(self, strange, row, source, check):
        if Template.objects.filter(pk=source.pk).exists() and source.organization_id in (None, row.organization_id):
            self.attempt(strange, row, lambda actor: checks.add_from(
                actor=actor, template=row, source=source, check_ids=[check]
            ))  # fmt: skip

    @rule(strange=STRANGE, row=rows, check=CHECKS, position=st.integers(0, 4), how=st.sampled_from(EDITS))
    def edit(self, strange, row, check, position, how):
        one = TemplateCheck.objects.filter(template=row.pk, check_id=check).first() or TemplateCheck(check_id=check)
        self.attempt(strange, row, lambda actor: how(actor, row, one, position))

    @rule(strange=STRANGE, row=rows, limit=st.integers(0, 5), drop=st.booleans())
    def change(self, strange, row, limit, drop):
        variable = {"type": "int", "title": "The limit", "default": limit, "max": 4}
        fields = {"name": f"Limit {limit}", "variables": {} if drop else {"limit": variable}}
        self.attempt(strange, row, lambda actor: templates.update_template(actor=actor, template=row, fields=fields))

    @rule(strange=STRANGE, row=rows, rename=st.booleans())
    def publish(self, strange, row, rename):
        changes = {"name": "Renamed"} if rename else None
        made = self.attempt(strange, row, lambda actor: templates.publish_template(
            actor=actor, template=row, now=NOON, changes=changes
        ))  # fmt: skip
        if made:
            assert made.name == "Renamed" or not rename
            self.frozen[made.pk] = self.state_of(made.pk)

    @rule(target=rows, strange=STRANGE, row=rows)
    def open_version(self, strange, row):
        made = self.attempt(strange, row, lambda actor: templates.new_version(actor=actor, template=row))
        if made is None:
            return multiple()
        assert made.version > max(
            Template.objects.published().filter(family=made.family).values_list("version", flat=True)
        )
        return made

    @rule(target=rows, who=WHO, row=rows)
    def carry(self, who, row):
        """Export and import: the draft says what the original says."""
        if not Template.objects.filter(pk=row.pk).exists() or row.organization_id not in (
            None,
            self.organizations[who].pk,
        ):
            return multiple()
        row = Template.objects.get(pk=row.pk)
        document = portability.export_template(row)
        made = portability.import_template(
            actor=self.actors[who], organization=self.organizations[who], document=portability.as_text(document)
        )
        again = portability.export_template(made)
        assert again | {"origin": None} == document | {"origin": None}
        return made

    @rule(strange=STRANGE, row=consumes(rows))
    def delete(self, strange, row):
        pk = row.pk
        self.attempt(strange, row, lambda actor: templates.delete_template(actor=actor, template=row))
        if not Template.objects.filter(pk=pk).exists():
            self.frozen.pop(pk, None)
            assert not TemplateCheck.objects.filter(template_id=pk).exists()

    @invariant()
    def a_published_version_never_changes(self):
        for pk, state in self.frozen.items():
            assert self.state_of(pk) == state
            assert read_document(state[0]["document"]).sha256 == state[0]["sha256"]
        assert set(self.frozen) == set(Template.objects.published().values_list("pk", flat=True))

    @invariant()
    def a_family_has_one_draft_at_most_and_each_version_once(self):
        rows = [*Template.objects.values_list("family", "version", "status", "organization")]
        drafts = [family for family, _, status, _ in rows if status == "draft"]
        assert len(set(drafts)) == len(drafts)
        assert len({(family, version) for family, version, _, _ in rows}) == len(rows)
        assert len({(family, organization) for family, _, _, organization in rows}) == len({row[0] for row in rows})
        for family in drafts:
            versions = {status: version for name, version, status, _ in sorted(rows) if name == family}
            assert versions["draft"] >= versions.get("published", 0)

    @invariant()
    def checks_stand_in_order_without_gaps(self):
        for template in Template.objects.all():
            positions = template.checks.order_by("position").values_list("position", flat=True)
            assert [*positions] == [*range(len(positions))]

    @invariant()
    def nobody_sees_the_other_organizations_rows(self):
        for who, actor in enumerate(self.actors):
            seen = Template.objects.visible_in(in_reach_of(actor))
            assert set(seen.values_list("organization", flat=True)) <= {None, self.organizations[who].pk}


def test_whatever_is_done_in_whatever_order(db):
    run_state_machine_as_test(Templates, settings=settings(max_examples=10, stateful_step_count=25, deadline=None))
