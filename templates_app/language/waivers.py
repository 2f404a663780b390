"""Waivers and exemptions: what somebody decided to live with or to leave out, before results are counted."""

from collections.abc import Iterable, Mapping

from templates_app.language.results import Result, SkipReason, Status


def waived(results: Iterable[Result], waivers: Mapping[str, str]) -> list[Result]:
    """Return ``results`` with each failure of a check in ``waivers`` as waived; {check id: who allows it, in words}.

    Only a failure can be waived: what passed needs none, what could not be decided stays undecided. What was expected
    and found and its evidence stay as they are.
    """
    return [
        result._replace(status=Status.WAIVED, message=joined(waivers[result.check_id], result.message))
        if result.status is Status.FAIL and result.check_id in waivers
        else result
        for result in results
    ]


def exempted(results: Iterable[Result], exemptions: Mapping[str, str]) -> list[Result]:
    """Return ``results`` with each check in ``exemptions`` skipped, whatever was found; {check id: the rule}."""
    return [
        result._replace(
            status=Status.SKIP,
            skip_reason=SkipReason.EXEMPTED,
            message=f"Exempted in the settings by {exemptions[result.check_id]}.",
        )
        if result.status is not Status.SKIP and result.check_id in exemptions
        else result
        for result in results
    ]


def joined(words: str, message: str) -> str:
    return f"{words} {message}".rstrip()
