"""Event buses."""

from cloudbench.engine.registry import listing

listing(
    "events.event_buses",
    "events.list_event_buses",
    items="EventBuses",
    arn="{Arn}",
    label="Name",
    keep=("Name", "Policy"),
    next_page=("NextToken", "NextToken"),
)
