"""How a played HCP Terraform answers a download, and how it breaks: each takes the handler of the request."""

import json
from collections.abc import Callable
from typing import Any


def errors(title: str, detail: str = "") -> bytes:
    """Return a JSON:API document of one error."""
    return json.dumps({"errors": [{"status": "", "title": title, "detail": detail}]}).encode()


def _redirect(handler: Any, state: Any, what: str) -> None:
    handler.reply(302, Location=f"https://{handler.server.peer.archive_host}/v1/object/{state.id}/{what}")


def _direct(handler: Any, state: Any, what: str) -> None:
    handler.reply(200, state.content(what))


def _loop(handler: Any, state: Any, what: str) -> None:
    handler.reply(302, Location=handler.path)


def _plain_http(handler: Any, state: Any, what: str) -> None:
    handler.reply(302, Location=f"http://{handler.server.peer.archive_host}/v1/object/{state.id}/{what}")


def _no_address(handler: Any, *state: object) -> None:
    handler.reply(302, Location="https://[x")


def _long_name(handler: Any, *state: object) -> None:
    handler.reply(302, Location=f"https://{'x' * 7000}.example.com/")


def _gone(handler: Any, state: Any, what: str) -> None:
    handler.reply(302, Location=f"https://{handler.server.peer.archive_host}/v1/object/sv-none/{what}")


def _no_json(handler: Any, state: Any, what: str) -> None:
    return handler.reply(204) if what == "hosted_json_state" else _direct(handler, state, what)


def _late_no_json(handler: Any, state: Any, what: str) -> None:
    handler.server.peer.over.wait(0.3)
    _no_json(handler, state, what)


def _oversized(handler: Any, state: Any, what: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(64 * 1024 * 1024 + 1))
    handler.end_headers()
    handler.close_connection = True


def _endless(handler: Any, state: Any, what: str) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while not handler.server.peer.over.is_set():
        handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def _drip(handler: Any, *state: object) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    while not handler.server.peer.over.wait(0.05):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def _cut(handler: Any, *state: object) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def _slow_headers(handler: Any, *state: object) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.peer.over.wait(0.05):
        handler.wfile.write(b"z")
        handler.wfile.flush()


DOWNLOADS: dict[str, Callable[[Any, Any, str], None]] = {
    "redirect": _redirect,
    "direct": _direct,
    "loop": _loop,
    "plain-http": _plain_http,
    "no-address": _no_address,
    "long-name": _long_name,
    "gone": _gone,
    "no-json": _no_json,
    "late-no-json": _late_no_json,
    "oversized": _oversized,
    "endless": _endless,
    "drip": _drip,
    "cut": _cut,
}
BROKEN: dict[str, Callable[[Any], None]] = {
    "busy": lambda handler: handler.reply(429),
    "forbidden": lambda handler: handler.reply(403, errors("forbidden")),
    "failing": lambda handler: handler.reply(503),
    "moved": lambda handler: handler.reply(302, Location=f"https://{handler.server.peer.archive_host}/stolen"),
    "html": lambda handler: handler.reply(200, b"<html>Sign in</html>"),
    "nested": lambda handler: handler.reply(200, b"[" * 100_000),
    "list": lambda handler: handler.reply(200, b'[{"data": {}}]'),
    "large": lambda handler: handler.reply(200, b" " * 2_000_000),
    "garbage": lambda handler: handler.wfile.write(b"220 smtp ready\r\n") and None,
    "drip": _drip,
    "slow-headers": _slow_headers,
    "cut": _cut,
}
