"""Instances, their disks, images, addresses and templates: one listing for each in a region.

Start scripts (user data) may hold secrets. They stand in templates and fleet requests and are left out here.
"""

from collections.abc import Iterable, Iterator

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import OWN_ACCOUNT, detail, listing

PAGE = {"MaxResults": 1000}
"""Without a page size EC2 tells everything at once, and runs into its own time limit in large accounts."""


def _only(item: Data, *fields: str) -> dict[str, object]:
    """Return these fields of ``item``, as far as it has them."""
    return {field: item[field] for field in fields if field in item}


def _instances(answer: Data) -> Iterator[Data]:
    for reservation in answer.get("Reservations", ()):
        for instance in reservation["Instances"]:
            yield {**instance, "NetworkInterfaces": [_interface(one) for one in instance.get("NetworkInterfaces", ())]}


def _interface(interface: Data) -> Data:
    return _only(
        interface, "NetworkInterfaceId", "InterfaceType", "SubnetId", "VpcId", "Groups", "Association", "Ipv6Addresses"
    )


listing(
    "ec2.instances",
    "ec2.describe_instances",
    params=PAGE,
    items=_instances,
    arn="arn:{partition}:ec2:{region}:{account}:instance/{InstanceId}",
    label="InstanceId",
    keep=(
        "InstanceId", "InstanceType", "ImageId", "State", "StateTransitionReason", "LaunchTime", "MetadataOptions",
        "PublicIpAddress", "PrivateIpAddress", "Ipv6Address", "VpcId", "SubnetId", "IamInstanceProfile",
        "NetworkInterfaces", "SecurityGroups", "VirtualizationType", "Monitoring", "EbsOptimized", "EnclaveOptions",
        "Placement", "Platform", "InstanceLifecycle", "Tags",
    ),
)  # fmt: skip


def _not_said_to_be_optimized(instance: Resource) -> bool:
    return not instance.get("EbsOptimized")


def _its_type(instance: Resource) -> Data:
    return {"InstanceTypes": [instance["InstanceType"]]}


detail(
    "ec2.instance_types",
    "ec2.describe_instance_types",
    of="ec2.instances",
    ask=_its_type,
    when=_not_said_to_be_optimized,
    items="InstanceTypes",
    keep=("InstanceType", "EbsInfo"),
)

# --- Disks ------------------------------------------------------------------------------------------------------------

listing(
    "ec2.volumes",
    "ec2.describe_volumes",
    params=PAGE,
    items="Volumes",
    arn="arn:{partition}:ec2:{region}:{account}:volume/{VolumeId}",
    label="VolumeId",
    keep=(
        "VolumeId", "State", "Encrypted", "KmsKeyId", "Attachments", "Size", "VolumeType", "SnapshotId", "CreateTime",
        "Tags",
    ),
)  # fmt: skip
OWN_SNAPSHOTS = {"OwnerIds": ["self"], "Filters": [{"Name": "owner-id", "Values": [OWN_ACCOUNT]}], **PAGE}
"""Both mean the same; some stand-ins for AWS heed the filter only."""
listing(
    "ec2.snapshots",
    "ec2.describe_snapshots",
    params=OWN_SNAPSHOTS,
    items="Snapshots",
    arn="arn:{partition}:ec2:{region}::snapshot/{SnapshotId}",
    label="SnapshotId",
    keep=("SnapshotId", "OwnerId", "VolumeId", "State", "StartTime", "Encrypted", "KmsKeyId", "VolumeSize"),
)
listing(
    "ec2.public_snapshots",
    "ec2.describe_snapshots",
    params={**OWN_SNAPSHOTS, "RestorableByUserIds": ["all"]},
    items="Snapshots",
    arn="arn:{partition}:ec2:{region}::snapshot/{SnapshotId}",
    label="SnapshotId",
    keep=("SnapshotId", "OwnerId", "VolumeId", "StartTime", "Encrypted"),
)
detail(  # of the few that the listing gives, who may: it is the evidence
    "ec2.public_snapshot_permissions",
    "ec2.describe_snapshot_attribute",
    of="ec2.public_snapshots",
    ask=lambda snapshot: {"SnapshotId": snapshot["SnapshotId"]},
    params={"Attribute": "createVolumePermission"},
    items="CreateVolumePermissions",
    keep=("Group", "UserId"),
    absent=("InvalidSnapshot.NotFound",),
)
listing(
    "ec2.ebs_encryption_by_default",
    "ec2.get_ebs_encryption_by_default",
    items="@",
    keep=("EbsEncryptionByDefault",),
)
listing(
    "ec2.snapshot_block_public_access",
    "ec2.get_snapshot_block_public_access_state",
    items="@",
    keep=("State", "ManagedBy"),
)

# --- Images, addresses ------------------------------------------------------------------------------------------------

listing(
    "ec2.images",
    "ec2.describe_images",
    params={"Owners": ["self"]},
    items="Images",
    arn="arn:{partition}:ec2:{region}::image/{ImageId}",
    label="ImageId",
    keep=("ImageId", "Name", "Public", "State", "CreationDate", "DeprecationTime"),
)
listing(
    "ec2.addresses",
    "ec2.describe_addresses",
    items="Addresses",
    arn="arn:{partition}:ec2:{region}:{account}:elastic-ip/{AllocationId}",
    label="AllocationId",
    keep=(
        "AllocationId", "PublicIp", "AssociationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress",
        "ServiceManaged", "Tags",
    ),
)  # fmt: skip

# --- What instances are launched from ---------------------------------------------------------------------------------


def _template_versions(answer: Data) -> Iterator[Data]:
    for version in answer.get("LaunchTemplateVersions", ()):
        data = version.get("LaunchTemplateData") or {}
        yield {**version, **_only(data, "MetadataOptions", "NetworkInterfaces", "BlockDeviceMappings", "ImageId")}


listing(
    "ec2.launch_template_versions",
    "ec2.describe_launch_template_versions",
    params={"Versions": ["$Default"]},  # without a template it tells this version of every template
    items=_template_versions,
    arn="arn:{partition}:ec2:{region}:{account}:launch-template/{LaunchTemplateId}",
    label="LaunchTemplateName",
    keep=(
        "LaunchTemplateId", "LaunchTemplateName", "VersionNumber", "DefaultVersion", "MetadataOptions",
        "NetworkInterfaces", "BlockDeviceMappings", "ImageId",
    ),
)  # fmt: skip


def _fleet_requests(answer: Data) -> Iterator[Data]:
    for request in answer.get("SpotFleetRequestConfigs", ()):
        specifications: Iterable[Data] = request["SpotFleetRequestConfig"].get("LaunchSpecifications") or ()
        kept = [_only(one, "ImageId", "InstanceType", "BlockDeviceMappings") for one in specifications]
        yield {**request, "LaunchSpecifications": kept}


listing(
    "ec2.spot_fleet_requests",
    "ec2.describe_spot_fleet_requests",
    items=_fleet_requests,
    arn="arn:{partition}:ec2:{region}:{account}:spot-fleet-request/{SpotFleetRequestId}",
    label="SpotFleetRequestId",
    keep=("SpotFleetRequestId", "SpotFleetRequestState", "LaunchSpecifications"),
)

# --- Systems Manager's view of instances ------------------------------------------------------------------------------

listing(
    "ssm.instance_information",
    "ssm.describe_instance_information",
    params={"MaxResults": 50},  # the most; without it pages hold ten
    items="InstanceInformationList",
    arn="arn:{partition}:ssm:{region}:{account}:managed-instance/{InstanceId}",
    label="InstanceId",
    keep=("InstanceId", "ResourceType", "PingStatus", "LastPingDateTime", "PlatformType", "AgentVersion"),
)
