"""What policy documents say, as far as the checks need it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudbench.engine.checks.policies import (
    account_of,
    allows,
    covers,
    foreign_accounts,
    grants_service,
    public_grants,
    refuses_plain_transport,
    statements_of,
    unconfined_services,
)

OWN, OTHER = "123456789012", "999988887777"


def allow(principal: Any = "*", condition: Any = None, action: Any = "sqs:*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}
    return statement | ({"Condition": condition} if condition else {})


def deny(condition: Any = None, **more: Any) -> dict[str, Any]:
    return {**allow(condition=condition), "Effect": "Deny", **more}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_a_document_is_read_from_text_and_from_a_single_statement():
    (one,) = statements_of(json.dumps({"Statement": allow(action="s3:GetObject", Sid="Read")}))
    assert (one.sid, one.actions, one.principals) == ("Read", ("s3:GetObject",), (("AWS", "*"),))
    assert statements_of(None) == statements_of("") == ()


@pytest.mark.parametrize("text", ["[]", "no json", '{"Statement": [{"Action": "*"}]}', '{"Statement": ["*"]}'])
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(ValueError, match=r"policy|Expecting"):
        statements_of(text)


@pytest.mark.parametrize(
    ("wide", "narrow", "holds"),
    [
        ("*", "anything", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObject*", True),
        ("s3:GetObject", "s3:Get*", False),
        ("s3:?etObject", "s3:GetObject", True),
        ("s3:?", "s3:*", False),
        ("a**b", "axyb", True),
        ("arn:aws:s3:::b.c", "arn:aws:s3:::bxc", False),
    ],
)
def test_a_pattern_covers_what_it_matches(wide, narrow, holds):
    assert covers(wide, narrow) is holds


PATTERNS = st.text(alphabet="ab*?", max_size=6)


@given(wide=PATTERNS, narrow=PATTERNS, text=st.text(alphabet="abc", max_size=6))
def test_what_covers_a_pattern_matches_all_that_the_pattern_matches(wide, narrow, text):
    if covers(wide, narrow) and covers(narrow, text):
        assert covers(wide, text)


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*", OTHER]}])
def test_everyone_is_public(principal):
    assert public_grants(policy(allow(principal)))


@pytest.mark.parametrize(
    "principal", [OTHER, {"AWS": f"arn:aws:iam::{OTHER}:root"}, {"Service": "sns.amazonaws.com"}, {"AWS": [OTHER]}]
)
def test_named_principals_are_not_public(principal):
    assert not public_grants(policy(allow(principal)))


def test_all_but_a_few_is_public():
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": "*", "Resource": "*"}
    assert public_grants(policy(statement))


LIMITED = [
    {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"StringEquals": {"AWS:SourceOwner": OWN}},
    {"StringEquals": {"aws:SourceAccount": [OWN, OTHER]}},
    {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/app-*"}},
    {"ArnLike": {"aws:SourceArn": f"arn:aws:sns:*:{OWN}:*"}},
    {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::one-bucket"}},
    {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}},
    {"StringLike": {"aws:userid": "AROAEXAMPLEID:*"}},
    {"Bool": {"aws:PrincipalIsAWSService": True}},
    {"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}},
    {"StringEquals": {"kms:CallerAccount": OWN, "kms:ViaService": "rds.eu-central-1.amazonaws.com"}},
]
UNLIMITED = [
    {"StringLike": {"aws:PrincipalOrgID": "*"}},
    {"StringLike": {"aws:SourceAccount": "1234*"}},
    {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    {"StringNotEquals": {"aws:PrincipalAccount": OTHER}},
    {"StringEquals": {"aws:SourceAccount": []}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}},
    {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}},
    {"IpAddress": {"aws:SourceIp": "::/0"}},
    {"IpAddress": {"aws:SourceIp": "nonsense"}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.7/32"}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"Bool": {"aws:PrincipalIsAWSService": "false"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringLike": {"aws:UserAgent": "app"}},
    {"StringEquals": {"kms:ViaService": "rds.eu-central-1.amazonaws.com"}},
    {"Null": {"aws:PrincipalOrgID": "false"}},
]


@pytest.mark.parametrize("condition", LIMITED, ids=str)
def test_a_fixed_caller_limits(condition):
    assert not public_grants(policy(allow(condition=condition)))


@pytest.mark.parametrize("condition", UNLIMITED, ids=str)
def test_other_conditions_do_not_limit(condition):
    assert public_grants(policy(allow(condition=condition)))


@pytest.mark.parametrize(
    "denial",
    [
        deny(),
        deny({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        deny({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}),
        deny({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        {"Effect": "Deny", "NotPrincipal": {"AWS": OTHER}, "Action": "*", "Resource": "*"},
    ],
    ids=str,
)
def test_a_refusal_of_all_unknown_callers_takes_a_public_grant_back(denial):
    assert not public_grants(policy(allow(), denial))


@pytest.mark.parametrize(
    "denial",
    [
        deny({"Bool": {"aws:SecureTransport": "false"}}),
        deny({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1"}, "Bool": {"aws:SecureTransport": "false"}}),
        deny({"ForAnyValue:StringNotEquals": {"aws:PrincipalOrgID": "o-a1"}}),
        deny(Principal={"AWS": OTHER}),
        deny(Action="sqs:SendMessage"),
        deny(Resource="arn:aws:sqs:eu-central-1:123456789012:another"),
        {"Effect": "Deny", "Principal": "*", "NotAction": "sqs:ReceiveMessage", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": "*", "Action": "*", "Resource": "*"},
    ],
    ids=str,
)
def test_a_refusal_of_some_leaves_the_grant_public(denial):
    assert public_grants(policy(allow(), denial))


def test_a_refusal_takes_single_actions_out():
    (left,) = public_grants(policy(allow(action=["sqs:SendMessage", "sqs:GetQueueUrl"]), deny(Action="sqs:Send*")))
    assert left.actions == ("sqs:GetQueueUrl",)


def test_a_service_is_confined_by_whose_resource_it_acts_for():
    confined = allow({"Service": "s3.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": OWN}})
    assert unconfined_services(policy(confined)) == []
    assert unconfined_services(policy(confined, allow({"Service": ["sns.amazonaws.com"]}))) == ["sns.amazonaws.com"]


def test_other_accounts_are_told_from_our_own():
    principals = [f"arn:aws:iam::{OWN}:root", f"arn:aws:sts::{OTHER}:assumed-role/a/b", "555566667777", "AIDAEXAMPLE"]
    assert foreign_accounts(policy(allow({"AWS": principals}), deny()), OWN) == ["555566667777", OTHER]
    assert account_of("*") == account_of("arn:aws:iam::cloudfront:user/x") == ""


@pytest.mark.parametrize(
    ("denial", "holds"),
    [
        (deny({"Bool": {"aws:SecureTransport": "false"}}, Action="*"), True),
        (deny({"Bool": {"aws:SecureTransport": False}}, Action="*"), True),
        (deny({"BoolIfExists": {"aws:SecureTransport": "false"}}, Action="*"), True),
        (deny({"Bool": {"aws:SecureTransport": "true"}}, Action="*"), False),
        (deny({"Bool": {"aws:SecureTransport": "false"}}, Action="s3:GetObject"), False),
        (deny({"Bool": {"aws:SecureTransport": "false"}}, Action="*", Principal={"AWS": OTHER}), False),
        (deny({"Bool": {"aws:SecureTransport": "false"}, "Null": {"aws:Via": "true"}}, Action="*"), False),
        (deny(Action="*"), False),
    ],
)
def test_plain_transport_is_refused_by_a_plain_statement_only(denial, holds):
    assert refuses_plain_transport(policy(denial)) is holds


@pytest.mark.parametrize(
    ("statement", "any_action", "any_resource", "wildcards"),
    [
        ({"Action": "*", "Resource": "*"}, True, True, ["*"]),
        ({"Action": ["*:*"], "Resource": ["arn:aws:s3:::b", "*"]}, True, True, ["*:*"]),
        ({"Action": ["ec2:*", "s3:Get*"], "Resource": "arn:aws:s3:::b"}, False, False, ["ec2:*"]),
        ({"NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"}, False, True, []),
    ],
)
def test_wildcards_of_actions_and_resources_are_seen(statement, any_action, any_resource, wildcards):
    (one,) = statements_of(policy({"Effect": "Allow", **statement}))
    assert (one.any_action, one.any_resource, one.service_wildcards) == (any_action, any_resource, wildcards)


@pytest.mark.parametrize(
    ("statements", "action", "holds"),
    [
        ([{"Effect": "Allow", "Action": "IAM:Pass*", "Resource": "x"}], "iam:PassRole", True),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "iam:PassRole", True),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:PassRole", False),
        ([{"Effect": "Deny", "Action": "*", "Resource": "*"}], "iam:PassRole", False),
    ],
)
def test_an_identity_is_allowed_what_its_statements_cover(statements, action, holds):
    assert allows(statements_of(policy(*statements)), action) is holds


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ({"Resource": "*"}, False),
        ({"Resource": "arn:aws:iam::123456789012:role/x"}, True),
        ({"Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}, True),
    ],
)
def test_only_a_whole_refusal_takes_a_permission_away(more, holds):
    granted = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    refused = {"Effect": "Deny", "Action": "iam:*", **more}
    assert allows(statements_of(policy(granted, refused)), "iam:PassRole") is holds


@pytest.mark.parametrize(
    ("statements", "holds"),
    [
        ([{"Effect": "Allow", "Action": "CloudTrail:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "Action": "*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": "cloudtrail:StopLogging", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "cloudtrail:Get*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "arn:aws:cloudtrail:*:1:trail/a"}], False),
    ],
)
def test_a_whole_service_is_granted_by_all_actions_on_all_resources(statements, holds):
    assert grants_service(statements_of(policy(*statements)), "cloudtrail") is holds


@pytest.mark.parametrize(
    ("refused", "holds"),
    [
        ({"Action": "cloudtrail:StopLogging", "Resource": "*"}, False),
        ({"NotAction": "s3:*", "Resource": "*"}, False),
        ({"Action": "s3:*", "Resource": "*"}, True),
        ({"Action": "cloudtrail:StopLogging", "Resource": "arn:aws:cloudtrail:*:1:trail/a"}, True),
    ],
)
def test_a_refused_action_makes_the_grant_of_a_service_less_than_whole(refused, holds):
    granted = {"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "*"}
    assert grants_service(statements_of(policy(granted, {"Effect": "Deny", **refused})), "cloudtrail") is holds


STATEMENTS = st.builds(
    lambda effect, principal, action, condition: {
        **allow(principal, condition, action),
        "Effect": effect,
    },
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["*", {"AWS": OTHER}, {"Service": "sns.amazonaws.com"}]),
    st.sampled_from(["*", "sqs:*", "sqs:SendMessage", ["sqs:Get*", "sqs:SendMessage"]]),
    st.sampled_from([None, *LIMITED, *UNLIMITED, {"StringNotEquals": {"aws:SourceAccount": OWN}}]),
)
POLICIES = st.lists(STATEMENTS, max_size=4)


@given(statements=POLICIES, more=STATEMENTS)
def test_a_further_refusal_never_opens_and_a_further_permission_never_closes(statements, more):
    before, after = public_grants(policy(*statements)), public_grants(policy(*statements, more))
    if more["Effect"] == "Deny":
        assert before or not after
    else:
        assert after or not before


@given(statements=POLICIES)
def test_the_order_of_statements_does_not_matter(statements):
    assert bool(public_grants(policy(*statements))) == bool(public_grants(policy(*reversed(statements))))
