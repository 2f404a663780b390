"""Errors of the API: whatever refused a field, the answer has one form and names the field."""

import pytest
from django.core.exceptions import ValidationError
from rest_framework import exceptions

from organizations.errors import Invalid
from organizations.web.problems import handle


@pytest.mark.parametrize(
    "error",
    [
        Invalid({"port": "Choose one up to 65535."}),
        ValidationError({"port": "Choose one up to 65535."}),
        exceptions.ValidationError({"port": ["Choose one up to 65535."]}),
    ],
)
def test_whatever_refused_a_field_title_and_detail_are_the_same(error):
    body = handle(error, {}).data
    assert body["title"] == "The request has invalid fields."
    assert body["detail"] == "port: Choose one up to 65535."
    assert body["errors"] == {"port": ["Choose one up to 65535."]}


def test_detail_names_inner_fields_and_leaves_alone_what_concerns_none():
    refused = exceptions.ValidationError({"hosts": [{}, {"name": ["Too long."]}], "non_field_errors": ["Ends early."]})
    assert handle(refused, {}).data["detail"] == "hosts.1.name: Too long. Ends early."


def test_detail_of_many_fields_stays_short():
    body = handle(Invalid({f"f{number}": "Wrong." for number in range(8)}), {}).data
    assert body["detail"].endswith("f4: Wrong. And 3 more.")
    assert len(body["errors"]) == 8
