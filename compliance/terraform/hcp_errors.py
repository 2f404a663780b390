"""Why HCP Terraform or Terraform Enterprise gives nothing to work with."""

from enum import StrEnum

from compliance.terraform.texts import cleaned
from organizations.lib.pinned_https import Trouble

LONGEST_MESSAGE = 1_000


class Code(StrEnum):
    """Why there is no answer to work with; those in PASSING may be gone by the next try."""

    BAD_HOST = "bad_host"
    BAD_ID = "bad_id"
    BAD_TOKEN = "bad_token"
    TOKEN_REFUSED = "token_refused"
    NOT_ALLOWED = "not_allowed"
    NO_STATE = "no_state"
    NOT_YET = "not_yet"
    STATE_GONE = "state_gone"
    CALLBACK_REFUSED = "callback_refused"
    CALLBACK_GONE = "callback_gone"
    ANSWER_REFUSED = "answer_refused"
    REDIRECT_REFUSED = "redirect_refused"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    UNEXPECTED = "unexpected"
    BAD_CA_CERTIFICATE = "bad_ca_certificate"
    NAME_NOT_FOUND = "name_not_found"
    NOT_PERMITTED = "not_permitted"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"


PASSING = frozenset({Code.NOT_YET, Code.BUSY, Code.SERVER_ERROR, Code.NAME_NOT_FOUND, Code.UNREACHABLE, Code.TOO_SLOW})
CODES = {
    Trouble.BAD_URL: Code.BAD_HOST,
    Trouble.BAD_CERTIFICATE_AUTHORITY: Code.BAD_CA_CERTIFICATE,
    Trouble.NAME_NOT_FOUND: Code.NAME_NOT_FOUND,
    Trouble.NOT_PERMITTED: Code.NOT_PERMITTED,
    Trouble.UNREACHABLE: Code.UNREACHABLE,
    Trouble.CERTIFICATE: Code.CERTIFICATE,
    Trouble.TOO_SLOW: Code.TOO_SLOW,
    Trouble.TOO_LARGE: Code.TOO_LARGE,
    Trouble.NO_HTTP: Code.UNEXPECTED,
}


class HcpError(Exception):
    """``message``: a sentence for people that names the remedy; it may quote the host, so that it is kept short."""

    def __init__(self, code: Code, message: str) -> None:
        self.code, self.message = code, cleaned(message, LONGEST_MESSAGE)
        super().__init__(self.message)

    @property
    def passing(self) -> bool:
        """Tell whether the same may work later."""
        return self.code in PASSING

    @property
    def of_host(self) -> bool:
        """Tell whether whatever is asked of this host would fail now, and may work later."""
        return self.passing and self.code != Code.NOT_YET


class NotYet(HcpError):
    """The run's state is not the current one yet, or is still being processed; ask again later."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.NOT_YET, message)


class NotFound(HcpError):
    """The host answers and has nothing there for this token."""
