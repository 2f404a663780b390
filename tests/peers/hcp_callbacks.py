"""What HCP Terraform refuses in a run task's callback. Source: HashiCorp's schema runtask-result.json."""

from urllib.parse import urlsplit

STATUSES = ("running", "passed", "failed")
LEVELS = ("none", "info", "warning", "error")


def wrong_in(document: object) -> str:
    """Return what HCP Terraform refuses in the body of a callback, or nothing."""
    try:
        data = document["data"]  # type: ignore[index]  # the except is for what is no object
        attributes = data["attributes"]
        status, message, url = attributes["status"], attributes["message"], attributes.get("url", "https://a.example")
        outcomes = data.get("relationships", {}).get("outcomes", {"data": None})["data"]
    except (KeyError, TypeError, AttributeError) as error:
        return f"malformed: {error}"
    if data.get("type") != "task-results":
        return "type must be task-results"
    if status not in STATUSES:
        return f"status must be one of {', '.join(STATUSES)}"
    if not (isinstance(message, str) and 1 <= len(message) <= 1000):
        return "message must have 1 to 1000 characters"
    if not (isinstance(url, str) and len(url) <= 500 and urlsplit(url).scheme and urlsplit(url).netloc):
        return "url must be a URI of 500 characters at most"
    if outcomes is None:
        return ""
    if not (isinstance(outcomes, list) and 1 <= len(outcomes) <= 250):
        return "outcomes must be 1 to 250"
    return next(filter(None, map(_wrong_in_outcome, outcomes)), "")


def _wrong_in_outcome(outcome: object) -> str:
    try:
        attributes, type_ = outcome["attributes"], outcome["type"]  # type: ignore[index]  # the except is for others
        tags = [tag for group in attributes.get("tags", {}).values() for tag in group]
        bad = [tag for tag in tags if not isinstance(tag["label"], str) or tag.get("level", "none") not in LEVELS]
    except (KeyError, TypeError, AttributeError) as error:
        return f"malformed outcome: {error}"
    if type_ != "task-result-outcomes":
        return "type must be task-result-outcomes"
    texts = [attributes.get("outcome-id"), attributes.get("description")]
    if not all(isinstance(text, str) and text and "\n" not in text for text in texts):
        return "an outcome needs an id and a description of one line"
    body = attributes.get("body", "")
    if not isinstance(body, str) or len(body.encode()) > 5_000_000:
        return "the body of an outcome is Markdown of 5 MB at most"
    return f"bad tags: {bad}" if bad else ""
