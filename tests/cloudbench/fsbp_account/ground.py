"""What all parts of the account have in common: what must be said, names, documents, networks."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

ACCOUNT, REGION = "123456789012", "us-east-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
FOREIGN = "999988887777"

Aws = Callable[[str], Any]


@dataclass
class Sayings:
    """What must be said: {control: ARNs}."""

    good: dict[str, set[str]] = field(default_factory=dict)
    bad: dict[str, set[str]] = field(default_factory=dict)

    def __call__(self, controls: str, *, good: Iterable[str] = (), bad: Iterable[str] = ()) -> None:
        for control in controls.split():
            self.good.setdefault(control, set()).update(good)
            self.bad.setdefault(control, set()).update(bad)


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def foundations(aws: Aws, say: Sayings) -> None:
    """Make what other parts refer to: the role, a certificate of ACM's and one of IAM's."""
    services = ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]
    trust = policy({"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"})
    aws("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=trust)
    aws("acm").request_certificate(DomainName="www.example")
    aws("iam").upload_server_certificate(ServerCertificateName="own", CertificateBody="x", PrivateKey="x")


def certificate_of(aws: Aws) -> str:
    found = aws("acm").list_certificates()["CertificateSummaryList"]
    return str(next(one["CertificateArn"] for one in found if one["DomainName"] == "www.example"))


def two_subnets(aws: Aws) -> list[str]:
    found = aws("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return [one["SubnetId"] for one in sorted(found, key=lambda one: one["AvailabilityZone"])[:2]]


def default_vpc(aws: Aws) -> str:
    return str(aws("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"])
