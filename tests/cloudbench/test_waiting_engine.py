"""Answers that AWS is still working on are waited for, for a while, and what never comes is told."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cloudbench.engine.evaluation import Outcome
from cloudbench.engine.findings import Status
from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import iam
from tests.cloudbench.stage import Replayer, play

NOON = datetime(2025, 6, 30, 12, 0, tzinfo=UTC)
IN_PROGRESS = CallFailed("ReportInProgress", "the report is being made", 404)
ACCESS, MFA = "iam_principal_access_not_stale_ai_services", "iam_all_users_mfa"


def judged(check_id: str, told: dict) -> Outcome:
    replayer = Replayer(None, told)
    outcome = play([check_id], replayer, ("eu-central-1",), NOON)[check_id]
    assert not replayer.untold
    return outcome


def one_role(outcome: object) -> dict:
    """Return what AWS says of an account with one role, whose last access is told by ``outcome``."""
    attached = [iam.attachment("PowerUserAccess")]
    return iam.details(RoleDetailList=[iam.role("worker", AttachedManagedPolicies=attached)]) | {
        "iam.generate_service_last_accessed_details": {"JobId": "1" * 36},
        "iam.get_service_last_accessed_details": outcome,
    }


def in_turn(*answers: object):
    """Return a function that gives these answers one by one, the last for ever."""
    queue: Iterator[object] = iter(answers)
    return lambda params: next(queue, answers[-1])


def test_a_report_that_is_not_ready_is_asked_for_again():
    told = iam.report(iam.line("anna", mfa=True))
    told["iam.get_credential_report"] = in_turn(IN_PROGRESS, IN_PROGRESS, told["iam.get_credential_report"])
    assert judged(MFA, told).status is Status.PASS


def test_a_report_that_never_comes_is_an_error():
    told = iam.report() | {"iam.get_credential_report": IN_PROGRESS}
    outcome = judged(MFA, told)
    assert outcome.status is Status.ERROR
    assert "ReportInProgress" in outcome.reason


def test_an_answer_that_says_it_is_not_ready_is_asked_for_again():
    outcome = judged(ACCESS, one_role(in_turn(iam.PENDING, iam.PENDING, iam.accessed(bedrock=1))))
    assert outcome.status is Status.PASS


@pytest.mark.parametrize(
    ("answer", "words"), [(iam.PENDING, "did not get ready"), (iam.PENDING | {"JobStatus": "FAILED"}, "FAILED")]
)
def test_a_job_that_does_not_complete_is_an_error_with_its_permission(answer, words):
    outcome = judged(ACCESS, one_role(answer))
    assert outcome.status is Status.ERROR
    assert words in outcome.reason
    assert outcome.unread[0].action == "iam:GetServiceLastAccessedDetails"
