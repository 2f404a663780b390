"""A vCenter server that replays what Debian's vCenter simulator answered, or passes on to a running one."""

import http.client
import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.fakes.https import Asked, Reply, https_server
from tests.peers.certificates import Certificate

RECORDED = Path(__file__).parents[1] / "data" / "vcenter" / "recorded.json"
METHOD = re.compile(rb"<soapenv:Body><(\w+)")
KEPT_HEADERS = ("Content-Type", "Set-Cookie")


def method_of(asked: Asked) -> str:
    found = METHOD.search(asked.body)
    return found[1].decode() if found else asked.path


@dataclass
class VCenter:
    """``source`` answers; ``changed`` may put another answer in its place: {method: (body) -> Reply}."""

    source: Callable[[Asked], Reply]
    url: str = ""
    changed: dict[str, Callable[[bytes], Reply]] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    logins: int = 0

    def clear(self) -> None:
        self.changed, self.methods, self.logins = {}, [], 0

    def reply(self, asked: Asked) -> Reply:
        method = method_of(asked)
        self.methods.append(method)
        reply = self.source(asked)
        if method in ("Login", "Logout") and reply.status == 200:
            self.logins += 1 if method == "Login" else -1
        return self.changed[method](reply.body) if method in self.changed else reply

    def rewrite(self, method: str, *pairs: tuple[str, str]) -> None:
        """Have texts in the answers to ``method`` replaced; each must be there."""

        def change(body: bytes) -> Reply:
            for old, new in pairs:
                assert old.encode() in body, (old, body)
                body = body.replace(old.encode(), new.encode())
            return Reply(200, body, {"Content-Type": "text/xml"})

        self.changed[method] = change


def replayed(path: Path = RECORDED) -> Callable[[Asked], Reply]:
    """Return what answers a request as it was answered when it was recorded; the request's text must be the same."""
    rows = {row["request"]: row for row in json.loads(path.read_text())}

    def answer(asked: Asked) -> Reply:
        row = rows.get(asked.body.decode())
        if row is None:
            return Reply(404, reason=f"{method_of(asked)} of this text was not recorded")
        return Reply(row["status"], row["answer"].encode(), row["headers"])

    return answer


def passed_on(url: str, certificate: Certificate, record: Path | None = None) -> Callable[[Asked], Reply]:
    """Return what asks the server at ``url``; it writes all exchanges to ``record``."""
    rows: dict[str, dict[str, object]] = {}

    def answer(asked: Asked) -> Reply:
        context = ssl.create_default_context(cadata=certificate.pem)
        with closing(http.client.HTTPSConnection(urlsplit(url).netloc, timeout=20, context=context)) as connection:
            headers = {name: asked.headers[name] for name in ("Cookie", "SOAPAction") if asked.headers.get(name)}
            connection.request(asked.method, asked.path, asked.body, headers)
            got = connection.getresponse()
            reply = Reply(got.status, got.read(), {n: v for n in KEPT_HEADERS if (v := got.getheader(n))})
        rows[asked.body.decode()] = {
            "method": method_of(asked), "request": asked.body.decode(), "status": reply.status,
            "headers": dict(reply.headers), "answer": reply.body.decode(),
        }  # fmt: skip
        if record:
            kept = sorted(rows.values(), key=lambda row: (str(row["method"]), str(row["request"])))
            record.write_text(json.dumps(kept, indent=1) + "\n")
        return reply

    return answer


@contextmanager
def vcenter(certificate: Certificate, source: Callable[[Asked], Reply]) -> Iterator[VCenter]:
    """Run a server until the block ends."""
    server = VCenter(source)
    with https_server(certificate, server.reply) as server.url:
        yield server
