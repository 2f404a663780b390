from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Preview
from compliance.selectors.previews import SHOWN, newest_preview, preview_hosts, titles_in
from compliance.services import previews
from organizations.errors import Invalid, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds
from organizations.web.lists import searched
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.models import Template
from templates_app.selectors.documents import document_of
from templates_app.services import templates

CHECKS_SHOWN = 15


class PreviewPage(OwnedPage, TemplateView):
    """What a template would say of the last facts of a fleet: live while it is tried, the comparison afterwards."""

    template_name = "compliance/preview.html"
    permissions = {"read": "view_compliance", "write": "manage_compliance"}

    def template(self) -> Template:
        """Return the template of the path. Raises Http404 when it is not to be seen."""
        visible = Template.objects.visible_in(self.organizations).select_related("organization")
        return get_object_or_404(visible, pk=self.kwargs["pk"])

    def whose(self, template: Template) -> Organization:
        """Return whose hosts are meant: the template's organization, else the one looked at, else the first."""
        found = template.organization or self.organization or self.organizations.order_by("pk").first()
        if found is None:
            raise Http404
        return found

    def get_template_names(self) -> list[str]:
        """Answer the live part with itself, and lists that are filtered with the whole page."""
        live = getattr(self.request, "htmx", False) and self.request.htmx.target == "preview-progress"
        return ["compliance/_preview_progress.html" if live else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        template = self.template()
        organization = self.whose(template)
        preview = newest_preview(template, organization)
        context = {
            "template": template,
            "whose": organization,
            "preview": preview,
            "may_manage": holds(self.request.user, "manage_compliance", organization),
            "may_change": template.organization is not None
            and holds(self.request.user, "manage_compliance", organization),
        }
        if preview is not None and preview.status == Preview.Status.COMPLETED:
            context |= self.outcome(template, preview)
        return super().get_context_data(**kwargs) | context

    def outcome(self, template: Template, preview: Preview) -> dict[str, Any]:
        """Return what the page shows of a completed preview."""
        asked = self.request.GET
        show = asked.get("show", "changed") if asked.get("show") in SHOWN else "changed"
        rows = searched(preview_hosts(preview, show), asked.get("q", ""), ["host__hostname", "host__address"])
        page = page_of(rows, asked)
        checks = preview.summary["checks"][:CHECKS_SHOWN]
        ids = [change[0] for row in page for change in row.changes] + [one["check_id"] for one in checks]
        titles = titles_in(preview.document, ids) if ids else {}
        return {
            "page": page,
            "rows": [(row, [(titles.get(one[0], one[0]), *one) for one in row.changes]) for row in page],
            "show": show,
            "shows": SHOWN.items(),
            "checks": [one | {"title": titles.get(one["check_id"], "")} for one in checks],
            "outdated": outdated(template, preview),
            "filtered": bool(asked.get("q")) or show != "changed",
        }

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start a preview."""
        template = self.template()
        try:
            previews.request_preview(actor=request.user, template=template, organization=self.whose(template))
        except Invalid as refused:
            words = "; ".join(f"{place}: {' '.join(said)}" for place, said in list(refused.errors.items())[:5])
            messages.error(request, f"This draft cannot be tried yet. {words}")
            return redirect("templates_app:template", pk=pk)
        return redirect(self.address(template))

    def address(self, template: Template) -> str:
        return reverse("compliance:preview", args=[template.pk])

    def render_to_response(self, context: dict[str, Any], **response: Any) -> HttpResponse:
        """Have the live part load the whole page once the preview has ended."""
        answer = super().render_to_response(context, **response)
        preview = context["preview"]
        if self.get_template_names() != [self.template_name] and (preview is None or preview.ended):
            answer["HX-Refresh"] = "true"
        return answer


class PublishPreviewed(PreviewPage, View):
    """The button Publish: the draft as it was tried."""

    permissions = {"read": "manage_compliance", "write": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self.template()
        try:
            templates.publish_template(actor=request.user, template=template, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(self.address(template))
        messages.success(request, f"{template.name} v{template.version} is published.")
        return redirect("templates_app:template", pk=pk)


def outdated(template: Template, preview: Preview) -> bool:
    """Tell whether the template says something else by now than what was tried."""
    if template.status == Template.Status.PUBLISHED:
        return template.sha256 != preview.sha256
    try:
        return document_of(template).sha256 != preview.sha256
    except Invalid:
        return True


class CancelPreview(PreviewPage, View):
    """The button Cancel."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self.template()
        preview = newest_preview(template, self.whose(template))
        if preview is None:
            raise Http404
        try:
            previews.cancel_preview(actor=request.user, preview=preview, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "The preview ends as soon as its worker hears of it.")
        return redirect(self.address(template))
