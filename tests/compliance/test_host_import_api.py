"""Importing hosts over the API: a form or the bare file, a dry run, every problem named."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.models import Host
from tests.factories.compliance import HostFactory
from tests.factories.organizations import OrganizationFactory, member

pytestmark = pytest.mark.django_db
URL = "/api/v1/hosts/import/"
GOOD, BAD = b"hostname,port\nweb-1,22\nweb-2,2222\n", b"hostname,port\nweb-1,22\nweb-2,x\n"


def bare(api, content, query=""):
    return api.generic("POST", URL + query, content, content_type="text/csv")


def test_a_form_and_a_bare_file_are_both_taken(api, organization):
    by_form = api.post(URL, {"file": SimpleUploadedFile("hosts.csv", GOOD)}, format="multipart")
    assert (by_form.status_code, by_form.json()["created"]) == (200, 2)
    again = bare(api, GOOD)
    assert (again.status_code, again.json()["unchanged"], again.json()["hosts"]) == (200, 2, [])


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(api, organization):
    HostFactory(organization=organization, hostname="web-2", port=23)
    told = bare(api, GOOD, "?dry_run=true").json()
    assert (told["dry_run"], told["created"], told["updated"], told["unchanged"]) == (True, 1, 1, 0)
    assert told["hosts"][1] == {
        "line": 3, "hostname": "web-2", "action": "update", "changes": {"port": ["23", "2222"]},
    }  # fmt: skip
    assert Host.objects.get().port == 23


def test_a_dry_run_lists_the_problems_and_an_import_is_refused_for_them(api, organization):
    told = bare(api, BAD, "?dry_run=1")
    assert told.status_code == 200
    assert told.json()["problems"] == [
        {"line": 3, "column": "port", "value": "x", "message": "Write a port from 1 to 65535."}
    ]
    refused = bare(api, BAD)
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"line 3, port": ["Write a port from 1 to 65535."]}
    assert not Host.objects.exists()


@pytest.mark.parametrize(
    ("send", "field"),
    [
        (lambda api: bare(api, GOOD, "?dry_run=perhaps"), "dry_run"),
        (lambda api: api.post(URL, {}, format="multipart"), "file"),
        (lambda api: api.post(URL, {"file": "text"}, format="multipart"), "file"),
        (lambda api: bare(api, GOOD, "?organization=x"), "organization"),
        (lambda api: bare(api, GOOD, "?organization=" + "9" * 30), "organization"),
        (lambda api: bare(api, b""), "file"),
    ],
)
def test_a_request_that_means_nothing_names_the_field(api, send, field):
    answer = send(api)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_other_bodies_are_not_understood(api):
    assert api.post(URL, {"file": "x"}, format="json").status_code == 415


def test_who_is_in_several_organizations_names_one_and_foreign_ones_do_not_exist(client_of, other_organization):
    mine = OrganizationFactory()
    user = member(mine, role="admin")
    api = client_of(user)
    assert bare(api, GOOD, f"?organization={other_organization.pk}").status_code == 400
    assert bare(api, GOOD, f"?organization={mine.pk}").json()["created"] == 2
    assert set(Host.objects.values_list("organization", flat=True)) == {mine.pk}


def test_the_operator_of_all_must_name_one(client_of, superuser, organization, other_organization):
    refused = bare(client_of(superuser), GOOD)
    assert refused.status_code == 400 and "organization" in refused.json()["errors"]
    assert bare(client_of(superuser), GOOD, f"?organization={organization.pk}").status_code == 200


def test_without_the_permission_it_is_forbidden(client_of, organization):
    assert bare(client_of(member(organization, role="provisioner")), GOOD).status_code == 403


def test_a_body_above_the_limit_is_413(api):
    assert bare(api, b"hostname\n" + b"x" * 1_000_000).status_code == 413


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), dry=st.sampled_from(["", "?dry_run=1"]))
def test_whatever_is_sent_is_never_an_error_of_ours(api, content, dry):
    before = Host.objects.count()
    answer = bare(api, content, dry)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or Host.objects.count() == before
