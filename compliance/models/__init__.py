"""The models of compliance."""

from compliance.models.check_states import CheckState
from compliance.models.credentials import Credential
from compliance.models.handover_settings import HandoverSettings
from compliance.models.host_groups import HostGroup
from compliance.models.hosts import Host, HostKey
from compliance.models.policies import Policy, PolicyOverride, PolicySecondary
from compliance.models.previews import Preview, PreviewHost
from compliance.models.projects import Project
from compliance.models.provider_connections import ProviderConnection
from compliance.models.provisioned_vms import ALLOWING, ProvisionedVm
from compliance.models.provisioning_runs import ProvisioningRun
from compliance.models.run_tasks import RunTask
from compliance.models.scans import Scan
from compliance.models.snapshots import Blob, Snapshot
from compliance.models.streams import Stream
from compliance.models.tallies import CheckTally, ScanTally
from compliance.models.terraform_connections import TerraformConnection
from compliance.models.trends import DailyScore, Movement
from compliance.models.vm_events import VmEvent
from compliance.models.waivers import Waiver

__all__ = [
    "ALLOWING",
    "Blob",
    "CheckState",
    "CheckTally",
    "Credential",
    "DailyScore",
    "HandoverSettings",
    "Host",
    "HostGroup",
    "HostKey",
    "Movement",
    "Policy",
    "PolicyOverride",
    "PolicySecondary",
    "Preview",
    "PreviewHost",
    "Project",
    "ProviderConnection",
    "ProvisionedVm",
    "ProvisioningRun",
    "RunTask",
    "Scan",
    "ScanTally",
    "Snapshot",
    "Stream",
    "TerraformConnection",
    "VmEvent",
    "Waiver",
]
