"""manage.py evaluate: a fact file to results."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.engine import scoring
from compliance.reports import scan_json
from compliance.selectors.scan_reports import check_report
from templates_app.language import stored_facts
from templates_app.language.evaluate import benchmark_of
from templates_app.language.facts import FactDocument, Facts
from templates_app.language.templates import PROFILES, CompiledTemplate, compiled_template
from templates_app.models import Template

MOST_BYTES = 64 * 1024 * 1024


class Command(BaseCommand):
    help = "Evaluate a file of facts against a template, without touching the host."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--facts", required=True, type=Path, help="a file that collect wrote")
        parser.add_argument("--template", required=True, help="slug of a system template, e.g. cis-l1-linux")
        parser.add_argument("--profile", choices=PROFILES, default="server")
        parser.add_argument("--format", choices=["json", "table"], default="json")

    def handle(self, **options: Any) -> None:
        facts = read_facts(options["facts"])
        template = system_template(options["template"])
        benchmark = benchmark_of(facts.os)
        if benchmark is None:
            raise CommandError(
                f"{template.name} has no checks for {facts.os.pretty_name or facts.os.id or 'this system'}."
            )
        compiled = compiled_template(template.sha256, template.document, benchmark, options["profile"])
        document = evaluated(facts, compiled, template, benchmark, options["profile"])
        if options["format"] == "json":
            self.stdout.write(json.dumps(document, indent=1, ensure_ascii=False))
            return
        for result in document["results"]:
            self.stdout.write(f"{result['status']:<6} {result['severity']:<8} {result['check_id']}: {result['actual']}")
        self.stdout.write(f"score {document['scan']['score']}")


def evaluated(
    facts: FactDocument, compiled: CompiledTemplate, template: Template, benchmark: str, profile: str
) -> dict[str, Any]:
    results = compiled.evaluate(Facts(facts))
    checks = {one.check.id: one.check for one in compiled.selected}
    counts = scoring.count(results, {name: check.severity for name, check in checks.items()})
    return {
        "scan": {
            "id": None, "host": facts.os.hostname, "organization": None, "template": template.slug,
            "template_version": template.version, "template_sha256": template.sha256, "profile": profile,
            "scan_type": "re_evaluation", "status": "completed", "privilege": facts.privilege,
            "score": scoring.score(counts), "score_without_waivers": scoring.score_without_waivers(counts),
            "coverage": scoring.coverage(counts), "incomplete": scoring.incomplete(counts),
            "started_at": None, "finished_at": None, "collected_at": facts.collected_at.isoformat(),
            "handover_blocked": False, "would_block": False, "block_reasons": [],
            "counts": {
                "total": counts.total, "passed": counts.passed, "failed": counts.failed, "error": counts.error,
                "skipped": counts.skipped, "waived": counts.waived, "not_applicable": counts.not_applicable,
            },
            "failed_by_severity": dict(counts.failed_by_severity),
        },
        "results": [
            scan_json.result_values(check_report(checks[result.check_id], result, benchmark)) for result in results
        ],
    }  # fmt: skip


def read_facts(path: Path) -> FactDocument:
    """Return the facts in ``path``. Raises CommandError that names the file and what is wrong in it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CommandError(f"{path} is larger than {MOST_BYTES // 1024 // 1024} MB; it is no fact file.")
        return stored_facts.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no fact file: it is not UTF-8 text.") from error
    except stored_facts.BrokenFacts as error:
        raise CommandError(f"{path} is no usable fact file: {error}.") from error


def system_template(slug: str) -> Template:
    """Return the newest version of a system template. Raises CommandError that names the known ones."""
    template = Template.objects.latest_of(slug)
    if template is None:
        known = ", ".join(sorted(set(Template.objects.filter(organization=None).values_list("slug", flat=True))))
        raise CommandError(f"There is no template {slug}. Known: {known or 'none; run manage.py load_content first'}.")
    return template
