"""Policies with what their hosts amount to: how many, how they score, when the next is due."""

from datetime import datetime

from django.db.models import Avg, Count, IntegerField, Min, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from compliance.models import Host, Policy, PolicyOverride, PolicySecondary, Stream
from organizations.models.organizations import Organization
from templates_app.models import Template


def with_figures(rows: QuerySet[Policy], now: datetime) -> QuerySet[Policy]:
    """Add ``newest_version``, ``used_version``, ``hosts``, ``average_score``, ``due`` and ``next_due_at`` to policies.

    ``due`` is how many hosts are due at ``now`` and wait for the scheduler; ``average_score`` is None without a host
    that counts, else 0.0 to 100.0. ``override_count`` and ``secondary_count`` say what stands under the row.
    """
    newest = Template.objects.published().filter(family=OuterRef("template__family")).order_by("-version")
    return rows.annotate(
        newest_version=Subquery(newest.values("version")[:1]),
        used_version=Coalesce("pinned_template_version", "newest_version"),
        hosts=_of_streams(Count("pk")),
        average_score=_of_streams(Avg("counted_score")),
        due=_of_streams(Count("pk", filter=Q(due_at__lte=now))),
        next_due_at=_of_streams(Min("due_at")),
        override_count=_counted(PolicyOverride),
        secondary_count=_counted(PolicySecondary),
    )


def _of_streams(figure: Avg | Count | Min) -> Subquery | Coalesce:
    streams = Stream.objects.primary().filter(policy=OuterRef("pk")).order_by().values("policy")
    found = Subquery(streams.annotate(figure=figure).values("figure"))
    return Coalesce(found, 0) if isinstance(figure, Count) else found


def _counted(model: type[Model]) -> Coalesce:
    rows = model._default_manager.filter(policy=OuterRef("pk")).order_by().values("policy")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def overrides_of(policy: Policy) -> QuerySet[PolicyOverride]:
    """Return the overrides of ``policy`` by host name, each with ``newest_version`` of its template's family."""
    newest = Template.objects.published().filter(family=OuterRef("template__family")).order_by("-version")
    rows = PolicyOverride.objects.filter(policy=policy).select_related("host", "template")
    return rows.defer("template__document").annotate(newest_version=Subquery(newest.values("version")[:1]))


def secondaries_of(policy: Policy) -> QuerySet[PolicySecondary]:
    """Return the secondary templates of ``policy``, each with ``newest_version`` and the ``average_score`` of hosts."""
    newest = Template.objects.published().filter(family=OuterRef("template__family")).order_by("-version")
    streams = Stream.objects.going().filter(
        role=Stream.Role.SECONDARY, policy=OuterRef("policy"), family=OuterRef("template__family"), incomplete=False
    )
    average = streams.order_by().values("policy").annotate(average=Avg("score")).values("average")
    rows = PolicySecondary.objects.filter(policy=policy).select_related("template").defer("template__document")
    return rows.annotate(newest_version=Subquery(newest.values("version")[:1]), average_score=Subquery(average))


def templates_for(organization: Organization, os_type: str = "") -> QuerySet[Template]:
    """Return the newest published templates that ``organization`` may hold hosts of ``os_type`` to, by name."""
    visible = Template.objects.visible_in(Organization.objects.filter(pk=organization.pk)).newest().defer("document")
    return (visible.filter(os_type=os_type) if os_type else visible).order_by("name", "pk")


def versions_of(template: Template) -> QuerySet[Template]:
    """Return the published versions of the family of ``template``, the newest first."""
    return Template.objects.published().filter(family=template.family).defer("document").order_by("-version")


def hosts_without_override(policy: Policy) -> QuerySet[Host]:
    """Return the hosts under ``policy`` that have no override, by name."""
    hosts = Host.objects.in_service().filter(organization=policy.organization_id, os_type=policy.os_type)
    taken = policy.overrides.values("host")
    return hosts.exclude(pk__in=taken).order_by("hostname", "pk")


def free_os_types(organization: Organization) -> list[str]:
    """Return the OS types for which ``organization`` has no policy and some published template exists."""
    held = Policy.objects.of(organization).in_force().values("os_type")
    return sorted(
        set(templates_for(organization).exclude(os_type__in=held).order_by().values_list("os_type", flat=True))
    )
