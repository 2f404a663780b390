"""Background jobs by name: a service names the job, a task of that name performs it, and neither imports the other."""

import logging
from dataclasses import dataclass

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

JOBS: dict[str, "Job"] = {}


@dataclass(frozen=True)
class Job:
    """A background job; ``name`` is the task's name, "<app>.<verb>", and is declared once."""

    name: str

    def __post_init__(self) -> None:
        """Refuse a second job of the same name."""
        if self.name in JOBS:
            raise ValueError(f"The job {self.name} is declared twice.")
        JOBS[self.name] = self

    def enqueue(self, **ids: int) -> None:
        """Send the job after the surrounding transaction commits; it takes row ids only.

        The rows are the truth and the queue is a hint: when the broker cannot be reached, that is logged and the
        sweep finds the rows within a minute. Raises TypeError for anything that is not an id.
        """
        wrong = [name for name, value in ids.items() if type(value) is not int]
        if wrong:
            raise TypeError(f"The job {self.name} takes row ids only, not {', '.join(wrong)}.")
        transaction.on_commit(lambda: self._send(ids))

    def _send(self, ids: dict[str, int]) -> None:
        try:
            current_app.send_task(self.name, kwargs=ids, ignore_result=True)
        except (OperationalError, OSError) as error:
            logger.warning(
                "job.not_enqueued",
                extra={"job": self.name, "reason": type(error).__name__, **ids},
            )
