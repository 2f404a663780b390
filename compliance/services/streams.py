"""Streams: begun for the hosts that a policy holds, ended when it lets go of them, and which template each follows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from compliance.models import Host, Policy, Scan, Stream
from compliance.models.policies import PolicyOverride, PolicySecondary
from compliance.queue import RECONCILE_STREAMS
from compliance.services.ledgers import tally_ended
from compliance.services.postures import let_go
from organizations.errors import Conflict
from organizations.models.organizations import Organization
from templates_app.models import Template

AT_ONCE = 2_000
"""Rows in one statement, and streams that end in one transaction."""
STEP = timedelta(microseconds=1)
"""Between the due times of hosts that become due together: all at once, and in the order of their names."""


# --- Beginning --------------------------------------------------------------------------------------------------------


@transaction.atomic
def assign_policy(*, policy: Policy, now: datetime, most: int | None = None) -> int:
    """Begin the streams that hosts in service of the policy's OS lack under it; return how many.

    Primary streams are due at ``now``, in the order of host names. A secondary stream has no due time of its own: its
    template is evaluated on the facts that the primary one's scan collects. More than ``most`` are left to
    ``reconcile``, which is asked for then: a request does not wait for so many.
    """
    if policy.removed_at is not None:
        return 0
    hosts = Host.objects.in_service().filter(organization=policy.organization_id, os_type=policy.os_type)
    begun = _begin(_missing(policy, hosts, Stream.objects.going().filter(policy=policy), now), most)
    if begun == most:
        RECONCILE_STREAMS.enqueue()
    return begun


@transaction.atomic
def assign_host(*, host: Host, now: datetime) -> None:
    """Have ``host`` follow the policy of its OS and no other, or none when it is retired.

    Call it when a host is entered, changes its OS type, is retired or comes back.
    """
    policy = _policy_for(host)
    going = Stream.objects.going().filter(host=host)
    end_streams(going.filter(role__in=UNDER_POLICY).exclude(policy=policy), now)
    if policy is not None:
        _begin(_missing(policy, Host.objects.filter(pk=host.pk), going.filter(policy=policy), now))


def assign_organization(*, organization: Organization, now: datetime) -> int:
    """Begin what streams are missing in ``organization``, as after an import of many hosts; return how many."""
    policies = Policy.objects.of(organization).in_force().select_related("template").defer("template__document")
    return sum(assign_policy(policy=policy, now=now) for policy in policies)


def _policy_for(host: Host) -> Policy | None:
    if host.retired_at is not None:
        return None
    policies = Policy.objects.in_force().select_related("template").defer("template__document")
    return policies.filter(organization_id=host.organization_id, os_type=host.os_type).first()


def _missing(policy: Policy, hosts: QuerySet[Host], going: QuerySet[Stream], now: datetime) -> Iterator[Stream]:
    """Yield the streams that ``hosts`` lack under ``policy``; ``going`` are those that it has for them.

    What is there is held against what should be here and not in the database, which has been seen to compare each
    with each when both are new to it.
    """
    families = dict(policy.overrides.values_list("host_id", "template__family"))
    primary = going.filter(role=Stream.Role.POLICY)
    for place, pk in enumerate(_without(hosts.order_by("hostname", "pk"), primary)):
        yield Stream(
            organization_id=policy.organization_id, host_id=pk, policy=policy, role=Stream.Role.POLICY,
            family=families.get(pk, policy.template.family), profile=policy.profile, due_at=now + place * STEP,
        )  # fmt: skip
    for family in policy.secondaries.values_list("template__family", flat=True):
        beside = going.filter(role=Stream.Role.SECONDARY, family=family)
        for pk in _without(hosts.order_by("pk"), beside):
            yield Stream(
                organization_id=policy.organization_id, host_id=pk, policy=policy, role=Stream.Role.SECONDARY,
                family=family, profile=policy.profile,
            )  # fmt: skip


def _without(hosts: QuerySet[Host], streams: QuerySet[Stream]) -> Iterator[int]:
    there = set(streams.values_list("host", flat=True).iterator(chunk_size=AT_ONCE))
    for pk in hosts.values_list("pk", flat=True).iterator(chunk_size=AT_ONCE):
        if pk not in there:
            yield pk


def _begin(streams: Iterator[Stream], most: int | None = None) -> int:
    """Store ``streams``, some thousand at a time; one that somebody else has begun meanwhile is left alone."""
    begun, wanted = 0, islice(streams, most)
    while chunk := list(islice(wanted, AT_ONCE)):
        Stream.objects.bulk_create(chunk, ignore_conflicts=True)
        begun += len(chunk)
    return begun


# --- Ending -----------------------------------------------------------------------------------------------------------


UNDER_POLICY = (Stream.Role.POLICY, Stream.Role.SECONDARY)


def end_streams(streams: QuerySet[Stream], now: datetime) -> bool:
    """Take ``streams`` out of the posture; return whether that was all of them. Their scans stay.

    More than AT_ONCE are left to ``reconcile``, which is asked for then: a request does not wait for so many. For that
    ``streams`` must be ones that ``astray`` finds too.
    """
    ids = list(streams.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
    _end(ids[:AT_ONCE], now)
    if len(ids) <= AT_ONCE:
        return True
    RECONCILE_STREAMS.enqueue()
    return False


def end_all(streams: QuerySet[Stream], now: datetime) -> int:
    """Take ``streams`` out of the posture, however many; return how many ended. Their scans stay."""
    ids = list(streams.order_by("pk").values_list("pk", flat=True))
    return sum(_end(ids[start : start + AT_ONCE], now) for start in range(0, len(ids), AT_ONCE))


@transaction.atomic
def _end(ids: list[int], now: datetime) -> int:
    """End streams and cancel the scans that wait in them; one that runs comes to its end and moves nothing."""
    ended = let_go(Stream.objects.filter(pk__in=ids), now)
    waiting = list(Scan.objects.filter(stream__in=ids, status=Scan.Status.PENDING).select_for_update())
    for scan in waiting:
        scan.status, scan.finished_at, scan.phase = Scan.Status.CANCELLED, now, Scan.Phase.ENDED
    Scan.objects.bulk_update(waiting, ["status", "finished_at", "phase"], batch_size=AT_ONCE)
    tally_ended(waiting)
    return ended


def astray() -> QuerySet[Stream]:
    """Return the going streams that no policy in force holds any more."""
    secondaries = PolicySecondary.objects.filter(policy=OuterRef("policy"), template__family=OuterRef("family"))
    return Stream.objects.going().filter(
        Q(policy__removed_at__isnull=False)
        | Q(host__retired_at__isnull=False)
        | ~Q(host__os_type=F("policy__os_type"))
        | Q(role=Stream.Role.SECONDARY) & ~Exists(secondaries),
        role__in=UNDER_POLICY,
    )


def reconcile(*, now: datetime) -> int:
    """Begin every stream that is missing and end every one that goes astray; return how many of both.

    The rows of policies and hosts are the truth. What a service missed, because two were at work at once or because
    there was too much to end in one request, is found here.
    """
    changed = 0
    while ids := list(astray().order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        changed += _end(ids, now)
    for policy in Policy.objects.in_force().select_related("template").defer("template__document"):
        changed += assign_policy(policy=policy, now=now)
    return changed


# --- Which template ---------------------------------------------------------------------------------------------------


def template_of(stream: Stream) -> Template:
    """Return the version that a scan of ``stream`` now would use, without its document. Raises Conflict for none."""
    template = templates_of([stream]).get(stream.pk)
    if template is None:
        raise Conflict("No version of the template of this host is published any more; choose another one.")
    return template


def templates_of(streams: Iterable[Stream]) -> dict[int, Template]:
    """Return {stream id: the version that a scan of it now would use}, without documents, in three queries a thousand.

    Under a policy that is the newest published version of the override's family, else the pinned version, else the
    newest of the policy's family; in any other stream the newest of its own family. A stream for which no version is
    published is left out.
    """
    wanted = list(streams)
    found: dict[int, Template] = {}
    for start in range(0, len(wanted), 1000):
        found |= _templates_of(wanted[start : start + 1000])
    return found


def _templates_of(streams: Sequence[Stream]) -> dict[int, Template]:
    under = {stream.policy_id or 0 for stream in streams if stream.role == Stream.Role.POLICY}
    policies = {
        policy.pk: policy
        for policy in Policy.objects.filter(pk__in=under).select_related("template").defer("template__document")
    }
    overrides = _overrides(under, {stream.host_id for stream in streams})
    wanted = {stream.pk: _version_of(stream, policies, overrides) for stream in streams}
    versions = _published({family for family, _ in wanted.values()})
    return {pk: versions[key] for pk, key in wanted.items() if key in versions}


def _overrides(policy_ids: set[int], host_ids: set[int]) -> dict[tuple[int, int], str]:
    rows = PolicyOverride.objects.filter(policy__in=policy_ids, host__in=host_ids)
    return {(policy, host): family for policy, host, family in rows.values_list("policy", "host", "template__family")}


def _version_of(
    stream: Stream, policies: dict[int, Policy], overrides: dict[tuple[int, int], str]
) -> tuple[str, int | None]:
    """Return (family, version); None as version means the newest."""
    policy = policies.get(stream.policy_id or 0) if stream.role == Stream.Role.POLICY else None
    if policy is None:
        return stream.family, None
    override = overrides.get((policy.pk, stream.host_id))
    return (override, None) if override else (policy.template.family, policy.pinned_template_version)


def _published(families: set[str]) -> dict[tuple[str, int | None], Template]:
    """Return the published versions of ``families`` by (family, version), the newest also by (family, None)."""
    rows = Template.objects.published().filter(family__in=families).defer("document").order_by("version")
    found: dict[tuple[str, int | None], Template] = {}
    for template in rows:
        found[template.family, template.version] = found[template.family, None] = template
    return found
