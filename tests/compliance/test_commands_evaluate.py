"""manage.py evaluate: a fact file that is broken, in whatever way, ends 1 with a sentence that names the place."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from templates_app.language import stored_facts
from templates_app.language.facts import FactDocument, HostOs, Section, SectionStatus
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db

SYSCTL = {"net.ipv4.ip_forward": {"running": "0", "persistent": [["0", "/etc/sysctl.d/9.conf", 1]]}}
DEBIAN = HostOs("linux", "debian", "12", pretty_name="Debian GNU/Linux 12", hostname="web1")


def fact_file(sysctl=SYSCTL, os=DEBIAN) -> dict:
    sections = {"sysctl": Section(1, SectionStatus.OK, sysctl)}
    document = FactDocument("1", "0" * 64, datetime(2026, 11, 21, 12, tzinfo=UTC), "root", os, sections)
    return json.loads(stored_facts.dump(document))


def evaluate(path, *more: str, template: str = "house") -> str:
    out = io.StringIO()
    call_command("evaluate", f"--facts={path}", f"--template={template}", *more, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def house(db):
    published_template(slug="house")


def test_a_sound_file_gives_the_results_as_json_or_as_a_table(tmp_path):
    (tmp_path / "facts").write_text(json.dumps(fact_file()))
    document = json.loads(evaluate(tmp_path / "facts"))
    assert [result["status"] for result in document["results"]] == ["pass"]
    assert (document["scan"]["score"], document["scan"]["host"]) == (100.0, "web1")
    assert "score 100.0" in evaluate(tmp_path / "facts", "--format=table")


BROKEN = {
    "empty": ("", "is not JSON"),
    "not JSON": ("{", "is not JSON"),
    "truncated": (json.dumps(fact_file())[:-40], "is not JSON"),
    "nested too deep": ("[" * 100_000, "is not JSON"),
    "a list": ("[]", "wants a JSON object"),
    "another format": (json.dumps(fact_file() | {"format": 2}), "format: 2 is not known"),
    "no format": (json.dumps({"sections": {}}), "format: None is not known"),
    "no time": (json.dumps({k: v for k, v in fact_file().items() if k != "collected_at"}), "collected_at: is missing"),
    "no zone": (json.dumps(fact_file() | {"collected_at": "2026-11-21T12:00:00"}), "collected_at: has no time zone"),
    "a time that is none": (json.dumps(fact_file() | {"collected_at": "noon"}), "noon"),
    "no sections": (json.dumps({k: v for k, v in fact_file().items() if k != "sections"}), "sections: is missing"),
    "sections a list": (json.dumps(fact_file() | {"sections": []}), "sections: wants an object"),
    "a section that is none": (json.dumps(fact_file() | {"sections": {"sysctl": 3}}), "sections.sysctl: is no section"),
    "a status that is none": (
        json.dumps(fact_file() | {"sections": {"sysctl": {"schema": 1, "status": "fine", "value": {}}}}),
        "sections.sysctl: is no section",
    ),
    "an unknown host field": (json.dumps(fact_file() | {"os": {"family": "linux", "colour": "red"}}), "os: "),
    "no host": (json.dumps(fact_file() | {"os": None}), "os: "),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_ends_1_and_names_the_place(tmp_path, name):
    text, words = BROKEN[name]
    (tmp_path / "facts").write_text(text)
    with pytest.raises(CommandError) as refused:
        evaluate(tmp_path / "facts")
    assert refused.value.returncode == 1
    assert f"{tmp_path}/facts is no usable fact file: " in str(refused.value)
    assert words in str(refused.value)


def test_what_is_no_text_no_file_or_too_large_is_refused(tmp_path):
    (tmp_path / "binary").write_bytes(b"\x00\xff\xfe")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1 << 30)
    for path, words in (
        (tmp_path / "binary", "it is not UTF-8 text"), (tmp_path / "huge", "is larger than 64 MB"),
        (tmp_path / "absent", "cannot be read: No such file or directory"),
        (tmp_path, "cannot be read: Is a directory"),
    ):  # fmt: skip
        with pytest.raises(CommandError, match=words):
            evaluate(path)


@pytest.mark.parametrize("value", [None, [], "text", 3, {}, {"net.ipv4.ip_forward": None}, {"net.ipv4.ip_forward": []},
                                   {"net.ipv4.ip_forward": {"running": 0}}])  # fmt: skip
def test_a_section_of_another_shape_is_an_error_of_its_checks_and_no_pass(tmp_path, value):
    (tmp_path / "facts").write_text(json.dumps(fact_file(sysctl=value)))
    results = json.loads(evaluate(tmp_path / "facts"))["results"]
    assert [result["status"] for result in results] == ["error"]
    assert results[0]["message"]


def test_an_unknown_template_or_system_ends_1(tmp_path):
    (tmp_path / "facts").write_text(json.dumps(fact_file(os=HostOs("linux", "arch", "", pretty_name="Arch Linux"))))
    with pytest.raises(CommandError, match="has no checks for Arch Linux"):
        evaluate(tmp_path / "facts")
    with pytest.raises(CommandError, match=r"There is no template x\. Known: house"):
        evaluate(tmp_path / "facts", template="x")
