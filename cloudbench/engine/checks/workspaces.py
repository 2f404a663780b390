"""What must hold of WorkSpaces desktops."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

GONE = ("TERMINATING", "TERMINATED")


@check("workspaces_root_volume_encrypted", over="workspaces.workspaces")
def root_volume_is_encrypted(desktop: Resource, view: View) -> Verdict | None:
    """Fail if its system volume is not encrypted; terminated desktops are left out.

    Source: DescribeWorkspaces, RootVolumeEncryptionEnabled (absent: false).
    """
    return _encrypted(desktop, "RootVolumeEncryptionEnabled", "root")


@check("workspaces_user_volume_encrypted", over="workspaces.workspaces")
def user_volume_is_encrypted(desktop: Resource, view: View) -> Verdict | None:
    """Fail if the volume with its user's files is not encrypted; terminated desktops are left out.

    Source: DescribeWorkspaces, UserVolumeEncryptionEnabled (absent: false).
    """
    return _encrypted(desktop, "UserVolumeEncryptionEnabled", "user")


def _encrypted(desktop: Resource, field: str, volume: str) -> Verdict | None:
    if desktop.get("State") in GONE:
        return None
    encrypted = bool(desktop.get(field))
    return verdict(
        encrypted, f"The {volume} volume is encrypted.", f"The {volume} volume is not encrypted.", **{field: encrypted}
    )
