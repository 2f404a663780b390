"""What AWS says: answers in JSON's types, the way to the next page, failures as sentences for users."""

from collections.abc import Collection as Many
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import jmespath

from cloudbench.engine.inventory import Data, Failure, FailureKind
from cloudbench.engine.permissions import action_of
from cloudbench.engine.session import CallFailed, CredentialsRefused, Denied, Malformed, Throttled, TimedOut

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, jmespath.exceptions.JMESPathError)
"""What projecting an answer raises that is not as AWS documents it."""


def plainly(value: Any) -> Any:
    """Return ``value`` with JSON types only: times as ISO 8601 text in UTC, bytes as text."""
    match value:
        case dict():
            return {str(name): plainly(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plainly(inner) for inner in value]
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case None | bool() | int() | float() | str():
            return value
    if hasattr(value, "read"):
        return value.read().decode("utf-8", "replace")
    return str(value)


def next_page(
    said: Data, *, rule: Mapping[str, Any] | None, own: tuple[str, str] | None, page: Data
) -> dict[str, Any]:  # fmt: skip
    """Return the parameters of the page after ``page``, whose answer is ``said``; none after the last.

    ``rule`` is botocore's (input_token, output_token, more_results), ``own`` a collection's (parameter, field).
    """
    if own is not None:
        token = jmespath.search(own[1], said)
        return {own[0]: token} if token else {}
    if rule is None or (rule.get("more_results") and not jmespath.search(rule["more_results"], said)):
        return {}
    inputs, outputs = _several(rule["input_token"]), _several(rule["output_token"])
    tokens = {name: jmespath.search(path, said) for name, path in zip(inputs, outputs, strict=True)}
    following = {name: token for name, token in tokens.items() if token}
    return following if following != page else {}


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def matches(said: CallFailed, codes: Many[str]) -> bool:
    """Return whether ``said`` is one of ``codes``; "Code:text" asks for the text in the message too."""
    for code in codes:
        name, _, text = code.partition(":")
        if said.code == name and text.lower() in said.message.lower():
            return True
    return False


def described(operation: str, region: str, said: CallFailed) -> Failure:
    """Return the failure of a call as a sentence for users."""
    action, where = action_of(operation), f"in {region}"
    match said:
        case Denied():
            kind, words = FailureKind.DENIED, f"{action} is not permitted {where} ({said.code})."
        case Throttled():
            kind, words = FailureKind.THROTTLED, f"AWS kept throttling {action} {where} ({said.code})."
        case CredentialsRefused():
            words = f"AWS did not accept the credentials for {action} {where} ({said.code})."
            kind = FailureKind.CREDENTIALS
        case TimedOut():
            kind, words = FailureKind.REGION, f"No answer to {action} {where} in time."
        case Malformed():
            kind, words = FailureKind.MALFORMED, f"The answer to {action} {where} cannot be read ({said.code})."
        case _:
            kind, words = FailureKind.SERVICE, f"{action} failed {where}: {said.code}."
    return Failure(kind, words, action, region)
