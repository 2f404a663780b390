from datetime import UTC, datetime
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

NOON = datetime(2025, 6, 30, 12, 0, tzinfo=UTC)
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def analyzers(*kinds: tuple[str, str], expected: Expected) -> Answers:
    found: list[dict[str, Any]] = [
        {
            "arn": f"arn:aws:access-analyzer:{REGION}:{ACCOUNT}:analyzer/a{number}",
            "name": f"a{number}",
            "type": kind,
            "status": status,
            "createdAt": NOON,
        }
        for number, (kind, status) in enumerate(kinds)
    ]
    says = {"accessanalyzer.list_analyzers": {"analyzers": found}}
    return Answers(says, {"accessanalyzer_enabled_all_regions": expected}, at=NOON)


@on_answers
def an_analyzer_of_the_account() -> Answers:
    kinds = (("ACCOUNT_UNUSED_ACCESS", "ACTIVE"), ("ACCOUNT", "DISABLED"), ("ACCOUNT", "ACTIVE"))
    return analyzers(*kinds, expected=Expected(good=[REGION]))


@on_answers
def an_analyzer_of_the_organization() -> Answers:
    return analyzers(("ORGANIZATION", "ACTIVE"), expected=Expected(good=[REGION]))


@on_answers
def no_analyzer() -> Answers:
    return analyzers(expected=Expected(bad=[REGION]))


@on_answers
def an_analyzer_that_failed() -> Answers:
    return analyzers(("ACCOUNT", "FAILED"), expected=Expected(bad=[REGION]))


@on_answers
def an_analyzer_of_unused_access() -> Answers:
    return analyzers(("ACCOUNT_UNUSED_ACCESS", "ACTIVE"), expected=Expected(bad=[REGION]))
