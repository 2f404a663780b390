"""Memory of one worker process over 2,000 scans, each evaluated and stored; what the host says is recorded once.

Real logins come at the end: 60 of them, to a real sshd.
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from tests.bench import ground

ground.set_up()

from django.utils import timezone  # noqa: E402

from compliance.engine.transports import opening  # noqa: E402
from compliance.engine.transports.base import Limits, Output, Target  # noqa: E402
from compliance.engine.transports.local import LocalTransport  # noqa: E402
from compliance.models import Host  # noqa: E402
from compliance.services import scan_runs  # noqa: E402
from templates_app.models import Template  # noqa: E402
from tests.factories.compliance import a_scan, local_host  # noqa: E402
from tests.peers.sshd import SshPeer, running_sshd  # noqa: E402

SCANS, LOGINS, WARM = int(sys.argv[1]) if len(sys.argv) > 1 else 2000, 60, 100


class Replayed(LocalTransport):
    """Runs each script once for real, and then gives the same answer again with the new run's nonce."""

    answers: dict[int, tuple[bytes, Output]] = {}

    def run(
        self, script: bytes, *, on_line: Callable[[bytes], None] | None = None, limits: Limits | None = None
    ) -> Output:
        nonce = script.split(b"@@", 1)[1][:32]
        if len(script) not in self.answers:
            self.answers[len(script)] = nonce, super().run(script, limits=limits)
        before, output = self.answers[len(script)]
        answer = replace(output, data=output.data.replace(before, nonce))
        for line in answer.data.split(b"\n") if on_line else ():
            on_line(line)
        return answer


template, host = Template.objects.latest_of("cis-l1-linux"), local_host()


def scan() -> None:
    asked = a_scan(Host.objects.get(pk=host.pk), template)
    scan_runs.drain(clock=timezone.now)
    asked.refresh_from_db()
    assert asked.status == asked.Status.COMPLETED, asked.error


def through(peer: SshPeer) -> Callable[[Target, Limits], object]:
    return lambda target, limits: opening.SshTransport(replace(peer.target(), sudo=target.sudo), limits)


opening.TRANSPORTS["local"] = Replayed
for number in range(1, SCANS + 1):
    scan()
    if number == WARM:
        warm = ground.rss_mb()
    if number % 500 == 0:
        ground.tell(f"after {number} scans", f"{ground.rss_mb():.1f} MB")
ground.tell(f"growth from {WARM} to {SCANS} scans", f"{ground.rss_mb() - warm:+.1f} MB above {warm:.1f} MB", "flat")
with running_sshd() as peer:
    opening.TRANSPORTS["local"] = through(peer)
    scan()
    warm = ground.rss_mb()
    for _ in range(LOGINS):
        scan()
    ground.tell(f"growth over {LOGINS} scans by SSH", f"{ground.rss_mb() - warm:+.1f} MB above {warm:.1f} MB", "flat")
