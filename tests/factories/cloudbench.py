"""Cloud accounts, benchmarks, snapshots, runs and schedules."""

from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

import factory

from cloudbench.lib.benchmarks import Benchmark as Document
from cloudbench.lib.benchmarks import Control, Counts, Level, Section
from cloudbench.models import (
    Benchmark,
    CheckResult,
    CloudAccount,
    ControlState,
    CustomControl,
    FactBundle,
    Run,
    Schedule,
    Snapshot,
)
from tests.factories.organizations import OrganizationFactory

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class CloudAccountFactory(factory.django.DjangoModelFactory):
    """An account that is entered through a role."""

    class Meta:
        model = CloudAccount

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"account {n}")
    account_id = factory.Sequence(lambda n: f"{100_000_000_000 + n}")
    role_arn = factory.LazyAttribute(lambda account: f"arn:aws:iam::{account.account_id}:role/plumbline-read")


def a_document(*checks: str, slug: str = "a_benchmark") -> dict[str, Any]:
    """Return a benchmark's document: one section, a control at level 1 for each of ``checks``, and a manual one."""
    controls = [
        Control(f"1.{n}", "1", f"Control of {check}", "auto", ("1",), "high", (check,))
        for n, check in enumerate(checks, 1)
    ]
    guidance = "Look at the contact details under Account."
    manual = Control(f"1.{len(checks) + 1}", "1", "Contact details are current", "manual", guidance=guidance)
    benchmark = Document(
        slug=slug, title=f"Benchmark {slug}", publisher="Example Institute", version="1.0.0", cadence="yearly",
        content_date=date(2026, 11, 1), source="https://example.com/",
        published=Counts(len(checks) + 1, len(checks), 1),
        sections=(Section("1", "Storage"),), controls=(*controls, manual), levels_name="Level",
        levels=(Level("1", "Level 1"),),
    )  # fmt: skip
    return benchmark.document


class BenchmarkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Benchmark

    slug = factory.Sequence(lambda n: f"benchmark_{n}")
    revision = 1
    title = factory.LazyAttribute(lambda benchmark: f"Benchmark {benchmark.slug}")
    publisher = "Example Institute"
    version = "1.0.0"
    content_date = date(2026, 11, 1)
    document = factory.LazyAttribute(lambda benchmark: a_document("s3_bucket_versioning", slug=benchmark.slug))
    sha256 = factory.LazyAttribute(lambda benchmark: sha256(repr(benchmark.document).encode()).hexdigest())
    loaded_at = NOON


class SnapshotFactory(factory.django.DjangoModelFactory):
    """A pending collection, but for fields."""

    class Meta:
        model = Snapshot

    account = factory.SubFactory(CloudAccountFactory)
    organization = factory.SelfAttribute("account.organization")


class FactBundleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FactBundle

    snapshot = factory.SubFactory(SnapshotFactory)
    parts = 0
    data = b""
    sha256 = factory.LazyAttribute(lambda bundle: sha256(bundle.data).hexdigest())


class CheckResultFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CheckResult

    snapshot = factory.SubFactory(SnapshotFactory)
    check_id = factory.Sequence(lambda n: f"s3_check_{n}")
    status = "PASS"


class RunFactory(factory.django.DjangoModelFactory):
    """A pending run with a snapshot of its own, but for fields."""

    class Meta:
        model = Run

    account = factory.SubFactory(CloudAccountFactory)
    organization = factory.SelfAttribute("account.organization")
    benchmark = factory.SubFactory(BenchmarkFactory)
    snapshot = factory.SubFactory(SnapshotFactory, account=factory.SelfAttribute("..account"))


def completed_run(**fields: Any) -> Run:
    """Return a run that ended at NOON with 8 of 10 decided controls passed, but for ``fields``."""
    values: dict[str, Any] = {
        "status": Run.Status.COMPLETED, "started_at": NOON, "finished_at": NOON, "controls_total": 12,
        "controls_done": 12, "passed": 8, "failed": 2, "skipped": 1, "errors": 1, "critical_failed": 1,
        "high_failed": 1, "score": 80.0, "coverage": 0.9,
    }  # fmt: skip
    given = values | fields
    if "snapshot" not in given:
        account = given["account"] if "account" in given else CloudAccountFactory()
        given["snapshot"] = SnapshotFactory(
            account=account, status=Snapshot.Status.COMPLETED, collected_at=given["finished_at"],
            finished_at=given["finished_at"], partition="aws", regions=["eu-central-1"], api_calls=120, seconds=4.2,
        )  # fmt: skip
    given.setdefault("account", given["snapshot"].account)
    run: Run = RunFactory(**given)
    return run


class ControlStateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ControlState

    run = factory.SubFactory(RunFactory)
    control_id = factory.Sequence(lambda n: f"1.{n}")
    status = "PASS"
    severity = "high"


class ScheduleFactory(factory.django.DjangoModelFactory):
    """Every day at 06:00 UTC."""

    class Meta:
        model = Schedule

    account = factory.SubFactory(CloudAccountFactory)
    organization = factory.SelfAttribute("account.organization")
    benchmarks = factory.LazyFunction(lambda: ["cis_aws_3_0"])
    time = time(6, 0)


class CustomControlFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CustomControl

    organization = factory.SubFactory(OrganizationFactory)
    title = factory.Sequence(lambda n: f"custom control {n}")
    sql = "SELECT arn FROM s3_buckets"
