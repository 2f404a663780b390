from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import TemplateView

from organizations.errors import Invalid, Refused
from templates_app.models import Template, TemplateCheck
from templates_app.services import checks
from templates_app.views.checks import DraftPage
from templates_app.web.check_forms import (
    CheckForm,
    Unreadable,
    definition_of,
    form_from,
    form_posted,
    profiles_of,
    show,
)
from templates_app.web.check_inputs import inputs_of, operator_groups, placed
from templates_app.web.condition_rows import LEAVES, MOST_ROWS
from templates_app.web.definitions import as_block_yaml
from templates_app.web.operand_fields import COUNTS

BENCHMARKS = (("debian12", "Debian 12 and newer"), ("ubuntu2204", "Ubuntu 22.04 and newer"), ("rhel9", "RHEL 9 family"))
PROFILES = (("server", "Servers"), ("workstation", "Workstations"))
MISSING = (
    ("fail", "it fails"), ("pass", "it passes"), ("not_applicable", "it does not apply"), ("error", "it is an error"),
)  # fmt: skip
QUANTIFIERS = (("all", "All of them"), ("any", "At least one"), ("none", "None of them"))


class CheckEditor(DraftPage, TemplateView):
    """One check of a draft, as a form or as YAML; the try-out beside it is a part of its own."""

    template_name = "templates_app/check_editor.html"
    partial = "templates_app/_check_form.html"

    def row_of(self, template: Template) -> TemplateCheck | None:
        """Return the check of the path; None for a new one."""
        return get_object_or_404(template.checks, pk=self.kwargs["check"]) if "check" in self.kwargs else None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        template = self.own()
        row = self.row_of(template)
        if template.status != Template.Status.DRAFT:
            messages.info(request, f"{template} is published and never changes; make a new version of it.")
            return redirect("templates_app:template", pk=template.pk)
        return self.answer(template, row, form_of(row))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save the check, or show the form as a button of it wants it."""
        template = self.own()
        row = self.row_of(template)
        form = form_posted(request.POST)
        if request.POST.get("do") == "save":
            return self.save(template, row, form)
        problems = turned(form, request.POST.get("do", ""))
        form.suit_kind()
        return self.answer(template, row, form, problems)

    def save(self, template: Template, row: TemplateCheck | None, form: CheckForm) -> HttpResponse:
        try:
            definition, profiles = definition_of(form), profiles_of(form)
            around = {"enabled": form.enabled, "profiles": profiles, "area": form.area}
            named: dict[str, Any] = {"actor": self.request.user, "template": template}
            if row is None:
                checks.add_check(**named, definition=definition, **around)
            else:
                checks.update_check(**named, check=row, changes={"definition": definition, **around})
        except Unreadable as error:
            return self.answer(template, row, form, error.problems, status=400)
        except Invalid as refused:
            problems = {place: " ".join(words) for place, words in refused.errors.items()}
            return self.answer(template, row, form, problems, status=400)
        except Refused as refused:
            messages.error(self.request, str(refused))
            return redirect("templates_app:template", pk=template.pk)
        messages.success(
            self.request, f"{definition.get('title', 'The check')}: {'added' if row is None else 'saved'}."
        )
        return redirect("templates_app:template", pk=template.pk)

    def answer(
        self, template: Template, row: TemplateCheck | None, form: CheckForm, problems: dict[str, str] | None = None,
        status: int = 200,
    ) -> HttpResponse:  # fmt: skip
        """Return the page, or to htmx the form alone."""
        errors = placed(form, problems or {})
        context = self.get_context_data() | {
            "template": template,
            "row": row,
            "form": form,
            "errors": errors,
            "inputs": inputs_of(form, errors),
            "operators": operator_groups(form),
            "leaves": LEAVES,
            "counts": COUNTS,
            "benchmarks": BENCHMARKS,
            "profile_choices": PROFILES,
            "missing_choices": MISSING,
            "quantifiers": QUANTIFIERS,
            "severities": TemplateCheck.Severity.choices,
            "more_conditions": len(form.conditions.rows) < MOST_ROWS,
            "areas": list(template.checks.order_by("area").values_list("area", flat=True).distinct()),
        }
        answer = render(self.request, self.get_template_names(), context, status=status)
        if self.get_template_names() == [self.partial]:
            answer["HX-Trigger-After-Settle"] = "editor-changed"
        return answer


def form_of(row: TemplateCheck | None) -> CheckForm:
    if row is None:
        return CheckForm()
    return form_from(row.definition, enabled=row.enabled, profiles=row.profiles, area=row.area)


def turned(form: CheckForm, do: str) -> dict[str, str]:
    """Turn ``form`` to YAML or back, as the button ``do`` says; return what keeps it from that, by place."""
    try:
        if do == "to_yaml" and form.mode == "form":
            form.yaml, form.mode = as_block_yaml(definition_of(form)), "yaml"
        elif do == "to_form" and form.mode == "yaml":
            show(form, definition_of(form))
            form.mode = "form"
        elif do == "rule_to_form":
            form.rule_yaml = ""
        elif do == "rule_to_yaml":
            parts = definition_of(form)
            form.rule_yaml = as_block_yaml(
                {k: parts[k] for k in ("probe", "expect", "quantifier", "missing") if k in parts}
            )
    except Unreadable as error:
        return error.problems
    return {}
