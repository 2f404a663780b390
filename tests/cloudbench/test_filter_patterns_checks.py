"""Filter patterns of CloudWatch Logs match the events that AWS's own matcher matches."""

import pytest

from cloudbench.engine.checks.filter_patterns import MISSING, field_of, pattern_test

EVENT = {
    "eventName": "CreateTrail",
    "readOnly": False,
    "errorCode": "Client.UnauthorizedOperation",
    "tlsDetails": None,
    "count": 3,
    "userIdentity": {"type": "Root", "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
    "resources": [{"ARN": "arn:aws:s3:::one"}],
}


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.eventName = CreateTrail }",
        '{$.eventName="CreateTrail"}',
        '{ ($.eventName = "Create*") }',
        '{ $.errorCode = "*Unauthorized*" }',
        "{ $.eventName = %^Create(Trail|Key)$% }",
        "{ $.eventName != DeleteTrail }",
        "{ $.eventName = X || $.eventName = CreateTrail && $.readOnly IS FALSE }",
        "{ ($.eventName = X || $.eventName = CreateTrail) && ($.userIdentity.type = Root) }",
        "{ $.userIdentity.invokedBy NOT EXISTS }",
        "{ $.userIdentity.type EXISTS }",
        "{ $.tlsDetails IS NULL }",
        "{ $.count > 2 && $.count <= 3 }",
        "{ $.readOnly = false }",
        '{ $.resources[0].ARN = "arn:aws:s3:::one" }',
        "{ $['userIdentity'].type = Root }",
        "{ $.userIdentity.sessionContext.attributes.mfaAuthenticated != true }",
    ],
)
def test_a_pattern_matches_the_event(pattern):
    test = pattern_test(pattern)
    assert test is not None
    assert test(EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.eventName = createtrail }",
        "{ $.eventName = Trail }",
        "{ $.eventName = X && $.readOnly IS FALSE || $.count = 4 }",
        "{ $.missing = 1 }",
        "{ $.missing != 1 }",
        "{ $.userIdentity = Root }",
        "{ $.readOnly IS TRUE }",
        "{ $.count < 3 }",
        "{ $.eventName < 3 }",
        "{ $.tlsDetails NOT EXISTS }",
        '{ $.resources[1].ARN = "*" }',
    ],
)
def test_a_pattern_does_not_match_the_event(pattern):
    test = pattern_test(pattern)
    assert test is not None
    assert not test(EVENT)


@pytest.mark.parametrize(
    "text",
    [
        "", "ERROR", "?CreateTrail ?DeleteTrail", "[ip, user, ...]", "{ }", "{ $.a = }", "{ $.a }", "{ ($.a = 1 }",
        "{ $.a = 1 ) }", "{ a = 1 }", "{ $.a IS PURPLE }", "{ $.a NOT THERE }", "{ $.a = 1 && }", "{ $.a = %(% }",
        '{ $.a = "open }', "{ $.a == 1 }",
    ],
)  # fmt: skip
def test_what_is_no_pattern_for_fields_is_none(text):
    assert pattern_test(text) is None


def test_a_field_is_found_at_its_selector():
    assert field_of(EVENT, "$.userIdentity.type") == "Root"
    assert field_of(EVENT, "$.userIdentity.type.deeper") is MISSING
