"""The documents that let Plumbline in: within IAM's limits, whole, and the same as Terraform."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudbench.lib.access_policies import LONGEST_DOCUMENT, PRINCIPAL, Access, length_of, names_of, terraform

ACTIONS = st.lists(st.from_regex(r"[a-z0-9-]{2,20}:[A-Z][A-Za-z]{3,60}", fullmatch=True), unique=True, max_size=400)
ROLE = "arn:aws:iam::111122223333:role/plumbline"


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_every_action_stands_in_one_document_of_bounded_length(actions):
    documents = Access(tuple(actions)).documents
    assert [one for document in documents for one in document["Statement"][0]["Action"]] == actions
    assert all(length_of(document) <= LONGEST_DOCUMENT for document in documents)
    assert all(document["Statement"][0]["Effect"] == "Allow" for document in documents)
    assert len(set(names_of(documents))) == len(documents)


@settings(max_examples=30, deadline=None)
@given(ACTIONS)
def test_terraform_says_the_same(actions):
    access = Access(tuple(actions), ROLE, "0123abcd")
    text = terraform(access)
    assert re.findall(r'^        "([^"]+)",$', text, re.MULTILINE) == actions
    assert text.count('resource "aws_iam_policy" ') == len(access.documents)
    assert text.count('resource "aws_iam_role_policy_attachment" ') == len(access.documents)
    for opening, closing in ("{}", "[]", "()"):
        assert text.count(opening) == text.count(closing)


def test_the_trust_asks_for_the_external_id_and_names_who_assumes():
    statement = Access((), ROLE, "0123abcd").trust["Statement"][0]
    assert statement["Principal"] == {"AWS": ROLE}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "0123abcd"}}


def test_what_is_not_known_is_left_to_fill_in_and_terraform_asks_for_it():
    assert "FILL_IN" in json.dumps(Access(()).trust)
    assert "default" not in terraform(Access(()))
    assert 'default     = "0123abcd"' in terraform(Access((), "", "0123abcd"))


@pytest.mark.parametrize(
    "arn",
    [ROLE, "arn:aws:iam::111122223333:root", "arn:aws-cn:iam::111122223333:user/path/name",
     "arn:aws:sts::111122223333:assumed-role/role/session"],
)  # fmt: skip
def test_users_and_roles_are_principals(arn):
    assert PRINCIPAL.fullmatch(arn)


@pytest.mark.parametrize("text", ["*", "arn:aws:iam::1:root", f"{ROLE}\n", f'{ROLE}" }}', "arn:aws:s3:::bucket"])
def test_anything_else_is_not(text):
    assert not PRINCIPAL.fullmatch(text)
