import pytest

from templates_app.language.observations import Evidence
from templates_app.language.results import Result, SkipReason, Status
from templates_app.language.waivers import waived

FOUND = (Evidence("/etc/sysctl.conf", 3, "net.ipv4.ip_forward = 1", "the last one wins"),)


def a_result(status: Status, check_id: str = "linux_a") -> Result:
    return Result(check_id, status, "0", "1", FOUND, SkipReason.NONE, "")


def test_a_failure_with_a_waiver_becomes_waived_and_says_by_which() -> None:
    assert waived([a_result(Status.FAIL)], {"linux_a": "Exception EX-1."}) == [
        Result("linux_a", Status.WAIVED, "0", "1", FOUND, SkipReason.NONE, "Exception EX-1.")
    ]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.FAIL])
def test_nothing_but_a_failure_is_waived(status: Status) -> None:
    assert waived([a_result(status)], {"linux_a": "Exception EX-1."}) == [a_result(status)]


def test_a_failure_of_another_check_stays_one() -> None:
    assert waived([a_result(Status.FAIL, "linux_b")], {"linux_a": "Exception EX-1."})[0].status is Status.FAIL


def test_what_a_failure_says_itself_is_kept() -> None:
    failure = a_result(Status.FAIL)._replace(message="Only the running value was read.")
    message = "Exception EX-1. Only the running value was read."
    assert waived([failure], {"linux_a": "Exception EX-1."})[0].message == message
