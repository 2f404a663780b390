"""News of templates."""

from django.dispatch import Signal

template_published = Signal()
"""A version was published, and that is committed. Gives template_id, and previous_id of the version before, or None."""
