"""What every VM provider offers, what it finds, and how it refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5, 20
MOST_TRIES = 3
"""How often one call is made at most, counting the first."""
LONGEST_PAUSE_S = 10
"""The longest wait between two tries, whatever a Retry-After header asks for."""
MOST_PAGES = 100
"""So many pages of a listing are read at most; more is an error, never a VM that does not exist."""


class ProviderError(Exception):
    """A provider gave no usable answer. ``code`` is one word for programs, ``message`` a sentence for people."""

    default_code: ClassVar[str] = "failed"
    passing: ClassVar[bool] = False
    """Whether the same question may well be answered later, with nothing changed by anyone."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.message, self.code = message, code or self.default_code


class NotFound(ProviderError):
    """The provider answers, and knows no such VM."""

    default_code = "not_found"


class Refused(ProviderError):
    """The provider does not take the credentials, or they lack a permission; the message names which."""

    default_code = "refused"


class Forbidden(Refused):
    """Our own outbound policy does not let us connect there."""

    default_code = "forbidden"


class Unreachable(ProviderError):
    """No connection, no answer in time, a certificate that cannot be checked, or the provider's own failure."""

    default_code = "unreachable"
    passing = True


class Throttled(Unreachable):
    """The provider wants fewer calls."""

    default_code = "throttled"


class Malformed(ProviderError):
    """An answer that cannot be read."""

    default_code = "malformed"


class SdkMissing(ProviderError):
    """The provider's SDK is not installed; the message names the command that installs it."""

    default_code = "sdk_missing"


@dataclass(frozen=True)
class Access:
    """All that a provider is opened with. ``scope`` and ``secret`` hold the fields of its kind, {name: value}.

    ``endpoint``: https URL, or "" for the provider's usual one. ``ca_certificate``: PEM text, "" for the usual roots.
    The rest is what the operator of this server allows: addresses of its own, its own AWS credentials, and what is
    called in the place of AWS.
    """

    endpoint: str = ""
    scope: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_certificate: str = ""
    allow_loopback: bool = False
    allow_ambient: bool = False
    aws_endpoint: str = ""


@dataclass(frozen=True)
class Seen:
    """A VM as its provider tells, cleaned; make one with ``answers.seen``.

    ``addresses``: private ones first; ``os_family``: linux, windows, bsd or ""; ``power_state``: running, stopped,
    other or "" when unknown. ``note``: a sentence, mostly why there is no address yet.
    """

    addresses: tuple[str, ...] = ()
    os_family: str = ""
    os_name: str = ""
    power_state: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    note: str = ""


@dataclass(frozen=True)
class TestOutcome:
    """Whether a connection works, as a sentence that names what to do when it does not."""

    __test__ = False  # not a test of pytest's

    ok: bool
    message: str


class Provider(Protocol):
    """A connection to one provider. It is made without a call; each method makes its own."""

    def test(self) -> TestOutcome:
        """Make one cheap call and say what works, or which permission, secret or address is wrong. Raises nothing."""
        ...

    def look(self, instance_id: str, *, region: str = "", name: str = "", hints: Mapping[str, str] = {}) -> Seen:
        """Return what the provider tells of one VM. Raises a ProviderError.

        ``region`` (or zone, node) and ``name`` as Terraform knows them, "" when it does not; ``hints``: other names of
        the VM, such as {"resource_id": "/subscriptions/..."}; unknown ones are passed over.
        """
        ...


def outcome_of(call: Callable[[], str]) -> TestOutcome:
    """Return the sentence that ``call`` gives as a success, or its ProviderError as a failure."""
    try:
        return TestOutcome(True, call())
    except ProviderError as error:
        return TestOutcome(False, error.message)
