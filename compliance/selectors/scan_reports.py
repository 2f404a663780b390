"""Scan reports: a scan with its template's texts and its results, as values."""

from collections.abc import Iterator

from compliance.models import HostKey, ProvisionedVm, Scan
from compliance.reports.scan_report import CheckReport, HandoverReport, ScanReport
from compliance.selectors.results import read_results
from templates_app.language.checks import Check
from templates_app.language.results import Result
from templates_app.language.templates import compiled_template


def scan_report(scan: Scan) -> ScanReport:
    """Return ``scan`` as values; one that has not completed has no results."""
    return ScanReport(
        scan_id=scan.pk,
        host=scan.host.hostname,
        address=scan.host.where,
        os_name=scan.host.os_name,
        organization=scan.organization.name,
        zone=scan.organization.zone,
        template=scan.template.name,
        template_slug=scan.template.slug,
        template_version=scan.template.version,
        template_sha256=scan.template_sha256,
        framework=scan.template.framework,
        benchmark=scan.benchmark,
        profile=scan.profile,
        scan_type=scan.scan_type,
        status=scan.status,
        connection=scan.host.connection,
        privilege=scan.privilege,
        collector_version=scan.snapshot.collector_version if scan.snapshot else "",
        collected_at=scan.snapshot.collected_at if scan.snapshot else None,
        walked_at=scan.snapshot.walked_at if scan.snapshot else None,
        started_at=scan.started_at,
        finished_at=scan.finished_at,
        requested_by=str(scan.requested_by or "Plumbline"),
        score=scan.score,
        score_without_waivers=scan.score_without_waivers,
        coverage=scan.coverage,
        incomplete=scan.incomplete,
        counts=counts(scan),
        failed_by_severity=failed_by_severity(scan),
        left_out=scan.left_out,
        handover_blocked=scan.handover_blocked,
        would_block=scan.would_block,
        block_reasons=tuple(scan.block_reasons),
        first_contact=rests_on_first_contact(scan),
        error=scan.error,
        results=tuple(check_reports(scan)),
        handover=handover_report(scan),
    )


def counts(scan: Scan) -> dict[str, int]:
    return {
        "total": scan.total,
        "passed": scan.passed,
        "failed": scan.failed,
        "error": scan.errors,
        "skipped": scan.skipped,
        "waived": scan.waived,
        "not_applicable": scan.not_applicable,
    }


def failed_by_severity(scan: Scan) -> dict[str, int]:
    return {
        "critical": scan.failed_critical,
        "high": scan.failed_high,
        "medium": scan.failed_medium,
        "low": scan.failed_low,
    }


def vm_scanned(scan: Scan) -> ProvisionedVm | None:
    """Return the provisioned VM whose own scan this is."""
    if scan.scan_type != Scan.Type.PROVISION:
        return None
    names = ("project", "run", "released_by")
    return ProvisionedVm.objects.select_related(*names).filter(host=scan.host_id).first()


def handover_report(scan: Scan) -> HandoverReport | None:
    if (vm := vm_scanned(scan)) is None:
        return None
    before = vm.runs.filter(registered_at__lte=scan.created_at).order_by("-registered_at", "-pk").first()
    return HandoverReport(
        project=vm.project.name,
        provider=vm.provider,
        instance_id=vm.instance_id,
        resource_address=vm.resource_address,
        run=(before or vm.run).run_id,
        state=vm.state,
        released_by=str(vm.released_by or ""),
        released_at=vm.released_at,
        release_reason=vm.release_reason,
    )


def rests_on_first_contact(scan: Scan) -> bool:
    return scan.host.keys.filter(state=HostKey.State.PINNED, first_contact=True).exists()


def check_reports(scan: Scan) -> Iterator[CheckReport]:
    """Yield the results of a completed scan with the texts of the document that it evaluated."""
    if scan.results is None:
        return
    compiled = compiled_template(scan.template_sha256, scan.template.document, scan.benchmark, scan.profile)
    checks = {one.check.id: one.check for one in compiled.selected}
    for result in read_results(scan.results):
        yield check_report(checks[result.check_id], result, scan.benchmark)


def check_report(check: Check, result: Result, benchmark: str) -> CheckReport:
    return CheckReport(
        check_id=check.id,
        title=check.title,
        description=check.description,
        rationale=check.rationale,
        remediation=check.remediation,
        severity=check.severity,
        status=result.status.value,
        skip_reason=result.skip_reason.value,
        expected=result.expected,
        actual=result.actual,
        evidence=result.evidence,
        message=result.message,
        references=check.references,
        sections=tuple(check.references.get(f"cis-{benchmark}", ())),
    )
