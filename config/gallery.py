"""The design gallery: every component and six whole pages with invented data, for people who build pages.

Mounted by config/urls.py under /design/ only while DEBUG is on; the browser tests mount it themselves.
"""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse

from config.templatetags.plumbline_charts import Day

PAGES = ("gallery", "dashboard", "hosts", "host", "scan", "templates", "alerts")
FIRST_DAY = date(2026, 10, 22)
PAUSED = {
    "pk": 1, "name": "Northwind Hosting", "time_zone": "Europe/Berlin",
    "automation_paused_reason": "Change freeze until Monday.", "automation_paused_by": None,
    "automation_paused_at": datetime(2026, 11, 20, 18, 5, tzinfo=UTC),
}  # fmt: skip

EXAMPLE = json.loads((Path(__file__).parent / "templates" / "design" / "example.json").read_text())
HOSTS: list[dict[str, Any]] = [{"id": n, **host} for n, host in enumerate(EXAMPLE["hosts"], 1)]
RESULTS: list[dict[str, str]] = EXAMPLE["results"]
TRENDS = [
    Day(
        date=FIRST_DAY + timedelta(days=n),
        avg=avg,
        min=avg and avg - 18 - n % 5,
        max=avg and min(100.0, avg + 9 + n % 3),
    )
    for n, avg in enumerate(EXAMPLE["daily_averages"])
]

NAVIGATION = [
    ("Dashboard", "dashboard", "dashboard", "", 0),
    ("Hosts", "hosts", "host", "Compliance", 0),
    ("Scans", "scan", "scan", "Compliance", 0),
    ("Templates", "templates", "template", "Compliance", 0),
    ("One host", "host", "terminal", "Compliance", 0),
    ("Alerts", "alerts", "alert", "Operations", 3),
    ("Components", "gallery", "book", "Operations", 0),
]


class ExampleForm(forms.Form):
    """A form with each kind of field, one of them wrong."""

    hostname = forms.CharField(
        initial="web-03.prod.example.net", help_text="Name or address under which the host is reached."
    )
    port = forms.IntegerField(initial=22, max_value=65535)
    system = forms.ChoiceField(
        label="Operating system", choices=[("linux", "Linux"), ("windows", "Windows"), ("bsd", "BSD")]
    )
    expires = forms.DateField(label="Expires on", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    pinned = forms.BooleanField(label="Refuse a host key that was not accepted by hand", required=False)


def example(request: HttpRequest, page: str) -> dict[str, object]:
    """Gather the invented data of every page; ``?empty`` shows lists without rows."""
    rows = [] if "empty" in request.GET else HOSTS * 13
    sections = list(dict.fromkeys(result["section"] for result in RESULTS))
    return {
        "nav_entries": [
            {"label": label, "url": f"../{url}/", "icon": symbol, "active": url == page, "group": group, "count": count}
            for label, url, symbol, group, count in NAVIGATION
        ],
        "my_organizations": [
            {"pk": 1, "name": "Northwind Hosting"},
            {"pk": 2, "name": "Contoso Retail"},
            {"pk": 3, "name": "Fabrikam"},
        ],
        "current_organization": {"pk": 1, "name": "Northwind Hosting"},
        "paused_organizations": [PAUSED] if page == "gallery" else [],
        "resumable": {PAUSED["pk"]},
        "organization_switch_url": "",
        "page": Paginator(rows, int(request.GET.get("page_size", 10))).get_page(request.GET.get("page")),
        "hosts": HOSTS,
        "panel": next((host for host in HOSTS if str(host["id"]) == request.GET.get("panel")), None),
        "worst": sorted((host for host in HOSTS if host["score"] is not None), key=lambda host: host["score"])[:5],
        "results": RESULTS,
        "sections": [
            {"name": name, "results": [result for result in RESULTS if result["section"] == name]} for name in sections
        ],
        "days": TRENDS,
        "frameworks": [
            {"label": "CIS Level 1", "value": 88.4, "url": "#"},
            {"label": "CIS Level 2", "value": 71.2, "url": "#"},
            {"label": "STIG", "value": 64.9, "url": "#"},
            {"label": "Payment baseline", "value": 92.7, "url": "#"},
        ],
        "failing": [
            {"label": result["title"], "value": 41 - 6 * n, "url": "#"} for n, result in enumerate(RESULTS[:5])
        ],
        "recent_scores": [81.0, 82.4, 82.1, None, 83.0, 79.2, 82.6, 85.1, 86.0, 88.4],
        "form": ExampleForm({"port": "70000", "hostname": "web-03.prod.example.net", "system": "linux"}),
        "order": "hostname",
        "part_url": reverse("gallery-part"),
        "options_url": reverse("gallery-options"),
    }


@staff_member_required(login_url="login")
def show(request: HttpRequest, page: str = "gallery") -> HttpResponse:
    """Render one page of the gallery."""
    if page not in PAGES:
        raise Http404(page)
    if page == "gallery":
        messages.success(request, "Scan of web-01.prod.example.net started.")
        messages.error(request, "legacy-erp.example.net could not be reached.")
    wants_panel = "panel" in request.GET and "HX-Request" in request.headers
    return render(request, "design/_panel.html" if wants_panel else f"design/{page}.html", example(request, page))


@staff_member_required(login_url="login")
def part(request: HttpRequest) -> HttpResponse:
    """Answer a part of a page, as htmx asks for it."""
    return render(request, "design/_part.html", {"hosts": HOSTS[:3]})


@staff_member_required(login_url="login")
def options(request: HttpRequest) -> HttpResponse:
    """Answer the hosts that match ``?q=``, as a combobox asks for them."""
    wanted = request.GET.get("q", "").lower()
    found = [host for host in HOSTS if wanted in str(host["name"])][:8]
    rows = [{"value": n, "label": host["name"], "note": host["address"]} for n, host in enumerate(found, 1)]
    return render(request, "_combobox_options.html", {"options": rows})


urlpatterns = [
    path("", show, name="gallery"),
    path("part/", part, name="gallery-part"),
    path("options/", options, name="gallery-options"),
    path("<slug:page>/", show, name="gallery-page"),
]
