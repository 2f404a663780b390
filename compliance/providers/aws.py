"""EC2 instances, through boto3. The one place of this app that speaks to AWS."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from compliance.providers.answers import family_in, plain, seen
from compliance.providers.base import (
    CONNECT_TIMEOUT_S,
    MOST_TRIES,
    READ_TIMEOUT_S,
    Access,
    Malformed,
    NotFound,
    ProviderError,
    Refused,
    Seen,
    TestOutcome,
    Throttled,
    Unreachable,
    outcome_of,
)

INSTANCE = re.compile(r"(?:arn:aws[a-z-]*:ec2:([a-z0-9-]+):\d{12}:instance/)?(i-[0-9a-f]{8,32})")
REGION = re.compile(r"([a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2})[a-z]?")
"""A region, or one of its zones."""
SESSION_NAME = "plumbline"
POWER = {"running": "running", "stopped": "stopped"}
GONE = frozenset(["terminated", "shutting-down"])
CREDENTIAL_WORDS = {
    "InvalidClientTokenId": "AWS does not know the access key ID; check it, and that the key is active",
    "InvalidAccessKeyId": "AWS does not know the access key ID; check it, and that the key is active",
    "AuthFailure": "AWS does not take the access keys here; check them, and that the region is enabled in the account",
    "SignatureDoesNotMatch": "the secret access key does not belong to the access key ID",
    "InvalidSignatureException": "the secret access key does not belong to the access key ID",
    "IncompleteSignature": "the access keys are not complete",
    "ExpiredToken": "the credentials have expired; give new ones",
    "ExpiredTokenException": "the credentials have expired; give new ones",
    "RequestExpired": "AWS found the request too old; check this server's clock",
    "OptInRequired": "the account is not subscribed to EC2, or the region is not enabled in it",
    "UnrecognizedClientException": "AWS does not take the access keys; check them",
}
DENIED = frozenset(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403"])
THROTTLED = frozenset(["RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"])


class Aws:
    """Looks instances up with access keys, or with a role. A role is good for an hour: open it for a while only."""

    def __init__(self, access: Access) -> None:
        self._access, self._region = access, access.scope["region"]
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def test(self) -> TestOutcome:
        """List a few instances of the connection's region."""

        def ask() -> str:
            with failures_told("ec2:DescribeInstances"):
                self._client(self._region).describe_instances(MaxResults=5)
            return f"AWS takes the credentials, and ec2:DescribeInstances works in {self._region}."

        return outcome_of(ask)

    def look(self, instance_id: str, *, region: str = "", name: str = "", hints: Mapping[str, str] = {}) -> Seen:
        """Return what DescribeInstances tells; a terminated instance is not found."""
        found = INSTANCE.fullmatch(instance_id)
        if found is None:
            raise NotFound(f"{plain(instance_id, 60)!r} is no instance ID of EC2; those look like i-0123456789abcdef0.")
        where = self._region_of(region or found[1] or "")
        with failures_told("ec2:DescribeInstances", f"{found[2]} in {where}"):
            said = self._client(where).describe_instances(InstanceIds=[found[2]])
        instance = _instance_in(said, found[2])
        if instance is None:
            raise NotFound(f"AWS knows no instance {found[2]} in {where}.")
        return _seen_of(instance, f"{found[2]} in {where}")

    def _region_of(self, given: str) -> str:
        match = REGION.fullmatch(given)
        return match[1] if match else self._region

    def _client(self, region: str) -> Any:
        if region not in self._clients:
            if self._session is None:
                self._session = self._opened()
            self._clients[region] = self._made(self._session, "ec2", region)
        return self._clients[region]

    def _opened(self) -> Any:
        """Return a session with the keys or, by them, with the role."""
        scope, secret = self._access.scope, self._access.secret
        if scope.get("access_key_id"):
            session = boto3.session.Session(scope["access_key_id"], secret["secret_access_key"])
        elif self._access.allow_ambient:
            session = boto3.session.Session()
        else:
            raise Refused("The connection has no access keys, and this server's own are not for connections.")
        role = scope.get("role_arn")
        if not role:
            return session
        extra = {"ExternalId": scope["external_id"]} if scope.get("external_id") else {}
        with failures_told("sts:AssumeRole", role=role):
            given = self._made(session, "sts", self._region).assume_role(
                RoleArn=role, RoleSessionName=SESSION_NAME, **extra
            )["Credentials"]
            return boto3.session.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def _made(self, session: Any, service: str, region: str) -> Any:
        return session.client(
            service, region_name=region, endpoint_url=self._access.aws_endpoint or None,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S, user_agent_extra="plumbline",
                retries={"total_max_attempts": MOST_TRIES, "mode": "standard"},
            ),
        )  # fmt: skip


def _instance_in(said: object, instance_id: str) -> dict[str, Any] | None:
    for reservation in _list(_dict(said).get("Reservations")):
        for instance in _list(_dict(reservation).get("Instances")):
            if _dict(instance).get("InstanceId") == instance_id:
                return _dict(instance)
    return None


def _seen_of(instance: dict[str, Any], which: str) -> Seen:
    state = _dict(instance.get("State")).get("Name")
    if state in GONE:
        raise NotFound(f"The instance {which} is {state}.")
    details = instance.get("PlatformDetails")
    windows = plain(instance.get("Platform")).lower() == "windows" or family_in(details) == "windows"
    return seen(
        addresses=_addresses_of(instance),
        os_family="windows" if windows else family_in(details),
        os_name=details or instance.get("Platform"),
        power_state=POWER.get(plain(state), "other" if state else ""),
        tags={_dict(tag).get("Key"): _dict(tag).get("Value") for tag in _list(instance.get("Tags")) if _is_tag(tag)},
        name=next((tag["Value"] for tag in _list(instance.get("Tags")) if _is_tag(tag) and tag["Key"] == "Name"), ""),
    )


def _addresses_of(instance: dict[str, Any]) -> Iterator[object]:
    yield instance.get("PrivateIpAddress")
    yield instance.get("PublicIpAddress")
    for card in _list(instance.get("NetworkInterfaces")):
        for address in _list(_dict(card).get("PrivateIpAddresses")):
            yield _dict(address).get("PrivateIpAddress")
            yield _dict(_dict(address).get("Association")).get("PublicIp")
        for address in _list(_dict(card).get("Ipv6Addresses")):
            yield _dict(address).get("Ipv6Address")


def _is_tag(tag: object) -> bool:
    return isinstance(tag, dict) and isinstance(tag.get("Key"), str) and isinstance(tag.get("Value"), str)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


@contextmanager
def failures_told(action: str, which: str = "", role: str = "") -> Iterator[None]:
    """Have botocore's exceptions inside the block be told as a ProviderError; ``action`` is the IAM action needed."""
    try:
        yield
    except ClientError as error:
        raise _meaning_of(error, action, which, role) from error
    except (ConnectTimeoutError, ReadTimeoutError, EndpointConnectionError) as error:
        raise Unreachable("AWS did not answer in time; check this server's network and the region.") from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise Refused("There are no usable AWS credentials on this server; give access keys.") from error
    except HTTPClientError as error:
        raise Unreachable("The connection to AWS broke.") from error
    except (ResponseParserError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed("The answer of AWS cannot be read.") from error
    except BotoCoreError as error:
        raise ProviderError(f"AWS could not be asked: {plain(str(error))}") from error


def _meaning_of(error: ClientError, action: str, which: str, role: str) -> ProviderError:
    said, status = _dict(error.response.get("Error")), _dict(error.response.get("ResponseMetadata"))
    code, words = plain(str(said.get("Code", ""))).removeprefix("Client."), plain(said.get("Message"))
    http = status.get("HTTPStatusCode")
    if code in THROTTLED or http == 429:
        return Throttled("AWS wants fewer calls; it is asked again later.")
    if code in CREDENTIAL_WORDS:
        return Refused(f"Refused: {CREDENTIAL_WORDS[code]}.")
    if code in DENIED and role:
        return Refused(f"The role {role} cannot be assumed: check its trust policy, the external ID and {action}.")
    if code in DENIED:
        return Refused(f"The credentials lack the permission {action}.")
    if code.startswith("InvalidInstanceID"):
        return NotFound(f"AWS knows no instance {which}.")
    if isinstance(http, int) and http >= 500:
        return Unreachable(f"AWS had trouble of its own ({code or http}).")
    return ProviderError(f"AWS refused the call: {code or http}. {words}".strip())
