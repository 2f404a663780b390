"""The account that the cloud benchmarks measure: moto in a process of its own, filled, counting and slowed down.

    python -m tests.bench.cloud_peer SIZE REGIONS LOG

Prints its port when it is filled. GET /-/delay/MS sets what is added to each call, GET /-/mark begins a new section of
LOG, in which each call is a line of JSON.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

os.environ |= {"AWS_ACCESS_KEY_ID": "AKIABENCH", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "us-east-1"}

import boto3
from moto import mock_aws
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

SIZES = {
    "small": {"users": 5, "roles": 10, "buckets": 5, "instances": 5, "groups": 5},
    "large": {"users": 1000, "roles": 1000, "buckets": 500, "instances": 1000, "groups": 300},
}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
READ = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})


def fill(size: dict[str, int], regions: list[str]) -> None:
    """Make the resources, those of regions spread over them; every second one is as benchmarks want it."""
    iam, s3 = boto3.client("iam"), boto3.client("s3")
    for n in range(size["users"]):
        iam.create_user(UserName=f"user-{n}")
        iam.create_access_key(UserName=f"user-{n}")
        if n % 2:
            iam.put_user_policy(UserName=f"user-{n}", PolicyName="read", PolicyDocument=READ)
    for n in range(size["roles"]):
        iam.create_role(RoleName=f"role-{n}", AssumeRolePolicyDocument=TRUST)
    for n in range(size["buckets"]):
        s3.create_bucket(Bucket=f"bench-bucket-{n}")
        if n % 2:
            s3.put_bucket_versioning(Bucket=f"bench-bucket-{n}", VersioningConfiguration={"Status": "Enabled"})
    for n, region in zip(range(size["groups"]), cycle(regions), strict=False):
        ec2 = boto3.client("ec2", region_name=region)
        group = ec2.create_security_group(GroupName=f"group-{n}", Description="bench")["GroupId"]
        if n % 2:
            ec2.authorize_security_group_ingress(
                GroupId=group, CidrIp="0.0.0.0/0", IpProtocol="tcp", FromPort=22, ToPort=22
            )
    each = max(1, size["instances"] // len(regions))
    for region in regions:
        ec2 = boto3.client("ec2", region_name=region)
        for _ in range(0, each, 25):
            ec2.run_instances(ImageId="ami-12c6146b", MinCount=min(25, each), MaxCount=min(25, each))


class Counting:
    """Stands before moto: keeps each call, waits, and lets it through."""

    def __init__(self, app: Any, log: str) -> None:
        self.app, self.delay_s, self.lock = app, 0.0, threading.Lock()
        self.log = Path(log).open("w")  # noqa: SIM115 - open as long as the process lives

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith("/-/"):
            return self.order(path, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = Body(body)
        if self.delay_s:
            time.sleep(self.delay_s)
        said = {"status": "500"}

        def start(status: str, *more: Any) -> Any:
            said["status"] = status
            return start_response(status, *more)

        try:
            answer: Iterable[bytes] = self.app(environ, start)
            return answer
        finally:
            self.keep(environ, path, body, said["status"][:3])

    def keep(self, environ: dict[str, Any], path: str, body: bytes, status: str) -> None:
        headers = {
            name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        headers |= {"Content-Type": environ["CONTENT_TYPE"]} if environ.get("CONTENT_TYPE") else {}
        line = {
            "method": environ["REQUEST_METHOD"], "path": path, "query": environ.get("QUERY_STRING", ""),
            "headers": headers, "body": body.decode("latin-1"), "status": int(status),
        }  # fmt: skip
        with self.lock:
            self.log.write(json.dumps(line) + "\n")

    def order(self, path: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if path.startswith("/-/delay/"):
            self.delay_s = int(path.rpartition("/")[2]) / 1000
        with self.lock:
            if path == "/-/mark":
                self.log.seek(0)
                self.log.truncate()
            self.log.flush()
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]


class Body:
    """A request's body that was read already."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def read(self, size: int = -1) -> bytes:
        end = len(self.content) if size < 0 else self.at + size
        piece, self.at = self.content[self.at : end], min(end, len(self.content))
        return piece

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def main() -> None:
    size, regions, log = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    WSGIRequestHandler.log = lambda *_, **__: None
    mock_aws(config={"iam": {"load_aws_managed_policies": False}}).start()
    fill(SIZES[size], regions)
    server = make_server("127.0.0.1", 0, Counting(DomainDispatcherApplication(create_backend_app), log), threaded=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
