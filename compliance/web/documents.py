"""Documents that come as the body of a request, as they are: nothing is parsed before the service that reads them."""

from typing import IO, Any

from django.conf import settings
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from organizations.errors import TooLarge


class DocumentParser(BaseParser):
    """A body that is the JSON document itself; its bytes are handed on as ``document``."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> dict[str, bytes]:
        """Return the bytes. Raises TooLarge; no more than the limit is read."""
        limit = settings.STATE_DOCUMENT_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"A document may hold {limit:,} bytes at most; the operator can raise STATE_DOCUMENT_MB.")
        return {"document": body}


class DocumentNegotiation(DefaultContentNegotiation):
    """Take a body without a media type for JSON, and leave ``?format=`` to the view."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the parser of the body, None for a media type that is none of ours."""
        return super().select_parser(request, parsers) if request.content_type else parsers[0]

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002 - the framework's name
        """Return all ``renderers``: ``?format=`` is about the document, not about the answer."""
        return renderers
