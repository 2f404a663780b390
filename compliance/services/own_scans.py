"""Scans from the command line: of this machine, of a stored host, or of one given by address and login."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from compliance.engine.transports.base import Sudo, Target
from compliance.models import Host, HostKey, Policy, Scan, Stream
from compliance.services import scan_runs
from compliance.services.policies import create_policy
from compliance.services.scan_requests import start_own_scan, stream_of
from compliance.services.streams import UNDER_POLICY, assign_host, templates_of
from compliance.services.targets import resolve, target_of
from organizations.models.organizations import Organization
from organizations.models.users import SystemActor
from organizations.services.claims import Clock, owner_name
from templates_app.models import Template

OPERATOR = SystemActor("command line")
WALK_AGE = timedelta(hours=24)
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Login:
    """How the command line logs in. Secrets are held for this one scan and stored nowhere."""

    user: str = ""
    port: int = 22
    key: str = ""
    passphrase: str = ""
    password: str = ""
    host_key: str = ""
    sudo: str = "auto"
    sudo_password: str = ""

    @property
    def given(self) -> bool:
        return bool(self.user or self.key or self.password)


def operators_organization() -> Organization:
    """Return the organization of whoever runs this server, made at the first use."""
    organization, _ = Organization.objects.get_or_create(
        is_operator=True, defaults={"name": "Operator", "slug": "operator"}
    )
    return organization


@transaction.atomic
def host_called(name: str, login: Login) -> Host:
    """Return the host called ``name``: this machine, a stored host, or a new one in the operator's organization."""
    organization = operators_organization()
    if name in LOCAL_NAMES and not login.given:
        return entered(organization, "localhost", connection=Host.Connection.LOCAL)
    if not login.given:
        stored = Host.objects.in_service().filter(hostname=name).order_by("-organization__is_operator", "pk").first()
        if stored is None:
            raise Host.DoesNotExist(
                f"There is no host called {name}. Give --user with --key or --ask-pass to scan one that is not stored."
            )
        return stored
    label = name if login.port == 22 else f"{name}:{login.port}"
    return entered(organization, label, address=name, port=login.port)


def entered(organization: Organization, hostname: str, **values: Any) -> Host:
    """Return the host of that name, entered with ``values`` when it is new; the policy of its OS holds it then."""
    host, made = Host.objects.get_or_create(organization=organization, hostname=hostname, defaults=values)
    if made:
        assign_host(host=host, now=host.created_at)
    return host


def scan_now(
    *,
    host: Host,
    template: Template,
    profile: str,
    login: Login,
    clock: Clock,
    watch: scan_runs.Watch,
    record: bool = False,
) -> Scan:
    """Scan ``host`` in this process and return the ended scan; with ``record`` it counts in the host's posture."""
    owner = f"cli:{owner_name()}"
    now = clock()
    stream = stream_to_record(host, template, profile, now) if record else None
    scan = start_own_scan(
        actor=OPERATOR, host=host, template=template, profile=profile, owner=owner, now=now, stream=stream
    )
    manner = scan_runs.Manner(walk_age=WALK_AGE, watch=watch, locate=locator(login))
    scan_runs.perform(scan=scan, clock=clock, manner=manner)
    return Scan.objects.select_related("host", "organization", "template", "snapshot", "results").get(pk=scan.pk)


@transaction.atomic
def stream_to_record(host: Host, template: Template, profile: str, now: datetime) -> Stream:
    """Return the stream that a recorded scan of ``host`` with ``template`` belongs to.

    Where the policy of the host asks for exactly that, now, it is the policy's, and the scan moves the posture; else it
    is one by hand. In the operator's organization the first recorded scan makes the policy, so that the dashboard shows
    it; one that was removed is not made again.
    """
    policies = Policy.objects.filter(organization=host.organization_id, os_type=host.os_type)
    if host.organization.is_operator and not policies.exists():
        create_policy(
            actor=OPERATOR, organization=host.organization, now=now,
            values={"os_type": host.os_type, "template": template, "profile": profile},
        )  # fmt: skip
    going = Stream.objects.going().filter(host=host, role__in=UNDER_POLICY, profile=profile).order_by("role", "pk")
    templates = templates_of(going)
    asked = [stream for stream in going if templates.get(stream.pk) == template]
    return asked[0] if asked else stream_of(host, template, profile)


def locator(login: Login) -> scan_runs.Locate:
    """Return what finds the way to a host: by ``login`` where one was given, else by the host's credential."""
    return partial(target_with, login=login) if login.given else target_of


def target_with(host: Host, login: Login) -> Target:
    """Return how to reach ``host`` with ``login``. Raises TransportError when it has no address."""
    pinned = tuple(str(key) for key in host.keys.filter(state=HostKey.State.PINNED))
    return Target(
        host=host.hostname,
        port=login.port,
        user=login.user or "root",
        address=str(resolve(host)),
        key=login.key or None,
        passphrase=login.passphrase or None,
        password=None if login.key else login.password or None,
        sudo=Sudo(login.sudo),
        sudo_password=login.sudo_password or None,
        host_keys=(login.host_key,) if login.host_key else pinned,
        trust_first_contact=not login.host_key and not pinned,
    )
