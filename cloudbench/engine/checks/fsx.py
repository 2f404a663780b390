"""What must hold of FSx file systems."""

from cloudbench.engine.checks.backup import backed_up
from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


def _setting(file_system: Resource, name: str) -> str | bool | None:
    value: str | bool | None = (file_system["Settings"] or {}).get(name)
    return value


def _is_scratch(file_system: Resource) -> bool:
    """Return whether it is for passing data only; FSx makes no backups of such."""
    return str(_setting(file_system, "DeploymentType")).startswith("SCRATCH")


@check("fsx_in_backup_plan", over="fsx.file_systems", reads=("backup.protected_resources",))
def is_backed_up(file_system: Resource, view: View) -> Verdict | None:
    """Fail if AWS Backup has no backup of the file system; scratch file systems cannot have one and are not judged.

    Source: ListProtectedResources, ResourceArn.
    """
    return None if _is_scratch(file_system) else backed_up(file_system, view)


@check("fsx_lustre_copy_tags", over="fsx.file_systems")
def copies_tags_to_backups(file_system: Resource, view: View) -> Verdict | None:
    """Fail if backups of a Lustre file system do not get its tags; scratch file systems have no backups.

    Source: DescribeFileSystems, LustreConfiguration.CopyTagsToBackups.
    """
    if file_system["FileSystemType"] != "LUSTRE" or _is_scratch(file_system):
        return None
    copies = bool(_setting(file_system, "CopyTagsToBackups"))
    return verdict(copies, "Backups get its tags.", "Backups do not get its tags.", CopyTagsToBackups=copies)


@check("fsx_openzfs_copy_tags", over="fsx.file_systems")
def copies_tags_to_all(file_system: Resource, view: View) -> Verdict | None:
    """Fail if backups or volumes of an OpenZFS file system do not get its tags.

    Source: DescribeFileSystems, OpenZFSConfiguration.CopyTagsToBackups and CopyTagsToVolumes.
    """
    if file_system["FileSystemType"] != "OPENZFS":
        return None
    backups, volumes = (
        bool(_setting(file_system, "CopyTagsToBackups")),
        bool(_setting(file_system, "CopyTagsToVolumes")),
    )
    lacking = " and ".join(name for name, copies in (("Backups", backups), ("Volumes", volumes)) if not copies)
    return verdict(
        backups and volumes,
        "Backups and volumes get its tags.",
        f"{lacking} do not get its tags.",
        CopyTagsToBackups=backups,
        CopyTagsToVolumes=volumes,
    )


def _register_multi_az(check_id: str, file_system_type: str) -> None:
    """Register a check that fails if a file system of a type stands in one zone. Source: DeploymentType, MULTI_AZ_*."""

    @check(check_id, over="fsx.file_systems")
    def outlives_a_zone(file_system: Resource, view: View) -> Verdict | None:
        if file_system["FileSystemType"] != file_system_type:
            return None
        deployment = str(_setting(file_system, "DeploymentType"))
        return verdict(
            deployment.startswith("MULTI_AZ"),
            f"It stands in two zones ({deployment}).",
            f"It stands in one zone ({deployment}).",
            DeploymentType=deployment,
        )


_register_multi_az("fsx_ontap_multi_az", "ONTAP")
_register_multi_az("fsx_openzfs_multi_az", "OPENZFS")
_register_multi_az("fsx_windows_multi_az", "WINDOWS")
