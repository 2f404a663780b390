"""The forms that pages show, read from their HTML, so that no list of them has to be kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit


@dataclass
class Field:
    """One control: its name, kind (text, file, select, ...) and the value that a browser would send."""

    name: str
    kind: str
    value: str = ""


@dataclass
class Form:
    """Where a form goes, how, and what it sends."""

    method: str
    path: str
    fields: dict[str, Field] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """Return what a browser would send if nothing were touched, but for files."""
        return {one.name: one.value for one in self.fields.values() if one.kind != "file"}


class FormReader(HTMLParser):
    """Collects the forms of a page; ``page`` is where a form without an action goes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.forms: list[Form] = []
        self.open: Form | None = None
        self.select: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.open = Form((given.get("method") or "get").lower(), urlsplit(given.get("action") or self.page).path)
            self.forms.append(self.open)
        elif tag == "option" and self.select and ("selected" in given or not self.select.value):
            self.select.value = given.get("value") or ""
        elif tag in ("input", "select", "textarea", "button"):
            self._note(tag, given)

    def _note(self, tag: str, given: dict[str, str | None]) -> None:
        name, form = given.get("name"), self.open
        if not name or form is None:
            return
        kind = (given.get("type") or "text") if tag == "input" else tag
        if kind == "radio" and "checked" not in given and name in form.fields:
            return
        form.fields[name] = found = Field(name, kind, given.get("value") or "")
        self.select = found if tag == "select" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None


def forms_of(html: str, page: str) -> Iterator[Form]:
    """Yield the forms of ``html``, the page at ``page``."""
    reader = FormReader(page)
    reader.feed(html)
    yield from reader.forms
