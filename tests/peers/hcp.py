"""HCP Terraform on loopback, over HTTPS: states of runs, whose token it is, run tasks and their callbacks, webhooks.

Two servers play it, as in reality: the API, and the archive to which its downloads redirect.
Source of routes, bodies and answers: HashiCorp's API documents "Account", "State Versions" and "Run Tasks Integration".
"""

import json
import re
import secrets
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from tests.peers import hcp_deliveries as deliveries
from tests.peers.certificates import self_signed
from tests.peers.hcp_answers import BROKEN, DOWNLOADS, errors
from tests.peers.hcp_callbacks import wrong_in
from tests.peers.hcp_deliveries import Delivery, Json

JSON_API = "application/vnd.api+json"
TOKEN_LIFE = timedelta(minutes=10)
READS_STATE, ORGANIZATION = "reads-state", "organization"


@dataclass
class State:
    """A state version. ``download`` is what happens behind its URLs: a key of DOWNLOADS."""

    run_id: str | None
    show_json: bytes | None
    raw: bytes | None
    serial: object = 1
    status: str = "finalized"
    processed: bool = True
    download: str = "redirect"
    id: str = field(default_factory=lambda: f"sv-{secrets.token_hex(8)}")

    def content(self, what: str) -> bytes:
        return (self.show_json if what == "hosted_json_state" else self.raw) or b""


@dataclass(frozen=True)
class Asked:
    """One request that came. ``server`` is "api" or "archive"."""

    server: str
    method: str
    path: str
    authorization: str


@dataclass(frozen=True)
class Told:
    """One callback, and how it was answered: 200, 401, 404 or 422."""

    at: datetime
    result_id: str
    status: int
    body: object
    refusal: str = ""

    @property
    def attributes(self) -> Mapping[str, object]:
        return self.body["data"]["attributes"]  # type: ignore[index]  # of an accepted one

    @property
    def outcomes(self) -> list[object]:
        relationships = self.body["data"].get("relationships", {})  # type: ignore[index]  # of an accepted one
        return relationships.get("outcomes", {}).get("data", [])


@dataclass
class Result:
    """A run task's result that is waited for; ``final`` is its verdict once told."""

    id: str
    access_token: str
    issued_at: datetime
    final: str = ""


@dataclass
class HcpPeer:
    """``host`` goes into the connection, with ``ca_certificate``; ``now`` is the peer's clock."""

    host: str
    archive_host: str
    ca_certificate: str
    now: Callable[[], datetime]
    tokens: dict[str, set[str]] = field(default_factory=dict)  # token: rights
    states: dict[str, list[State]] = field(default_factory=dict)  # workspace id: from the oldest to the current one
    results: dict[str, Result] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    person: object = "ada"  # whose token it is, unless it is an organization's
    broken: str = ""  # a key of BROKEN: what every answer of the API is
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    def token(self, *rights: str) -> str:
        """Issue a token; with READS_STATE it may read states, with ORGANIZATION it is an organization's."""
        made = f"{secrets.token_hex(7)}.atlasv1.{secrets.token_hex(32)}"
        self.tokens[made] = set(rights)
        return made

    def put_state(
        self, workspace_id: str, run_id: str | None, document: object, *, raw: object = None, **more: object
    ) -> State:
        """Make ``document`` the current state of the workspace, by its look raw (it has a ``version``) or show-json.

        ``raw``: the raw state beside the show-json. ``more``: other fields of State.
        """
        if isinstance(document, dict) and "version" in document:
            document, raw = None, document
        contents = [None if one is None else one if isinstance(one, bytes) else _json(one) for one in (document, raw)]
        states = self.states.setdefault(workspace_id, [])
        state = State(run_id, *contents, **{"serial": len(states) + 1} | more)  # type: ignore[arg-type]  # fields of State
        states.append(state)
        return state

    def state(self, state_id: str) -> State | None:
        return next((one for states in self.states.values() for one in states if one.id == state_id), None)

    def callback_url(self, result_id: str) -> str:
        return f"{self.url}/api/v2/task-results/{result_id}/callback"

    def run_task(self, key: str, **fields: object) -> Delivery:
        """Ask for a run task's result: wait for its callback from now on. ``fields`` replace those of the payload."""
        result = Result(f"taskrs-{secrets.token_hex(8)}", secrets.token_urlsafe(40), self.now())
        self.results[result.id] = result
        payload: Json = {
            "access_token": result.access_token,
            "task_result_callback_url": self.callback_url(result.id),
            "task_result_id": result.id,
        }
        return deliveries.run_task(self.url, self.now(), key, **{**payload, **fields})

    def run_task_verification(self, key: str) -> Delivery:
        """Return the request with which Terraform tries a run task that is being made."""
        return self.run_task(key, access_token="test-token", run_id="run-xxxx", workspace_id="ws-xxxx")

    def notification(self, key: str, **fields: object) -> Delivery:
        """Tell of a run that was applied. ``trigger`` and ``run_status`` are its event's, the rest the payload's."""
        return deliveries.notification(self.url, self.now(), key, **fields)

    def notification_verification(self, key: str) -> Delivery:
        """Return what is sent when a notification is saved: nothing but its trigger is set."""
        return deliveries.notification_verification(self.url, self.now(), key)

    def drift(self, key: str) -> Delivery:
        """Return a notification of an assessment, which has another form (payload version 2)."""
        return deliveries.drift(self.url, key)


class _Api(BaseHTTPRequestHandler):
    protocol_version, timeout = "HTTP/1.1", 20
    server: "_Server"

    def do_GET(self) -> None:
        peer = self._note()
        path = urlsplit(self.path).path
        if peer.broken:
            return BROKEN[peer.broken](self)
        if self._token not in peer.tokens:
            return self.reply(401, errors("unauthorized"))
        if path == "/api/v2/account/details":
            return self._account()
        if match := re.fullmatch(r"/api/v2/workspaces/([^/]+)/current-state-version", path):
            return self._current_state(match[1])
        if match := re.fullmatch(r"/api/state-versions/([^/]+)/(hosted_state|hosted_json_state)", path):
            return self._hosted(match[1], match[2])
        return self.reply(404, errors("not found"))

    def do_PATCH(self) -> None:
        peer = self._note()
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if peer.broken:
            return BROKEN[peer.broken](self)
        match = re.fullmatch(r"/api/v2/task-results/([^/]+)/callback", self.path)
        result = peer.results.get(match[1]) if match else None
        status, document, refusal = self._judge(result, content)
        peer.told.append(Told(peer.now(), result.id if result else self.path, status, document, refusal))
        return self.reply(status, b"" if status == 200 else errors("invalid attribute", refusal))

    def _judge(self, result: Result | None, content: bytes) -> tuple[int, object, str]:
        """Return status, document and refusal; a verdict that is taken is final."""
        if result is None:
            return 404, None, "not found"
        if self._token != result.access_token or self.server.peer.now() - result.issued_at >= TOKEN_LIFE:
            return 401, None, "unauthorized"
        if self.headers.get("Content-Type") != JSON_API:
            return 422, None, f"the content type is not {JSON_API}"
        try:
            document = json.loads(content)
        except ValueError:
            return 422, None, "no JSON"
        if result.final:
            return 422, document, f"the result is {result.final} already"
        if refusal := wrong_in(document):
            return 422, document, refusal
        status = document["data"]["attributes"]["status"]
        result.final = status if status != "running" else ""
        return 200, document, ""

    def _account(self) -> None:
        service = ORGANIZATION in self.server.peer.tokens[self._token]
        name = "api-org-acme-1" if service else self.server.peer.person
        attributes = {"username": name, "is-service-account": service, "v2-only": False, "email": "ada@example.com"}
        self.reply(200, _json({"data": {"id": "user-1", "type": "users", "attributes": attributes}}))

    def _current_state(self, workspace_id: str) -> None:
        peer = self.server.peer
        states = peer.states.get(workspace_id)
        if not states or READS_STATE not in peer.tokens[self._token]:
            return self.reply(404, errors("not found"))
        state, base = states[-1], f"{peer.url}/api/state-versions/{states[-1].id}"
        attributes = {
            "created-at": "2026-06-08T01:22:03.794Z",
            "size": len(state.raw or b""),
            "hosted-state-download-url": f"{base}/hosted_state" if state.raw else None,
            "hosted-json-state-download-url": f"{base}/hosted_json_state" if state.show_json is not None else None,
            "resources-processed": state.processed,
            "serial": state.serial,
            "state-version": 4,
            "status": state.status,
            "terraform-version": "1.9.8" if state.processed else None,
        }
        run = {"data": {"id": state.run_id, "type": "runs"} if state.run_id else None}
        data = {"id": state.id, "type": "state-versions", "attributes": attributes, "relationships": {"run": run}}
        return self.reply(200, _json({"data": data}))

    def _hosted(self, state_id: str, what: str) -> None:
        state = self.server.peer.state(state_id)
        if state is None or READS_STATE not in self.server.peer.tokens[self._token]:
            return self.reply(404, errors("not found"))
        return DOWNLOADS[state.download](self, state, what)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": JSON_API, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    @property
    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _note(self) -> HcpPeer:
        peer, authorization = self.server.peer, self.headers.get("Authorization", "")
        peer.asked.append(Asked(self.server.name, self.command, self.path, authorization))
        return peer

    def log_message(self, *arguments: object) -> None:
        """Keep the tests' output clean."""


class _Archive(_Api):
    """It gives an object to everybody who knows its path, and refuses a second way to be authorized."""

    def do_GET(self) -> None:
        peer = self._note()
        if self.headers.get("Authorization"):
            return self.reply(400, b"only one auth mechanism allowed")
        _, _, state_id, what = self.path.strip("/").split("/")
        state = peer.state(state_id)
        return self.reply(200, state.content(what)) if state else self.reply(404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    peer: HcpPeer

    def __init__(self, name: str, handler: type[_Api], context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.name = name
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that leave, as many tests make them."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it was given


@contextmanager
def running_hcp(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[HcpPeer]:
    """Run the API and the archive on free ports of loopback; ``now`` is the clock by which access tokens end."""
    certificate, context = self_signed(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        context.load_cert_chain(*certificate.files(Path(folder)))
    with _Server("api", _Api, context) as api, _Server("archive", _Archive, context) as archive:
        peer = HcpPeer(api.host, archive.host, certificate.pem, now)
        threads = []
        for server in (api, archive):
            server.peer = peer
            threads.append(threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True))
            threads[-1].start()
        try:
            yield peer
        finally:
            peer.over.set()
            for server, thread in zip((api, archive), threads, strict=True):
                server.shutdown()
                thread.join()


@pytest.fixture
def hcp() -> Iterator[HcpPeer]:
    """Give HCP Terraform with the machine's clock."""
    with running_hcp() as peer:
        yield peer


def _json(document: object) -> bytes:
    return json.dumps(document).encode()
