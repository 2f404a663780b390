"""Lists of which one row opens in a panel: ``?host=12`` is a page of its own, and for htmx the panel alone."""

from typing import Any, ClassVar

from django.http import Http404
from django.views.generic import TemplateView

from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage


class PanelListPage(OwnedPage, TemplateView):
    """A list with a panel. Subclasses give ``table`` and ``panel_of``; ``partial`` is the panel's template.

    ``panel_parameter`` names the part of the address that tells which row the panel shows.
    """

    in_part = True
    permissions = {"read": "view_compliance"}
    panel_parameter: ClassVar[str]

    def get_template_names(self) -> list[str]:
        """Answer htmx with the panel where that is its target, else with the page."""
        return [self.partial if self.into_drawer() else str(self.template_name)]

    def into_drawer(self) -> bool:
        """Tell whether htmx asks for the panel alone."""
        htmx = getattr(self.request, "htmx", None)
        return bool(htmx) and htmx.target == "drawer"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the panel shows and, for a whole page, the list."""
        context = super().get_context_data(**kwargs)
        if self.into_drawer():
            return context | {"panel": self.panel(required=True)}
        return context | self.table() | {"panel": self.panel()}

    def panel(self, *, required: bool = False) -> dict[str, Any] | None:
        """Return what the panel shows of the row that the address names.

        None where it names none; if one is ``required``, that raises Http404.
        """
        pk = wanted_id(self.request.GET.get(self.panel_parameter, ""))
        if pk is not None:
            return self.panel_of(pk)
        if required:
            raise Http404
        return None

    def table(self) -> dict[str, Any]:
        """Return the page of rows and what the filters offer."""
        raise NotImplementedError

    def panel_of(self, pk: int) -> dict[str, Any]:
        """Return what the panel shows of one row. Raises Http404 for one that is not to be seen."""
        raise NotImplementedError
