"""Errors outside any view: problem documents where programs ask, below /api/ and /hooks/, pages everywhere else."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from organizations.web.problems import MEDIA_TYPE, document


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    return _problem(400) if _of_api(request) else defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return _problem(403) if _of_api(request) else defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return _problem(404) if _of_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500; what happened stands in the log only."""
    return _problem(500) if _of_api(request) else defaults.server_error(request)


def _of_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/hooks/"))


def _problem(status: int) -> JsonResponse:
    return JsonResponse(document(status), status=status, content_type=MEDIA_TYPE)
