"""The rows of the CSV export: one for each host and check, from the latest scan under the policy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from compliance.models import CheckState, Scan, Stream
from compliance.selectors.results import read_results
from organizations.models.organizations import Organization
from organizations.reports.csv import Cell
from templates_app.language.checks import Check
from templates_app.language.templates import compiled_template
from templates_app.models import Template

COLUMNS = (
    "organization", "host", "address", "os", "policy", "framework", "template", "template_version", "check_id",
    "title", "severity", "status", "exception", "expected", "actual", "message", "references", "remediation",
    "scan_id", "scanned_at", "incomplete",
)  # fmt: skip
"""docs/api.md says what stands in each; new ones are added at the end."""
CHUNK = 40
"""Streams whose scans are named at once; of their results one at a time is in memory."""


@dataclass(frozen=True)
class Wanted:
    """What is exported; an empty part means all."""

    statuses: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    check_id: str = ""
    policy_id: int | None = None
    host_id: int | None = None
    host_group_id: int | None = None

    def takes(self, status: str, severity: str, check_id: str) -> bool:
        """Tell whether a result of this status, severity and check is wanted."""
        return (
            (not self.statuses or status in self.statuses)
            and (not self.severities or severity in self.severities)
            and self.check_id in ("", check_id)
        )


def streams_of(organizations: QuerySet[Organization], wanted: Wanted) -> QuerySet[Stream]:
    """Return the policy streams that have been scanned and are wanted."""
    rows = Stream.objects.within(organizations).primary().exclude(latest=None)
    if wanted.policy_id is not None:
        rows = rows.filter(policy=wanted.policy_id)
    if wanted.host_id is not None:
        rows = rows.filter(host=wanted.host_id)
    if wanted.host_group_id is not None:
        rows = rows.filter(host__groups=wanted.host_group_id)
    return rows


def exported(organizations: QuerySet[Organization], wanted: Wanted) -> Iterator[Sequence[Cell]]:
    """Yield the wanted rows by host name, then in the order of the template.

    A chunk of streams is read at a time and one result blob is unpacked at a time, so that memory does not grow with
    the fleet.
    """
    ids = list(streams_of(organizations, wanted).order_by("host__hostname", "pk").values_list("pk", flat=True))
    documents: dict[int, Template] = {}
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        exceptions = exceptions_of(chunk)
        named = Stream.objects.select_related("organization", "host", "policy", "latest").in_bulk(chunk)
        for pk in chunk:
            yield from rows_of(named[pk], documents, exceptions, wanted)


def exceptions_of(stream_ids: Sequence[int]) -> dict[tuple[int, str], str]:
    """Return {(stream, check): its exception} of what is waived now."""
    waived = CheckState.objects.current().filter(stream__in=stream_ids, waiver__isnull=False)
    return {
        (stream, check): f"EX-{waiver}" for stream, check, waiver in waived.values_list("stream", "check_id", "waiver")
    }


def rows_of(
    stream: Stream, documents: dict[int, Template], exceptions: Mapping[tuple[int, str], str], wanted: Wanted
) -> Iterator[Sequence[Cell]]:
    """Yield the wanted rows of one host. ``documents`` keeps each template that was read."""
    scan = stream.latest
    results = scan.results if scan else None
    if scan is None or results is None or stream.policy is None:
        return
    if scan.template_id not in documents:
        documents[scan.template_id] = Template.objects.get(pk=scan.template_id)
    template, host = documents[scan.template_id], stream.host
    checks = checks_of(scan, template)
    before = (
        stream.organization.name, host.hostname, host.where, host.os_name, str(stream.policy.get_os_type_display()),
        template.framework, template.name, template.version,
    )  # fmt: skip
    after = (scan.pk, scan.finished_at, scan.incomplete)
    for result in read_results(results):
        check = checks[result.check_id]
        if wanted.takes(result.status.value, check.severity, check.id):
            yield (
                *before, check.id, check.title, check.severity, result.status.value,
                exceptions.get((stream.pk, check.id), ""), result.expected, result.actual, result.message,
                references(check), check.remediation, *after,
            )  # fmt: skip


def checks_of(scan: Scan, template: Template) -> dict[str, Check]:
    compiled = compiled_template(scan.template_sha256, template.document, scan.benchmark, scan.profile)
    return {one.check.id: one.check for one in compiled.selected}


def references(check: Check) -> str:
    """Return "cis-debian12 5.1.20; nist CM-6" of a check's references."""
    return "; ".join(f"{name} {', '.join(ids)}" for name, ids in sorted(check.references.items()))
