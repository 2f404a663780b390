"""WorkSpaces desktops."""

from cloudbench.engine.registry import listing

listing(
    "workspaces.workspaces",
    "workspaces.describe_workspaces",
    items="Workspaces",
    arn="arn:{partition}:workspaces:{region}:{account}:workspace/{WorkspaceId}",
    label="WorkspaceId",
    keep=("DirectoryId", "State", "RootVolumeEncryptionEnabled", "UserVolumeEncryptionEnabled"),
)
