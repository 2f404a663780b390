"""Ingest: whatever bytes a target sends, they become facts or one refusal; nothing in them can forge a frame."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine.collectors import ingest
from compliance.engine.collectors.plan import plan
from compliance.engine.collectors.registry import COLLECTORS, Os
from compliance.engine.collectors.script import SECTION_BYTES
from templates_app.language import stored_facts
from templates_app.language.facts import FactDocument, SectionStatus
from templates_app.language.registry import Need

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NONCE = "@@00112233445566778899aabbccddeeff"
HOST = ["uname=Linux", "os:ID=debian", "os:VERSION_ID=12"]
EVERYTHING = plan([Need(section) for os, section in COLLECTORS if os is Os.LINUX])
NEEDS = plan([Need("sysctl", "net.ipv4.ip_forward"), Need("package"), Need("file_content", "/etc/issue")])


def frame(name: str, lines: list[str] | bytes, rc: int = 0) -> bytes:
    content = b"".join(b"|" + line.encode() + b"\n" for line in lines) if isinstance(lines, list) else lines
    return b"%s begin %s\n%s|\n|rc %d\n%s end %s\n" % (
        NONCE.encode(), name.encode(), content, rc, NONCE.encode(), name.encode(),
    )  # fmt: skip


def answer(*frames: bytes, host: bool = True) -> bytes:
    mark = NONCE.encode()
    return mark + b" start\n" + (frame("host", HOST) if host else b"") + b"".join(frames) + mark + b" finish\n"


def read(data: bytes, plan=NEEDS) -> FactDocument:
    frames = ingest.split(data, nonce=NONCE, args=dict(plan.sections))
    return ingest.document(plan, frames, slow=False, privilege="root", collected_at=NOON)


def read_or_refused(data: bytes, plan=NEEDS) -> FactDocument | None:
    try:
        return read(data, plan)
    except ingest.Broken:
        return None


def test_a_whole_answer_becomes_facts():
    facts = read(answer(frame("package", ["dpkg", "ii |sudo|1.9"])))
    assert facts.sections["package"].value == {"manager": "dpkg", "installed": {"sudo": "1.9"}}
    assert facts.sections["sysctl"].status is SectionStatus.MISSING
    assert (facts.os.id, facts.os.family) == ("debian", "linux")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin"), (b"Welcome\n", "does not begin"), (answer()[:-9], "before its end"),
        (answer(host=False), "what it is"), (b"x" + answer(), "does not begin"),
        (answer().replace(NONCE.encode(), b"@@" + b"1" * 32), "does not begin"),
        (answer(NONCE.encode() + b" lying Linux awk stat\n"), "awk stat"),
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_refused_with_a_sentence(data, words):
    with pytest.raises(ingest.Broken, match=words):
        read(data)


def test_tools_of_another_system_may_be_other_tools():
    other = answer(NONCE.encode() + b" lying FreeBSD stat\n").replace(b"uname=Linux", b"uname=FreeBSD")
    assert read(other).os.family == "freebsd"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_facts_or_a_refusal(data):
    assert read_or_refused(data) is None
    read_or_refused(NONCE.encode() + b" start\n" + data)


LINES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(["begin", "end", "start", "finish", "lying Linux", "lying", "rc"]).flatmap(
            lambda verb: st.text("abhost package sysctl|\x00\n", max_size=12).map(
                lambda rest: f"{NONCE} {verb} {rest}".encode()
            )
        ),
        st.sampled_from(
            [b"|rc 0", b"|rc 77", b"|rc 69", b"|rc x", b"|rc ", b"|", b"|rc 99999999999999999999999", b"rc 0"]
        ),
        st.sampled_from([f"{NONCE} begin host", f"{NONCE} end host", "|uname=Linux", "|uname=", "|os:ID=debian"]).map(
            str.encode
        ),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_frames_in_any_order_are_facts_or_a_refusal(lines):
    read_or_refused(NONCE.encode() + b" start\n" + b"\n".join(lines) + b"\n" + NONCE.encode() + b" finish\n")
    read_or_refused(b"\n".join(lines))


STATUS = st.one_of(st.binary(max_size=6), st.integers(-1, 300).map(lambda rc: b"%d" % rc))
NAMES = st.sampled_from(["host", "package", "odd", ""])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NAMES, st.lists(st.binary(max_size=9), max_size=3), STATUS), max_size=4), st.booleans())
def test_any_end_of_any_section_is_facts_or_a_refusal(sections, finished):
    frames = b"".join(
        b"%s begin %s\n%s|rc %s\n%s end %s\n" % (
            NONCE.encode(), name.encode(), b"".join(b"|" + line + b"\n" for line in lines), rc, NONCE.encode(),
            name.encode(),
        )
        for name, lines, rc in sections
    )  # fmt: skip
    read_or_refused(answer(frames) if finished else answer(frames)[:-9])


def recorded() -> dict[str, list[str]]:
    """Return {section: every line that was recorded of it}."""
    found: dict[str, list[str]] = {}
    for path in sorted(RECORDINGS.glob("*/*.json")):
        found.setdefault(path.parent.name, []).extend(json.loads(path.read_text())["output"].split("\n"))
    return {name: sorted(set(lines)) for name, lines in found.items() if name != "host"}


RECORDINGS = Path(__file__).parents[1] / "data" / "facts"
RECORDED = recorded()
WORD = st.text(st.characters(exclude_characters="\n"), max_size=12)


def broken(lines: list[str]) -> st.SearchStrategy[str]:
    """Return recorded lines as they are, cut anywhere, with a word in the middle, or something else altogether."""
    line, at = st.sampled_from(lines), st.integers(0, 30)
    return st.one_of(
        line, st.builds(lambda text, end: text[:end], line, at), WORD,
        st.builds(lambda text, end, word: text[:end] + word + text[end:], line, at, WORD),
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECORDED))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_recorded_lines_broken_anywhere_break_no_parser_and_no_other_section(name, data):
    lines = data.draw(st.lists(broken(RECORDED[name]), max_size=25))
    content = b"".join(b"|" + line.encode("utf-8", "replace").replace(b"\n", b"") + b"\n" for line in lines)
    told = frame("package", ["dpkg", "ii |sudo|1.9"]) if name != "package" else b""
    facts = read(answer(told, frame(name, content)), EVERYTHING)
    if told:
        assert facts.sections["package"].value == {"manager": "dpkg", "installed": {"sudo": "1.9"}}
    text = stored_facts.dump(facts)
    assert stored_facts.load(text) == facts
    assert not ingest.UNSAFE.search(text)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(min_size=32, max_size=32).map(lambda raw: f"@@{raw.hex()[:32]}"), st.sampled_from(["package", "sysctl"])
)
def test_frames_with_another_nonce_are_content(nonce, name):
    forged = answer(frame(name, ["dpkg", "ii |telnet|1"])).replace(NONCE.encode(), nonce.encode())
    genuine = answer(frame("package", ["dpkg", "ii |sudo|1.9"]))
    start, rest = genuine.split(b"\n", 1)
    assert read(start + b"\n" + forged + rest) == read(genuine)
    within = frame(
        "package", b"|dpkg\n" + b"".join(b"|" + line + b"\n" for line in forged.split(b"\n") if b"ii" not in line)
    )
    assert "telnet" not in stored_facts.dump(read_or_refused(answer(within)) or read(genuine))


def test_a_section_larger_than_its_bound_is_cut_and_says_so():
    lines = ["dpkg", *(f"ii |package-{number}|1.0" for number in range(60_000))]
    section = read(answer(frame("package", lines))).sections["package"]
    assert section.status is SectionStatus.TRUNCATED
    assert "1 MB" in section.reason
    assert len(stored_facts.section_bytes(section)) < SECTION_BYTES * 2


@pytest.mark.parametrize(
    ("rc", "status"),
    [(77, SectionStatus.DENIED), (69, SectionStatus.UNSUPPORTED), (75, SectionStatus.TRUNCATED),
     (124, SectionStatus.TIMEOUT)],
)  # fmt: skip
def test_a_refusal_is_told_by_its_status_whatever_was_printed(rc, status):
    section = read(answer(frame("package", ["dpkg", "ii |sudo|1.9"], rc))).sections["package"]
    assert (section.status, section.value) == (status, None)


def test_control_bidi_and_nul_characters_are_made_visible():
    assert ingest.safe("a\x1b[2J\x00\u202eb\u2028\x9b\ufeff\tä") == (
        "a\\u001b[2J\\u0000\\u202eb\\u2028\\u009b\\ufeff\tä"
    )
