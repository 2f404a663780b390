import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.terraform.outcomes import FailedRule, callback

REPORT = "https://plumbline.example/provisioning/vms/7/"


def rule(number: int, severity: str = "medium", machine: str = "web-1", **more: str) -> FailedRule:
    return FailedRule(f"check_{number:04}", f"Rule {number} holds", severity, machine, **more)


def items_of(*failed: FailedRule) -> list[dict]:
    body = callback(status="failed", message="no", failed=failed, accepts_outcomes=True)
    return body["data"]["relationships"]["outcomes"]["data"]


def attributes_of(*failed: FailedRule) -> list[dict]:
    return [item["attributes"] for item in items_of(*failed)]


def test_a_verdict_has_the_documented_form():
    assert callback(status="passed", message="1 VM may be handed over.", url=REPORT) == {
        "data": {
            "type": "task-results",
            "attributes": {"status": "passed", "message": "1 VM may be handed over.", "url": REPORT},
        }
    }


def test_an_outcome_has_the_documented_form():
    failed = rule(1, "critical", remediation="Set it to 0.", url=REPORT)
    assert items_of(failed) == [
        {
            "type": "task-result-outcomes",
            "attributes": {
                "outcome-id": "check_0001",
                "description": "Rule 1 holds",
                "body": "Fails on web\\-1.\n\nSet it to 0.",
                "url": REPORT,
                "tags": {
                    "Status": [{"label": "Failed", "level": "error"}],
                    "Severity": [{"label": "Critical", "level": "error"}],
                },
            },
        }
    ]


def test_outcomes_are_left_out_for_who_does_not_take_them_and_when_nothing_failed():
    assert "relationships" not in callback(status="failed", message="no", failed=[rule(1)])["data"]
    assert "relationships" not in callback(status="passed", message="yes", accepts_outcomes=True)["data"]


def test_the_worst_come_first_in_whatever_order_they_are_given():
    failed = [rule(4, "low"), rule(3, "high"), rule(9, "odd"), rule(2, "critical"), rule(1, "critical"), rule(5)]
    random.Random(1).shuffle(failed)
    found = attributes_of(*failed)
    assert [one["outcome-id"] for one in found] == [
        "check_0001", "check_0002", "check_0003", "check_0005", "check_0004", "check_0009",
    ]  # fmt: skip
    levels = [one["tags"]["Severity"][0]["level"] for one in found]
    assert levels == ["error", "error", "error", "warning", "info", "none"]


def test_one_rule_on_several_machines_is_one_outcome():
    (one,) = attributes_of(*(rule(1, machine=f"web{number}") for number in range(3, 0, -1)))
    assert one["body"] == "Fails on web1, web2, web3."


def test_many_machines_are_counted():
    (one,) = attributes_of(*(rule(1, machine=f"web{number:02}") for number in range(25)))
    assert one["body"].endswith("web19 and 5 more.")


def test_as_many_as_are_taken_are_sent_as_they_are():
    assert [one["outcome-id"] for one in attributes_of(*map(rule, range(250)))] == [f"check_{n:04}" for n in range(250)]


def test_more_than_are_taken_end_with_a_summary_of_the_mildest():
    found = attributes_of(*(rule(number, "low" if number < 5 else "high") for number in range(260)))
    assert len(found) == 250
    assert found[0]["outcome-id"] == "check_0005"
    assert found[-1]["description"] == "11 more rules failed"
    assert found[-1]["body"] == "By severity: 6 high, 5 low. The report holds all of them."


def test_a_message_is_one_line_of_a_thousand_characters_at_most():
    message = callback(status="running", message="a\r\nb" + "x" * 5_000)["data"]["attributes"]["message"]
    assert message.startswith("a b")
    assert len(message) == 1_000


@pytest.mark.parametrize("message", ["", "  ", "\n\x00"])
def test_an_empty_message_is_a_fault_of_ours(message):
    with pytest.raises(ValueError, match="needs a message"):
        callback(status="running", message=message)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://a.example/" + "x" * 482, True),
        ("https://a.example/" + "x" * 483, False),
        ("javascript:alert(1)", False),
        ("/relative", False),
        ("", False),
    ],
)
def test_a_url_that_does_not_fit_is_left_out(url, sent):
    assert ("url" in callback(status="passed", message="ok", url=url)["data"]["attributes"]) is sent
    assert ("url" in attributes_of(rule(1, url=url))[0]) is sent


def test_the_body_of_an_outcome_is_bounded():
    (one,) = attributes_of(*(rule(1, machine=f"{number}" + "_" * 90, remediation="*" * 9_000) for number in range(30)))
    assert len(one["body"]) == 4_000


def test_names_from_documents_do_not_become_markdown():
    (one,) = attributes_of(rule(1, machine="[click](https://evil.example)<b>`x`\n# y", remediation="![](//e)"))
    assert one["body"] == ("Fails on \\[click\\]\\(https://evil.example\\)\\<b\\>\\`x\\` \\# y.\n\n\\!\\[\\]\\(//e\\)")


@settings(max_examples=60, deadline=None)
@given(
    st.text(min_size=1),
    st.text(max_size=700),
    st.lists(
        st.builds(
            FailedRule,
            st.text(max_size=9),
            st.text(),
            st.sampled_from(["critical", "low", "x", ""]),
            st.text(),
            st.text(),
        ),
        max_size=12,
    ),
)
def test_the_limits_hold_for_whatever_is_given(message, url, failed):
    try:
        body = callback(status="failed", message=message, url=url, failed=failed * 30, accepts_outcomes=True)["data"]
    except ValueError:
        return
    assert 1 <= len(body["attributes"]["message"]) <= 1_000
    assert len(body["attributes"].get("url", "")) <= 500
    items = body.get("relationships", {"outcomes": {"data": [None]}})["outcomes"]["data"]
    assert 1 <= len(items) <= 250
    for one in (item["attributes"] for item in items if item):
        assert "\n" not in one["description"]
        assert len(one["body"]) <= 4_000
    assert json.dumps(body)
