"""The API of accounts: keys go in and never come out; and the policy that an account needs."""

import json

import pytest

from cloudbench.models import CloudAccount
from organizations import permissions
from organizations.models.audit import AuditEvent
from tests.factories.cloudbench import BenchmarkFactory, CloudAccountFactory, RunFactory, a_document
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
ACCOUNTS, POLICY = "/api/v1/cloud/accounts/", "/api/v1/cloud/policy/"
SECRET = "Xq7-never-to-be-seen"
ID = "111122223333"
PRINCIPAL = "arn:aws:iam::999922223333:role/plumbline"


@pytest.fixture
def body(organization):
    return {
        "organization": organization.pk, "name": "Lab", "account_id": ID, "access": "keys",
        "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": SECRET, "session_token": SECRET,
        "regions": ["eu-central-1"],
    }  # fmt: skip


def test_keys_never_come_out(api, body, caplog):
    made = api.post(ACCOUNTS, body)
    assert made.status_code == 201, made.content
    url = f"{ACCOUNTS}{made.json()['id']}/"
    told = [made, api.get(url), api.get(ACCOUNTS), api.patch(url, {"secret_access_key": f"{SECRET}2"})]
    assert [one.status_code for one in told] == [201, 200, 200, 200]
    events = AuditEvent.objects.values_list("before", "after", "details")
    text = json.dumps([*(one.json() for one in told), *events]) + caplog.text
    assert SECRET not in text
    assert made.json()["access_key"] == "****MPLE"
    assert not {"access_key_id", "secret_access_key", "session_token"} & made.json().keys()
    assert CloudAccount.objects.get().secret_access_key == f"{SECRET}2"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account_id": "1"}, "account_id"),
        ({"name": ""}, "name"),
        ({"access": "role"}, "role_arn"),
        ({"regions": ["mars-east-1"]}, "regions"),
        ({"regions": "eu-central-1"}, "regions"),
        ({"calls_per_second": "fast"}, "calls_per_second"),
        ({"calls_per_second": "NaN"}, "calls_per_second"),
        ({"secret_access_key": ""}, "secret_access_key"),
        ({"organization": 987654}, "organization"),
    ],
)
def test_a_bad_value_is_refused_by_its_field_and_nothing_is_stored(api, body, change, field):
    response = api.post(ACCOUNTS, body | change)
    assert response.status_code == 400, response.content
    assert field in {name.split(".")[0] for name in response.json()["errors"]}
    assert SECRET not in response.content.decode()
    assert not CloudAccount.objects.exists()


def test_deleting_disconnects_and_is_refused_while_a_run_is_under_way(api, organization):
    account = CloudAccountFactory(organization=organization)
    run = RunFactory(account=account)
    assert api.delete(f"{ACCOUNTS}{account.pk}/").status_code == 409
    run.delete()
    account.snapshots.all().delete()
    assert api.delete(f"{ACCOUNTS}{account.pk}/").status_code == 204
    assert api.get(f"{ACCOUNTS}{account.pk}/").status_code == 404
    assert CloudAccount.objects.get().removed_at


@pytest.mark.parametrize(("role", "reads", "writes"), [("viewer", 403, 403), ("provisioner", 200, 403)])
def test_who_may_read_and_who_may_not_change(client_of, organization, body, role, reads, writes):
    account = CloudAccountFactory(organization=organization)
    client, url = client_of(member(organization, role=role)), f"{ACCOUNTS}{account.pk}/"
    assert [client.get(one).status_code for one in (ACCOUNTS, url, POLICY)] == [reads] * 3
    answers = [
        client.post(ACCOUNTS, body), client.patch(url, {"name": "x"}), client.delete(url), client.post(f"{url}test/"),
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [writes] * 4


def test_whoever_sees_one_account_sees_that_one_only(client_of, organization):
    mine, other = CloudAccountFactory.create_batch(2, organization=organization)
    user = member(organization)
    permissions.grant(user, "view_compliance", mine)
    client = client_of(user)
    assert [one["id"] for one in client.get(ACCOUNTS).json()] == [mine.pk]
    assert client.get(f"{ACCOUNTS}{mine.pk}/").status_code == 200
    assert client.get(f"{ACCOUNTS}{other.pk}/").status_code == 404
    assert client.get(POLICY, {"account": other.pk}).status_code == 400


def test_the_test_says_what_is_wrong_without_an_error(api, organization, settings):
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"
    account = CloudAccountFactory(
        organization=organization, access="keys", access_key_id="A" * 20, secret_access_key=SECRET
    )
    answer = api.post(f"{ACCOUNTS}{account.pk}/test/", {})
    assert answer.status_code == 200
    assert answer.json().keys() == {
        "ok", "account_id", "regions", "missing_permissions", "problems", "checked", "not_checked", "seconds",
    }  # fmt: skip
    assert (answer.json()["ok"], answer.json()["missing_permissions"]) == (False, [])
    assert answer.json()["problems"]
    refused = api.post(f"{ACCOUNTS}{account.pk}/test/", {"benchmarks": ["none_such"]})
    assert (refused.status_code, [*refused.json()["errors"]]) == (400, ["benchmarks"])


# --- The policy -------------------------------------------------------------------------------------------------------


@pytest.fixture
def benchmarks():
    for slug, checks in (("buckets", ("s3_bucket_versioning",)), ("roots", ("iam_root_mfa",))):
        BenchmarkFactory(slug=slug, document=a_document(*checks, slug=slug))


def actions_in(answer) -> list[str]:
    return [
        one
        for policy in answer.json()["policies"]
        for one in policy["document"]["Statement"][0]["Action"]
    ]  # fmt: skip


def test_the_policy_has_what_the_chosen_benchmarks_read_and_nothing_else(api, benchmarks):
    always = {"ec2:DescribeRegions", "sts:GetCallerIdentity"}
    buckets, roots, both, everything = (
        api.get(POLICY, {"benchmarks": slugs}) for slugs in ("buckets", "roots", "buckets,roots", "")
    )
    assert set(actions_in(buckets)) == always | {"s3:ListAllMyBuckets", "s3:GetBucketVersioning"}
    assert set(actions_in(roots)) == always | {"iam:GetAccountSummary"}
    assert set(actions_in(both)) == set(actions_in(buckets)) | set(actions_in(roots))
    assert set(actions_in(everything)) > set(actions_in(both))
    assert actions_in(everything) == everything.json()["actions"]


def test_the_trust_policy_has_the_accounts_external_id(api, organization, benchmarks):
    account = CloudAccountFactory(organization=organization)
    asked = {"benchmarks": "buckets", "account": account.pk, "principal": PRINCIPAL}
    statement = api.get(POLICY, asked).json()["trust_policy"]["Statement"][0]
    assert statement["Principal"] == {"AWS": PRINCIPAL}
    assert statement["Condition"]["StringEquals"] == {"sts:ExternalId": account.external_id}
    terraform = api.get(POLICY, asked | {"format": "terraform"})
    assert terraform.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert all(
        word in terraform.content.decode() for word in (account.external_id, PRINCIPAL, "s3:GetBucketVersioning")
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"benchmarks": "none_such"}, "benchmarks"),
        ({"benchmarks": "buckets,none\0such"}, "benchmarks"),
        ({"format": "yaml"}, "format"),
        ({"principal": 'x" }'}, "principal"),
        ({"account": "987654321"}, "account"),
        ({"account": "x"}, "account"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(api, benchmarks, asked, field):
    answer = api.get(POLICY, asked)
    assert answer.status_code == 400, answer.content
    assert [*answer.json()["errors"]] == [field]


def test_the_account_of_another_tenant_reads_like_an_unknown_one(api, other_organization, benchmarks):
    foreign = CloudAccountFactory(organization=other_organization)
    answers = [api.get(POLICY, {"account": pk}) for pk in (foreign.pk, 987654321)]
    assert [one.status_code for one in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()
