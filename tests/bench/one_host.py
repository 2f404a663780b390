"""One host over SSH to a real sshd on loopback: fast facts, evaluation and storing, one exec."""

from time import perf_counter, process_time

from tests.bench import ground

ground.set_up()

from django.utils import timezone  # noqa: E402

from compliance.engine.collectors.collect import collect  # noqa: E402
from compliance.engine.transports.opening import open_transport  # noqa: E402
from compliance.services.own_scans import operators_organization  # noqa: E402
from compliance.services.plans import plan_for  # noqa: E402
from compliance.services.results import packed  # noqa: E402
from compliance.services.snapshots import store_blobs, store_snapshot  # noqa: E402
from templates_app.language.facts import Facts  # noqa: E402
from templates_app.language.templates import compiled_template  # noqa: E402
from templates_app.models import Template  # noqa: E402
from tests.factories.compliance import HostFactory  # noqa: E402
from tests.peers.sshd import running_sshd  # noqa: E402

organization = operators_organization()
plan = plan_for(organization, "linux")
template = Template.objects.latest_of("cis-l1-linux")
compiled = compiled_template(template.sha256, template.document, "debian12", "server")
host = HostFactory(organization=organization)

with running_sshd() as peer:
    walls, ours, theirs = [], [], []
    for _ in range(12):
        started, used, spent = perf_counter(), process_time(), ground.cpu_of(peer.daemon.pid)
        with open_transport("ssh", peer.target()) as transport:
            facts = collect(transport, plan, now=timezone.now()).facts
        results = compiled.evaluate(Facts(facts))
        store_snapshot(host=host, facts=facts, walked_at=None)
        store_blobs(organization, [packed(results)])
        walls.append((perf_counter() - started) * 1000)
        ours.append((process_time() - used) * 1000)
        theirs.append((ground.cpu_of(peer.daemon.pid) - spent) * 1000)
    ground.tell(
        "login, fast facts, evaluation, storing", ground.Timing(walls[2:], ours[2:]), "wall < 1000 ms, CPU 60 ms"
    )
    ground.tell("CPU of the target (sshd's sessions)", f"median {sorted(theirs[2:])[5]:.0f} ms", "500 ms")
