"""Memory of one worker process over 2,000 scans of this machine's facts, stored each time."""

import subprocess
import sys

from tests.bench import ground

ground.set_up()

from django.utils import timezone  # noqa: E402

from compliance.models import Host  # noqa: E402
from compliance.services import scan_runs  # noqa: E402
from templates_app.models import Template  # noqa: E402
from tests.factories.compliance import a_scan, local_host  # noqa: E402

SCANS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
template, host = Template.objects.latest_of("cis-l1-linux"), local_host()


def scan() -> None:
    a_scan(Host.objects.get(pk=host.pk), template)
    scan_runs.drain(clock=timezone.now)


for _ in range(50):
    scan()
warm = ground.rss_mb()
for number in range(SCANS - 50):
    scan()
    if number % 500 == 499:
        ground.tell(f"after {number + 51} scans", f"{ground.rss_mb():.1f} MB")
ground.tell(f"growth from 50 to {SCANS} scans", f"{ground.rss_mb() - warm:+.1f} MB above {warm:.1f} MB", "flat")
subprocess.run(["true"], check=True)
