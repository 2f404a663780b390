"""The benchmarks and the texts of checks as they are shipped, read once for a process."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
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


@cache
def read_content(root: Path = ROOT) -> Content:
    """Return the content below ``root``. Raises ContentError with every problem there is.

    It is read once for a process, like the code that gives it its meaning.
    """
    benchmarks: dict[str, Benchmark] = {}
    texts: dict[str, CheckText] = {}
    written_in: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(root.glob("*/*.yaml")):
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            problems.append(Problem(name, 1, "", f"is not UTF-8 text, at byte {error.start}"))
            continue
        if name.startswith("benchmarks/"):
            benchmark, wrong = read_benchmark(text, name)
            benchmarks |= {benchmark.slug: benchmark} if benchmark else {}
        else:
            found, wrong = read_texts(text, name, written_in)
            texts |= {one.id: one for one in found}
            written_in |= dict.fromkeys((one.id for one in found), name)
        problems += wrong
    if problems:
        raise ContentError(problems)
    return Content(benchmarks, texts, written_in)
