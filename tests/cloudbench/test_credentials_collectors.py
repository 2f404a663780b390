"""Credentials in settings are told, and never kept."""

import importlib

import pytest

from cloudbench.engine.collect import Collecting
from cloudbench.engine.collectors.credentials import credential_in, credential_in_url, without_user
from cloudbench.engine.findings import Status
from cloudbench.engine.inventory import Account, Inventory
from cloudbench.engine.plan import plan_for
from tests.cloudbench.scenes import ACCOUNT
from tests.cloudbench.stage import UNLIMITED, Replayer, now, play, recorded

TOKEN = "ghp_" + "a1" * 18


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_SECRET_ACCESS_KEY", "anything"),
        ("aws_access_key_id", "anything"),
        ("ECS_ENGINE_AUTH_DATA", "{}"),
        ("NOTE", "AKIA" + "Q" * 16),
        ("NOTE", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
        ("NOTE", f"clone with {TOKEN}"),
        ("NOTE", "mysql://app:hunter2@db/app"),
        ("NOTE", "redis://:hunter2@cache:6379"),
        ("DB_PASSWORD", "correct horse"),
        ("STRIPE_APIKEY", "0123"),
        ("github_access_Token", "abc"),
    ],
)
def test_what_is_a_credential_is_told(name, value):
    assert credential_in(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_REGION", "eu-central-1"),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"),
        ("DB_PASSWORD", "/live/db/password"),
        ("DB_PASSWORD", "${PASSWORD}"),
        ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("PUBLIC_KEY", "ssh-ed25519 AAAA"),
        ("API_TOKEN_URL", "https://auth.example.com/token"),
        ("DATABASE", "postgres://db.internal:5432/app"),
        ("DATABASE", "postgres://app:${PASSWORD}@db.internal/app"),
        ("IMAGE", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app@sha256:00ff"),
    ],
)
def test_what_is_none_is_not(name, value):
    assert credential_in(name, value) == ""


@pytest.mark.parametrize(
    ("url", "carries"),
    [
        ("https://bitbucket.org/team/app.git", ""),
        ("https://someone@bitbucket.org/team/app.git", ""),
        ("https://someone:hunter2@bitbucket.org/team/app.git", "a user name and password"),
        ("https://x-token-auth:abc@bitbucket.org/team/app.git", "a token"),
        (f"https://{TOKEN}@github.com/team/app", "a GitHub token"),
        ("sources/app.zip", ""),
        ("", ""),
    ],
)
def test_url_is_told_by_what_stands_before_its_host(url, carries):
    assert credential_in_url(url) == carries
    assert "hunter2" not in without_user(url)
    assert TOKEN not in without_user(url)


@pytest.mark.parametrize(
    ("scene", "secrets"),
    [
        ("codebuild.projects_with_variables", [TOKEN, "hunter2"]),
        ("codebuild.projects_with_sources_and_logs", [TOKEN, "hunter2", "x-token-auth"]),
        ("ecs.task_definitions_with_faults", ["correct horse", "AKIA" + "Q" * 16]),
        ("elasticbeanstalk.environments", ["not-a-secret"]),
    ],
)
def test_no_secret_enters_an_inventory(scene, secrets):
    importlib.import_module(f"tests.cloudbench.scenes.{scene.partition('.')[0]}")
    recording = recorded(scene)
    plan = plan_for(recording.verdicts)
    inventory = Inventory(account=Account(ACCOUNT), regions=recording.regions, at=recording.at)
    caller = Replayer(recording.said, recording.told)
    parts = list(Collecting(plan, caller, inventory=inventory, caps=UNLIMITED, concurrency=4))
    text = repr(parts)
    assert [secret for secret in secrets if secret in text] == []
    assert "arn:aws:" in text


def test_runtime_that_this_release_does_not_know_is_unread():
    function = {"FunctionName": "f", "FunctionArn": f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:f"}
    says = {"lambda.list_functions": {"Functions": [{**function, "Runtime": "custom", "PackageType": "Zip"}]}}
    check_id = "lambda_function_supported_runtime"
    outcome = play([check_id], Replayer(None, says), ("eu-central-1",), now())[check_id]
    assert outcome.status is Status.ERROR
    assert "custom" in outcome.reason
