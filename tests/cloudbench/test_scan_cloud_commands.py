"""manage.py scan_cloud: what it prints and writes, what it refuses, and with which status it ends."""

import csv
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import OperationalError

from cloudbench.management.commands.scan_cloud import gates
from organizations.models.reports import SealedReport
from organizations.selectors.reports import matches
from tests.cloudbench.ground import amazon, an_account, bucket
from tests.cloudbench.reported import a_report
from tests.cloudbench.scenes import ACCOUNT, REGION
from tests.factories.organizations import OrganizationFactory
from tests.peers.moto import running_moto
from tests.peers.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
SECRET = "Xq7-never-to-be-seen"
CIS = ("--benchmark", "cis_aws_3_0", "--region", REGION)


@pytest.fixture
def aws():
    """An empty moto with one bucket."""
    with amazon() as client:
        bucket(client, "lost")
        yield client


def run(*arguments: str) -> tuple[int, str, str]:
    """Return the exit status that manage.py would give, what was printed, and what was complained of."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("scan_cloud", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    except CommandError as refused:
        return refused.returncode, out.getvalue(), str(refused)
    return 0, out.getvalue(), err.getvalue()


def as_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "manage.py", "scan_cloud", *arguments], cwd=ROOT, env=kept | environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_table_is_printed_and_nothing_is_stored(aws):
    code, out, err = run(*CIS)
    assert (code, err) == (0, "")
    assert f"account {ACCOUNT}, 1 regions" in out and "FAIL" in out and "API calls" in out
    assert not SealedReport.objects.exists()


@pytest.mark.parametrize("form", ["json", "csv", "ocsf", "pdf"])
def test_every_format_goes_to_a_file_of_its_owner_that_verifies(aws, tmp_path, form):
    path = tmp_path / "report"
    code, out, _ = run(*CIS, "--format", form, "--output", str(path))
    assert (code, out) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = SealedReport.objects.get()
    assert path.read_bytes() == bytes(sealed.content)
    assert matches(report_id=sealed.report_id, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("form", ["json", "csv", "ocsf"])
def test_every_format_goes_to_standard_output(aws, form):
    code, out, _ = run(*CIS, "--format", form)
    assert code == 0
    if form == "csv":
        assert len(list(csv.DictReader(io.StringIO(out.lstrip("\ufeff"), newline="")))) == 62
    elif form == "json":
        (told,) = json.loads(out)["runs"]
        assert (told["benchmark"], told["account_id"], len(told["controls"])) == ("cis_aws_3_0", ACCOUNT, 62)
    else:
        assert {one["class_uid"] for one in json.loads(out)} == {2003}


def told_by(*arguments: str) -> list[dict]:
    code, out, err = run(*arguments, "--format", "json")
    assert code == 0, err
    runs: list[dict] = json.loads(out)["runs"]
    return runs


def test_several_benchmarks_share_one_collection(aws):
    first, second = told_by("--benchmark", "cis_aws_3_0,cis_aws_1_4,cis_aws_3_0", "--region", REGION)
    assert (first["benchmark"], second["benchmark"]) == ("cis_aws_3_0", "cis_aws_1_4")
    assert first["api_calls"] == second["api_calls"]
    assert first["report_id"] == second["report_id"]


def test_level_2_includes_level_1(aws):
    (one,) = told_by(*CIS, "--level", "1")
    (two,) = told_by(*CIS, "--level", "2")
    ids = {control["id"] for control in one["controls"]}
    assert ids < {control["id"] for control in two["controls"]}
    assert len(two["controls"]) == 62 and (one["level"], two["level"]) == ("L1", "L2")
    assert sum(one["counts"].values()) == len(ids)


def test_facts_are_kept_for_their_owner_as_lines_of_json(aws, tmp_path):
    path = tmp_path / "facts"
    path.write_text("what was there before")
    path.chmod(0o644)
    assert run(*CIS, "--save-facts", str(path))[0] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    head, *parts = [json.loads(line) for line in path.read_text().splitlines()]
    assert (head["account"], head["regions"]) == (ACCOUNT, [REGION])
    assert {"collection", "region", "answers"} <= parts[0].keys()
    assert "s3.buckets" in {part["collection"] for part in parts}


@pytest.mark.parametrize("field", ["account_id", "name", "pk"])
def test_a_stored_account_is_found_by_id_name_and_number(aws, field):
    account = an_account(name="Production", secret_access_key=SECRET)
    code, out, err = run(
        "--benchmark", "cis_aws_3_0", "--account", str(getattr(account, field)), "--format", "json"
    )  # fmt: skip
    assert code == 0, err
    (told,) = json.loads(out)["runs"]
    assert (told["account"], told["organization"], told["regions"]) == (
        "Production",
        account.organization.name,
        [REGION],
    )
    assert SECRET not in out + err
    assert SealedReport.objects.get().organization == account.organization


def test_a_stored_role_is_assumed(aws):
    account = an_account(name="By role", access="role", role_arn=f"arn:aws:iam::{ACCOUNT}:role/read", external_id="x")
    code, out, err = run(*CIS, "--account", account.name)
    assert code == 0, err
    assert ACCOUNT in out


def test_an_account_of_several_organizations_needs_its_number(aws):
    for name in ("one", "two"):
        account = an_account(name=name, organization=OrganizationFactory())
    assert run(*CIS, "--account", ACCOUNT) == (1, "", mock.ANY)
    assert run(*CIS, "--account", str(account.pk))[0] == 0


def test_credentials_that_lead_elsewhere_are_refused_before_anything_is_collected(aws):
    an_account(name="Other", account_id="999988887777")
    code, out, err = run(*CIS, "--account", "Other")
    assert (code, out) == (1, "")
    assert ACCOUNT in err and "999988887777" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--benchmark", "nope"), "no benchmark 'nope'"),
        (("--benchmark", ","), "Name a benchmark"),
        (("--benchmark", "nist_800_53_r5", "--level", "1"), "no levels"),
        ((*CIS, "--account", "nobody"), "no account 'nobody'"),
        (("--benchmark", "cis_aws_3_0", "--region", "mars-east-1"), "no region 'mars-east-1'"),
        ((*CIS, "--output", "/nonexistent/report"), "/nonexistent"),
        ((*CIS, "--save-facts", "/nonexistent/facts"), "/nonexistent"),
        ((*CIS, "--output", "/tmp"), "directory"),
        ((*CIS, "--min-score", "nan"), "no score"),
        ((*CIS, "--min-score", "101"), "no score"),
        ((*CIS, "--format", "xml"), "invalid choice"),
        ((*CIS, "--fail-on", "low"), "invalid choice"),
        ((*CIS, "--level", "3"), "invalid choice"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(aws, arguments, words):
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert words in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("gate", "code", "words"),
    [
        (("--min-score", "0"), 0, ""),
        (("--min-score", "99.5"), 2, "is below 99.5"),
        (("--fail-on", "critical"), 2, "critical controls fail"),
        (("--fail-on", "high"), 2, "critical or high controls fail"),
    ],
)
def test_gates(aws, gate, code, words):
    ended, out, err = run(*CIS, *gate)
    assert (ended, "Score" in out) == (code, True)
    assert words in err


def test_a_score_that_is_null_meets_no_gate():
    assert gates([a_report(score=None)], 0.0, None) == ["small: the score n/a is below 0.0."]
    assert gates([a_report(score=None, critical_failed=0)], None, "critical") == []


def test_a_database_that_is_not_set_up_is_told_in_a_sentence(aws):
    with mock.patch.object(connection, "cursor", side_effect=OperationalError("no such table: x")):
        code, _, err = run(*CIS, "--format", "json")
    assert code == 1
    assert "manage.py migrate" in err


def test_the_process_ends_as_told_and_says_no_secret():
    keys = {"AWS_ACCESS_KEY_ID": "AKIATESTS", "AWS_SECRET_ACCESS_KEY": SECRET}
    with running_moto() as server:
        told = as_process(*CIS, "--min-score", "100", AWS_ENDPOINT_URL=server.url, **keys)
        assert told.returncode == 2, told.stderr
        assert told.stderr.strip().startswith("cis_aws_3_0: the score") and len(told.stderr.splitlines()) == 1
        assert SECRET not in told.stdout + told.stderr and "Found credentials" not in told.stderr
        server.enforce_after(0)
        denied = as_process(*CIS, AWS_ENDPOINT_URL=server.url, **keys)
        assert (denied.returncode, denied.stdout) == (1, "")
        assert "AWS did not let us in" in denied.stderr and "Traceback" not in denied.stderr
        assert SECRET not in denied.stderr
    wrong = as_process(*CIS, "--format", "xml", AWS_ENDPOINT_URL=server.url, **keys)
    assert (wrong.returncode, wrong.stdout) == (1, "")


def test_an_endpoint_where_nothing_listens_is_told_within_seconds():
    nowhere = f"http://127.0.0.1:{free_port()}"
    keys = {"AWS_ACCESS_KEY_ID": "AKIATESTS", "AWS_SECRET_ACCESS_KEY": SECRET}
    told = as_process(*CIS, AWS_ENDPOINT_URL=nowhere, **keys)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("CommandError: AWS did not let us in") and "Traceback" not in told.stderr


def test_no_credentials_are_told():
    told = as_process(*CIS, AWS_EC2_METADATA_DISABLED="true", HOME="/nonexistent")
    assert (told.returncode, told.stdout) == (1, "")
    assert "no usable credentials" in told.stderr and "Traceback" not in told.stderr
