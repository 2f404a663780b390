"""The models of compliance."""

from compliance.models.check_states import CheckState
from compliance.models.credentials import Credential
from compliance.models.host_groups import HostGroup
from compliance.models.hosts import Host, HostKey
from compliance.models.policies import Policy, PolicyOverride, PolicySecondary
from compliance.models.previews import Preview, PreviewHost
from compliance.models.scans import Scan
from compliance.models.snapshots import Blob, Snapshot
from compliance.models.streams import Stream
from compliance.models.tallies import CheckTally, ScanTally
from compliance.models.trends import DailyScore, Movement
from compliance.models.waivers import Waiver

__all__ = [
    "Blob",
    "CheckState",
    "CheckTally",
    "Credential",
    "DailyScore",
    "Host",
    "HostGroup",
    "HostKey",
    "Movement",
    "Policy",
    "PolicyOverride",
    "PolicySecondary",
    "Preview",
    "PreviewHost",
    "Scan",
    "ScanTally",
    "Snapshot",
    "Stream",
    "Waiver",
]
