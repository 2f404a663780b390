"""Evaluation of all Level 2 checks on facts of this machine, already in memory.

The machine counts as a full host, though it may be a container: so most checks apply, and more work is done.
"""

from dataclasses import replace

from tests.bench import ground

ground.set_up()

from django.utils import timezone  # noqa: E402

from compliance.engine.collectors.collect import collect  # noqa: E402
from compliance.engine.transports.base import Target  # noqa: E402
from compliance.engine.transports.opening import open_transport  # noqa: E402
from compliance.services.own_scans import operators_organization  # noqa: E402
from compliance.services.plans import plan_for  # noqa: E402
from templates_app.language.facts import Facts  # noqa: E402
from templates_app.language.results import Status  # noqa: E402
from templates_app.language.templates import compiled_template  # noqa: E402
from templates_app.models import Template  # noqa: E402

plan = plan_for(operators_organization(), "linux")
with open_transport("local", Target()) as transport:
    facts = collect(transport, plan, now=timezone.now()).facts
template = Template.objects.latest_of("cis-l2-linux")
compiled = compiled_template(template.sha256, template.document, "debian12", "server")
facts = replace(facts, os=replace(facts.os, container=""))
applying = sum(result.status is not Status.SKIP for result in compiled.evaluate(Facts(facts)))
size = len(compiled.selected)
first = ground.timed(lambda: compiled.evaluate(Facts(facts)), 200)
ground.tell(
    f"evaluate {size} checks on fresh facts, {applying} of them apply", first, f"{5 * size / 400:.1f} ms for {size}"
)
