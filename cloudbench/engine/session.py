"""The only door to AWS: one client for each service, shared by all threads and regions; one call, no retries inside.

botocore makes a client for one region, at 9 ms and a third of a megabyte each. Here the region of a call is set when
botocore resolves its endpoint, so that 60 clients serve 17 regions. See docs/decisions/0021-one-client-per-service.md.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
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

from cloudbench.engine.inventory import Account, Data
from cloudbench.engine.lean_models import use_lean_models

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5, 20
HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where the services that a partition has once are called."""
SESSION_NAME = "plumbline"
OWN_OPERATIONS = ("sts.assume_role", "sts.get_caller_identity", "ec2.describe_regions")
ROLE_DURATION_S = 3600

THROTTLE_CODES = frozenset(
    [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "TooManyRequests",
        "BandwidthLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
    ]
)
DENIED_CODES = frozenset(
    [
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedAccess",
        "UnauthorizedException",
        "NotAuthorized",
        "ForbiddenException",
        "Forbidden",
        "403",
    ]
)
NO_CREDENTIALS = frozenset(["NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"])
CREDENTIAL_CODES = frozenset(
    [
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "TokenRefreshRequired",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "InvalidToken",
    ]
)
PASSING_CODES = frozenset(
    [
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "Unavailable",
        "500",
        "502",
        "503",
        "504",
    ]
)


class CallFailed(Exception):
    """A call gave no answer. ``code`` is AWS's error code, or the kind of trouble on the way."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code, self.message, self.status = code, message, status


class Throttled(CallFailed):
    """AWS wants fewer calls."""


class Denied(CallFailed):
    """The credentials may not do this."""


class CredentialsRefused(CallFailed):
    """AWS does not take the credentials, or no longer, or not in this region."""


class Passing(CallFailed):
    """Trouble that may pass: AWS's own error, or the network."""


class TimedOut(Passing):
    """No answer in time, or no connection."""


class Malformed(CallFailed):
    """An answer that cannot be read."""


@dataclass(frozen=True)
class Keys:
    """Credentials to begin with; an empty one means those of the server (environment, files, instance role)."""

    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""


@dataclass(frozen=True)
class Role:
    """The role to assume with the credentials to begin with."""

    arn: str
    external_id: str = ""


class Session:
    """Calls to one AWS account. Thread-safe. ``endpoint_url``: None for AWS itself, else what answers in its place.

    ``operations``: the only ones that will be called, which saves most of the memory; None knows all.
    """

    def __init__(
        self, *, keys: Keys = Keys(), role: Role | None = None, endpoint_url: str | None = None, connections: int = 32,
        home: str = "us-east-1", read_timeout_s: float = READ_TIMEOUT_S, operations: Iterable[str] | None = None,
    ) -> None:  # fmt: skip
        self.home = home
        self._botocore = botocore.session.Session()
        self._operations = None if operations is None else (*operations, *OWN_OPERATIONS)
        if self._operations is not None:
            use_lean_models(self._botocore, self._operations)
        if keys.access_key_id:
            self._botocore.set_credentials(keys.access_key_id, keys.secret_access_key, keys.session_token or None)
        self._endpoint_url = endpoint_url
        self._config = Config(
            retries={"total_max_attempts": 1}, max_pool_connections=connections, connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=read_timeout_s, parameter_validation=False, user_agent_extra="plumbline",
            s3={"addressing_style": "path"} if endpoint_url else {},
        )  # fmt: skip
        self._clients: dict[str, BaseClient] = {}
        self._making = threading.Lock()
        self._here = threading.local()
        self._pages: dict[str, Mapping[str, Any] | None] = {}
        if role is not None:
            self._assume(role)

    def call(self, operation: str, region: str, params: Data) -> Data:
        """Make one call and return its answer. Raises a CallFailed that says what became of it."""
        service, _, method = operation.partition(".")
        try:
            with failures_told():
                client = self._client(service)
                self._here.region = region
                answer: Data = getattr(client, method)(**params)
        finally:
            self._here.region = None
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def next_page_rule(self, operation: str) -> Mapping[str, Any] | None:
        """Return botocore's paging rule of ``operation`` (input_token, output_token, more_results), if it has pages."""
        if operation not in self._pages:
            service, _, method = operation.partition(".")
            client = self._client(service)
            rule = None
            if client.can_paginate(method):
                name = client.meta.method_to_api_mapping[method]
                rule = self._botocore.get_paginator_model(service).get_paginator(name)
            self._pages[operation] = rule
        return self._pages[operation]

    def offers(self, service: str, region: str) -> bool:
        """Return whether AWS has ``service`` in ``region``, as far as botocore's endpoint data say; unknown is yes."""
        known = self._botocore.get_available_regions(service, self.partition_of(region))
        return not known or region in known

    def partition_of(self, region: str) -> str:
        """Return the partition that ``region`` belongs to, judging by its name."""
        return str(self._botocore.get_partition_for_region(region))

    def regions_of(self, partition: str) -> list[str]:
        """Return the regions of ``partition`` that botocore knows of."""
        return self._botocore.get_available_regions("ec2", partition)

    def _client(self, service: str) -> BaseClient:
        client = self._clients.get(service)
        if client is None:
            with self._making:
                client = self._clients.get(service) or self._made(service)
                self._clients[service] = client
        return client

    def _made(self, service: str) -> BaseClient:
        client = self._botocore.create_client(
            service, region_name=self.home, endpoint_url=self._endpoint_url, config=self._config
        )
        client.meta.events.register_first("before-endpoint-resolution.*", self._turn_to_region)
        if self._endpoint_url:
            client.meta.events.register_first("request-created.*", self._stay_at_endpoint)
        return client

    def _turn_to_region(self, builtins: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        region = getattr(self._here, "region", None)
        if region:
            builtins["AWS::Region"] = region
            context.setdefault("signing", {})["region"] = region

    def _stay_at_endpoint(self, request: AWSRequest, **_: Any) -> None:
        """Take back what botocore puts before the endpoint's name, as the account's id for s3control: none answers."""
        ours = urlsplit(self._endpoint_url or "").netloc
        asked = urlsplit(str(request.url))
        if asked.netloc.endswith(f".{ours}"):
            request.url = urlunsplit(asked._replace(netloc=ours))

    def _assume(self, role: Role) -> None:
        base: Any = self._botocore.create_client(
            "sts", region_name=self.home, endpoint_url=self._endpoint_url, config=self._config
        )

        def fetch() -> dict[str, str]:
            extra = {"ExternalId": role.external_id} if role.external_id else {}
            try:
                with failures_told():
                    given = base.assume_role(
                        RoleArn=role.arn, RoleSessionName=SESSION_NAME, DurationSeconds=ROLE_DURATION_S, **extra
                    )["Credentials"]
            except (Throttled, Passing, Malformed):
                raise
            except CallFailed as failure:
                words = failure.message if failure.code in NO_CREDENTIALS else f"the role {role.arn} cannot be assumed"
                raise CredentialsRefused(failure.code, words, failure.status) from failure
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }

        self._botocore = botocore.session.Session()
        if self._operations is not None:
            use_lean_models(self._botocore, self._operations)
        # botocore has no public way to hand over credentials that renew themselves.
        self._botocore._credentials = RefreshableCredentials.create_from_metadata(  # type: ignore[attr-defined]
            metadata=fetch(), refresh_using=fetch, method="sts-assume-role"
        )


@contextmanager
def failures_told() -> Iterator[None]:
    """Have botocore's exceptions inside the block be told as a CallFailed that says what became of the call."""
    try:
        yield
    except ClientError as error:
        raise failure_of(error) from error
    except (ConnectTimeoutError, ReadTimeoutError, EndpointConnectionError) as error:
        raise TimedOut(type(error).__name__, "no answer in time") from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise CredentialsRefused(type(error).__name__, "there are no usable credentials") from error
    except HTTPClientError as error:
        raise Passing(type(error).__name__, "the connection broke") from error
    except (ResponseParserError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(type(error).__name__, "the answer cannot be read") from error
    except BotoCoreError as error:
        raise CallFailed(type(error).__name__, str(error)[:200]) from error


def failure_of(error: ClientError) -> CallFailed:
    """Return what an error answer of AWS means for us."""
    said = error.response.get("Error", {})
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    code = str(said.get("Code", "") or status or "Unknown")
    message = str(said.get("Message", ""))[:300]
    bare = code.removeprefix("Client.")
    kinds: list[tuple[bool, type[CallFailed]]] = [
        (bare in THROTTLE_CODES or status == 429 or "rate exceeded" in message.lower(), Throttled),
        (bare in CREDENTIAL_CODES, CredentialsRefused),
        (bare in DENIED_CODES, Denied),
        (bare in PASSING_CODES or status >= 500, Passing),
    ]
    kind = next((kind for matches, kind in kinds if matches), CallFailed)
    return kind(code, message, status)


def whoami(session: Session) -> Account:
    """Return the account that the credentials of ``session`` belong to. Raises CallFailed."""
    said = session.call("sts.get_caller_identity", session.home, {})
    return Account(id=str(said["Account"]), partition=str(said["Arn"]).split(":")[1])


def enabled_regions(session: Session) -> dict[str, bool]:
    """Return {region: whether the account may use it} for all regions of its partition. Raises CallFailed."""
    said = session.call("ec2.describe_regions", session.home, {"AllRegions": True})
    ours = session.partition_of(session.home)
    return {
        region["RegionName"]: region.get("OptInStatus") != "not-opted-in"
        for region in said["Regions"]
        if session.partition_of(region["RegionName"]) == ours
    }
