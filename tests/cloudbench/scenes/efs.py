from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ARN = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system"


@on_moto()
def file_systems_encrypted_mounted_and_not(aws: Aws) -> Verdicts:
    efs, ec2 = aws("efs"), aws("ec2")
    encrypted = efs.create_file_system(CreationToken="a", Encrypted=True, Backup=True)["FileSystemId"]
    plain = efs.create_file_system(CreationToken="b", Encrypted=False)["FileSystemId"]
    unmounted = efs.create_file_system(CreationToken="c", Encrypted=True)["FileSystemId"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    private = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    public = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24", AvailabilityZone=f"{REGION}b")["Subnet"]["SubnetId"]
    for subnet in (private, public):
        ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": subnet == public})
    for file_system, subnet in ((encrypted, private), (plain, private), (plain, public)):
        efs.create_mount_target(FileSystemId=file_system, SubnetId=subnet)
    return {
        "efs_file_system_encrypted": Expected(good=[encrypted, unmounted], bad=[plain]),
        "efs_file_system_automatic_backups": Expected(good=[encrypted], bad=[plain, unmounted]),
        "efs_mount_target_private_subnet": Expected(good=[encrypted], bad=[plain]),
    }


@on_moto(keep_defaults=True)
def access_points_confined_and_not(aws: Aws) -> Verdicts:
    efs = aws("efs")
    file_system = efs.create_file_system(CreationToken="a")["FileSystemId"]

    def access_point(token: str, **settings: object) -> str:
        made = efs.create_access_point(ClientToken=token, FileSystemId=file_system, **settings)
        return str(made["AccessPointId"])

    confined = access_point("a", RootDirectory={"Path": "/app"}, PosixUser={"Uid": 1000, "Gid": 1000})
    whole = access_point("b", RootDirectory={"Path": "/"}, PosixUser={"Uid": 0, "Gid": 0})
    bare = access_point("c")
    return {
        "efs_access_point_root_directory": Expected(good=[confined], bad=[whole, bare]),
        "efs_access_point_user_identity": Expected(good=[confined, whole], bad=[bare]),
    }


def file_system(name: str, **settings: object) -> dict[str, object]:
    return {
        "OwnerId": ACCOUNT,
        "CreationToken": name,
        "FileSystemId": name,
        "CreationTime": 1_700_000_000,
        "LifeCycleState": "available",
        "NumberOfMountTargets": 0,
        "SizeInBytes": {"Value": 6144},
        "PerformanceMode": "generalPurpose",
        "Tags": [],
        **settings,
    }


@on_answers
def file_systems_backed_up_and_keyed() -> Answers:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    return Answers(
        says={
            "efs.describe_file_systems": {
                "FileSystems": [
                    file_system("fs-kept", Encrypted=True, KmsKeyId=key),
                    file_system("fs-lost", Encrypted=True),
                    file_system("fs-plain", Encrypted=False),
                    file_system("fs-silent"),
                ]
            },
            "backup.list_protected_resources": {
                "Results": [
                    {"ResourceArn": f"{ARN}/fs-kept", "ResourceType": "EFS", "LastBackupTime": 1_700_000_000},
                    {"ResourceArn": f"{ARN}/fs-of-yesterday", "ResourceType": "EFS"},
                ]
            },
        },
        verdicts={
            "efs_file_system_encrypted": Expected(good=["fs-kept", "fs-lost"], bad=["fs-plain", "fs-silent"]),
            "efs_file_system_encrypted_strict": Expected(good=["fs-kept", "fs-lost"], bad=["fs-plain", "fs-silent"]),
            "efs_file_system_in_backup_plan": Expected(good=["fs-kept"], bad=["fs-lost", "fs-plain", "fs-silent"]),
        },
    )
