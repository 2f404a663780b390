"""Waivers: failures that somebody decided to live with, turned into waived results before they are counted."""

from collections.abc import Iterable, Mapping

from templates_app.language.results import Result, Status


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


def joined(words: str, message: str) -> str:
    return f"{words} {message}".rstrip()
