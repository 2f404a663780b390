"""Anticipated refusals: one class per HTTP status; the API and the pages turn each into an answer in one place."""

from collections.abc import Mapping, Sequence


class Refused(Exception):
    """A request that was understood and is refused; its text is a sentence for the user."""

    status = 400
    title = "The request was refused."


class Invalid(Refused):
    """A field holds what it may not hold. ``errors`` maps field names to messages."""

    status = 400
    title = "The request has invalid fields."

    def __init__(self, errors: Mapping[str, Sequence[str] | str] | str) -> None:
        """Take {field: message or messages}, or one sentence that concerns no single field."""
        if isinstance(errors, str):
            errors = {"non_field_errors": errors}
        self.errors = {
            field: [messages] if isinstance(messages, str) else list(messages) for field, messages in errors.items()
        }
        super().__init__(" ".join(message for messages in self.errors.values() for message in messages))


class Forbidden(Refused):
    """The actor may not do this, for a reason that no permission expresses."""

    status = 403
    title = "This is not permitted."


class Conflict(Refused):
    """The row is not in a state that allows this: immutable, already decided, offline."""

    status = 409
    title = "The current state does not allow this."


class TooLarge(Refused):
    """What was sent is larger than accepted."""

    status = 413
    title = "The content is too large."


class Unprocessable(Invalid):
    """The document was read and cannot be used; ``errors`` names the places in it."""

    status = 422
    title = "The document cannot be used."


class TooOften(Refused):
    """The same caller asked too many times."""

    status = 429
    title = "Too many requests."


class NotReady(Refused):
    """What was asked for is still being made; ask again after ``retry_after_s`` seconds."""

    status = 202
    title = "Not ready yet."

    def __init__(self, message: str, *, retry_after_s: int = 2) -> None:
        """Keep the sentence and the time to wait, in seconds."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
