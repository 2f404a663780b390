"""The navigation of every page, as data: an entry stands there for whoever may open it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from organizations.permissions import CONFIGURING, holds_anywhere


@dataclass(frozen=True)
class Entry:
    """One link. ``codenames``: holding any of them, anywhere, shows it."""

    label: str
    url: str
    icon: str
    codenames: tuple[str, ...]
    group: str = ""


VIEW = ("view_compliance",)
ENTRIES = (
    Entry("Dashboard", "/", "dashboard", VIEW),
    Entry("Compliance", "/compliance/", "shield", VIEW, "Operations"),
    Entry("Alerts", "/alerts/", "alert", VIEW, "Operations"),
    Entry("Configuration", "/admin/", "settings", CONFIGURING, "Manage"),
)
TABS = (
    ("Dashboard", "/compliance/"),
    ("Templates", "/compliance/templates/"),
    ("Policies", "/compliance/policies/"),
    ("Host Compliance", "/compliance/hosts/"),
    ("Scan History", "/compliance/scans/"),
    ("Exceptions", "/compliance/exceptions/"),
    ("Reports", "/compliance/reports/"),
)
"""The tabs of Compliance: each is a page of its own that includes compliance/_tabs.html."""


def active_among(path: str, urls: Iterable[str]) -> str:
    """Return the one of ``urls`` that the page at ``path`` belongs to, the longest; "/" has no page but its own."""
    return max((url for url in urls if path == url or (url != "/" and path.startswith(url))), key=len, default="")


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give every page its ``nav_entries`` and those of Compliance its ``compliance_tabs``: [{label, url, active}]."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    may = {codenames: holds_anywhere(user, codenames, in_part=True) for codenames in {e.codenames for e in ENTRIES}}
    shown = [entry for entry in ENTRIES if may[entry.codenames]]
    active = active_among(request.path, [entry.url for entry in shown])
    tab = active_among(request.path, [url for _, url in TABS])
    return {
        "nav_entries": [
            {"label": e.label, "url": e.url, "icon": e.icon, "group": e.group, "active": e.url == active} for e in shown
        ],
        "compliance_tabs": [{"label": label, "url": url, "active": url == tab} for label, url in TABS],
    }
