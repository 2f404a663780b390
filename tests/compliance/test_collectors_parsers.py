"""Parsers read recorded output: a new case is a new file under tests/data/facts/<section>/."""

import json
from pathlib import Path

import pytest

from compliance.engine.collectors import ingest
from compliance.engine.collectors.registry import COLLECTORS, Os, RawSection

CASES = sorted((Path(__file__).parents[1] / "data" / "facts").glob("*/*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_output_becomes_fact(path):
    case = json.loads(path.read_text())
    collector = COLLECTORS[Os.LINUX, path.parent.name]
    lines = [ingest.safe(line) for line in case["output"].split("\n")]
    while lines and lines[-1] == "":
        lines.pop()
    raw = RawSection(
        path.parent.name,
        lines,
        case.get("rc", 0),
        tuple(case.get("args", ())),
        case.get("complete", True),
    )
    refused = ingest.REFUSALS.get(raw.rc)
    section = ingest.Section(1, refused, None) if refused else ingest.parsed(raw.name, 1, collector.parse, raw)
    if "refused" in case:
        assert section.status.value == case["refused"], section
    else:
        assert section.status.value in ("ok", "truncated"), section.reason
        assert json.loads(json.dumps(section.value)) == case["fact"]
