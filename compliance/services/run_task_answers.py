"""Answers to Terraform's run tasks: at once that it is worked on, again and again, and in time the verdict."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, F, Value, When

from compliance.models import RunTask
from compliance.selectors.run_tasks import Word, failed_rules, page_for, word_for
from compliance.services.terraform_clients import client_of
from compliance.services.work_claims import claimed_in_turn, held, pause, postpone, put_back, same_host
from compliance.terraform.hcp import Code, HcpError
from compliance.terraform.outcomes import callback
from organizations.services.claims import Clock, owner_name

logger = logging.getLogger(__name__)

LAST_WORD = timedelta(seconds=30)
"""So long before the deadline the last word is said, so that it can be said again when it does not arrive."""
FINAL = frozenset({
    Code.TOKEN_REFUSED, Code.BAD_TOKEN, Code.ANSWER_REFUSED, Code.CALLBACK_GONE, Code.CALLBACK_REFUSED, Code.BAD_HOST,
})  # fmt: skip
"""Refusals that saying it again cannot help."""
REMOVED = "The connection was removed before the answer was given."


def drain(*, clock: Clock) -> int:
    """Answer the run tasks that are due, until none is or it has taken long enough; return how many were looked at."""
    done = 0
    for task in claimed_in_turn(RunTask, owner=owner_name(), clock=clock):
        try:
            work_on(task, clock)
        except Exception:
            logger.exception("run_task.answer_broke", extra={"run_task_id": task.pk})
            try_again(task, "The answer could not be made; the log says why.", clock())
        done += 1
    return done


def work_on(task: RunTask, clock: Clock) -> None:
    """Tell Terraform of the claimed ``task`` what there is to tell, if there is anything new."""
    now = clock()
    if task.connection.removed_at is not None:
        end(task, RunTask.Status.UNANSWERED, REMOVED)
        return
    word = word_for(task, last=now >= task.deadline - LAST_WORD)
    if word.status == "running" and not beat_is_due(task, now):
        rest(task, next_beat(task, task.told_at or now))
        return
    try:
        client_of(task.connection).answer(task.callback_url, task.access_token, body_of(task, word))
    except HcpError as error:
        now = clock()
        if error.code in FINAL:
            end(task, RunTask.Status.UNANSWERED, error.message)
        else:
            try_again(task, error.message, now)
        if error.of_host:
            have_others_wait(task, now)
    else:
        told(task, word, clock())


def body_of(task: RunTask, word: Word) -> dict[str, object]:
    final = word.status != "running" and task.takes_outcomes
    return callback(
        status=word.status, message=word.message, url=settings.PUBLIC_URL + page_for(task, word),
        failed=failed_rules(word.vms, site=settings.PUBLIC_URL) if final else (), accepts_outcomes=task.takes_outcomes,
    )  # fmt: skip


# --- When -------------------------------------------------------------------------------------------------------------


def beat_is_due(task: RunTask, now: datetime) -> bool:
    return task.told_at is None or now >= task.told_at + timedelta(seconds=settings.RUN_TASK_BEAT_S)


def next_beat(task: RunTask, told_at: datetime) -> datetime:
    """Return when Terraform must hear of ``task`` again, whether there is news or not."""
    return min(told_at + timedelta(seconds=settings.RUN_TASK_BEAT_S), task.deadline - LAST_WORD)


# --- What became of it ------------------------------------------------------------------------------------------------


def told(task: RunTask, word: Word, now: datetime) -> None:
    """Note what Terraform has heard: a verdict ends the task, anything else is followed by another word."""
    if word.status == "running":
        rest(task, next_beat(task, now), told_at=now, message=word.message)
        return
    end(task, RunTask.Status(word.status), word.message, told_at=now)
    logger.info("run_task.answered", extra={"run_task_id": task.pk, "status": word.status})


def rest(task: RunTask, due_at: datetime, **changes: object) -> None:
    """Let go of ``task`` until ``due_at``; or at once, when there was news while it was held."""
    still = Case(When(due_at=task.due_at, then=due_at), default=F("due_at"))
    held(task).update(due_at=still, attempts=0, lease_owner="", lease_until=None, **changes)


def try_again(task: RunTask, message: str, now: datetime) -> None:
    """Have ``task`` answered after a pause, for the last time at its deadline."""
    if now >= task.deadline:
        end(task, RunTask.Status.UNANSWERED, message)
    else:
        held(task).update(message=message)
        put_back(task, due_at=min(now + pause(task.attempts), task.deadline))


def have_others_wait(task: RunTask, now: datetime) -> None:
    """Have the other tasks of a host that is in trouble wait with ``task``, but not past their deadlines."""
    until = now + pause(task.attempts)
    in_time = Case(When(deadline__gt=now, deadline__lt=until, then=F("deadline")), default=Value(until))
    postpone(same_host(task, until), in_time)


def end(task: RunTask, status: RunTask.Status, message: str, **changes: object) -> None:
    """End ``task``, if it is still held, and forget the token with which it could be answered."""
    held(task).update(
        status=status, message=message, access_token="", due_at=None, lease_owner="", lease_until=None, **changes
    )
