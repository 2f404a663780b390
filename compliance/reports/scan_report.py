"""The values that every report format is made of: one scan with all that an auditor asks about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from templates_app.language.observations import Evidence


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One check with its result. ``references`` is {benchmark: [section, ...]}; ``sections`` those of this host's."""

    check_id: str
    title: str
    description: str
    rationale: str
    remediation: str
    severity: str
    status: str
    skip_reason: str
    expected: str
    actual: str
    evidence: tuple[Evidence, ...]
    message: str
    references: Mapping[str, list[str]]
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HandoverReport:
    """What a report on a scan of a provisioned VM says of its handover. ``state`` is the gate's as of the report.

    ``run`` is the apply that the scan followed. Nobody has released it: ``released_by`` is empty.
    """

    project: str
    provider: str
    instance_id: str
    resource_address: str
    run: str
    state: str
    released_by: str = ""
    released_at: datetime | None = None
    release_reason: str = ""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """One completed scan. Times are aware; ``zone`` is the organization's. Scores are 0 to 100, unrounded, or None.

    ``counts`` has the keys of the scan JSON (total, passed, failed, error, skipped, waived, not_applicable);
    ``left_out`` counts the template's checks for other distributions and profiles.
    ``first_contact`` is True when the host's identity rests on its first contact alone. ``handover`` is None but for
    scans that provisioned VMs had of their own.
    """

    scan_id: int
    host: str
    address: str
    os_name: str
    organization: str
    zone: ZoneInfo
    template: str
    template_slug: str
    template_version: int
    template_sha256: str
    framework: str
    benchmark: str
    profile: str
    scan_type: str
    status: str
    connection: str
    privilege: str
    collector_version: str
    collected_at: datetime | None
    walked_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    requested_by: str
    score: float | None
    score_without_waivers: float | None
    coverage: float | None
    incomplete: bool
    counts: Mapping[str, int]
    failed_by_severity: Mapping[str, int]
    left_out: int
    handover_blocked: bool
    would_block: bool
    block_reasons: tuple[str, ...]
    first_contact: bool
    error: str
    results: tuple[CheckReport, ...]
    handover: HandoverReport | None = None

    @property
    def identity(self) -> str:
        """How the host is known: "local", "pinned", or "first_contact" when nobody has confirmed its key."""
        if self.connection == "local":
            return "local"
        return "first_contact" if self.first_contact else "pinned"
