"""The product as a user runs it, for demonstrations: web, worker and scheduler in one go, spoken to over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.peers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a demonstration only"
START_S = 240
ELSEWHERE = ("DATABASE_URL", "TEST_DATABASE_URL", "REDIS_URL", "LOG_LEVEL")


class Failed(Exception):
    """The demonstration did not go as told."""


def step(words: str) -> None:
    sys.stdout.write(f"\n>> {words}\n")
    sys.stdout.flush()


def told(words: object) -> None:
    sys.stdout.write(f"   {words}\n")
    sys.stdout.flush()


def expect(holds: bool, words: str) -> None:
    if not holds:
        raise Failed(words)
    told(f"ok: {words}")


class Api:
    """The product over HTTP, with one token."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {key}"

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/api/v1/{path}", timeout=90, **more)

    def call(self, method: str, path: str, **more: Any) -> Any:
        answer = self.raw(method, path, **more)
        if not answer.ok:
            raise Failed(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class Product:
    """A product that runs on a data directory of its own, with the superuser ``admin``."""

    url: str
    environment: Mapping[str, str]

    def manage(self, *arguments: str, check: bool = True, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a management command beside the running product."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=check, text=True,
            capture_output=True, timeout=300, input=typed,
        )  # fmt: skip

    def said(self, code: str) -> str:
        """Return the last line that ``code`` prints in the product's shell."""
        return self.manage("shell", "-v0", "-c", code).stdout.strip().splitlines()[-1]


@contextmanager
def running_product(data: str, **settings: str) -> Iterator[Product]:
    """Run web, worker and scheduler on the empty directory ``data`` until the block ends. Raises Failed.

    Whatever database, queue and settings this process has, these are the shipped ones and of their own.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    inherited = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    own = {"PLUMBLINE_DATA": data, "PUBLIC_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    product = Product(url, {**inherited, **own, **settings})
    log = Path(data).with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port)], cwd=ROOT, env=product.environment, stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        if not is_up(url, process):
            last = log.read_text(errors="replace").splitlines()[-5:]
            raise Failed("\n   ".join(["The product did not come up.", *last]))
        product.manage("create_admin", "--password-stdin", typed=PASSWORD)
        yield product
    finally:
        process.terminate()
        process.wait(40)
        log.unlink()


def is_up(url: str, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return True
        except requests.RequestException:
            pass
        time.sleep(0.3)
    return False
