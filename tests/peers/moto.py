"""A moto server in the place of AWS: a process of the tests' own, on a free port of loopback."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import boto3
import pytest
import requests

from tests.peers.ports import free_port

ACCOUNT = "123456789012"
"""The account of credentials that moto does not know."""
LONGEST_START_S = 60.0


@dataclass(frozen=True)
class Moto:
    """A running server."""

    url: str

    def reset(self) -> None:
        """Forget all resources, and ask for no permissions."""
        requests.post(f"{self.url}/moto-api/reset", timeout=10).raise_for_status()
        self.enforce_after(10**9)

    def enforce_after(self, calls: int) -> None:
        """Have IAM policies be enforced once so many more calls were made."""
        requests.post(f"{self.url}/moto-api/reset-auth", data=str(calls), timeout=10).raise_for_status()

    def client(self, service: str, region: str = "us-east-1", keys: tuple[str, str] = ("AKIATESTS", "tests")) -> Any:
        """Return a client that speaks to this server."""
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, aws_access_key_id=keys[0], aws_secret_access_key=keys[1]
        )


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    with running_moto() as server:
        yield server


@pytest.fixture
def moto(moto_server: Moto) -> Moto:
    """Give the server, empty."""
    moto_server.reset()
    return moto_server


@pytest.fixture
def aws(moto: Moto, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Moto:
    """Have moto stand in the place of AWS; the server has no credentials of its own."""
    settings.AWS_ENDPOINT_URL = moto.url
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    return moto


def policy(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def user_of(aws: Moto, *actions: str) -> dict[str, str]:
    """Make a user who may do exactly ``actions``; return keys as an account holds them."""
    iam = aws.client("iam")
    iam.create_user(UserName="plumbline")
    iam.put_user_policy(UserName="plumbline", PolicyName="read", PolicyDocument=policy(*actions))
    key = iam.create_access_key(UserName="plumbline")["AccessKey"]
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}


@contextmanager
def running_moto() -> Iterator[Moto]:
    """Run a server until the block ends."""
    port = free_port()
    program = Path(sys.executable).with_name("moto_server")
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            server = Moto(f"http://127.0.0.1:{port}")
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(server: Moto, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LONGEST_START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            requests.get(f"{server.url}/moto-api/", timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"moto_server did not answer; it ended with {process.poll()}")
