"""Bodies of requests that hold a document: read strictly, so that a key that stands twice is not lost silently."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from rest_framework.parsers import BaseParser

from organizations.errors import Invalid, TooLarge
from templates_app.language.strict_json import JsonError, read_json
from templates_app.services.portability import MOST_BYTES


class StrictJsonParser(BaseParser):
    """Reads application/json with the places of what is wrong in it."""

    media_type = "application/json"

    def parse(self, stream: BinaryIO, media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        """Return the body's value. Raises TooLarge, Invalid with every problem by its place."""
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise TooLarge(f"The document is larger than {MOST_BYTES // 1_000_000} MB.")
        try:
            return read_json(body)
        except JsonError as error:
            raise Invalid({place or "document": words for place, words in error.problems.items()}) from error
