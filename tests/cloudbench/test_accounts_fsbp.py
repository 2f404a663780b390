"""An account with known faults in forty services gives exactly the expected controls of FSBP and affected resources.

What moto does not keep or answer is left to the scenes on answers.
"""

import json
import os
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from django.core.management import call_command
from moto import mock_aws

from tests.cloudbench.fsbp_account.account import build
from tests.cloudbench.fsbp_account.ground import REGION, Sayings
from tests.cloudbench.stage import ENVIRONMENT

BROKEN = "has not the form"
"""What an error says of a check that could not make sense of an answer."""
Found = dict[str, dict[str, Any]]


def made_and_evaluated(output: Path) -> tuple[Sayings, Found]:
    """Return what must be said of the account, and {control: what was said}."""
    home = mock.patch.dict(os.environ, ENVIRONMENT | {"AWS_DEFAULT_REGION": REGION})
    with home, mock_aws(config={"iam": {"load_aws_managed_policies": False}}):
        clients: dict[str, Any] = {}
        said = build(lambda service: clients.setdefault(service, boto3.client(service, region_name=REGION)))
        call_command("scan_cloud", benchmark="aws_fsbp_1_0", region=REGION, format="json", output=output)
    (run,) = json.loads(output.read_text())["runs"]
    return said, {control["id"]: control for control in run["controls"]}


@pytest.mark.django_db
def test_an_account_with_known_faults_gives_exactly_its_controls_and_resources(tmp_path: Path) -> None:
    said, found = made_and_evaluated(tmp_path / "report.json")
    assert len(said.bad) > 200
    failing = {control: {row["arn"] for row in found[control]["affected"]} for control in said.bad}
    wrong = {control: (said.bad[control], arns) for control, arns in failing.items() if arns != said.bad[control]}
    assert not wrong, "\n".join(f"{control}: expected {arns[0]}, failed {arns[1]}" for control, arns in wrong.items())
    unseen = [name for name in said.bad if found[name]["evaluated_count"] < len(said.bad[name] | said.good[name])]
    assert not unseen, f"fewer resources were evaluated than there are: {unseen}"
    status = {control: found[control]["status"] for control in said.bad}
    assert status == {control: "FAIL" if bad else "PASS" for control, bad in said.bad.items()}
    every_answer_makes_sense(found)
    regions_are_those_of_the_arns(found)


def every_answer_makes_sense(found: Found) -> None:
    assert {control: one["reason"] for control, one in found.items() if BROKEN in one["reason"]} == {}


def regions_are_those_of_the_arns(found: Found) -> None:
    rows = [(row["arn"].split(":")[3], row["region"]) for one in found.values() for row in one["affected"]]
    assert {in_arn for in_arn, _ in rows} == {REGION, ""}
    assert {region for in_arn, region in rows if in_arn} == {REGION}
    assert {region for _, region in rows} == {REGION, "global"}
