"""Evaluation of facts by the frozen template of a scan, whether they were just collected or stored long ago."""

from dataclasses import dataclass

from compliance.models import Scan
from compliance.services.scan_outcomes import ScanFailed
from templates_app.language.evaluate import benchmark_of
from templates_app.language.facts import FactDocument, Facts
from templates_app.language.results import Result
from templates_app.language.templates import UNUSABLE, CompiledTemplate, compiled_template

SUPPORTED = "Debian 12 and newer, Ubuntu 22.04 and newer, and RHEL 9 with its rebuilds"


@dataclass(frozen=True)
class Evaluation:
    """What a template says of facts: before anything is waived, counted or stored."""

    results: list[Result]
    severities: dict[str, str]
    left_out: int
    benchmark: str


def evaluation_of(scan: Scan, document: FactDocument) -> Evaluation:
    """Return what the template of ``scan`` says of the facts. Raises ScanFailed as ``prepared`` does."""
    facts, compiled, benchmark = prepared(scan, document)
    return Evaluation(compiled.evaluate(facts), severities(compiled), compiled.left_out, benchmark)


def prepared(scan: Scan, document: FactDocument) -> tuple[Facts, CompiledTemplate, str]:
    """Return what evaluation needs. Raises ScanFailed when the template says nothing about this host."""
    benchmark = benchmark_of(document.os)
    name = document.os.pretty_name or document.os.id or "this system"
    if benchmark is None:
        message = f"{scan.template.name} has no checks for {name}; it covers {SUPPORTED}."
        raise ScanFailed("unsupported_os", message)
    try:
        compiled = compiled_template(scan.template_sha256, scan.template.document, benchmark, scan.profile)
    except UNUSABLE as error:
        words = str(error).partition("\n")[0]
        message = f"{scan.template.name} was made for another version of Plumbline and cannot be used: {words}."
        raise ScanFailed("template_unusable", message) from error
    if not compiled.selected:
        raise ScanFailed(
            "nothing_applies", f"No check of {scan.template.name} is meant for {name} as a {scan.profile}."
        )
    return Facts(document), compiled, benchmark


def severities(compiled: CompiledTemplate) -> dict[str, str]:
    return {one.check.id: one.check.severity for one in compiled.selected}
