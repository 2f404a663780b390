"""Raising and acknowledging alerts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from itsm.models import Alert
from itsm.services.alerts import News, acknowledge_alert, raise_alert
from organizations.errors import Conflict
from tests.factories.compliance import NOON
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
NEWS = News("low", Alert.Severity.WARNING, "web-1 scores 60", "Below 70.", "low:1")


def test_a_repeat_counts_on_the_open_alert_and_brings_it_up_to_date(organization):
    first = raise_alert(organization=organization, news=NEWS, now=NOON)
    worse = replace(NEWS, severity=Alert.Severity.CRITICAL, title="web-1 scores 40")
    again = raise_alert(organization=organization, news=worse, now=NOON + timedelta(hours=1))
    assert (again.pk, again.occurrences, again.severity, again.title) == (first.pk, 2, "critical", "web-1 scores 40")
    assert again.last_seen_at == NOON + timedelta(hours=1)


def test_the_same_trouble_in_another_organization_is_another_alert(organization, other_organization):
    assert raise_alert(organization=organization, news=NEWS, now=NOON) != raise_alert(
        organization=other_organization, news=NEWS, now=NOON
    )


def test_after_it_was_acknowledged_the_trouble_opens_a_new_alert(organization, admin):
    first = raise_alert(organization=organization, news=NEWS, now=NOON)
    acknowledge_alert(actor=admin, alert=first, now=NOON)
    assert raise_alert(organization=organization, news=NEWS, now=NOON).pk != first.pk


def test_texts_longer_than_their_columns_are_cut(organization):
    alert = raise_alert(
        organization=organization, news=replace(NEWS, title="x" * 900, subject_label="y" * 900), now=NOON
    )
    alert.refresh_from_db()
    assert (len(alert.title), len(alert.subject_label)) == (200, 200)


def test_who_may_not_manage_cannot_acknowledge_and_nobody_can_twice(organization, admin):
    alert = raise_alert(organization=organization, news=NEWS, now=NOON)
    with pytest.raises(PermissionDenied):
        acknowledge_alert(actor=member(organization, "view_compliance"), alert=alert, now=NOON)
    acknowledge_alert(actor=admin, alert=alert, now=NOON)
    with pytest.raises(Conflict, match="acknowledged"):
        acknowledge_alert(actor=admin, alert=alert, now=NOON)
