"""The stream that a VM's own scans form: which template they follow, and asking for one."""

from datetime import datetime

from django.db.models import QuerySet

from compliance.models import HandoverSettings, ProvisionedVm, Scan, Stream
from compliance.services.postures import let_go
from compliance.services.stream_scans import collections, insert_scans, let_waiting_go, wake_workers
from organizations.errors import Conflict
from organizations.models.users import Actor
from templates_app.models import Template

A_HANDOVER_WAITS = 2
"""A priority; lower goes first."""
OTHER_CONTENT = "The settings choose other content for this VM now; a scan with that was asked for instead."
OS_NAMES = {"linux": "Linux", "windows": "Windows", "bsd": "BSD"}


def slug_and_profile(settings: HandoverSettings, os_type: str) -> tuple[str, str]:
    """Return the system template and the profile in it that the CIS profile of the settings means for an OS."""
    level, _, profile = settings.cis_profile.partition("_")
    return f"cis-{level.replace('level', 'l')}-{os_type}", profile


def missing_content(settings: HandoverSettings, os_type: str) -> str:
    """Return why VMs of this OS cannot be scanned; empty when there is a published template."""
    slug, _ = slug_and_profile(settings, os_type)
    if Template.objects.latest_of(slug) is not None:
        return ""
    return f"There is no {settings.get_cis_profile_display()} content for {OS_NAMES.get(os_type, os_type)}"


def stream_for(vm: ProvisionedVm, settings: HandoverSettings, now: datetime) -> Stream:
    """Return the going stream of ``vm`` as the settings want it; another profile's is ended. Raises Conflict."""
    slug, profile = slug_and_profile(settings, vm.host.os_type)
    template = Template.objects.latest_of(slug)
    if template is None:
        raise Conflict(missing_content(settings, vm.host.os_type) + ".")
    going = Stream.objects.going().filter(host=vm.host_id, role=Stream.Role.PROVISION)
    let_go(going.exclude(profile=profile), now)
    stream, _ = Stream.objects.get_or_create(
        host=vm.host, role=Stream.Role.PROVISION, profile=profile, ended_at=None,
        defaults={"organization": vm.organization, "family": template.family},
    )  # fmt: skip
    if stream.family != template.family:
        stream.family = template.family
        stream.save(update_fields=["family"])
    return stream


def waiting_of(vm: ProvisionedVm) -> QuerySet[Scan]:
    """Return the scans of the VM's own that no worker has begun yet."""
    return collections([Scan.Status.PENDING]).filter(host=vm.host_id, scan_type=Scan.Type.PROVISION)


def waiting_scan(vm: ProvisionedVm, settings: HandoverSettings) -> Scan | None:
    """Return the scan that ``vm`` waits for already with the template and profile that the settings choose now."""
    slug, profile = slug_and_profile(settings, vm.host.os_type)
    template = Template.objects.latest_of(slug)
    return waiting_of(vm).filter(template=template, profile=profile, stream__ended_at=None).first()


def ask_for_scan(vm: ProvisionedVm, settings: HandoverSettings, *, priority: int, now: datetime, actor: Actor) -> Scan:
    """Return the pending scan of the locked ``vm``, asked for now unless one waits already. Raises Conflict.

    One that waits with other content than the settings choose now is cancelled.
    """
    stream = stream_for(vm, settings, now)
    waiting = waiting_scan(vm, settings)
    others = waiting_of(vm).exclude(pk=waiting.pk) if waiting else waiting_of(vm)
    let_waiting_go(others.select_for_update(of=("self",)), OTHER_CONTENT, now)
    if waiting is not None:
        return waiting
    asked = insert_scans([stream], scan_type=Scan.Type.PROVISION, priority=priority, now=now, actor=actor)
    if not asked:
        raise Conflict(missing_content(settings, vm.host.os_type) + ".")
    wake_workers(1)
    return asked[0]
