"""What must hold of EFS file systems and their access points."""

from cloudbench.engine.checks.backup import backed_up
from cloudbench.engine.checks.networks import untold
from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource, Unread
from cloudbench.engine.registry import View, check


@check("efs_file_system_encrypted", over="efs.file_systems")
def is_encrypted(file_system: Resource, view: View) -> Verdict:
    """Fail if files are stored in plain text. Source: DescribeFileSystems, Encrypted; it cannot be changed later."""
    return verdict(
        file_system.get("Encrypted", False),
        "Files are encrypted at rest.",
        "Files are stored without encryption.",
        Encrypted=file_system.get("Encrypted", False),
    )


@check("efs_file_system_encrypted_strict", over="efs.file_systems")
def is_encrypted_with_known_key(file_system: Resource, view: View) -> Verdict:
    """Fail if files are stored in plain text; EFS encrypts with KMS keys only. Control: Security Hub EFS.8.

    Source: DescribeFileSystems, Encrypted; KmsKeyId says with which key.
    """
    key = file_system.get("KmsKeyId")
    return verdict(
        bool(file_system.get("Encrypted", False)),
        f"Files are encrypted with {key}." if key else "Files are encrypted with KMS.",
        "Files are stored without encryption.",
        KmsKeyId=key,
    )


@check("efs_file_system_automatic_backups", over="efs.file_systems", reads=("efs.backup_policies",))
def backs_up_by_itself(file_system: Resource, view: View) -> Verdict:
    """Fail unless the automatic backups of EFS are on, or being turned on. Source: DescribeBackupPolicy, Status."""
    policy = view.one_of("efs.backup_policies", file_system)
    status = policy["Status"] if policy else "never set"
    return verdict(
        status in ("ENABLED", "ENABLING"),
        "Automatic backups are on.",
        f"Automatic backups are not on ({status.lower()}).",
        BackupPolicyStatus=status,
    )


@check("efs_file_system_in_backup_plan", over="efs.file_systems", reads=("backup.protected_resources",))
def is_backed_up(file_system: Resource, view: View) -> Verdict:
    """Fail if AWS Backup has no backup of the file system. Source: ListProtectedResources, ResourceArn."""
    return backed_up(file_system, view)


@check("efs_mount_target_private_subnet", over="efs.file_systems", reads=("efs.mount_targets", "ec2.subnets"))
def is_mounted_in_private_subnets(file_system: Resource, view: View) -> Verdict | None:
    """Fail if a mount target stands in a subnet that gives public addresses to what starts in it.

    A file system without mount targets is not judged.
    Source: DescribeMountTargets, SubnetId; DescribeSubnets, MapPublicIpOnLaunch.
    """
    if not file_system["NumberOfMountTargets"]:
        return None
    used = {target["SubnetId"] for target in view.all_of("efs.mount_targets", file_system)}
    gives_addresses = {
        subnet["SubnetId"]: subnet.get("MapPublicIpOnLaunch", False)
        for subnet in view.in_region("ec2.subnets", file_system.region)
    }
    if missing := sorted(used - gives_addresses.keys()):
        raise Unread(untold(f"the subnet {missing[0]}", "ec2:DescribeSubnets"))
    exposed = sorted(subnet for subnet in used if gives_addresses[subnet])
    return verdict(
        not exposed,
        "No mount target is in a subnet that hands out public addresses.",
        f"Mount targets are in subnets that hand out public addresses: {', '.join(exposed)}.",
        SubnetIds=exposed or sorted(used),
    )


@check("efs_access_point_root_directory", over="efs.access_points")
def confines_to_directory(access_point: Resource, view: View) -> Verdict:
    """Fail if the access point shows the whole file system. Source: DescribeAccessPoints, RootDirectory.Path or "/"."""
    path = access_point.get("RootDirectory", {}).get("Path", "/")
    return verdict(
        path != "/", f"Clients see only {path}.", "Clients see the file system from its root on.", RootDirectory=path
    )


@check("efs_access_point_user_identity", over="efs.access_points")
def enforces_user(access_point: Resource, view: View) -> Verdict:
    """Fail if clients choose their own user id. Source: DescribeAccessPoints, PosixUser (absent if not enforced)."""
    user = access_point.get("PosixUser")
    if not user:
        return failed("No POSIX user is enforced, clients act under any user id that they claim.")
    return passed(f"Every client acts as user {user['Uid']} of group {user['Gid']}.", PosixUser=user["Uid"])
