"""boto3, unmodified, against a moto server in the place of AWS; what moto does not do, against canned answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest

from compliance.providers.base import Malformed, NotFound, Provider, ProviderError, Refused, Throttled, Unreachable
from compliance.providers.registry import open_provider
from tests.peers.moto import Moto, user_of
from tests.peers.ports import free_port

pytest_plugins = ("tests.peers.moto",)

REGION = "eu-central-1"
SOME = "i-0123456789abcdef0"
KEYS = {"access_key_id": "AKIATESTS", "secret_access_key": "tests"}


def connected(url: str, keys: dict[str, str] = KEYS, **scope: str) -> Provider:
    scope = {"region": REGION, "access_key_id": keys["access_key_id"], **scope}
    return open_provider(
        "aws", scope=scope, secret={"secret_access_key": keys["secret_access_key"]}, aws_endpoint=url
    )  # fmt: skip


def instance(server: Moto, region: str = REGION, client: Any = None, **options: Any) -> str:
    """Start an instance; return its id. moto tells nothing of the system that runs on it."""
    ec2 = client or server.client("ec2", region)
    image = ec2.register_image(Name=f"image-{uuid4()}", Architecture="x86_64", RootDeviceName="/dev/sda1")["ImageId"]
    return str(ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, **options)["Instances"][0]["InstanceId"])


def test_an_instance_is_looked_up(aws):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web-1"}, {"Key": "tier", "Value": "web"}]}]
    wanted = instance(aws, TagSpecifications=tags)
    [said] = aws.client("ec2", REGION).describe_instances(InstanceIds=[wanted])["Reservations"][0]["Instances"]
    found = connected(aws.url).look(wanted)
    assert found.addresses == (said["PrivateIpAddress"], said["PublicIpAddress"])
    assert (found.os_family, found.power_state) == ("", "running")
    assert (found.name, found.tags) == ("web-1", {"Name": "web-1", "tier": "web"})


@pytest.mark.parametrize("region", ["us-west-2", "us-west-2b"])
def test_it_is_looked_for_in_its_own_region_or_zone(aws, region):
    wanted = instance(aws, "us-west-2")
    assert connected(aws.url).look(wanted, region=region).power_state == "running"


def test_an_arn_names_the_region(aws):
    wanted = instance(aws, "us-west-2")
    assert connected(aws.url).look(f"arn:aws:ec2:us-west-2:123456789012:instance/{wanted}").addresses


def test_a_stopped_instance_is_stopped_and_a_terminated_one_is_not_found(aws):
    wanted, ec2 = instance(aws), aws.client("ec2", REGION)
    ec2.stop_instances(InstanceIds=[wanted])
    assert connected(aws.url).look(wanted).power_state == "stopped"
    ec2.terminate_instances(InstanceIds=[wanted])
    with pytest.raises(NotFound, match="terminated"):
        connected(aws.url).look(wanted)


@pytest.mark.parametrize("unknown", [SOME, "vm-1", "", "i-xyz", "../../i-0123456789abcdef0"])
def test_an_unknown_instance_is_not_found(aws, unknown):
    with pytest.raises(NotFound):
        connected(aws.url).look(unknown)


def test_a_role_is_assumed_with_the_keys(aws):
    """moto keeps the instances of each account apart, so that only the role's own are found."""
    role = "arn:aws:iam::222222222222:role/plumbline"
    given = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    there = aws.client("ec2", REGION, (given["AccessKeyId"], given["SecretAccessKey"]))
    wanted = instance(aws, client=there)
    with pytest.raises(NotFound):
        connected(aws.url).look(wanted)
    assert connected(aws.url, role_arn=role, external_id="plumbline-1").look(wanted).power_state == "running"


def test_the_test_says_that_it_works(aws):
    outcome = connected(aws.url).test()
    assert outcome.ok, outcome
    assert REGION in outcome.message


def test_a_missing_permission_is_named(aws):
    keys = user_of(aws, "iam:GetUser")
    aws.enforce_after(0)
    outcome = connected(aws.url, keys).test()
    assert not outcome.ok
    assert "ec2:DescribeInstances" in outcome.message


def test_keys_that_aws_does_not_know_are_told(aws):
    aws.enforce_after(0)
    outcome = connected(aws.url, {"access_key_id": "AKIANOBODY", "secret_access_key": "none"}).test()
    assert not outcome.ok
    assert "access key" in outcome.message


def test_a_role_that_may_not_be_assumed_is_named(aws):
    keys = user_of(aws, "iam:GetUser")
    aws.enforce_after(0)
    role = "arn:aws:iam::222222222222:role/plumbline"
    with pytest.raises(Refused, match=f"{role} cannot be assumed"):
        connected(aws.url, keys, role_arn=role).look(SOME)


def test_the_servers_own_credentials_are_only_used_when_allowed(aws, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASERVER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "server")
    with pytest.raises(ProviderError, match="access keys"):
        open_provider("aws", scope={"region": REGION}, aws_endpoint=aws.url)
    assert open_provider("aws", scope={"region": REGION}, aws_endpoint=aws.url, allow_ambient=True).test().ok


def test_the_environment_says_too_what_is_in_the_place_of_aws(aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    assert connected("").look(instance(aws)).power_state == "running"


def test_no_credentials_at_all_are_told(aws):
    outcome = open_provider("aws", scope={"region": REGION}, aws_endpoint=aws.url, allow_ambient=True).test()
    assert not outcome.ok
    assert "no usable AWS credentials" in outcome.message


class Canned:
    """Answers each call with the next of ``replies``, the last one again and again."""

    def __init__(self) -> None:
        self.replies: list[tuple[int, str]] = []
        self.calls = 0
        self.url = ""

    def next(self) -> tuple[int, str]:
        self.calls += 1
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.fixture
def canned() -> Iterator[Canned]:
    said = Canned()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = said.next()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        said.url = f"http://127.0.0.1:{server.server_port}"
        yield said
        server.shutdown()
        thread.join()


def refusal(code: str) -> str:
    return f"<Response><Errors><Error><Code>{code}</Code><Message>words</Message></Error></Errors></Response>"


def described(inner: str) -> str:
    return (
        '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>'
        f"<instancesSet><item><instanceId>{SOME}</instanceId>{inner}</item></instancesSet>"
        "</item></reservationSet></DescribeInstancesResponse>"
    )


@pytest.mark.parametrize(
    ("status", "code", "kind", "told"),
    [
        (401, "AuthFailure", Refused, "region is enabled"),
        (403, "SignatureDoesNotMatch", Refused, "does not belong to"),
        (403, "UnauthorizedOperation", Refused, "ec2:DescribeInstances"),
        (400, "ExpiredToken", Refused, "expired"),
        (400, "InvalidInstanceID.NotFound", NotFound, SOME),
        (400, "Weird", ProviderError, "Weird"),
        (200, "", Malformed, "cannot be read"),
    ],
)
def test_what_aws_says_is_told_in_words(canned, status, code, kind, told):
    canned.replies = [(status, refusal(code) if code else "<html>")]
    with pytest.raises(kind, match=told):
        connected(canned.url).look(SOME)
    assert canned.calls == 1


@pytest.mark.parametrize(("code", "kind"), [("RequestLimitExceeded", Throttled), ("InternalError", Unreachable)])
def test_trouble_that_may_pass_is_tried_a_few_times(canned, code, kind, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    canned.replies = [(503, refusal(code))]
    with pytest.raises(kind) as refused:
        connected(canned.url).look(SOME)
    assert refused.value.passing
    assert canned.calls == 3


def test_nobody_there_is_unreachable(monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    with pytest.raises(Unreachable):
        connected(f"http://127.0.0.1:{free_port()}").look(SOME)


def test_hostile_texts_are_cleaned(canned):
    canned.replies = [(200, described(
        "<privateIpAddress>127.0.0.1</privateIpAddress><ipAddress>; rm -rf</ipAddress>"
        "<networkInterfaceSet><item><privateIpAddressesSet><item><privateIpAddress>172.16.0.9</privateIpAddress></item>"
        "</privateIpAddressesSet></item></networkInterfaceSet><instanceState><name>weird</name></instanceState>"
        "<tagSet><item><key>Name</key><value>web&#x85;&#x202e;1\n2</value></item></tagSet>"
        "<platformDetails>Windows with SQL Server Standard</platformDetails>"
    ))]  # fmt: skip
    found = connected(canned.url).look(SOME)
    assert (found.addresses, found.power_state, found.name) == (("172.16.0.9",), "other", "web1 2")
    assert (found.os_family, found.os_name) == ("windows", "Windows with SQL Server Standard")


def test_an_answer_about_another_instance_is_no_answer(canned):
    canned.replies = [(200, described("").replace(SOME, "i-0fedcba9876543210"))]
    with pytest.raises(NotFound):
        connected(canned.url).look(SOME)


def test_a_private_address_stands_before_a_public_one(canned):
    addresses = "<ipAddress>198.51.100.7</ipAddress><privateIpAddress>10.0.0.7</privateIpAddress>"
    system = "<platformDetails>Red Hat Enterprise Linux</platformDetails>"
    canned.replies = [(200, described(addresses + system))]
    found = connected(canned.url).look(SOME)
    assert found.addresses == ("10.0.0.7", "198.51.100.7")
    assert (found.os_family, found.os_name) == ("linux", "Red Hat Enterprise Linux")
