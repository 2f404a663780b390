"""EFS: file systems and access points are listed, backup policy and mount targets asked for each file system."""

from functools import partial

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "efs.file_systems",
    "efs.describe_file_systems",
    items="FileSystems",
    arn="arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{FileSystemId}",
    label="FileSystemId",
    keep=("FileSystemId", "Name", "Encrypted", "KmsKeyId", "NumberOfMountTargets"),
)

listing(
    "efs.access_points",
    "efs.describe_access_points",
    items="AccessPoints",
    arn="arn:{partition}:elasticfilesystem:{region}:{account}:access-point/{AccessPointId}",
    label="AccessPointId",
    keep=("AccessPointId", "Name", "FileSystemId", "RootDirectory", "PosixUser"),
)


def _this_file_system(file_system: Resource) -> Data:
    return {"FileSystemId": file_system["FileSystemId"]}


def _is_mounted(file_system: Resource) -> bool:
    return file_system["NumberOfMountTargets"] > 0


_of_each_file_system = partial(detail, of="efs.file_systems", ask=_this_file_system)

_of_each_file_system(
    "efs.backup_policies",
    "efs.describe_backup_policy",
    items="BackupPolicy",
    keep=("Status",),
    absent=("PolicyNotFound",),
)
_of_each_file_system(
    "efs.mount_targets",
    "efs.describe_mount_targets",
    items="MountTargets",
    keep=("MountTargetId", "SubnetId", "VpcId"),
    when=_is_mounted,
)
