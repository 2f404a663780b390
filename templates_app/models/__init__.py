"""The models of templates_app."""

from templates_app.models.checks import TemplateCheck
from templates_app.models.templates import Template

__all__ = ["Template", "TemplateCheck"]
