"""manage.py scan_this_machine: scans of the server itself that pages and the scheduler ask for, with root's rights."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from compliance.services import scan_runs
from compliance.services.scan_claims import Share

PAUSE_S = 2.0


class Command(BaseCommand):
    help = "Perform waiting scans of this machine until SIGTERM; `up` starts it when its workers are not root."

    def handle(self, *args: Any, **options: Any) -> None:
        end = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end.set())
        while not end.wait(PAUSE_S):
            close_old_connections()
            scan_runs.drain(clock=timezone.now, share=Share.LOCAL)
