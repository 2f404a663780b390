from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from organizations.permissions import holds
from organizations.web.pages import current_organization, my_organizations


def surroundings(request: HttpRequest) -> dict[str, Any]:
    """Give every page the organization looked at (None: all), those to choose from, and which of them are paused."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    mine = my_organizations(request)
    try:
        current = current_organization(request)
    except Http404:
        current = None
    paused = [organization for organization in ([current] if current else mine) if organization.automation_paused]
    return {
        "current_organization": current,
        "my_organizations": mine,
        "paused_organizations": paused,
        "resumable": {organization.pk for organization in paused if holds(user, "manage_settings", organization)},
        "organization_switch_url": reverse("switch_organization"),
    }
