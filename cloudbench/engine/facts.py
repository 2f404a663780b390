"""Parts of an inventory as lines of JSON, to be stored and read again just as they were."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cloudbench.engine.inventory import Answer, Failure, FailureKind, Part, Resource


def line_of(part: Part) -> str:
    """Return ``part`` as one line of JSON, without the line's end."""
    answers = [[key, _answer(answer)] for key, answer in part.answers.items()]
    told = {"collection": part.collection, "region": part.region, "offered": part.offered, "answers": answers}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def parts_in(lines: Iterable[str]) -> Iterator[Part]:
    """Yield the parts of ``lines``. Raises ValueError or KeyError for a line that ``line_of`` has not written."""
    for line in lines:
        told = json.loads(line)
        collection = told["collection"]
        answers = {key: _read(collection, answer) for key, answer in told["answers"]}
        yield Part(collection, told["region"], answers, told["offered"])


def _answer(answer: Answer) -> dict[str, Any]:
    if answer.failure is not None:
        failure = answer.failure
        return {"failure": [failure.kind, failure.words, failure.action, failure.region]}
    return {"rows": [[row.region, row.arn, row.name, row.parent, row.data] for row in answer.rows]}


def _read(collection: str, told: dict[str, Any]) -> Answer:
    if "failure" in told:
        kind, words, action, region = told["failure"]
        return Answer((), Failure(FailureKind(kind), words, action, region))
    return Answer(
        tuple(Resource(collection, region, arn, name, data, parent) for region, arn, name, parent, data in told["rows"])
    )
