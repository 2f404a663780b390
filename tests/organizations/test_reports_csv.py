"""The one CSV writer: what a spreadsheet would calculate is text, everything else is as it was."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.reports.csv import CHUNK, FORMULAS, csv_of


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def written(*rows) -> list[list[str]]:
    return read(b"".join(csv_of(["a", "b"], rows)))[1:]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        '=HYPERLINK("http://x")',
    ],
)
def test_formula_is_text(text):
    [[shown, _]] = written([text, ""])
    assert shown.startswith("'")


def test_numbers_times_and_nothing_stay_what_they_are():
    at = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    assert written([-1.5, at], [None, True], [0, "x"]) == [
        ["-1.5", "2026-11-21T12:00:00+00:00"],
        ["", "true"],
        ["0", "x"],
    ]


def test_file_is_utf_8_with_a_mark_quotes_and_crlf():
    content = b"".join(csv_of(["Größe"], [['a "quoted", 日本 🦊'], ["two\nlines"]]))
    assert content == '\ufeff"Größe"\r\n"a ""quoted"", 日本 🦊"\r\n"two\nlines"\r\n'.encode()


def test_control_and_bidirectional_characters_are_shown():
    assert written(["a\x1b[31m", "b\u202e"]) == [["a\\u001b[31m", "b\\u202e"]]


def test_half_characters_break_nothing():
    assert written(["\ud800", ""]) == [["\\ud800", ""]]


@given(st.text(max_size=40))
def test_no_text_begins_a_formula_and_every_text_can_be_read_back(text):
    [[shown, second]] = written([text, "end"])
    assert second == "end"
    assert not shown.startswith(FORMULAS)


def test_rows_are_read_only_as_they_are_sent():
    read_rows = []

    def rows():
        for number in range(100_000):
            read_rows.append(number)
            yield ["x" * 100, number]

    pieces = csv_of(["a", "b"], rows())
    first = next(pieces)
    assert CHUNK <= len(first) < 2 * CHUNK
    assert len(read_rows) < 1000
