"""The navigation of every page, as data: an entry stands there for whoever may open it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from organizations.permissions import CONFIGURING, permitted_to_any


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
    Entry("Hosts", "/compliance/hosts/", "host", VIEW, "Compliance"),
    Entry("Scans", "/compliance/scans/", "scan", VIEW, "Compliance"),
    Entry("Templates", "/compliance/templates/", "template", VIEW, "Compliance"),
    Entry("Alerts", "/alerts/", "alert", VIEW, "Compliance"),
    Entry("Configuration", "/admin/", "settings", CONFIGURING, "Manage"),
)


def within(path: str, url: str) -> bool:
    """Tell whether ``path`` belongs to the entry at ``url``; the dashboard is only its own."""
    return path == url if url == "/" else path.startswith(url)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give every page its ``nav_entries``: [{label, url, icon, active, group}]."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    may = {codenames: permitted_to_any(user, codenames).exists() for codenames in {e.codenames for e in ENTRIES}}
    shown = [entry for entry in ENTRIES if may[entry.codenames]]
    active = max((e.url for e in shown if within(request.path, e.url)), key=len, default="")
    return {
        "nav_entries": [
            {"label": e.label, "url": e.url, "icon": e.icon, "group": e.group, "active": e.url == active} for e in shown
        ]
    }
