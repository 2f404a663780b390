"""HCP Terraform and Terraform Enterprise over HTTPS: whose token it is, a workspace's state, a run task's answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ssl import SSLContext
from time import monotonic
from typing import Literal
from urllib.parse import urljoin

from compliance.terraform.hcp_errors import CODES, Code, HcpError, NotFound, NotYet
from compliance.terraform.texts import LARGEST_NUMBER, cleaned
from organizations.lib.pinned_https import Answer, HttpsError, Limits, Permit, Place, Request, ask, context_with

__all__ = ["Code", "HcpClient", "HcpError", "NotYet", "StateFile", "TokenOwner"]

JSON_API = "application/vnd.api+json"
SHORT = Limits(total_s=15, most_bytes=1_000_000)
STATE = Limits(total_s=60, most_bytes=16_000_000)
MOST_REDIRECTS = 5
LONGEST_NAME, LONGEST_ID, LONGEST_VERSION, LONGEST_DETAIL = 120, 100, 50, 300
REDIRECTS = (301, 302, 303, 307, 308)
ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
TOKEN = re.compile(r"[!-~]{1,4000}")
GONE = ("discarded", "backing_data_soft_deleted", "backing_data_permanently_deleted")


@dataclass(frozen=True)
class TokenOwner:
    """``service_account``: the token is a team's or an organization's, not a person's."""

    username: str
    service_account: bool


@dataclass(frozen=True)
class StateFile:
    """A downloaded state. ``body`` holds secrets: read the VMs from it and let it go. ``serial``: None when unknown."""

    format: Literal["show-json", "state"]
    body: bytes = field(repr=False)
    state_version_id: str
    run_id: str
    serial: int | None
    terraform_version: str


@dataclass(frozen=True)
class HcpClient:
    """``host``: a name, with a port if any. ``ca_certificate``: PEM or empty. ``permit`` judges each address.

    ``short`` limits each request but the download of a state, which has ``long`` for both its forms and all redirects.
    """

    host: str
    token: str = field(repr=False)
    ca_certificate: str = field(repr=False)
    permit: Permit = field(repr=False)
    short: Limits = SHORT
    long: Limits = STATE

    def test(self) -> TokenOwner:
        """Return whose token it is. Raises HcpError."""
        found = _object(self._get("/api/v2/account/details"), "data", "attributes")
        username = cleaned(found.get("username"), LONGEST_NAME)
        if not username:
            raise HcpError(
                Code.UNEXPECTED, f"{self.host} does not say whose token this is; check that it is HCP Terraform or TFE."
            )
        return TokenOwner(username, found.get("is-service-account") is True)

    def current_state(self, workspace_id: str, run_id: str) -> StateFile:
        """Download the state that ``run_id`` left in the workspace: as show-json where there is one, else raw.

        Raises NotYet while another run's state is the current one or this one is being processed, else HcpError.
        """
        if not ID.fullmatch(workspace_id):
            raise HcpError(Code.BAD_ID, "This is not the id of a workspace; one looks like ws-6fHMCom98SDXSQUv.")
        try:
            document = self._get(f"/api/v2/workspaces/{workspace_id}/current-state-version")
        except NotFound as error:
            words = f"{workspace_id} has no state, or the token may not read it; let its team read the state versions."
            raise HcpError(Code.NO_STATE, words) from error
        attributes = _object(document, "data", "attributes")
        self._refuse_other_state(document, attributes, workspace_id, run_id)
        format_, body = self._download_best(attributes, workspace_id)
        return StateFile(
            format=format_,
            body=body,
            state_version_id=cleaned(_object(document, "data").get("id"), LONGEST_ID),
            run_id=run_id,
            serial=_serial(attributes.get("serial")),
            terraform_version=cleaned(attributes.get("terraform-version"), LONGEST_VERSION),
        )

    def answer(self, callback_url: str, access_token: str, body: Mapping[str, object]) -> None:
        """Tell the run task's result to ``callback_url``, which must be on this client's own host. Raises HcpError."""
        self.refuse_other_host(callback_url)
        content = json.dumps(body).encode()
        reply = self._ask(Request("PATCH", callback_url, _headers(access_token), content), self.short)
        if reply.status in (200, 202, 204):
            return
        if reply.status == 401:
            words = "The run task's access token is refused; it lives ten minutes. Run the task again."
            raise HcpError(Code.TOKEN_REFUSED, words)
        if reply.status == 404:
            raise HcpError(Code.CALLBACK_GONE, f"{self.host} no longer waits for this run task; run it again.")
        if reply.status == 422:
            words = f"{self.host} does not take the answer: {_detail(reply) or 'no reason given'}."
            raise HcpError(Code.ANSWER_REFUSED, words)
        raise self._refusal(reply)

    def refuse_other_host(self, callback_url: str) -> None:
        """Raise HcpError unless ``callback_url`` is an https URL on this client's own host and port."""
        try:
            place = Place.of(callback_url)
        except HttpsError as error:
            words = "The callback's address is no https URL; it is not called."
            raise HcpError(Code.CALLBACK_REFUSED, words) from error
        if place != self._place:
            words = f"The callback is on {place}, not on {self._place}, the host of this connection; it is not called."
            raise HcpError(Code.CALLBACK_REFUSED, f"{words} Correct the connection's host if that is the right one.")

    @property
    def _place(self) -> Place:
        if not self.host or set(self.host) & set("/?#@\\"):
            words = "The host is a name, with a port if any, such as app.terraform.io; leave out https:// and paths."
            raise HcpError(Code.BAD_HOST, words)
        try:
            return Place.of(f"https://{self.host}")
        except HttpsError as error:
            raise HcpError(Code.BAD_HOST, "The host is no host name; write it like app.terraform.io.") from error

    @cached_property
    def _context(self) -> SSLContext:
        return context_with(self.ca_certificate)

    def _get(self, path: str) -> object:
        """Return the JSON document at ``path`` of this host."""
        reply = self._ask(Request("GET", f"https://{self._place}{path}", _headers(self.token)), self.short)
        if reply.status != 200:
            raise self._refusal(reply)
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError) as error:
            words = f"{self.host} does not answer in JSON; check that it is HCP Terraform or TFE."
            raise HcpError(Code.UNEXPECTED, words) from error

    def _refuse_other_state(
        self, document: object, attributes: Mapping[str, object], workspace_id: str, run_id: str
    ) -> None:
        found = _object(document, "data", "relationships", "run", "data").get("id")
        if found != run_id:
            raise NotYet(f"The current state of {workspace_id} is not yet that of {run_id}; it is asked for again.")
        status = attributes.get("status", "finalized")
        if status in GONE:
            words = f"Terraform no longer keeps the state of {run_id}; apply again, or post terraform show -json."
            raise HcpError(Code.STATE_GONE, words)
        if status != "finalized" or attributes.get("resources-processed", True) is not True:
            raise NotYet(f"The state of {run_id} is still being processed; it is asked for again.")

    def _download_best(
        self, attributes: Mapping[str, object], workspace_id: str
    ) -> tuple[Literal["show-json", "state"], bytes]:
        """Return the format and the bytes of the state: the JSON for integrations, which Terraform 1.3 made new."""
        json_url, raw_url = (
            attributes.get("hosted-json-state-download-url"),
            attributes.get("hosted-state-download-url"),
        )
        over = monotonic() + self.long.total_s
        if isinstance(json_url, str) and json_url and (body := self._download(json_url, over)):
            return "show-json", body
        if isinstance(raw_url, str) and raw_url and (body := self._download(raw_url, over)):
            return "state", body
        words = (
            f"{self.host} gives no state of {workspace_id} to download; let the token's team read its state versions."
        )
        raise HcpError(Code.NO_STATE, words)

    def _download(self, url: str, over: float) -> bytes:
        """Return what is behind ``url`` and its redirects, or nothing. The token goes to no other host than its own.

        ``over``: when the time for it ends, by the monotonic clock.
        """
        for _ in range(MOST_REDIRECTS + 1):
            try:
                own = Place.of(url) == self._place
            except HttpsError as error:
                words = f"{self.host} sends downloads to what is no https URL; it is not followed. Tell its operator."
                raise HcpError(Code.REDIRECT_REFUSED, words) from error
            headers = _headers(self.token) if own else {"User-Agent": "Plumbline"}
            limits = Limits(max(over - monotonic(), 0.1), self.long.most_bytes, self.long.raised_by)
            reply = self._ask(Request("GET", url, headers), limits)
            if reply.status == 200:
                return reply.body
            if reply.status in (204, 404):
                return b""
            if reply.status not in REDIRECTS or "location" not in reply.headers:
                raise self._refusal(reply) if own else _archive_refusal(url, reply)
            url = _led_to(url, reply.headers["location"])
        words = f"{self.host} redirects a download more than {MOST_REDIRECTS} times; it is not followed further."
        raise HcpError(Code.REDIRECT_REFUSED, f"{words} Tell its operator.")

    def _ask(self, request: Request, limits: Limits) -> Answer:
        try:
            return ask(request, permit=self.permit, context=self._context, limits=limits)
        except HttpsError as error:
            raise HcpError(CODES[error.trouble], error.message) from error

    def _refusal(self, reply: Answer) -> HcpError:
        """Return what an answer means that is no success."""
        if reply.status == 401:
            words = f"{self.host} refuses the token; make a new one for a team or a user and store it."
            return HcpError(Code.TOKEN_REFUSED, words)
        if reply.status == 403:
            words = f"The token may not do this on {self.host}; let its team read the workspace's state versions."
            return HcpError(Code.NOT_ALLOWED, words)
        if reply.status == 404:
            return NotFound(
                Code.UNEXPECTED, f"{self.host} does not know this page; check that it is HCP Terraform or TFE."
            )
        if reply.status == 429:
            return HcpError(Code.BUSY, f"{self.host} limits how often it is asked; it is asked again later.")
        if reply.status in REDIRECTS:
            words = f"{self.host} answers with a redirect, which is not followed; store the host that it leads to."
            return HcpError(Code.REDIRECT_REFUSED, words)
        if reply.status >= 500:
            return HcpError(
                Code.SERVER_ERROR, f"{self.host} has trouble of its own (HTTP {reply.status}); try again later."
            )
        words = (
            f"{self.host} answers HTTP {reply.status}, which is not expected; check that it is HCP Terraform or TFE."
        )
        return HcpError(Code.UNEXPECTED, words)


def _headers(token: str) -> dict[str, str]:
    if not TOKEN.fullmatch(token):
        words = "The token is empty or holds a space or another character that no token has; paste it again."
        raise HcpError(Code.BAD_TOKEN, words)
    return {"Authorization": f"Bearer {token}", "Content-Type": JSON_API, "User-Agent": "Plumbline"}


def _led_to(url: str, location: str) -> str:
    """Return where ``location`` leads from ``url``; what is no address stays as it is, to be refused as one."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _serial(value: object) -> int | None:
    """Return ``value`` if it is a serial that can be stored."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < LARGEST_NUMBER else None


def _archive_refusal(url: str, reply: Answer) -> HcpError:
    words = f"{Place.of(url)}, which keeps the state, answers HTTP {reply.status}; its link may be over, try again."
    return HcpError(Code.SERVER_ERROR, words)


def _object(document: object, *path: str) -> Mapping[str, object]:
    """Return the object at ``path``, or an empty one where there is none."""
    found = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _detail(reply: Answer) -> str:
    """Return what the first error of a JSON:API document says, as one line."""
    try:
        errors = json.loads(reply.body)["errors"]
        texts = [str(errors[0].get(name) or "") for name in ("title", "detail")]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return ""
    return cleaned(": ".join(text for text in texts if text), LONGEST_DETAIL).rstrip(".")
