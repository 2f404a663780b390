"""Where HCP Terraform and Terraform Enterprise post: no session, no token of ours, the signature says who it is."""

from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from compliance.services.terraform_hooks import Delivery, ask_for_answer, notify
from organizations.errors import Refused, TooLarge
from organizations.web.problems import MEDIA_TYPE, document


@method_decorator(csrf_exempt, name="dispatch")
class TerraformHook(View):
    """A POST, whose body is read within bounds and stored by ``store``; the answer is empty."""

    http_method_names = ("post",)
    signature_header: ClassVar[str]

    def post(self, request: HttpRequest, connection: int) -> HttpResponse:
        try:
            refuse_large(request)
            self.store(Delivery(connection, request.body, request.headers.get(self.signature_header, "")))
        except Refused as error:
            body = document(error.status, str(error), title=error.title, errors=getattr(error, "errors", None))
            return JsonResponse(body, status=error.status, content_type=MEDIA_TYPE)
        return HttpResponse(content_type="text/plain")

    def store(self, delivery: Delivery) -> Any:
        raise NotImplementedError


class TerraformNotification(TerraformHook):
    """A notification of type generic, with a token."""

    signature_header = "X-TFE-Notification-Signature"

    def store(self, delivery: Delivery) -> None:
        notify(delivery=delivery, now=timezone.now())


class TerraformRunTask(TerraformHook):
    """A run task with an HMAC key."""

    signature_header = "X-TFC-Task-Signature"

    def store(self, delivery: Delivery) -> None:
        ask_for_answer(delivery=delivery, now=timezone.now())


def refuse_large(request: HttpRequest) -> None:
    """Raise TooLarge for a body that announces more than is read; one without a length is empty."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length[:18]) > settings.TERRAFORM_HOOK_BYTES:
        raise TooLarge(f"A delivery of Terraform may hold {settings.TERRAFORM_HOOK_BYTES:,} bytes at most.")
