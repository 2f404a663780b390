"""The body of a run task's callback.

Source: "Run Tasks Integration API", Run Task Callback; limits from HashiCorp's schema runtask-result.json.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from compliance.terraform.payloads import WEB_ADDRESS
from compliance.terraform.texts import cleaned

Status = Literal["running", "passed", "failed"]
Json = dict[str, object]

CONTENT_TYPE = "application/vnd.api+json"
LONGEST_MESSAGE, LONGEST_URL, MOST_OUTCOMES = 1_000, 500, 250
LONGEST_DESCRIPTION, LONGEST_BODY = 200, 4_000
"""Ours; 250 bodies stay well below the 1 MB that HashiCorp recommends for one."""
MOST_NAMED = 20
WORST_FIRST = ("critical", "high", "medium", "low")
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "info"}
MARKS = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")


@dataclass(frozen=True, slots=True)
class FailedRule:
    """One rule that failed on one machine, after exceptions and exemptions. ``severity`` is critical, high, ..."""

    check_id: str
    title: str
    severity: str
    machine: str
    remediation: str = ""
    url: str = ""


def callback(
    *, status: Status, message: str, url: str = "", failed: Iterable[FailedRule] = (), accepts_outcomes: bool = False
) -> Json:
    """Return the JSON body: ``message`` cut to its limit, ``url`` left out when it does not fit, at most 250 outcomes.

    Raises ValueError for an empty message, which would be refused.
    """
    words = cleaned(message, LONGEST_MESSAGE)
    if not words:
        raise ValueError("a callback needs a message")
    attributes: Json = {"status": status, "message": words}
    if usable(url):
        attributes["url"] = url
    data: Json = {"type": "task-results", "attributes": attributes}
    if accepts_outcomes and (items := outcomes(failed)):
        data["relationships"] = {"outcomes": {"data": items}}
    return {"data": data}


def outcomes(failed: Iterable[FailedRule]) -> list[Json]:
    """Return one outcome for each rule, worst first; when there are too many, the last one counts the rest."""
    rules: dict[str, list[FailedRule]] = {}
    for one in failed:
        rules.setdefault(one.check_id, []).append(one)
    ordered = sorted(rules.values(), key=lambda group: (rank(group), group[0].check_id))
    if len(ordered) <= MOST_OUTCOMES:
        return [outcome(group) for group in ordered]
    shown, rest = ordered[: MOST_OUTCOMES - 1], ordered[MOST_OUTCOMES - 1 :]
    return [*(outcome(group) for group in shown), summary(rest)]


def outcome(group: Sequence[FailedRule]) -> Json:
    """Return the outcome of one rule that failed on the machines of ``group``."""
    worst = min(group, key=lambda one: rank([one]))
    machines = sorted({cleaned(one.machine, 100) for one in group})
    named = ", ".join(map(plain, machines[:MOST_NAMED]))
    more = f" and {len(machines) - MOST_NAMED} more" if len(machines) > MOST_NAMED else ""
    body = f"Fails on {named}{more}."
    if remediation := plain(cleaned(worst.remediation, 2_000)):
        body += f"\n\n{remediation}"
    attributes: Json = {
        "outcome-id": cleaned(worst.check_id, 120),
        "description": cleaned(worst.title, LONGEST_DESCRIPTION) or cleaned(worst.check_id, 120),
        "body": body[:LONGEST_BODY],
        "tags": {
            "Status": [{"label": "Failed", "level": "error"}],
            "Severity": [{"label": worst.severity.capitalize(), "level": LEVELS.get(worst.severity, "none")}],
        },
    }
    if usable(worst.url):
        attributes["url"] = worst.url
    return {"type": "task-result-outcomes", "attributes": attributes}


def summary(rest: Sequence[Sequence[FailedRule]]) -> Json:
    """Return the outcome that stands for the rules for which there is no place."""
    counts = [(name, sum(rank(group) == place for group in rest)) for place, name in enumerate(WORST_FIRST)]
    words = ", ".join(f"{count} {name}" for name, count in counts if count)
    return {
        "type": "task-result-outcomes",
        "attributes": {
            "outcome-id": "more-failed-rules",
            "description": f"{len(rest)} more rules failed",
            "body": f"By severity: {words}. The report holds all of them."
            if words
            else "The report holds all of them.",
            "tags": {"Status": [{"label": "Failed", "level": "error"}]},
        },
    }


def rank(group: Sequence[FailedRule]) -> int:
    """Return the place of the worst severity in ``group``, 0 for critical; unknown ones come last."""
    return min(WORST_FIRST.index(one.severity) if one.severity in WORST_FIRST else len(WORST_FIRST) for one in group)


def usable(url: str) -> bool:
    return len(url) <= LONGEST_URL and bool(WEB_ADDRESS.match(url))


def plain(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is: names of machines come from documents of others."""
    return MARKS.sub(r"\\\1", text)
