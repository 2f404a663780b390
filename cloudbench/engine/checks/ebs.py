"""What must hold of disks and their snapshots."""

from collections.abc import Callable, Iterable, Iterator

from cloudbench.engine.checks.ec2 import BACKED_UP, DEFAULT_ENCRYPTION, INSTANCES, VOLUMES, lives
from cloudbench.engine.checks.networks import (
    each_region,
    is_own,
)
from cloudbench.engine.findings import Finding, Verdict, verdict
from cloudbench.engine.inventory import NotOffered, Resource, Unread
from cloudbench.engine.registry import View, check, survey


@check("ebs_default_encryption", over=DEFAULT_ENCRYPTION)
def region_encrypts_new_volumes(setting: Resource, view: View) -> Verdict:
    """Fail in each region that does not encrypt new volumes by default. Source: GetEbsEncryptionByDefault.

    Control: CIS AWS 3.0, 2.2.1; Security Hub EC2.7.
    """
    enabled = bool(setting["EbsEncryptionByDefault"])
    return verdict(
        enabled,
        f"New volumes in {setting.region} are encrypted by default.",
        f"New volumes in {setting.region} are not encrypted by default.",
        EbsEncryptionByDefault=enabled,
    )


def _is_attached(volume: Resource) -> bool:
    return volume["State"] == "in-use" or bool(volume.get("Attachments"))


def _instances_of(volume: Resource) -> list[str]:
    return [str(one["InstanceId"]) for one in volume.get("Attachments") or () if one.get("InstanceId")]


@check("ebs_attached_volume_encrypted", over=VOLUMES)
def attached_volume_is_encrypted(volume: Resource, view: View) -> Verdict | None:
    """Fail if a volume that is attached is not encrypted. Source: DescribeVolumes, Encrypted, Attachments."""
    if not _is_attached(volume):
        return None
    return verdict(
        bool(volume["Encrypted"]), "It is encrypted.", "It is not encrypted.", InstanceIds=_instances_of(volume)
    )


@check("ebs_volume_attached", over=VOLUMES)
def volume_is_attached(volume: Resource, view: View) -> Verdict:
    """Fail if no instance uses the volume. Source: DescribeVolumes, State, Attachments."""
    users = ", ".join(_instances_of(volume)) or "an instance"
    size = volume.get("Size")
    return verdict(_is_attached(volume), f"It is attached to {users}.", "No instance uses it.", Size=size)


@survey("ebs_volume_has_snapshot", reads=(VOLUMES, "ec2.snapshots"))
def volumes_have_snapshots(view: View) -> Iterator[Finding]:
    """Fail volumes of which the account has no completed snapshot. Source: DescribeVolumes, DescribeSnapshots."""
    for volumes, snapshots in each_region(view, VOLUMES, "ec2.snapshots"):
        newest: dict[str, str] = {}
        for one in snapshots:
            if one["State"] == "completed":
                newest[one["VolumeId"]] = max(newest.get(one["VolumeId"], ""), str(one["StartTime"]))
        for volume in volumes:
            at = newest.get(volume["VolumeId"])
            words = f"The newest snapshot of it began at {at}." if at else "There is no completed snapshot of it."
            yield Finding(volume.arn, volume.region, at is not None, words, volume.name, {"StartTime": at})


@survey("ebs_volume_in_backup_plan", reads=(VOLUMES, BACKED_UP))
def volumes_are_backed_up(view: View) -> Iterator[Finding]:
    """Fail volumes in use that AWS Backup has never backed up. Source: DescribeVolumes, ListProtectedResources.

    Control: Security Hub EC2.28.
    """
    yield from _backed_up(view, VOLUMES, _is_attached)


@survey("ec2_instance_in_backup_plan", reads=(INSTANCES, BACKED_UP))
def instances_are_backed_up(view: View) -> Iterator[Finding]:
    """Fail instances that AWS Backup has never backed up. Source: DescribeInstances, ListProtectedResources."""
    yield from _backed_up(view, INSTANCES, lambda instance: lives(instance))


def _backed_up(view: View, collection: str, counts: Callable[[Resource], bool]) -> Iterator[Finding]:
    for rows, protected in each_region(view, collection, BACKED_UP):
        last = {one.arn: one.get("LastBackupTime") for one in protected}
        for row in filter(counts, rows):
            good = f"AWS Backup last backed it up at {last.get(row.arn)}."
            words = good if row.arn in last else "AWS Backup has never backed it up."
            yield Finding(row.arn, row.region, row.arn in last, words, row.name, {"LastBackupTime": last.get(row.arn)})


@check("ebs_snapshot_encrypted", over="ec2.snapshots")
def snapshot_is_encrypted(snapshot: Resource, view: View) -> Verdict | None:
    """Fail if a snapshot of the account is not encrypted. Source: DescribeSnapshots (owned by self), Encrypted."""
    if not is_own(snapshot, view):
        return None
    volume = snapshot.get("VolumeId")
    return verdict(bool(snapshot["Encrypted"]), "It is encrypted.", "It is not encrypted.", VolumeId=volume)


@check("ebs_snapshot_block_public_access", over="ec2.snapshot_block_public_access")
def region_blocks_public_snapshots(setting: Resource, view: View) -> Verdict:
    """Fail in each region that does not block all public sharing of snapshots, also that of ones shared before.

    Source: GetSnapshotBlockPublicAccessState, State. Control: Security Hub EC2.182.
    """
    state = setting["State"]
    fault = "Only new public sharing of snapshots" if state == "block-new-sharing" else "No public sharing of snapshots"
    return verdict(
        state == "block-all-sharing",
        f"Public sharing of snapshots is blocked in {setting.region}.",
        f"{fault} is blocked in {setting.region}.",
        State=state,
    )


PUBLIC_SNAPSHOTS, PERMISSIONS = "ec2.public_snapshots", "ec2.public_snapshot_permissions"


@survey("ebs_snapshot_not_public", reads=(PUBLIC_SNAPSHOTS, PERMISSIONS))
def no_snapshot_is_public(view: View) -> Iterator[Finding]:
    """Fail each snapshot of the account from which everybody may restore a volume; a region without any passes whole.

    Source: DescribeSnapshots (owned by self, restorable by all); DescribeSnapshotAttribute, createVolumePermission
    (group "all"). Control: Security Hub EC2.1.
    """
    for region in view.regions:
        try:
            candidates = view.in_region(PUBLIC_SNAPSHOTS, region)
        except Unread as unread:
            view.unread[unread.failure] = None
        except NotOffered:
            continue
        else:
            yield from _public_among(candidates, region, view)


def _public_among(candidates: Iterable[Resource], region: str, view: View) -> Iterator[Finding]:
    none, told = True, "Everybody can restore a volume from it."
    for one in candidates:
        try:
            if _is_public(one, view):
                none = False
                yield Finding(one.arn, one.region, False, told, one.name, {"VolumeId": one.get("VolumeId")})
        except Unread as unread:
            none = False
            view.unread[unread.failure] = None
    if none:
        yield Finding(view.account.root_arn, region, True, f"No snapshot in {region} is public.", region)


def _is_public(snapshot: Resource, view: View) -> bool:
    """Return whether a snapshot of this account is everybody's to restore. Raises Unread."""
    return is_own(snapshot, view) and any(one.get("Group") == "all" for one in view.all_of(PERMISSIONS, snapshot))
