"""The page on which hosts are imported: the plan first, then all of it or nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from compliance.models import Host
from tests.factories.compliance import HostFactory
from tests.factories.organizations import OrganizationFactory, member

pytestmark = pytest.mark.django_db
URL = "/compliance/hosts/import/"


@pytest.fixture
def signed_in(client, admin, organization):
    client.force_login(admin)
    return client


def chosen(content):
    return {"file": SimpleUploadedFile("hosts.csv", content)}


def test_a_file_is_planned_then_confirmed(signed_in, organization):
    HostFactory(organization=organization, hostname="old", port=22)
    plan = signed_in.post(URL, chosen(b"\xef\xbb\xbfhostname,port\r\nnew,23\r\nold,24\r\n"))
    text = plan.content.decode()
    assert "22 becomes 24" in text and "Import into" in text
    assert Host.objects.count() == 1
    content = plan.context["content"]
    done = signed_in.post(URL, {"organization": organization.pk, "content": content}, follow=True)
    assert "1 entered, 1 changed, 0 left as they are" in done.content.decode()
    assert dict(Host.objects.values_list("hostname", "port")) == {"new": 23, "old": 24}


def test_problems_stand_in_a_table_and_nothing_is_done(signed_in):
    answer = signed_in.post(URL, chosen(b"hostname,port\nnew,x\n<script>,1\n"))
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "Write a port from 1 to 65535." in text and "&lt;script&gt;" in text and "<script>," not in text
    assert not Host.objects.exists()


def test_a_plan_that_no_longer_holds_is_shown_again(signed_in, organization):
    HostFactory(organization=organization, hostname="new", retired_at="2026-11-01T00:00Z")
    answer = signed_in.post(URL, {"organization": organization.pk, "content": "hostname\nnew\n"})
    assert answer.status_code == 400
    assert "nothing was imported" in answer.content.decode()


@pytest.mark.parametrize("body", [{}, {"file": "text"}, {"organization": "x"}, {"organization": "9" * 40}])
def test_without_a_file_it_says_what_is_missing(signed_in, body):
    answer = signed_in.post(URL, body)
    assert answer.status_code == 400
    assert "Choose a CSV file first." in answer.content.decode()


def test_hosts_that_are_as_the_file_says_are_left_alone(signed_in, organization):
    HostFactory(organization=organization, hostname="old")
    assert "There is nothing to import." in signed_in.post(URL, chosen(b"hostname\nold\n")).content.decode()


def test_another_tenant_is_no_choice(client, other_organization):
    mine = OrganizationFactory()
    client.force_login(member(mine, role="admin"))
    answer = client.post(URL, {"organization": other_organization.pk, "content": "hostname\nnew\n"})
    assert answer.status_code == 400 and "Choose the organization" in answer.content.decode()
    assert not Host.objects.exists()


def test_the_sample_can_be_downloaded_and_viewers_may_not_import(client, signed_in, organization):
    sample = signed_in.get(f"{URL}sample.csv")
    assert sample.headers["Content-Type"].startswith("text/csv") and b"hostname,address" in sample.content
    client.force_login(member(organization, role="provisioner"))
    assert client.get(URL).status_code == client.get(f"{URL}sample.csv").status_code == 403
