"""Evaluation: from facts and compiled checks to results. Pure: no network, no database, no clock."""

from collections.abc import Iterable
from functools import partial

from templates_app.language.compilation import Compiled
from templates_app.language.facts import Facts, HostOs, Unknown
from templates_app.language.results import Result, SkipReason, Status

# what kinds raise for facts of another version, or from a file that somebody wrote: one check's error, not the scan's
UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def evaluate(compiled: Iterable[Compiled], facts: Facts) -> list[Result]:
    """Return one result for each check, in their order."""
    return [evaluate_one(check, facts) for check in compiled]


def evaluate_one(check: Compiled, facts: Facts) -> Result:
    if check.rule is None:
        reason = "A person must judge this one; no probe can decide it."
        return Result(
            check.check_id,
            Status.SKIP,
            check.expected,
            "not examined",
            (),
            SkipReason.MANUAL,
            reason,
        )
    try:
        if check.condition is not None:
            applies, why = facts.memo(check.condition, partial(check.condition, facts))
            if not applies:
                return Result(
                    check.check_id, Status.SKIP, check.expected, why, (), SkipReason.NOT_APPLICABLE,
                    f"Does not apply: {why}.",
                )  # fmt: skip
        verdict = check.rule(facts)
    except Unknown as unknown:
        return Result(
            check.check_id,
            Status.ERROR,
            check.expected,
            "unknown",
            (),
            SkipReason.NONE,
            unknown.reason,
        )
    except UNREADABLE as error:
        reason = f"the facts have a shape that this version does not read ({type(error).__name__}: {error})"
        return Result(check.check_id, Status.ERROR, check.expected, "unknown", (), SkipReason.NONE, reason)
    if verdict.status is Status.SKIP:
        return Result(
            check.check_id, Status.SKIP, check.expected, verdict.actual, verdict.evidence, SkipReason.NOT_APPLICABLE,
            f"Does not apply: {verdict.actual}.",
        )  # fmt: skip
    return Result(check.check_id, verdict.status, check.expected, verdict.actual, verdict.evidence)


def benchmark_of(os: HostOs) -> str | None:
    """Return the benchmark whose content fits ``os``: debian12, ubuntu2204 or rhel9; None when none does."""
    major = os.version_id.split(".")[0]
    if not major.isdigit():
        return None
    number = int(major)
    if os.id == "debian" and number >= 12:
        return "debian12"
    if os.id == "ubuntu" and number >= 22:
        return "ubuntu2204"
    if os.id in RHEL_FAMILY and number >= 9:
        return "rhel9"
    return None


RHEL_FAMILY = frozenset({"rhel", "centos", "rocky", "almalinux", "ol"})
