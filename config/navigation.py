"""The navigation of every page, as data: an entry stands there for whoever may open it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from organizations.models.users import User
from organizations.permissions import CONFIGURING, holds_anywhere


@dataclass(frozen=True)
class Entry:
    """One link. ``codenames``: holding any of them in a whole organization shows it.

    ``part_url`` is where it leads whoever holds them only for parts of organizations, such as host groups; without
    one, these do not see the entry.
    """

    label: str
    url: str
    icon: str
    codenames: tuple[str, ...]
    group: str = ""
    part_url: str = ""


VIEW = ("view_compliance",)
ENTRIES = (
    Entry("Dashboard", "/", "dashboard", VIEW),
    Entry("Compliance", "/compliance/", "shield", VIEW, "Operations", "/compliance/hosts/"),
    Entry("Cloud", "/cloud/", "cloud", VIEW, "Operations", "/cloud/"),
    Entry("Provisioning", "/provisioning/", "gate", VIEW, "Operations", "/provisioning/vms/"),
    Entry("Alerts", "/alerts/", "alert", VIEW, "Operations"),
    Entry("Configuration", "/admin/", "settings", CONFIGURING, "Manage", "/admin/"),
)
TABS = (
    ("Dashboard", "/compliance/", False),
    ("Templates", "/compliance/templates/", True),
    ("Policies", "/compliance/policies/", False),
    ("Host Compliance", "/compliance/hosts/", True),
    ("Scan History", "/compliance/scans/", True),
    ("Exceptions", "/compliance/exceptions/", True),
    ("Reports", "/compliance/reports/", False),
)
"""The tabs of Compliance, (label, url, whether its page has ``in_part``): each includes compliance/_tabs.html."""

CLOUD_TABS = (
    ("Benchmarks", "cloudbench:benchmarks"),
    ("History", "cloudbench:history"),
    ("Compare", "cloudbench:compare"),
    ("Schedules", "cloudbench:schedules"),
    ("Queries", "cloudbench:queries"),
    ("Accounts", "cloudbench:accounts"),
)
"""The tabs of Cloud, (label, name of the url): each includes cloudbench/_tabs.html; what is not mounted is left out."""

PROVISIONING_TABS = (
    ("Overview", "/provisioning/", VIEW, False),
    ("Scan Results", "/provisioning/scans/", VIEW, True),
    ("VMs", "/provisioning/vms/", VIEW, True),
    ("Runs", "/provisioning/runs/", VIEW, False),
    ("Settings", "/provisioning/settings/", ("manage_settings",), False),
)
"""The tabs of Provisioning, (label, url, codenames, whether its page has ``in_part``)."""


def active_among(path: str, urls: Iterable[str]) -> str:
    """Return the one of ``urls`` that the page at ``path`` belongs to, the longest; "/" has no page but its own."""
    return max((url for url in urls if path == url or (url != "/" and path.startswith(url))), key=len, default="")


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give every page its ``nav_entries``, and those of an entry with tabs these too: [{label, url, active}]."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    asked = {entry.codenames for entry in ENTRIES}
    wholly = {codenames: holds_anywhere(user, codenames) for codenames in asked}
    partly = {codenames: holds_anywhere(user, codenames, in_part=True) for codenames in asked}
    shown = [e for e in ENTRIES if wholly[e.codenames] or (e.part_url and partly[e.codenames])]
    active = active_among(request.path, [entry.url for entry in shown])
    tabs = [(label, url) for label, url, in_part in TABS if in_part or wholly[VIEW]]
    path = "/compliance/" if request.path == "/" else request.path  # both show the dashboard
    tab = active_among(path, [url for _, url in tabs])
    return {
        "nav_entries": [
            {
                "label": e.label, "url": e.url if wholly[e.codenames] else e.part_url, "icon": e.icon,
                "group": e.group, "active": e.url == active,
            }
            for e in shown
        ],
        "compliance_tabs": [{"label": label, "url": url, "active": url == tab} for label, url in tabs],
        "cloud_tabs": cloud_tabs(request.path),
        "provisioning_tabs": provisioning_tabs(user, request.path),
    }  # fmt: skip


def cloud_tabs(path: str) -> list[dict[str, Any]]:
    """Return the tabs of Cloud that are mounted, with the one marked that the page at ``path`` belongs to."""
    mounted = []
    for label, name in CLOUD_TABS:
        with suppress(NoReverseMatch):
            mounted.append((label, reverse(name)))
    tab = active_among(path, [url for _, url in mounted])
    return [{"label": label, "url": url, "active": url == tab} for label, url in mounted]


def provisioning_tabs(user: User, path: str) -> list[dict[str, Any]]:
    """Return the tabs of Provisioning that ``user`` may open, with the one marked that the page belongs to."""
    if not path.startswith("/provisioning/"):
        return []
    open_to = [
        (label, url)
        for label, url, codenames, in_part in PROVISIONING_TABS
        if holds_anywhere(user, codenames, in_part=in_part)
    ]
    tab = active_among(path, [url for _, url in open_to])
    return [{"label": label, "url": url, "active": url == tab} for label, url in open_to]
