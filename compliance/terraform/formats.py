"""Which of the two documents somebody posted."""

from collections.abc import Callable

from compliance.terraform import show_json, state
from compliance.terraform.documents import HOW, BadDocument, Document, an_object

READERS: dict[str, Callable[[object], Document]] = {"show-json": show_json.read, "state": state.read}


def read(document: object) -> tuple[str, Document]:
    """Return the format, a key of READERS, and what ``document``, a parsed JSON value, says. Raises BadDocument."""
    name = format_of(document)
    return name, READERS[name](document)


def format_of(document: object) -> str:
    """Return "show-json" or "state". Raises BadDocument for everything else."""
    top = an_object(document)
    if "format_version" in top:
        return "show-json"
    if "version" in top:
        return "state"
    raise BadDocument("", f"Neither format_version nor version is there, so this is no Terraform state. {HOW}")
