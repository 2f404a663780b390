"""The benchmarks and the texts of checks as they are shipped, read once for a process."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cloudbench.lib.benchmarks import Benchmark, CheckText, read_benchmark, read_texts
from organizations.lib.yaml_lines import Problem

ROOT = Path(__file__).parents[1] / "content"


@dataclass(frozen=True)
class Content:
    """All that is shipped: benchmarks by slug, texts by check id, and the file that each text stands in."""

    benchmarks: Mapping[str, Benchmark]
    texts: Mapping[str, CheckText]
    files: Mapping[str, str]


class ContentError(Exception):
    """Content that cannot be used; one problem to a line, each with file, line and key."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class File:
    """One content file: its name below the root of the content, and what it holds."""

    name: str
    data: bytes


def read_content(root: Path = ROOT) -> Content:
    """Return the content below ``root``. Raises ContentError with every problem there is.

    It is parsed once for each state of the files; whoever asks again in the same process gets the same value.
    """
    paths = sorted(root.glob("*/*.yaml"))
    return _parsed(tuple(File(path.relative_to(root).as_posix(), path.read_bytes()) for path in paths))


@lru_cache(maxsize=2)
def _parsed(files: tuple[File, ...]) -> Content:
    benchmarks: dict[str, Benchmark] = {}
    texts: dict[str, CheckText] = {}
    written_in: dict[str, str] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            text = file.data.decode()
        except UnicodeDecodeError as error:
            problems.append(Problem(file.name, 1, "", f"is not UTF-8 text, at byte {error.start}"))
            continue
        if file.name.startswith("benchmarks/"):
            benchmark, wrong = read_benchmark(text, file.name)
            benchmarks |= {benchmark.slug: benchmark} if benchmark else {}
        else:
            found, wrong = read_texts(text, file.name, written_in)
            texts |= {one.id: one for one in found}
            written_in |= {one.id: file.name for one in found}
        problems += wrong
    if problems:
        raise ContentError(problems)
    return Content(benchmarks, texts, written_in)
