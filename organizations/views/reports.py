from django import forms
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from organizations.errors import TooOften
from organizations.selectors.reports import matches

ATTEMPTS_PER_MINUTE = 20


class VerifyForm(forms.Form):
    """What an auditor holds: the id printed in the report and the file's SHA-256."""

    report_id = forms.RegexField(
        r"^\s*[0-9a-fA-F]{32}\s*$",
        label="Report id",
        help_text="32 hexadecimal digits, printed in the report.",
        error_messages={"invalid": "A report id has 32 hexadecimal digits."},
    )
    sha256 = forms.RegexField(
        r"^\s*[0-9a-fA-F]{64}\s*$",
        label="SHA-256 of the file",
        help_text="64 hexadecimal digits; sha256sum FILE prints them.",
        error_messages={"invalid": "A SHA-256 has 64 hexadecimal digits."},
    )


@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """Tell whether a report id and a SHA-256 belong together; open to auditors without an account."""
    form = VerifyForm(request.POST or None)
    match = None
    if request.method == "POST" and form.is_valid():
        _count_attempt(request.META.get("REMOTE_ADDR", ""))
        match = matches(**form.cleaned_data)
    return render(request, "organizations/verify.html", {"form": form, "match": match})


def _count_attempt(address: str) -> None:
    """Raise TooOften after so many attempts of one address within a minute."""
    key = f"verify:{address}"
    cache.add(key, 0, timeout=60)
    try:
        attempts = cache.incr(key)
    except ValueError:  # the minute ended between the two lines
        return
    if attempts > ATTEMPTS_PER_MINUTE:
        raise TooOften("Too many attempts from this address; wait a minute and try again.")
