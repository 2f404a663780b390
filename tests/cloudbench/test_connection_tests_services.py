"""The way into an account, and what a connection test says of it: against a moto server that enforces policies."""

import json

import pytest
from django.core.exceptions import PermissionDenied

from cloudbench.engine.session import CredentialsRefused, whoami
from cloudbench.lib.access_policies import Access
from cloudbench.services.connection_tests import NEEDS_RESOURCE, try_connection
from cloudbench.services.sessions import session_for
from organizations.errors import Invalid
from organizations.models.audit import AuditEvent
from tests.factories.cloudbench import BenchmarkFactory, CloudAccountFactory, a_document
from tests.factories.organizations import member
from tests.peers.moto import ACCOUNT, user_of

pytest_plugins = ("tests.peers.moto",)

pytestmark = pytest.mark.django_db
READS = ("sts:GetCallerIdentity", "ec2:DescribeRegions", "s3:ListAllMyBuckets", "iam:GetAccountSummary")
USER = f"arn:aws:iam::{ACCOUNT}:user/plumbline"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/plumbline-read"


@pytest.fixture
def benchmark():
    document = a_document("s3_bucket_versioning", "iam_root_mfa", slug="small")
    return BenchmarkFactory(slug="small", document=document)


def account_of(organization, **fields):
    return CloudAccountFactory(organization=organization, account_id=ACCOUNT, **fields)


def with_keys(organization, aws, *actions):
    account = account_of(organization, access="keys", role_arn="", **user_of(aws, *actions))
    aws.enforce_after(0)
    return account


def test_keys_with_every_permission_are_well(admin, organization, aws, benchmark):
    account = with_keys(organization, aws, *READS)
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert (test.ok, test.problems, test.missing_permissions) == (True, [], [])
    assert test.account_id == ACCOUNT
    assert {"eu-central-1", "us-east-1"} <= set(test.regions)
    assert test.checked == sorted(READS)
    assert [(one.permission, one.reason) for one in test.not_checked] == [("s3:GetBucketVersioning", NEEDS_RESOURCE)]
    assert AuditEvent.objects.filter(action="cloud_account.tested").count() == 1


@pytest.mark.parametrize("missing", ["ec2:DescribeRegions", "s3:ListAllMyBuckets", "iam:GetAccountSummary"])
def test_each_missing_permission_is_named(admin, organization, aws, benchmark, missing):
    account = with_keys(organization, aws, *(one for one in READS if one != missing))
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert (test.ok, test.problems, test.missing_permissions) == (False, [], [missing])


def test_all_benchmarks_are_tried_with_one_call_for_each_operation(admin, organization, aws):
    test = try_connection(actor=admin, account=with_keys(organization, aws, *READS))
    assert len(test.checked) == len(set(test.checked))
    assert set(READS) - set(test.missing_permissions) == set(READS)
    assert "rds:DescribeDBInstances" in test.missing_permissions
    assert test.seconds < 60


def role_of(aws, external_id: str) -> None:
    """Make the role that the generated documents describe: trusting the user of ``user_of``, permitted READS."""
    access = Access(READS, USER, external_id)
    iam = aws.client("iam")
    iam.create_role(RoleName="plumbline-read", AssumeRolePolicyDocument=json.dumps(access.trust))
    iam.put_role_policy(RoleName="plumbline-read", PolicyName="read", PolicyDocument=json.dumps(access.documents[0]))


def test_a_role_made_of_the_documents_is_assumed_with_its_external_id(admin, organization, aws, benchmark):
    account = account_of(organization, role_arn=ROLE, **user_of(aws, "sts:AssumeRole"))
    role_of(aws, account.external_id)
    aws.enforce_after(0)
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert (test.problems, test.missing_permissions, test.ok) == ([], [], True)


def test_a_role_that_asks_for_another_external_id_is_not_assumed(admin, organization, aws, benchmark):
    account = account_of(organization, role_arn=ROLE, **user_of(aws, "sts:AssumeRole"))
    role_of(aws, "that of somebody else")
    aws.enforce_after(0)
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert (test.ok, test.checked) == (False, [])
    assert "external id" in test.problems[0]


def test_a_role_that_may_not_be_assumed_says_what_to_look_at(admin, organization, aws, benchmark):
    account = account_of(organization, **user_of(aws, "sts:GetCallerIdentity"))
    aws.enforce_after(0)
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert (test.ok, test.account_id, test.checked) == (False, "", [])
    assert account.role_arn in test.problems[0]
    assert "external id" in test.problems[0]


def test_without_keys_and_without_credentials_of_the_server_it_says_so(admin, organization, aws, benchmark):
    test = try_connection(actor=admin, account=account_of(organization), benchmarks=["small"])
    assert "no AWS credentials of its own" in test.problems[0]


def test_the_wrong_account_is_told_and_nothing_else_is_tried(admin, organization, aws, benchmark):
    other = CloudAccountFactory(
        organization=organization, account_id="999922223333", access="keys", role_arn="", **user_of(aws, *READS)
    )
    aws.enforce_after(0)
    test = try_connection(actor=admin, account=other, benchmarks=["small"])
    assert (test.account_id, test.regions) == (ACCOUNT, [])
    assert test.problems == [
        f"These credentials lead into account {ACCOUNT}, not 999922223333. "
        "Give those of the right account, or correct the account id."
    ]


def test_regions_that_are_not_enabled_are_named(admin, organization, aws, benchmark):
    account = with_keys(organization, aws, *READS)
    account.regions = ["eu-central-1", "me-central-9"]
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert "me-central-9" in test.problems[0]
    assert "eu-central-1" not in test.problems[0]


def test_keys_that_aws_does_not_know_are_refused(admin, organization, aws, benchmark):
    account = account_of(
        organization, access="keys", role_arn="", access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="wrong-Yz8"
    )
    aws.enforce_after(0)
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert "access keys" in test.problems[0]
    assert "wrong-Yz8" not in str(test)


def test_an_endpoint_that_does_not_answer_is_no_denial(admin, organization, aws, settings, benchmark):
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"
    account = account_of(organization, access="keys", role_arn="", access_key_id="A" * 20, secret_access_key="x")
    test = try_connection(actor=admin, account=account, benchmarks=["small"])
    assert "could not be asked" in test.problems[0]
    assert test.missing_permissions == []


def test_it_takes_manage_settings_and_known_benchmarks(admin, organization):
    account = CloudAccountFactory(organization=organization)
    with pytest.raises(PermissionDenied):
        try_connection(actor=member(organization, "manage_compliance"), account=account)
    with pytest.raises(Invalid, match=r"no benchmark .none_such"):
        try_connection(actor=admin, account=account, benchmarks=["none_such"])


def test_a_session_is_that_of_the_account(organization, aws):
    account = account_of(organization, **user_of(aws, "sts:AssumeRole"))
    assert whoami(session_for(account)).id == ACCOUNT
    china = CloudAccountFactory(role_arn="arn:aws-cn:iam::999922223333:role/read", **user_keys())
    aws.enforce_after(0)
    with pytest.raises(CredentialsRefused):
        session_for(china)


def user_keys() -> dict[str, str]:
    return {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "x"}
