"""From ASGI's view of a request to the one of WSGI, which the application reads, and back."""

import os
import sys
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Scope = dict[str, Any]
PROXIES = "FORWARDED_ALLOW_IPS"  # whose X-Forwarded-For is believed, as with other servers
OWN_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Answer(NamedTuple):
    """What the application answered."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def environment(scope: Scope) -> "WSGIEnvironment":
    """Return a request's WSGI environment, its body still missing."""
    server = scope.get("server") or ("", None)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(scope["raw_path"]),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1] or ""),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        key = OWN_NAMES.get(name) or "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["REMOTE_ADDR"] = _client(scope, environ.get("HTTP_X_FORWARDED_FOR", ""))
    return environ


def fill(environ: "WSGIEnvironment", body: bytes, length: str) -> None:
    """Give an environment its body.

    Where `length` is more, the application refuses without reading it.
    """
    for name in (
        "HTTP_TRANSFER_ENCODING",
        "HTTP_UPGRADE",
    ):  # which are between the client and the server
        environ.pop(name, None)
    environ["CONTENT_LENGTH"] = length
    environ["wsgi.input"] = BytesIO(body)


def call(app: "WSGIApplication", environ: "WSGIEnvironment") -> Answer:
    """Return what a WSGI application answers."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        begun.append((status, headers))

    pieces: Iterable[bytes] = app(environ, start)
    try:
        body = b"".join(pieces)
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    status, headers = begun[-1]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return Answer(int(status[:3]), encoded, body)


def _path(raw: bytes) -> str:
    """Return the path as WSGI has it: decoded, each byte one character; a whole URL counts too."""
    if not raw.startswith(b"/"):
        try:
            raw = urlsplit(raw).path or raw
        except ValueError:  # such as http://[::1/
            return raw.decode("latin-1")
    return unquote_to_bytes(raw).decode("latin-1")


def _client(scope: Scope, forwarded: str) -> str:
    """Return who asks: the peer, or whom a trusted proxy names."""
    peer = (scope.get("client") or ("",))[0]
    trusted = os.environ.get(PROXIES, "127.0.0.1,::1").replace(" ", "").split(",")
    named = forwarded.rpartition(",")[2].strip()
    return named[:45] if named and (peer in trusted or "*" in trusted) else str(peer)
