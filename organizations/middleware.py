"""What every request passes: a body within bounds, and a refusal raised by a service as a page that says why."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from organizations.errors import Refused, TooLarge
from organizations.web.problems import MEDIA_TYPE, document


class bounded_bodies:  # noqa: N801 - named in MIDDLEWARE like a function
    """Refuse a body that announces more than the limit before a byte of it is read; one without a length is empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next handler."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on what is within bounds."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.LARGE_BODIES.get(request.path, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if not length.isdigit() or int(length[:18]) <= limit:
            return self.get_response(request)
        error = TooLarge(f"A request may hold {limit:,} bytes at most.")
        if not request.path.startswith(("/api/", "/hooks/")):
            return render(request, "refused.html", {"error": error}, status=error.status)
        return JsonResponse(document(error.status, str(error)), status=error.status, content_type=MEDIA_TYPE)


class refusals:  # noqa: N801 - named in MIDDLEWARE like a function
    """Turn Refused, wherever a page's view raises it, into an answer of its status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next handler."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal; leave everything else to Django."""
        if not isinstance(error, Refused):
            return None
        return render(request, "refused.html", {"error": error}, status=error.status)
