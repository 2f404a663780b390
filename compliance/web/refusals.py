"""What a service refuses, shown beside the fields of the form that asked."""

from django import forms

from organizations.errors import Invalid


def show_refusal(form: forms.BaseForm, refusal: Invalid) -> dict[str, list[str]]:
    """Add to ``form`` what is refused of its fields; return what was said of others.

    A field of which the form complains already keeps that: what the service saw in its place was not what was typed.
    """
    others = {}
    for name, said in refusal.errors.items():
        if name not in form.fields and name != "non_field_errors":
            others[name] = list(said)
        elif name not in form.errors:
            form.add_error(name if name in form.fields else None, list(said))
    return others
