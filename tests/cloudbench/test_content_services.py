"""Loading the benchmarks: what is new, what is unchanged, what changed and how it is told."""

from dataclasses import replace

import pytest
from django.db import DatabaseError, transaction

from cloudbench.engine.registry import CHECKS
from cloudbench.lib import content as shipped
from cloudbench.lib.benchmarks import CheckText, Counts, read_benchmark
from cloudbench.lib.content import Content, ContentError
from cloudbench.models import Benchmark
from cloudbench.services import content
from organizations.models.audit import AuditEvent
from tests.cloudbench.test_content_lib import BENCHMARK

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    return read_benchmark(BENCHMARK, "house.yaml")[0]


def changed(benchmark, *controls):
    labels = [control.assessment for control in controls]
    counts = Counts(len(labels), labels.count("auto"), labels.count("manual"))
    return replace(benchmark, controls=controls, published=counts)


def test_a_new_benchmark_is_stored_as_its_first_revision(house):
    assert content.load_benchmark(house) == ["house_rules: revision 1 loaded, 3 controls"]
    stored = Benchmark.objects.get()
    assert (stored.slug, stored.revision, stored.version, stored.sha256) == ("house_rules", 1, "1.0", house.sha256)
    assert stored.document == house.document
    assert AuditEvent.objects.get().action == "benchmark.loaded"


def test_an_unchanged_benchmark_is_left_alone(house):
    content.load_benchmark(house)
    assert content.load_benchmark(house) == ["house_rules: revision 1 is up to date"]
    assert Benchmark.objects.count() == 1


def test_what_changed_is_told_and_becomes_the_next_revision(house):
    content.load_benchmark(house)
    doors, windows, guests = house.controls
    added = replace(guests, id="1.4", title="Keys are counted")
    remapped = replace(doors, checks=("door_locked", "door_bolted"))
    reworded = replace(guests, guidance="Ask each guest.")
    assert content.load_benchmark(changed(house, remapped, reworded, added)) == [
        "house_rules: revision 2 loaded, 3 controls",
        "  1.1 remapped: +door_bolted -door_closed",
        "  1.3 reworded or relabelled",
        "  1.4 added: Keys are counted",
        "  1.2 removed: Windows are shut",
    ]
    assert [(row.revision, row.document == house.document) for row in Benchmark.objects.order_by("revision")] == [
        (1, True),
        (2, False),
    ]
    assert Benchmark.objects.newest().get().revision == 2


def test_a_revision_that_this_program_cannot_read_is_followed_all_the_same(house):
    content.load_benchmark(house)
    later = Benchmark.objects.get()
    Benchmark.objects.create(
        slug=later.slug, revision=2, title=later.title, publisher=later.publisher, version=later.version,
        content_date=later.content_date, document={"controls": "elsewhere"}, sha256="0" * 64, loaded_at=later.loaded_at,
    )  # fmt: skip
    assert content.load_benchmark(house)[1:] == ["  revision 2 was written in an older form and cannot be compared"]


def test_a_stored_revision_cannot_be_changed(house):
    content.load_benchmark(house)
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        Benchmark.objects.update(title="Another")


def test_the_seven_benchmarks_load_and_then_are_up_to_date():
    first = list(content.load_content())
    assert len(first) == 7
    assert all("revision 1 loaded" in line for line in first)
    assert all("is up to date" in line for line in content.load_content())


@pytest.fixture
def as_shipped(house, monkeypatch, tmp_path):
    """Let the content be one benchmark, and the registry hold what it asks for but one check."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "checks").mkdir()
    (tmp_path / "benchmarks" / "house_rules.yaml").write_text(BENCHMARK)
    (tmp_path / "checks" / "house.yaml").write_text("- id: window_shut\n- id: roof_tight\n")
    monkeypatch.setattr(content, "ROOT", tmp_path)
    known = next(iter(CHECKS.values()))
    monkeypatch.setattr(content, "CHECKS", {"door_locked": known, "window_shut": known})
    texts = {
        check: CheckText(check, "T", "S", "R", "low", "D", "R", ("A", "B"), shipped.__name__)
        for check in ("window_shut", "roof_tight")
    }
    files = dict.fromkeys(texts, "checks/house.yaml")
    monkeypatch.setattr(content, "read_content", lambda: Content({house.slug: house}, texts, files))


@pytest.mark.usefixtures("as_shipped")
def test_checks_without_text_and_texts_and_controls_without_check_are_told_with_their_place():
    assert content.check_content() == [
        "benchmarks/house_rules.yaml:22: there is no check door_closed",
        "checks: door_locked: has no text",
        "checks/house.yaml:2: there is no check roof_tight",
    ]


def test_content_that_cannot_be_read_is_told_and_not_loaded(monkeypatch):
    def broken() -> Content:
        raise ContentError(read_benchmark("slug: [", "benchmarks/house.yaml")[1])

    monkeypatch.setattr(content, "read_content", broken)
    assert [line.split(" is not YAML")[0] for line in content.check_content()] == ["benchmarks/house.yaml:2:"]
    with pytest.raises(ContentError):
        list(content.load_content())
    assert not Benchmark.objects.exists()
