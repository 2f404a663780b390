"""`make demo-cloud`: an account with known faults, connected, evaluated, repaired and evaluated again; all for real.

A moto server plays AWS; everything else is the product as a user runs it: web, worker and scheduler by `manage.py up`,
spoken to over HTTP. Ends 0 when each step went as it should, 1 at the first that did not.
"""

import hashlib
import json
import sys
import tempfile
import time
from typing import Any

from tests.demo.product import Api, Failed, expect, running_product, step, told
from tests.peers.moto import Moto, running_moto

REGION = "eu-central-1"
ACCOUNT = "123456789012"
RUN_S = 180
ADMIN_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READ_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TOKEN = (
    "from datetime import timedelta; from django.utils import timezone; from organizations.models.users import User; "
    "from organizations.services.tokens import issue_token; now = timezone.now(); "
    "print(issue_token(actor=User.objects.get(username='admin'), name='demo', organization=None, "
    "expires_at=now + timedelta(hours=1), now=now)[1])"
)


# --- The account ------------------------------------------------------------------------------------------------------


def tls_only(bucket: str) -> str:
    arn = f"arn:aws:s3:::{bucket}"
    deny = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]})


def build(moto: Moto) -> dict[str, str]:
    """Make the account; return the ids of what has faults."""
    s3, iam, ec2 = moto.client("s3", REGION), moto.client("iam"), moto.client("ec2", REGION)
    for name in ("archive", "exports"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket="archive", Policy=tls_only("archive"))
    iam.create_policy(PolicyName="everything", PolicyDocument=json.dumps(ADMIN_POLICY))
    iam.create_policy(PolicyName="reading", PolicyDocument=json.dumps(READ_POLICY))
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/everything")
    group = ec2.create_security_group(GroupName="open", Description="anybody may log in")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    return {"bucket": "arn:aws:s3:::exports", "group": group, "user": "ann"}


# --- The product ------------------------------------------------------------------------------------------------------


class CloudApi(Api):
    """The product over HTTP, with what is asked of its cloud part."""

    def run(self, account: int, *benchmarks: str) -> list[dict[str, Any]]:
        """Ask for runs and follow them to their end, telling each control as it is decided."""
        runs = self.call("POST", "cloud/runs/", json={"account": account, "benchmarks": benchmarks})
        until, since, shown = time.monotonic() + RUN_S, 0, 0
        while time.monotonic() < until:
            first = self.call("GET", f"cloud/runs/{runs[0]['id']}/")
            news = self.call("GET", f"cloud/runs/{first['id']}/controls/?since={since}&page_size=100") if since else []
            since = max([since, *(control["seq"] for control in news)])
            done = first["progress"]["done"]
            if done != shown:
                told(f"{done} of {first['progress']['total']} controls decided, {first['api_calls']} API calls")
                shown = done
            ended = [self.call("GET", f"cloud/runs/{run['id']}/") for run in runs]
            if all(run["status"] not in ("pending", "running") for run in ended):
                return ended
            time.sleep(0.3)
        raise Failed("The run did not end.")

    def controls(self, run: int) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for page in range(1, 100):
            rows = self.call("GET", f"cloud/runs/{run}/controls/?page_size=100&page={page}")
            found |= {row["id"]: row for row in rows}
            if len(rows) < 100:
                break
        return found

    def affected(self, run: int, control: str) -> set[str]:
        rows = self.call("GET", f"cloud/runs/{run}/controls/{control}/resources/?page_size=100")
        return {row["arn"] for row in rows}


def demonstrate(moto: Moto, api: CloudApi) -> None:
    step("An AWS account (played by moto) with three faults: a bucket without TLS, an open SSH port, an admin policy")
    faults = build(moto)
    told(faults)

    step("Connect the account")
    organization = api.call("GET", "organizations/")[0]["id"]
    account = api.call(
        "POST", "cloud/accounts/",
        json={
            "organization": organization, "name": "Demo", "account_id": ACCOUNT, "access": "keys",
            "access_key_id": "AKIADEMODEMODEMODEMO", "secret_access_key": "demo", "regions": [REGION],
        },
    )  # fmt: skip
    expect("secret_access_key" not in account, "the secret does not come out again")
    policy = api.call("GET", "cloud/policy/?benchmarks=cis_aws_3_0&format=json")
    told(f"the role needs {len(policy['actions'])} read-only permissions for CIS 3.0")

    step("Run CIS AWS Foundations 3.0")
    (run,) = api.run(account["id"], "cis_aws_3_0")
    expect(
        run["status"] == "completed", f"the run is completed: score {run['score']:.1f}, {run['api_calls']} API calls"
    )
    controls = api.controls(run["id"])
    expect(len(controls) == 62, "all 62 controls are told")
    expect(api.affected(run["id"], "2.1.1") == {faults["bucket"]}, "2.1.1 names exactly the bucket without TLS")
    open_groups = api.affected(run["id"], "5.2")
    expect({arn.rpartition("/")[2] for arn in open_groups} == {faults["group"]}, "5.2 names exactly the open group")
    expect(controls["1.16"]["status"] == "FAIL", "1.16 finds the policy that allows everything")
    expect(controls["1.3"]["status"] == "SKIP", "1.3 is left to a person: no API can decide it")

    step("CIS 1.4 on the same facts")
    (older,) = api.run(account["id"], "cis_aws_1_4")
    expect(older["status"] == "completed", f"completed with {older['api_calls']} API calls more")
    expect(older["api_calls"] <= 10, "nothing that was known is asked for again")

    step("Reports, and their verification")
    for suffix in ("json", "csv", "ocsf.json"):
        report = api.raw("GET", f"cloud/runs/{run['id']}/report.{suffix}")
        digest = hashlib.sha256(report.content).hexdigest()
        verified = api.call("GET", f"reports/{report.headers['X-Report-Id']}/verify/?sha256={digest}")
        expect(verified["match"], f"report.{suffix}: {len(report.content):,} bytes, SHA-256 verified")

    step("Repair the three faults and run again")
    moto.client("s3", REGION).put_bucket_policy(Bucket="exports", Policy=tls_only("exports"))
    moto.client("iam").detach_user_policy(UserName="ann", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/everything")
    moto.client("iam").delete_policy(PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/everything")
    moto.client("ec2", REGION).revoke_security_group_ingress(
        GroupId=faults["group"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )
    (again,) = api.run(account["id"], "cis_aws_3_0")
    expect(again["trend"] > 0, f"the score rose by {again['trend']:.1f} points to {again['score']:.1f}")
    controls = api.controls(again["id"])
    for control in ("2.1.1", "5.2", "1.16"):
        expect(controls[control]["status"] == "PASS", f"{control} passes")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="plumbline-demo-") as data, running_moto() as moto:
        try:
            with running_product(data, AWS_ENDPOINT_URL=moto.url, AWS_EC2_METADATA_DISABLED="true") as product:
                demonstrate(moto, CloudApi(product.url, product.said(TOKEN)))
        except Failed as error:
            sys.stdout.write(f"\nNot as told: {error}\n")
            return 1
    sys.stdout.write("\nAll went as told.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
