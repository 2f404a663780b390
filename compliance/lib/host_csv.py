"""Reading a CSV file of hosts: bytes to lines of named cells, with every problem by line and column."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

COLUMNS = ("hostname", "address", "port", "os_type", "connection", "credential", "groups")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
MOST_ROWS, MOST_BYTES = 10_000, 900_000
LONGEST_CELL = 2_000
OTHER_ENCODINGS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAMPLE = (
    "hostname,address,port,os_type,connection,credential,groups\n"
    'web-1.example.com,192.0.2.11,22,linux,ssh,,"Web;Production"\n'
    "db-1.example.com,192.0.2.21,2222,linux,ssh,,Databases\n"
)


@dataclass(frozen=True)
class Problem:
    """Why the file cannot be taken: ``message`` says what to write instead. Line 1 is the header; 0 means the file."""

    line: int
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        place = f"Line {self.line}" if self.line else "The file"
        return f"{place}, {self.column}: {self.message}" if self.column else f"{place}: {self.message}"


@dataclass(frozen=True)
class Row:
    """One line: the cells of the columns that the file has, without spaces around them."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """What a file holds; with any problem its rows are not complete."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = field(default=())


def read_sheet(content: bytes) -> Sheet:
    """Read a CSV file of hosts: UTF-8 with or without BOM, separated by comma, semicolon or tab, header first."""
    text = decoded(content)
    if isinstance(text, Problem):
        return Sheet(problems=(text,))
    header = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(header), strict=True)
    try:
        numbered = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        words = "a quotation mark is not closed, or stands inside a cell; double it there"
        return Sheet(problems=(Problem(reader.line_num, "", "", f"It cannot be read as CSV ({error}): {words}."),))
    if not numbered:
        return Sheet(problems=(Problem(0, "", "", f"It is empty. The first line is {','.join(COLUMNS)}."),))
    return sheet_of(numbered)


def decoded(content: bytes) -> str | Problem:
    """Return the text of ``content``, which is UTF-8 without control characters, else what is wrong with it."""
    if len(content) > MOST_BYTES:
        return Problem(0, "", "", f"It has {len(content):,} bytes; at most {MOST_BYTES:,} go into one file. Split it.")
    if content.startswith(OTHER_ENCODINGS):
        return Problem(0, "", "", "It is UTF-16 or UTF-32. Save it as CSV UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        shown = ascii(content[error.start : error.start + 1])[1:]
        return Problem(line, "", shown, "It is not UTF-8, perhaps Windows-1252. Save the file as CSV UTF-8.")
    for line, words in enumerate(io.StringIO(text, newline=None), 1):
        if any(letter < " " and letter not in "\t\n\r" for letter in words):
            return Problem(line, "", "", "It holds a control character. Is this a spreadsheet? Save it as CSV UTF-8.")
    return text


def separator_of(header: str) -> str:
    """Return what separates the cells of ``header``: of comma, semicolon and tab the most frequent one."""
    return max(SEPARATORS, key=lambda mark: (header.count(mark), mark == ","))


def sheet_of(numbered: Sequence[tuple[int, list[str]]]) -> Sheet:
    (line, header), *rest = numbered
    columns = tuple(cell.strip().lower() for cell in header)
    problems = [*wrong_header(line, columns)]
    if len(rest) > MOST_ROWS:
        problems.append(
            Problem(0, "", "", f"It has {len(rest):,} lines; at most {MOST_ROWS:,} go into one file. Split it.")
        )
    if problems:
        return Sheet(problems=tuple(problems))
    problems = [problem for number, cells in rest for problem in wrong_cells(number, cells, columns)]
    rows = (Row(at, dict(zip(columns, map(str.strip, cells), strict=False))) for at, cells in rest)
    return Sheet(columns, tuple(rows), tuple(problems))


def wrong_header(line: int, columns: Sequence[str]) -> Iterator[Problem]:
    known = ", ".join(COLUMNS)
    for at, name in enumerate(columns):
        if name not in COLUMNS:
            yield Problem(line, name[:40], name[:40], f"There is no column of this name. The columns are {known}.")
        elif name in columns[:at]:
            yield Problem(line, name, name, "This column stands there twice; leave one.")
    if "hostname" not in columns:
        yield Problem(line, "hostname", "", f"The column hostname is missing. The first line is {','.join(COLUMNS)}.")


def wrong_cells(line: int, cells: Sequence[str], columns: Sequence[str]) -> Iterator[Problem]:
    if len(cells) != len(columns):
        words = f"It has {len(cells)} cells, the header {len(columns)}. Put values that hold the separator in quotes."
        yield Problem(line, "", "", words)
    for name, value in zip(columns, cells, strict=False):
        if len(value) > LONGEST_CELL:
            yield Problem(line, name, value[:40], f"It is longer than {LONGEST_CELL:,} characters.")
