"""A small fleet under one policy, for the tests of pages: hosts that pass, fail, wait, are away or follow nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.models import Host, Policy, Scan, Stream
from compliance.services.streams import assign_policy
from organizations.models.organizations import Organization
from templates_app.models import Template
from tests.factories.compliance import CredentialFactory, HostFactory, HostGroupFactory, a_scan, completed_scan
from tests.factories.templates_app import a_check, published_template

SEVERITIES = ("critical", "high", "medium", "low")
CHECKS = 12


@dataclass(frozen=True)
class Fleet:
    """What the tests name of it."""

    policy: Policy
    template: Template
    web: Host
    db: Host


def policy_scan(host: Host, policy: Policy, statuses: list[str], now: datetime, **fields: object) -> Scan:
    """Return a completed scan of the stream of ``host`` under ``policy``."""
    stream = Stream.objects.primary().get(host=host, policy=policy)
    return completed_scan(host, policy.template, statuses=statuses, now=now, stream=stream, policy=policy, **fields)


def a_fleet(organization: Organization, now: datetime) -> Fleet:
    checks = [
        a_check(f"linux_check_{n}", title=f"Rule number {n} holds", severity=SEVERITIES[n % 4]) for n in range(CHECKS)
    ]
    template = published_template(checks, slug="cis-l1-linux", name="CIS Level 1 Linux", framework="CIS")
    web, db, away = (
        HostFactory(organization=organization, hostname=name, address=address, os_name="Debian GNU/Linux 12 (bookworm)")
        for name, address in (
            ("web-1.example.com", "192.0.2.7"), ("db-1.example.com", "192.0.2.21"), ("away-1.example.com", ""),
        )
    )  # fmt: skip
    Host.objects.filter(pk=away.pk).update(unreachable_since=now)
    web.groups.add(HostGroupFactory(organization=organization, name="Web"))
    Host.objects.filter(pk=web.pk).update(credential=CredentialFactory(organization=organization, name="ops key"))
    policy = Policy.objects.create(organization=organization, os_type="linux", template=template)
    assign_policy(policy=policy, now=now + timedelta(hours=24))
    good, bad = ["pass"] * 11 + ["fail"], ["fail"] * 4 + ["pass"] * 6 + ["waived", "skip"]
    policy_scan(web, policy, good, now - timedelta(days=3))
    policy_scan(web, policy, bad, now - timedelta(days=1))
    policy_scan(db, policy, ["pass"] * 8 + ["error"] * 4, now - timedelta(hours=2))
    HostFactory(organization=organization, hostname="bsd-1.example.com", os_type="bsd")
    a_scan(away, template, status="failed", error="No route to away-1.example.com.", finished_at=now, policy=policy)
    web.refresh_from_db()
    return Fleet(policy, template, web, db)
