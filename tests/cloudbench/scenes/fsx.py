from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

KINDS = {
    "LUSTRE": "LustreConfiguration",
    "ONTAP": "OntapConfiguration",
    "OPENZFS": "OpenZFSConfiguration",
    "WINDOWS": "WindowsConfiguration",
}


def file_system(name: str, kind: str, deployment: str, **settings: Any) -> dict[str, Any]:
    return {
        "OwnerId": ACCOUNT,
        "FileSystemId": name,
        "FileSystemType": kind,
        "Lifecycle": "AVAILABLE",
        KINDS[kind]: {"DeploymentType": deployment, **settings},
    }


@on_answers
def file_systems_of_all_kinds() -> Answers:
    arn = f"arn:aws:fsx:{REGION}:{ACCOUNT}:file-system"
    both = {"CopyTagsToBackups": True, "CopyTagsToVolumes": True}
    return Answers(
        says={
            "fsx.describe_file_systems": {
                "FileSystems": [
                    file_system("fs-lustre-kept", "LUSTRE", "PERSISTENT_2", CopyTagsToBackups=True),
                    file_system("fs-lustre-loose", "LUSTRE", "PERSISTENT_1", CopyTagsToBackups=False),
                    file_system("fs-lustre-silent", "LUSTRE", "PERSISTENT_1"),
                    file_system("fs-lustre-scratch", "LUSTRE", "SCRATCH_2", CopyTagsToBackups=False),
                    file_system("fs-openzfs-kept", "OPENZFS", "MULTI_AZ_1", **both),
                    file_system("fs-openzfs-half", "OPENZFS", "SINGLE_AZ_HA_2", CopyTagsToBackups=True),
                    file_system("fs-ontap-two-zones", "ONTAP", "MULTI_AZ_2"),
                    file_system("fs-ontap-one-zone", "ONTAP", "SINGLE_AZ_1"),
                    file_system("fs-windows-two-zones", "WINDOWS", "MULTI_AZ_1"),
                    file_system("fs-windows-one-zone", "WINDOWS", "SINGLE_AZ_2"),
                ]
            },
            "backup.list_protected_resources": {
                "Results": [
                    {"ResourceArn": f"{arn}/{name}", "ResourceType": "FSx", "LastBackupTime": 1_700_000_000}
                    for name in ("fs-lustre-kept", "fs-openzfs-kept", "fs-ontap-two-zones", "fs-windows-two-zones")
                ]
            },
        },
        verdicts={
            "fsx_in_backup_plan": Expected(
                good=["fs-lustre-kept", "fs-openzfs-kept", "fs-ontap-two-zones", "fs-windows-two-zones"],
                bad=[
                    "fs-lustre-loose",
                    "fs-lustre-silent",
                    "fs-openzfs-half",
                    "fs-ontap-one-zone",
                    "fs-windows-one-zone",
                ],
            ),
            "fsx_lustre_copy_tags": Expected(good=["fs-lustre-kept"], bad=["fs-lustre-loose", "fs-lustre-silent"]),
            "fsx_openzfs_copy_tags": Expected(good=["fs-openzfs-kept"], bad=["fs-openzfs-half"]),
            "fsx_openzfs_multi_az": Expected(good=["fs-openzfs-kept"], bad=["fs-openzfs-half"]),
            "fsx_ontap_multi_az": Expected(good=["fs-ontap-two-zones"], bad=["fs-ontap-one-zone"]),
            "fsx_windows_multi_az": Expected(good=["fs-windows-two-zones"], bad=["fs-windows-one-zone"]),
        },
    )
