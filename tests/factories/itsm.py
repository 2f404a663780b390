"""Alerts."""

import factory

from itsm.models import Alert
from tests.factories.compliance import NOON
from tests.factories.organizations import OrganizationFactory


class AlertFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Alert

    organization = factory.SubFactory(OrganizationFactory)
    kind = "compliance_low_score"
    severity = Alert.Severity.WARNING
    title = factory.Sequence(lambda n: f"web-{n}.example.com scores 61.3")
    message = "The score is below 70."
    dedupe_key = factory.Sequence(lambda n: f"low:{n}")
    last_seen_at = NOON
