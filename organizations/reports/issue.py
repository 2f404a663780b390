from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Issue:
    """The circumstances under which a report is made: its unguessable id, when, by whom, by which version."""

    report_id: str
    generated_at: datetime
    generated_by: str
    product_version: str
    verify_url: str = ""
