"""Several people at once on one template: each is answered, and none undoes what another has done."""

import threading
from collections import Counter

import pytest
from django.db import connection

from organizations.errors import Conflict, Invalid
from templates_app.models import Template
from templates_app.selectors.documents import document_of
from templates_app.services import checks, templates
from tests.factories.templates_app import NOON, a_check

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 4


def at_once(*calls):
    """Carry out all calls in threads that begin together; return how many ended how."""
    ends: Counter[str] = Counter()
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait()
            call()
            ends["done"] += 1
        except (Conflict, Invalid) as refused:
            ends[type(refused).__name__] += 1
        except Exception as error:
            ends[repr(error)] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def definition(check_id):
    return a_check(check_id).model_dump(exclude_defaults=True)


@pytest.fixture
def draft(admin, organization):
    made = templates.create_template(actor=admin, organization=organization, name="House rules")
    checks.add_check(actor=admin, template=made, definition=definition("linux_one"))
    return made


def test_of_many_new_versions_one_opens(admin, draft):
    final = templates.publish_template(actor=admin, template=draft, now=NOON)
    ends = at_once(*[lambda: templates.new_version(actor=admin, template=final)] * THREADS)
    assert ends == {"done": 1, "Conflict": THREADS - 1}
    assert Template.objects.filter(family=final.family).count() == 2


def test_checks_added_at_once_all_have_their_place(admin, draft):
    ends = at_once(*[
        lambda name=f"linux_new_{n}": checks.add_check(actor=admin, template=draft, definition=definition(name))
        for n in range(THREADS)
    ])  # fmt: skip
    assert ends == {"done": THREADS}
    assert sorted(draft.checks.values_list("position", flat=True)) == [*range(THREADS + 1)]


def test_a_check_added_while_publishing_is_in_the_document_or_refused(admin, draft):
    ends = at_once(
        lambda: templates.publish_template(actor=admin, template=draft, now=NOON),
        lambda: checks.add_check(actor=admin, template=draft, definition=definition("linux_two")),
        lambda: checks.bulk_toggle(actor=admin, template=draft, check_ids=["linux_one"], enabled=True),
    )
    assert set(ends) <= {"done", "Conflict"}
    final = Template.objects.get(pk=draft.pk)
    rows = final.checks.order_by("position").values_list("check_id", flat=True)
    assert [one.check.id for one in document_of(final).checks] == [*rows]


def test_of_many_publications_one_counts(admin, draft):
    ends = at_once(*[lambda: templates.publish_template(actor=admin, template=draft, now=NOON)] * THREADS)
    assert ends == {"done": 1, "Conflict": THREADS - 1}
