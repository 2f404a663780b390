import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from organizations.queue import JOBS, Job


@pytest.fixture
def job() -> Job:
    made = Job("tests.job")
    yield made
    JOBS.pop("tests.job")


def test_job_starts_after_commit(job, enqueued, django_capture_on_commit_callbacks, db):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        job.enqueue(scan_id=7)
        assert enqueued == []
    assert enqueued == [("tests.job", {"scan_id": 7})]


@pytest.mark.parametrize("value", ["7", 7.0, None, True, object()])
def test_job_takes_ids_only(job, db, value):
    with pytest.raises(TypeError, match="scan_id"):
        job.enqueue(scan_id=value)


def test_silent_queue_does_not_fail_the_request(job, db, monkeypatch, django_capture_on_commit_callbacks, caplog):
    def unreachable(*args: object, **kwargs: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app, "send_task", unreachable)
    with django_capture_on_commit_callbacks(execute=True):
        job.enqueue(scan_id=7)
    assert "job.not_enqueued" in caplog.text


def test_job_is_declared_once(job):
    with pytest.raises(ValueError, match="twice"):
        Job("tests.job")
