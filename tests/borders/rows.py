"""A row of an organization for each model whose rows take more than a factory with one field."""

from collections.abc import Callable

from django.db.models import Model

from cloudbench.models import Run, Schedule, Snapshot
from compliance.models import Policy, Scan, Waiver
from itsm.models import Alert
from organizations.models.organizations import Organization
from templates_app.models import Template, TemplateCheck
from tests.factories.cloudbench import CloudAccountFactory, RunFactory, ScheduleFactory, SnapshotFactory
from tests.factories.compliance import NOON, HostFactory, WaiverFactory, a_scan, policy_of
from tests.factories.templates_app import published_template


def scan_of(organization: Organization) -> Scan:
    template = Template.objects.latest_of("cis-l1-linux") or published_template(slug="cis-l1-linux")
    return a_scan(host=HostFactory(organization=organization), template=template)


def alert_of(organization: Organization) -> Alert:
    return Alert.objects.create(
        organization=organization,
        kind="low_score",
        severity="warning",
        title="Low score",
        last_seen_at=NOON,
        dedupe_key=f"alert {Alert.objects.count()}",
    )


def template_of(organization: Organization) -> Template:
    return published_template(organization=organization)


def template_check_of(organization: Organization) -> TemplateCheck:
    return template_of(organization).checks.first()


def waiver_of(organization: Organization) -> Waiver:
    host, check_id = HostFactory(organization=organization), f"linux_check_{Waiver.objects.count()}"
    return WaiverFactory(organization=organization, host=host, check_id=check_id)


def snapshot_of(organization: Organization) -> Snapshot:
    return SnapshotFactory(account=CloudAccountFactory(organization=organization))


def run_of(organization: Organization) -> Run:
    return RunFactory(account=CloudAccountFactory(organization=organization))


def schedule_of(organization: Organization) -> Schedule:
    return ScheduleFactory(account=CloudAccountFactory(organization=organization))


ROWS: dict[type[Model], Callable[[Organization], Model]] = {
    Policy: policy_of,
    Scan: scan_of,
    Alert: alert_of,
    Template: template_of,
    TemplateCheck: template_check_of,
    Waiver: waiver_of,
    Snapshot: snapshot_of,
    Run: run_of,
    Schedule: schedule_of,
}
