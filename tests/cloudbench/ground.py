"""A moto account for tests of services, and small benchmarks over checks that are there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from unittest import mock

from moto import mock_aws

from cloudbench.lib.benchmarks import Benchmark, Control, Counts, Section
from cloudbench.models import Benchmark as StoredBenchmark
from cloudbench.models import CloudAccount
from tests.cloudbench.scenes import ACCOUNT, REGION
from tests.cloudbench.stage import ENVIRONMENT, clients
from tests.factories.cloudbench import NOON, CloudAccountFactory

S3_CHECKS = ("s3_bucket_versioning", "s3_bucket_default_encryption", "s3_bucket_lifecycle")


@contextmanager
def amazon() -> Iterator[Any]:
    """Have this process talk to an empty moto; gives aws("s3"), a client in REGION."""
    with mock.patch.dict(os.environ, ENVIRONMENT), mock_aws(config={"iam": {"load_aws_managed_policies": False}}):
        yield clients()


def bucket(aws: Any, name: str, *, versioned: bool = False) -> None:
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioned:
        aws("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def an_account(**fields: Any) -> CloudAccount:
    """Return a stored account that moto lets in."""
    keys = {
        "access": CloudAccount.Access.KEYS,
        "role_arn": "",
        "access_key_id": "AKIAEXAMPLE",
        "secret_access_key": "x",
    }
    return CloudAccountFactory(**{"account_id": ACCOUNT, "regions": [REGION], **keys, **fields})


def a_benchmark(slug: str, *checks: str, severity: Any = "") -> StoredBenchmark:
    """Return a stored benchmark with a control 1.n for each of ``checks``, and a manual one behind them."""
    automated = [
        Control(f"1.{n}", "1", f"Control of {check}", "auto", ("L1",), severity, (check,))
        for n, check in enumerate(checks, 1)
    ]
    manual = Control(
        f"1.{len(checks) + 1}", "1", "Contacts are current", "manual", ("L1",), guidance="Ask for the list."
    )
    benchmark = Benchmark(
        slug=slug, title=f"Benchmark {slug}", publisher="Example Institute", version="1.0.0", cadence="yearly",
        content_date=date(2026, 11, 1), source="https://example.com/",
        published=Counts(len(checks) + 1, len(checks), 1),
        sections=(Section("1", "Storage"),), controls=(*automated, manual),
    )  # fmt: skip
    return StoredBenchmark.objects.create(
        slug=slug, revision=1, title=benchmark.title, publisher=benchmark.publisher, version=benchmark.version,
        content_date=benchmark.content_date, document=benchmark.document, sha256=benchmark.sha256, loaded_at=NOON,
    )  # fmt: skip
