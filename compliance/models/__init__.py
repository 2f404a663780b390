"""The models of compliance."""

from compliance.models.check_states import CheckState
from compliance.models.credentials import Credential
from compliance.models.host_groups import HostGroup
from compliance.models.hosts import Host, HostKey
from compliance.models.scans import Scan, Stream
from compliance.models.snapshots import Blob, Snapshot

__all__ = ["Blob", "CheckState", "Credential", "Host", "HostGroup", "HostKey", "Scan", "Snapshot", "Stream"]
